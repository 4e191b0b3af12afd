"""The start page: what a program of Tyrne that asks for it, or is given arguments, variables or a heap, finds by x0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from elf_files import CODE, Load, R, W, X, elf
from elf_files import TEXT as CODE_AT

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


HEAP = """\
#include "tyrne.h"

int main(int count, char **words, char **variables, const struct tyrne_start *page)
{
    if (!page || page->argument_list != words || page->variable_list != variables || page->arguments != (uint64_t)count)
        return 1;
    uint64_t *heap = (uint64_t *)page->heap, length = page->heap_bytes / 8;
    if (page->heap_bytes != 300 * 4096 || page->heap % 4096 || page->heap + page->heap_bytes > page->stack)
        return 2;
    for (uint64_t i = 0; i < length; i++)
        if (heap[i])
            return 3;
    for (uint64_t i = 0; i < length; i++)
        heap[i] = i;
    tyrne_print_hex(page->heap);
    return heap[length - 1] == length - 1 ? 0 : 4;
}
"""
ALONE = """\
[system]
name = "s"
[[task]]
name = "t"
program = "PROGRAM"
caps = [ { console = true } ]
"""


@pytest.mark.parametrize("data", ["", "int grows = 3;\n"])
@pytest.mark.parametrize("machine", MACHINES)
def test_a_heap_is_pages_of_zeros_that_a_program_writes_to(tmp_path: Path, machine: str, data: str) -> None:
    path = system(tmp_path, "p.c", HEAP.replace("int main", data + "int main"), ALONE + "heap_pages = 300\n")
    run = run_system(path, machine)
    run.assert_success()
    program = load_system(select([path])).tasks[0].program
    assert run.console == hex(program.segments[-1].end - 300 * 4096)
    assert program.stack_base == program.segments[-1].end + 0x10_0000
    assert program.about == "300 pages of heap"
    assert not any(segment.writable and segment.executable for segment in program.segments)


ASKS = {
    "p.c": '#include "tyrne.h"\nTYRNE_START_PAGE;\n'
    "int main(int count, char **words, char **variables, const struct tyrne_start *page)\n"
    "{ return !page || count != 1 || words[1] || variables[0] || page->heap || page->held != 1; }\n",
    "p.S": '#include "tyrne.h"\ntyrne_start_page\n.global _start\n'
    "_start: cmp x0, #0\ncset x0, eq\nmov x8, #4\nsvc #0\n",
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ASKS)
def test_a_program_that_asks_has_the_page_whatever_it_is_given(tmp_path: Path, machine: str, name: str) -> None:
    run_system(system(tmp_path, name, ASKS[name], ALONE), machine).assert_success()
    silent = ASKS[name].replace("TYRNE_START_PAGE;", "").replace("tyrne_start_page", "")
    assert run_system(system(tmp_path, name, silent, ALONE), machine).tasks[0].exit_code == 1


def test_a_program_that_leaves_no_room_for_page_and_heap_is_refused(tmp_path: Path) -> None:
    changing = [Load(CODE_AT + i * 0x1000, (R | W) if i % 2 else (R | X), bytes(4)) for i in range(4)]
    (tmp_path / "p").write_bytes(elf(*changing[:3]))
    path = tmp_path / "s.toml"
    path.write_text(ALONE.replace("PROGRAM", "p") + "heap_pages = 1\n")
    segments = load_system(select([path])).tasks[0].program.segments
    assert [segment.writable for segment in segments] == [False, True, False, True]
    (tmp_path / "p").write_bytes(elf(*changing))
    with pytest.raises(RequestError) as caught:
        load_system(select([path]))
    assert str(caught.value).endswith(
        "p: has segments of which 4 at least are left when neighbours become one, and what it is given takes 2 of 4; "
        "link it with all that is written to behind all that is not, or leave out args, env and heap_pages"
    )


def test_page_heap_and_stack_lie_in_the_user_addresses(tmp_path: Path) -> None:
    high = 0xFFFF_FF60_0000
    (tmp_path / "p").write_bytes(elf(Load(high, CODE.flags), entry=high))
    path = tmp_path / "s.toml"
    path.write_text(ALONE.replace("PROGRAM", "p") + "heap_pages = 1\n")
    assert load_system(select([path])).tasks[0].program.stack_base == high + 3 * 0x1000 + 0x10_0000
    path.write_text(ALONE.replace("PROGRAM", "p") + "heap_pages = 19456\n")
    with pytest.raises(RequestError, match="reach beyond the user addresses; link it well below 0x1000000000000"):
        load_system(select([path]))


def test_kernel_python_and_raw_images_have_no_heap(tmp_path: Path) -> None:
    (tmp_path / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")
    path = tmp_path / "s.toml"
    path.write_text(ALONE.replace("PROGRAM", "p.bin") + "heap_pages = 1\n")
    with pytest.raises(RequestError, match="a program of Tyrne, which is given no heap_pages; leave that out"):
        load_system(select([path]))
