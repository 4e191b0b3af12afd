"""The registers of a task, and the instructions around the one at which it goes on.

A program may have put any bytes there: each word is disassembled for itself, and one that is no instruction stays a
number. The disassembler is capstone; where it is not installed, all of them do.
"""

from __future__ import annotations

from typing import Any, Final

from tyrne.inspect.page_tables import physical
from tyrne.inspect.tasks import source_line
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.authority import live_space
from tyrne.kernel.task import Task
from tyrne.system.replay import Replay

try:
    from capstone import CS_ARCH_ARM64, CS_MODE_ARM, Cs
except ModuleNotFoundError:
    _DISASSEMBLER: Any = None
else:
    _DISASSEMBLER = Cs(CS_ARCH_ARM64, CS_MODE_ARM)

BEFORE: Final = 24
AFTER: Final = 40
"""Instructions that are told before the one at which a task goes on, and from it on."""
WORD: Final = 4
"""Bytes of an instruction."""
_FLAGS: Final = (("N", 31), ("Z", 30), ("C", 29), ("V", 28))
"""The condition flags, and their bits in PSTATE."""


def instructions(replay: Replay, number: int) -> dict[str, Any]:
    """Of the task with a number, as data for JSON; `absent` says why there is no code where it is to go on. Nothing
    changes."""
    kernel = replay.kernel
    task = next(task for task, lives in zip(kernel.tasks.items, kernel.tasks.occupied, strict=True)
                if lives and int(task.number) == number)  # fmt: skip
    space, pc = live_space(task), int(task.frame.pc)
    code = [] if space is None else _code(replay, space, number, pc)
    absent = None if any(each["here"] for each in code) else f"there is no code at {pc:#x}"
    return {"registers": registers(task), "code": code, "absent": absent, "named": _DISASSEMBLER is not None}


def registers(task: Task) -> list[tuple[str, str]]:
    """The general registers, the stack pointer, where it goes on, and the flags that are set: names and values."""
    frame = task.frame
    words = [*((f"x{i}", int(word)) for i, word in enumerate(frame.x)), ("sp", int(frame.sp)), ("pc", int(frame.pc))]
    flags = "".join(name if int(frame.pstate) >> bit & 1 else "-" for name, bit in _FLAGS)
    return [*((name, f"{word:#x}") for name, word in words), ("flags", flags)]


def text(word: int, address: int) -> str:
    """An instruction as assembly has it, at an address; empty where it is none, or nobody can tell."""
    if _DISASSEMBLER is None:
        return ""
    found = _DISASSEMBLER.disasm_lite(word.to_bytes(WORD, "little"), address, 1)
    return next((f"{name} {operands}".rstrip() for _, _, name, operands in found), "")


def _code(replay: Replay, space: AddressSpace, number: int, pc: int) -> list[dict[str, Any]]:
    """Those that are mapped of the words around a place, each with the line that it comes from."""
    board, found = replay.kernel.board, []
    for address in range(pc - BEFORE * WORD, pc + AFTER * WORD, WORD):
        place = None if pc % WORD else physical(board, int(space.root), address)
        if place is None or not board.start <= place < board.start + board.size:
            continue
        word = int.from_bytes(board.get(place, WORD), "little")
        known = replay.explainer.place(number, address)
        line = source_line(None if known is None else known.own)
        found.append({
            "at": f"{address:#x}",
            "word": f"{word:08x}",
            "text": text(word, address),
            "line": None if line is None else line.text,
            "here": address == pc,
        })  # fmt: skip
    return found
