"""Programs find their capabilities by the names of the description: the order of `caps` is nobody's business."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from descriptions import mistakes, read

from running import run_system
from tyrne.lang.handles import HandleError, handle, identifier, set_handles
from tyrne.system.errors import RequestError
from tyrne.system.handles import handles_header
from tyrne.system.select import load_system, select

TEXT = """\
[system]
name = "x"
[[endpoint]]
name = "Ping pong"
[[notification]]
name = "bell"
[[memory]]
name = "bell"
pages = 1
[[task]]
name = "one"
program = "{program}"
quota = {{ frames = 1 }}
caps = [
{caps}
]
"""
CAPS = [
    "{ console = true },",
    '{ endpoint = "Ping pong" },',
    "{ quota = true },",
    '{ task = "one" },',
    '{ space = "one" },',
    '{ endpoint = "Ping pong", name = "second-door", badge = 3 },',
    "{ clock = true },",
]
NAMES = ["console", "ping_pong", "quota", "one", "one_space", "second_door", "clock"]

PYTHON = """\
from typing import Final
from tyrne.lang import export, handle, u64
from tyrne.user import ConsoleCap, EndpointCap, cap_query, granted, print_bytes
DOOR: Final = EndpointCap(handle("second-door"))
OTHER: Final = EndpointCap(handle("Ping pong"))
@export
def main() -> u64:
    print_bytes(b"found\\n")
    return granted(cap_query(DOOR)).badge * 10 + granted(cap_query(OTHER)).badge
"""

C = """\
#include "tyrne.h"
#include "handles.h"
int main(void)
{
    tyrne_print("found\\n");
    return (int)(tyrne_cap_query(HANDLE_SECOND_DOOR).x[3] * 10 + tyrne_cap_query(HANDLE_PING_PONG).x[3]);
}
"""

ASSEMBLY = """\
#include "tyrne.h"
#include "handles.h"
        .global _start
_start: mov x0, #HANDLE_SECOND_DOOR
        mov x8, #TYRNE_CALL_CAP_QUERY
        svc #0
        add x0, x3, #27
        mov x8, #TYRNE_CALL_TASK_EXIT
        svc #0
"""


def handles(folder: Path, *caps: str) -> dict[str, int]:
    return dict(read(folder, TEXT.format(program="x.c", caps="\n".join(caps))).tasks[0].handles)


def test_every_capability_has_a_name_whatever_the_order(tmp_path: Path) -> None:
    for order in ([0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [2, 6, 5, 0, 4, 1, 3]):
        found = handles(tmp_path, *(CAPS[number] for number in order))
        assert found == {NAMES[number]: word for word, number in enumerate(order)}


def test_two_that_would_have_one_name_have_none_until_they_are_given_one(tmp_path: Path) -> None:
    both = ['{ notification = "bell" },', '{ memory = "bell" },']
    assert handles(tmp_path, "{ quota = true },", *both) == {"quota": 0}
    named = '{ memory = "bell", name = "page" },'
    assert handles(tmp_path, "{ quota = true },", both[0], named) == {"quota": 0, "bell": 1, "page": 2}
    taken = '{ memory = "bell", name = "quota" },'
    assert handles(tmp_path, "{ quota = true },", taken) == {"quota": 1}


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        ('{ console = true, name = "" },', "the name '' is no identifier; write name = \"requests\""),
        ('{ console = true, name = "1st" },', "the name '1st' is no identifier; write name = "),
        ('{ console = true, name = "a b" },', "the name 'a b' is no identifier; write name = "),
        ('{ console = true, name = "\\u001b" },', "the name '\\x1b' is no identifier; write name = "),
        ('{ console = true, name = "é" },', "the name 'é' is no identifier; write name = "),
        (f'{{ console = true, name = "{"n" * 33}" }},', f"the name '{'n' * 33}' is no identifier; write name = "),
        ("{ console = true, name = 3 },", '"name" is a number; write name = "requests"'),
    ],
)
def test_a_name_that_no_program_could_write_is_refused_with_its_line(tmp_path: Path, cap: str, expected: str) -> None:
    text = TEXT.format(program="x.c", caps="\n".join(["{ quota = true },", cap]))
    found = mistakes(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(f"s:16: {expected}")


def test_a_name_is_given_once(tmp_path: Path) -> None:
    caps = ['{ quota = true, name = "a-b" },', '{ console = true, name = "A_b" },']
    found = mistakes(tmp_path, TEXT.format(program="x.c", caps="\n".join(caps)))
    assert found == ['s:16: a second capability "A_b"; give each its own name']


@pytest.mark.parametrize(("name", "source"), [("x.py", PYTHON), ("x.c", C), ("x.S", ASSEMBLY)])
def test_a_program_finds_its_capabilities_in_any_order(tmp_path: Path, name: str, source: str) -> None:
    (tmp_path / name).write_text(source)
    for caps in list(permutations([CAPS[0], CAPS[1], CAPS[2], CAPS[5]]))[::9]:
        (tmp_path / "s.toml").write_text(TEXT.format(program=name, caps="\n".join(caps)))
        report = run_system([tmp_path / "s.toml"], "hosted")
        assert report["tasks"][0]["code"] == 30
        assert report["console"] == ("" if name == "x.S" else "found\n")


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "x.py",
            PYTHON,
            ':4: the task has no capability "second-door" (it has console, ping_pong, quota); ask for one of these, or '
            'give one name = "second_door" in the description',
        ),
        (
            "x.c",
            C,
            ":6:34: use of undeclared identifier 'HANDLE_SECOND_DOOR'; the task has no capability of that name: give "
            'one name = "…" in the description, include "handles.h"',
        ),
    ],
)
def test_a_name_that_the_task_does_not_have_ends_the_build(
    tmp_path: Path, name: str, source: str, expected: str
) -> None:
    (tmp_path / name).write_text(source)
    (tmp_path / "s.toml").write_text(TEXT.format(program=name, caps="\n".join(CAPS[:3])))
    with pytest.raises(RequestError) as caught:
        load_system(select([tmp_path / "s.toml"]))
    assert caught.value.lines == (f"{tmp_path / name}{expected}",)


ABSENT = """\
[system]
name = "x"
[[endpoint]]
name = "door"
[[notification]]
name = "Bell"
[[memory]]
name = "page"
pages = 1
[[device]]
name = "clock-chip"
kind = "rtc"
[[task]]
name = "one"
program = "x.py"
caps = [ {caps} ]
[[task]]
name = "two"
program = "x.c"
"""
BELL = 'there is a notification "Bell": add { notification = "Bell" } to its caps'


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("clock", "add { clock = true } to its caps"),
        ("quota", "add { quota = true } to its caps"),
        ("console", "add { console = true } to its caps"),
        ("bell", BELL),
        ("door", 'there is an endpoint "door": add { endpoint = "door" } to its caps'),
        ("page", 'there is memory "page": add { memory = "page" } to its caps'),
        ("clock-chip", 'there is a device "clock-chip": add { device = "clock-chip" } to its caps'),
        ("clock_chip_interrupt", 'there is a device "clock-chip": add { device = "clock-chip" } to its caps'),
        ("two", 'there is a task "two": add { task = "two" } to its caps'),
        ("two_space", 'there is a task "two": add { space = "two" } to its caps'),
    ],
)
def test_who_asks_for_what_its_task_lacks_is_told_what_to_add_to_which_caps(
    tmp_path: Path, asked: str, expected: str
) -> None:
    source = tmp_path / "x.py"
    source.write_text(PYTHON.replace("second-door", asked))
    (tmp_path / "x.c").write_text(
        f'#include "handles.h"\nint main(void) {{ return HANDLE_{identifier(asked).upper()}; }}\n'
    )
    (tmp_path / "s.toml").write_text(ABSENT.replace("{caps}", ""))
    with pytest.raises(RequestError) as caught:
        load_system(select([tmp_path / "s.toml"]))
    python, c = caught.value.lines
    assert (
        python == f'{source}:4: task "one" ({tmp_path}/s.toml:15) has no capability "{asked}" (it has none); {expected}'
    )
    what = (
        f"use of undeclared identifier 'HANDLE_{identifier(asked).upper()}'; include \"handles.h\", if that is left out"
    )
    assert c == (
        f'{tmp_path}/x.c:2:25: {what}; task "two" ({tmp_path}/s.toml:19) has no capability of that name: {expected}'
    )


def test_what_the_task_holds_under_another_name_is_to_be_given_the_name(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(PYTHON.replace("second-door", "bell"))
    (tmp_path / "x.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "s.toml").write_text(ABSENT.replace("{caps}", '{ notification = "Bell", name = "gong" }'))
    with pytest.raises(
        RequestError, match=r'has no capability "bell" \(it has gong\); ask for one of these, or give one'
    ):
        load_system(select([tmp_path / "s.toml"]))


def test_a_program_on_a_command_line_is_told_that_it_needs_a_description(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(PYTHON.replace("second-door", "clock"))
    with pytest.raises(RequestError) as caught:
        load_system(select([tmp_path / "x.py"]))
    assert caught.value.lines[0] == (
        f'{tmp_path / "x.py"}:4: task "x" has no capability "clock" (it has console); a program on a command line has '
        "the console only: write a description, with { clock = true } in its caps"
    )


def test_a_header_of_ones_own_comes_before_the_one_that_is_made(tmp_path: Path) -> None:
    (tmp_path / "handles.h").write_text("#define OWN 6\n")
    (tmp_path / "x.c").write_text('#include "handles.h"\nint main(void) { return OWN; }\n')
    assert run_system([tmp_path / "x.c"], "hosted")["tasks"][0]["code"] == 6


def test_the_header_says_what_c_and_assembly_can_read() -> None:
    text = handles_header((("table", 2), ("console", 0)))
    assert text.splitlines()[1:] == ["#pragma once", "#define HANDLE_CONSOLE 0x0", "#define HANDLE_TABLE 0x2"]


def test_a_module_that_a_test_imports_finds_the_handles_that_the_test_sets() -> None:
    with pytest.raises(HandleError, match=r'no capability "table" \(it has none\)'):
        handle("table")
    try:
        set_handles({"table": 4})
        assert (handle("Table"), handle("other", 7)) == (4, 7)
    finally:
        set_handles({})
