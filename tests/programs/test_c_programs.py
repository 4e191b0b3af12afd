"""Programs in C and assembly: how they begin, what runs before them, and what a later life finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import Report, on_each_machine, run_system

START_NOT_FIRST = """\
        .text
helper: mov x0, #7
        ret
        .global _start
_start: bl helper
        mov x8, #4
        svc #0
"""

CONSTRUCTOR = """\
#include "tyrne.h"
static volatile int ran;
__attribute__((constructor)) static void last(void) { ran = ran * 10 + 3; }
__attribute__((constructor(102))) static void second(void) { ran = ran * 10 + 2; }
__attribute__((constructor(101))) static void first(void) { ran = ran * 10 + 1; }
"""

THREAD_LOCALS = """\
#include "tyrne.h"
_Thread_local volatile int counter = 42;
_Thread_local volatile char zeros[100];
_Thread_local volatile %s aligned = 5;
static volatile int before = 3, after = 4;
static int check(void)
{
    int sum = 0;
    for (unsigned i = 0; i < sizeof zeros; i++) {
        sum += zeros[i];
        zeros[i] = 1;
    }
    int wrong = (counter != 42) | (aligned != 5) << 1 | (sum != 0) << 2 | (before != 3 || after != 4) << 3;
    wrong |= ((unsigned long)&aligned %% _Alignof(aligned) != 0) << 4;
    counter = aligned = 9;
    return wrong | (before != 3 || after != 4) << 5;
}
"""

MAIN = "int main(void) { return %s; }\n"
START = "void _start(void) { tyrne_task_exit(%s); }\n"


def run(folder: Path, text: str, machine: str, name: str = "program.c") -> Report:
    (folder / name).write_text(text)
    return run_system([folder / name], machine)


def code(folder: Path, text: str, machine: str = "hosted", name: str = "program.c") -> int:
    """The exit code of a program of one file."""
    task = run(folder, text, machine, name)["tasks"][0]
    assert task["state"] == "exited", task
    return int(task["code"])


@on_each_machine
def test_main_is_enough_and_its_result_is_the_exit_code(tmp_path: Path, machine: str) -> None:
    text = "int main(int count, char **arguments) { return count == 0 && !arguments[0] ? 55 : 1; }\n"
    assert code(tmp_path, text, machine) == 55


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\n" + START % "fib(10)", 55),
        ("int main(void);\nint half(int a) { return a / 2; }\nint main(void) { return 7; }\n" + START % "main()", 7),
        ("int main(void) { return -1; }\n", 0xFFFF_FFFF),
    ],
    ids=["a function before it", "main is called by it", "there is none"],
)
def test_start_may_stand_anywhere(tmp_path: Path, text: str, expected: int) -> None:
    assert code(tmp_path, '#include "tyrne.h"\n' + text) == expected


def test_start_may_stand_behind_a_function_in_assembly(tmp_path: Path) -> None:
    assert code(tmp_path, START_NOT_FIRST, name="program.S") == 7


@on_each_machine
@pytest.mark.parametrize("entry", [MAIN, START], ids=["main", "_start"])
def test_constructors_have_run_in_the_order_of_their_priorities(tmp_path: Path, machine: str, entry: str) -> None:
    assert code(tmp_path, CONSTRUCTOR + entry % "ran", machine) == 123


@on_each_machine
@pytest.mark.parametrize("entry", [MAIN, START], ids=["main", "_start"])
def test_thread_locals_are_there(tmp_path: Path, machine: str, entry: str) -> None:
    assert code(tmp_path, THREAD_LOCALS % "long" + entry % "check()", machine) == 0


@pytest.mark.parametrize("kind", ["char", "_Alignas(64) int", "_Alignas(4096) int"])
def test_thread_locals_of_any_alignment_stand_where_they_should(tmp_path: Path, kind: str) -> None:
    assert code(tmp_path, THREAD_LOCALS.replace("%s", kind).replace("%%", "%") + MAIN % "check()") == 0


def test_a_thread_local_without_a_first_value_is_zero(tmp_path: Path) -> None:
    assert code(tmp_path, "_Thread_local volatile int t; int main(void) { t += 6; return t; }") == 6


def test_destructors_run_when_main_has_returned(tmp_path: Path) -> None:
    text = '#include "tyrne.h"\n__attribute__((destructor)) static void last(void) { tyrne_task_exit(17); }\n'
    assert code(tmp_path, text + MAIN % "3") == 17


def test_sections_that_a_program_names_are_what_they_are_said_to_be(tmp_path: Path) -> None:
    text = '#include "tyrne.h"\nstatic volatile int x __attribute__((section("mine"))) = 4;\n'
    text += 'static const volatile int y __attribute__((section("fixed"))) = 5;\n'
    text += '__attribute__((section("code"), noinline)) static int f(void) { return 6; }\n'
    assert code(tmp_path, text + START % "++x + y + f()") == 16
    assert code(tmp_path, text + MAIN % "++x + y + f()") == 16


def test_what_is_to_run_before_constructors_runs_too(tmp_path: Path) -> None:
    text = CONSTRUCTOR + "static void f(void) { ran = 7; }\n"
    text += '__attribute__((section(".preinit_array"), used)) static void (*early)(void) = f;\n'
    assert code(tmp_path, text + START % "ran") == 7123


LIVES = """\
#include "tyrne.h"
static volatile int lives = 1, zero;
static _Thread_local volatile int own = 1;
static volatile int named __attribute__((section("mine"))) = 1, named_zero __attribute__((section(".noinit")));
static volatile char large[9000];
static TYRNE_KEPT volatile int kept = 1;
int main(void)
{
    if (lives != 1 || zero != 0 || own != 1 || named != 1 || named_zero != 0 || large[0] || large[8999])
        return 1;
    lives++, zero++, own++, named++, named_zero++, large[0]++, large[8999]++;
    if (kept++ < 3)
        *(volatile int *)0xdead0000 = 1;
    return kept + 10;
}
"""

SYSTEM = """\
[system]
name = "lives"
[[endpoint]]
name = "notices"
[[task]]
name = "supervisor"
program = "{supervisor}"
caps = [
  {{ console = true }},
  {{ endpoint = "notices", rights = ["RECV"] }},
  {{ task = "child", name = "crasher", rights = ["CONFIGURE", "CONTROL", "INSPECT"] }},
  {{ space = "child", name = "crasher-space", rights = ["BIND"] }},
]
[[task]]
name = "child"
program = "child.c"
start = false
supervisor = {{ endpoint = "notices", badge = 1 }}
"""


@on_each_machine
def test_a_later_life_finds_its_data_as_the_first_did_but_what_is_kept(tmp_path: Path, machine: str) -> None:
    supervisor = Path(__file__).parents[2] / "programs" / "supervisor.py"
    (tmp_path / "child.c").write_text(LIVES)
    (tmp_path / "lives.toml").write_text(SYSTEM.format(supervisor=supervisor))
    report = run_system([tmp_path / "lives.toml"], machine)
    assert [task["code"] for task in report["tasks"]] == [14, 14]
    assert report["console"].count("starts it again") == 2


@on_each_machine
def test_a_read_of_address_zero_is_a_fault_whatever_the_compiler_knows(tmp_path: Path, machine: str) -> None:
    text = "static int get(volatile int *p) { int x = *p; return p ? x : 7; }\nint main(void) { return get(0); }\n"
    fault = run(tmp_path, text, machine)["tasks"][0]["fault"]
    assert (fault["kind"], fault["far"]) == ("data_abort_read", "0x0")


def test_a_write_to_address_zero_is_not_left_out(tmp_path: Path) -> None:
    fault = run(tmp_path, "int main(void) { *(int *)0 = 5; return 0; }\n", "hosted")["tasks"][0]["fault"]
    assert (fault["kind"], fault["far"]) == ("data_abort_write", "0x0")
