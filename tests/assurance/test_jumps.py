"""What is seen of a path through a function does not hang on the version of CPython that compiled it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

from assurance.jumps import _shared_jumps, _table, truthful
from assurance.scorecard.lines import SOURCES

SHARED = """\
class Named:
    __match_args__ = ("name",)

    def __init__(self, name):
        self.name = name


def arm(held, last):
    match held:
        case int():
            last = 1
        case Named(name) if last:
            last = 2
            if name is not None and name != "x":
                last = 3
                last = 4
    if last:
        return 5
    return 6


def loop(items, wanted):
    found = 0
    for item in items:
        if item == wanted or item is None:
            continue
        match item:
            case Named(name) if wanted:
                if name:
                    found = 1
        while found:
            if wanted:
                break
            found = 0
    return found
"""
"""In the last arm the way past the inner `if` and the way through it may share a jump: that of line 16 in 3.11.2."""


def lines_of(code: CodeType, call: str) -> list[int]:
    """The lines that a call executes, one by one."""
    seen: list[int] = []

    def trace(frame: Any, event: str, argument: object) -> Any:
        if frame.f_code.co_filename == "shared.py" and event == "line":
            seen.append(frame.f_lineno)
        return trace

    names: dict[str, Any] = {}
    exec(code, names)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        eval(call, names)
    finally:
        sys.settrace(before)
    return seen


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        ("arm(Named('x'), True)", [9, 10, 12, 13, 14, 17, 18]),
        ("arm(Named(None), True)", [9, 10, 12, 13, 14, 17, 18]),
        ("arm(Named('y'), True)", [9, 10, 12, 13, 14, 15, 16, 17, 18]),
        ("arm(Named('y'), False)", [9, 10, 12, 17, 19]),
        ("arm(7, False)", [9, 10, 11, 17, 18]),
        ("loop([7], 7)", [23, 24, 25, 26, 24, 35]),
        ("loop([None], 7)", [23, 24, 25, 26, 24, 35]),
        ("loop([Named('')], 7)", [23, 24, 25, 27, 28, 29, 31, 24, 35]),
        ("loop([Named('a')], 7)", [23, 24, 25, 27, 28, 29, 30, 31, 32, 33, 24, 35]),
    ],
)
def test_a_path_shows_the_lines_that_it_executes_and_no_others(call: str, lines: list[int]) -> None:
    code = truthful(compile(SHARED, "shared.py", "exec"))
    shown = lines_of(code, f"Named(None) and {call}")
    del shown[: shown.index(lines[0])]
    assert shown == lines


def every(code: CodeType) -> Iterator[CodeType]:
    yield code
    for item in code.co_consts:
        if isinstance(item, CodeType):
            yield from every(item)


@pytest.mark.parametrize("folder", ["kernel", "boot", "hal", "boards/qemu_virt"])
def test_nothing_but_shared_jumps_loses_its_line_and_no_line_is_lost(folder: str) -> None:
    for path in sorted((SOURCES / folder).glob("*.py")):
        code = compile(ast.parse(path.read_text()), str(path), "exec")
        for before, after in zip(every(code), every(truthful(code)), strict=True):
            lines = [position[0] for position in before.co_positions()]
            jumps = {unit for start, end in _shared_jumps(before) for unit in range(start // 2, end // 2)}
            expected = [None if unit in jumps else line for unit, line in enumerate(lines)]
            assert [position[0] for position in after.co_positions()] == expected
            assert {line for line in expected if line} == {line for line in lines if line}
            assert before.co_code == after.co_code


def test_a_table_of_lines_is_read_back_as_it_was_made() -> None:
    code = compile("x = 1\n" * 40, "shared.py", "exec")
    units = len(list(code.co_positions()))
    wanted = [[None, 5, 5, 900, 3, None, 70_000, 1][unit // 9 % 8] for unit in range(units)]
    made = code.replace(co_linetable=bytes(_table(wanted, code.co_firstlineno)))
    assert [position[0] for position in made.co_positions()] == wanted


def test_a_jump_that_lies_is_made_truthful() -> None:
    """On every version: a jump that others lead to is given the line of what stands before it, as 3.11.2 does."""
    code = compile(SHARED, "shared.py", "exec")
    lied = list(map(_lying, every(code)))
    assert sum(map(bool, (list(_shared_jumps(part)) for part in lied))) >= (sys.version_info < (3, 12))
    for part in lied:
        assert not list(_shared_jumps(truthful(part)))


def _lying(code: CodeType) -> CodeType:
    lines = [position[0] for position in code.co_positions()]
    for unit, line in enumerate(lines):
        if line is None and unit:
            lines[unit] = lines[unit - 1]
    return code.replace(co_linetable=bytes(_table(lines, code.co_firstlineno)))
