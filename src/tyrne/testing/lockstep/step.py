"""What a task does to its kernel between two moments at which both kernels are looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tyrne.hal.frame import Vector

SP: Final = 31
PC: Final = 32
PSTATE: Final = 33
FRAME_WORDS: Final = 34
"""x0 to x30, SP, PC, PSTATE."""

_NAMES: Final = {SP: "sp", PC: "pc", PSTATE: "pstate"}
_NUMBERS: Final = {name: number for number, name in _NAMES.items()}
_TEXT: Final = re.compile(r"(?P<vector>[A-Z]+) (?P<syndrome>\w+) (?P<address>\w+) \+(?P<after>\d+) with (?P<set>.+)")


@dataclass(frozen=True)
class Step:
    """What the current task does next: run for some instructions, set registers, trap.

    Registers are numbered as in a frame; those that are not named stay as they are.
    """

    instructions: int
    registers: Mapping[int, int]
    vector: Vector
    syndrome: int
    address: int

    def __str__(self) -> str:
        set_to = " ".join(f"{_register(number)}={value:#x}" for number, value in self.registers.items())
        return f"{self.vector.name} {self.syndrome:#x} {self.address:#x} +{self.instructions} with {set_to or '-'}"

    @classmethod
    def parse(cls, text: str) -> Step:
        """The step that `str` gave; ValueError for anything else."""
        match = _TEXT.fullmatch(text)
        if match is None or match["vector"] not in Vector.__members__:
            raise ValueError(f"no step: {text!r}; a step is as in 'SYNCHRONOUS 0x56000000 0x0 +20 with x8=0x3'")
        pairs = (word.partition("=") for word in match["set"].split() if word != "-")
        registers = {_number(name): int(value, 0) for name, _, value in pairs}
        vector = Vector[match["vector"]]
        return cls(int(match["after"]), registers, vector, int(match["syndrome"], 0), int(match["address"], 0))


def _register(number: int) -> str:
    return _NAMES.get(number, f"x{number}")


def _number(name: str) -> int:
    number = _NUMBERS[name] if name in _NUMBERS else int(name.removeprefix("x"))
    if not 0 <= number < FRAME_WORDS:
        raise ValueError(f"no register: {name}")
    return number
