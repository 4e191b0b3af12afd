"""Jumps that tell the line of another statement, mended where branches are counted.

Where several paths go on at one place, a compiler may lead all of them through one jump. Some versions of CPython
(3.11.2 for one, in the arms of a `match`) let that jump keep the line of the statement that stands before it: a path
that comes from elsewhere then seems to execute that statement, and the branch that it did take is not seen. Here a jump
says nothing of a line that the instruction before it has told already, which is what other versions make of it. Nothing
that is executed loses its line by that.

As a plugin of coverage (pyproject.toml) this changes the layers that are measured as they are imported.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

MEASURED: Final = ("tyrne.kernel.", "tyrne.boot.", "tyrne.hal.", "tyrne.boards.qemu_virt.")
JUMPS: Final = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "NOP"})
"""Instructions that go on elsewhere and do nothing besides."""
LEAVE: Final = frozenset({"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", *JUMPS - {"NOP"}})
"""After which the next instruction is not the next that is executed."""
_NO_LINE, _LINE_ONLY = 15, 13
_UNITS: Final = 8
"""Code units that one entry of a table of lines can stand for."""


def truthful(code: CodeType) -> CodeType:
    """The same code, and all code in it, without lines of jumps that are told elsewhere."""
    constants = tuple(truthful(item) if isinstance(item, CodeType) else item for item in code.co_consts)
    lines = [position[0] for position in code.co_positions()]
    found = list(_shared_jumps(code))
    if not found:
        return code.replace(co_consts=constants)
    for start, end in found:
        lines[start // 2 : end // 2] = [None] * ((end - start) // 2)
    return code.replace(co_consts=constants, co_linetable=bytes(_table(lines, code.co_firstlineno)))


def _shared_jumps(code: CodeType) -> Iterator[tuple[int, int]]:
    """Start and end, in bytes, of each jump that is jumped to and has the line of what falls into it; the end of a
    function, `LOAD_CONST None` and `RETURN_VALUE`, is one."""
    instructions = list(dis.get_instructions(code))
    for before, jump, after in zip(instructions, instructions[1:], instructions[2:], strict=False):
        leaves = jump.opname == "LOAD_CONST" and jump.argval is None and after.opname == "RETURN_VALUE"
        if (
            (jump.opname in JUMPS or leaves)
            and jump.is_jump_target
            and before.opname not in LEAVE
            and jump.positions is not None
            and before.positions is not None
            and jump.positions.lineno == before.positions.lineno
        ):
            yield jump.offset, after.offset + (2 if leaves else 0)


def _table(lines: Sequence[int | None], first: int) -> Iterator[int]:
    """A table of lines in the form of CPython 3.11 and later: entries of up to 8 code units, without columns."""
    last, at = first, 0
    while at < len(lines):
        line, end = lines[at], at + 1
        while end < len(lines) and end - at < _UNITS and lines[end] == line:
            end += 1
        yield 0x80 | (_NO_LINE if line is None else _LINE_ONLY) << 3 | end - at - 1
        if line is not None:
            yield from _signed(line - last)
            last = line
        at = end


def _signed(number: int) -> Iterator[int]:
    rest = -number << 1 | 1 if number < 0 else number << 1
    while rest >= 64:
        yield 0x40 | rest & 63
        rest >>= 6
    yield rest


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        return None if code is None else truthful(code)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(MEASURED):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def coverage_init(registry: object, options: object) -> None:
    """What coverage calls when it begins, in each process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
