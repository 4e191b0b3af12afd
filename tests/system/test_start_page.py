"""The start page: what a program of Tyrne that is given arguments or variables finds of itself, by x0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tyrne.cli.main import run_arguments as main
from tyrne.system.errors import RequestError
from tyrne.system.replay import Replay
from tyrne.system.select import load_system, select
from tyrne.testing import run_system

MACHINES = ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)]
TEXT = """\
[system]
name = "s"
[[memory]]
name = "data"
pages = 3
[[task]]
name = "t"
program = "PROGRAM"
args = ["one", "two words"]
env = { HOME = "/", EMPTY = "" }
stack_pages = 2
caps = [ { console = true }, { memory = "data", name = "numbers", at = 0x1000_0000 }, { clock = true } ]
"""
MAIN = """\
#include "tyrne.h"
#include "handles.h"

int main(int count, char **words, char **variables)
{
    tyrne_print_decimal((uint64_t)count);
    for (; *words; words++)
        tyrne_print(*words), tyrne_print("|");
    for (; *variables; variables++)
        tyrne_print(*variables), tyrne_print("|");
    return 0;
}
"""
START = """\
#include "tyrne.h"

static uint64_t length(const char *text)
{
    uint64_t count = 0;
    while (text[count])
        count++;
    return count;
}

void _start(const struct tyrne_start *page)
{
    char here;
    if (!page)
        tyrne_task_exit(1);
    uint64_t at = (uint64_t)&here;
    if (page->version != 1 || at < page->stack || at >= page->stack + page->stack_bytes || page->stack_bytes != 8192)
        tyrne_task_exit(2);
    if (page->held != 3 || page->heap || page->heap_bytes)
        tyrne_task_exit(3);
    for (uint64_t i = 0; i < page->held; i++) {
        const struct tyrne_held *held = &page->table[i];
        tyrne_console_write(0, held->name, length(held->name));
        tyrne_console_write(0, held->bytes == 12288 && held->address == 0x10000000 ? "+" : "-", 1);
        if (held->handle != i || held->kind == 0)
            tyrne_task_exit(4);
    }
    tyrne_console_write(0, page->argument_list[2], length(page->argument_list[2]));
    if (page->argument_list[3] || page->arguments != 3 || page->variables != 2 || page->variable_list[2])
        tyrne_task_exit(5);
    tyrne_task_exit(page->seed[0] == page->seed[1] ? 6 : 0);
}
"""


def system(folder: Path, name: str, source: str, text: str = TEXT) -> Path:
    (folder / name).write_text(source)
    (folder / "s.toml").write_text(text.replace("PROGRAM", name))
    return folder / "s.toml"


@pytest.mark.parametrize("machine", MACHINES)
def test_main_has_arguments_and_variables(tmp_path: Path, machine: str) -> None:
    run = run_system(system(tmp_path, "p.c", MAIN), machine)
    run.assert_success()
    assert run.console == "3p.c|one|two words|HOME=/|EMPTY=|"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_start_of_its_own_has_the_page_with_all_that_the_task_holds(tmp_path: Path, machine: str) -> None:
    run = run_system(system(tmp_path, "p.c", START), machine)
    run.assert_success()
    assert run.console == "console-numbers+clock-two words"


def test_the_page_is_at_the_same_address_on_every_machine_and_in_a_replay(tmp_path: Path) -> None:
    path = system(tmp_path, "p.c", START)
    reports = [run_system(path, machine).report() for machine in ("hosted", "native")]
    assert reports[0]["syscalls"] == reports[1]["syscalls"]
    (tmp_path / "r.json").write_text(json.dumps(reports[0]))
    replay = Replay.load(tmp_path / "r.json")
    replay.to(replay.length)
    assert replay.recorder.exit_codes == {0: 0}


def test_who_is_given_nothing_starts_with_zeros_as_before(tmp_path: Path) -> None:
    bare = TEXT.replace('args = ["one", "two words"]\nenv = { HOME = "/", EMPTY = "" }\n', "")
    assert run_system(system(tmp_path, "p.c", START, bare)).tasks[0].exit_code == 1
    run = run_system(system(tmp_path, "q.c", MAIN, bare))
    assert run.console == "0"
    loaded = load_system(select([tmp_path / "s.toml"])).tasks[0].program
    given = load_system(select([system(tmp_path, "q.c", MAIN)])).tasks[0].program
    assert given.entry != loaded.entry and given.elf == loaded.elf


def test_the_page_is_never_written_to_and_of_four_segments_two_become_one(tmp_path: Path) -> None:
    program = load_system(select([system(tmp_path, "p.c", MAIN.replace("int main", "int grows = 3;\nint main"))]))
    segments = program.tasks[0].program.segments
    assert len(segments) <= 4
    assert not any(segment.writable and segment.executable for segment in segments)
    assert segments[-1].executable and not segments[-1].writable
    assert program.tasks[0].program.entry == segments[-1].address
    assert program.tasks[0].program.stack_base == segments[-1].end + 0x10_0000


def test_the_command_line_gives_arguments_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.c").write_text(MAIN)
    assert main(["run", "-q", str(tmp_path / "p.c"), "--", "a", "-b"]) == 0
    assert capfd.readouterr().out == "3p.c|a|-b|"


def test_programs_without_a_page_are_given_none(tmp_path: Path) -> None:
    for name, source in (("p.py", "from tyrne.user import exit\n"), ("p.bin", "\x88\0")):
        path = system(tmp_path, name, source)
        with pytest.raises(RequestError):
            load_system(select([path]))
    (tmp_path / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")
    with pytest.raises(RequestError, match="a program of Tyrne, which is given no args and no env; leave that out"):
        load_system(select([path]))
    many = TEXT.replace('["one", "two words"]', json.dumps(["x" * 1000] * 100))
    with pytest.raises(RequestError, match="too many arguments and variables; give it at most 4096"):
        load_system(select([system(tmp_path, "p.c", MAIN, many)]))
