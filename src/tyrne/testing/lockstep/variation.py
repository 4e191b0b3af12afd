"""From the steps of one game to those of another that begins like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from tyrne.abi import CallNumber
from tyrne.hal.frame import Vector
from tyrne.testing.lockstep.random_systems import LINES
from tyrne.testing.lockstep.step import Step

WORD: Final = (1 << 64) - 1
MOST_CHANGES: Final = 4
EDGES: Final = (0, 1, 2, 0xFF, 0x1000, 1 << 32, 1 << 48, 1 << 63, WORD - 1, WORD)

Change = Callable[[Random, list[Step]], None]


def varied(random: Random, steps: Sequence[Step], other: Sequence[Step]) -> list[Step]:
    """Some of the steps, changed in a few places, or with a piece of `other` in them; as often as not simply cut."""
    whole = len(steps) if random.random() < 0.6 else random.randint(0, len(steps))
    found = list(steps[:whole])
    if not found or random.random() < 0.4:
        return found
    if random.random() < 0.2 and other:
        start = random.randrange(len(other))
        at = random.randint(0, len(found))
        found[at:at] = other[start : start + random.choice((1, 3, 10, 40))]
        return found
    for _ in range(random.randint(1, MOST_CHANGES)):
        random.choice(CHANGES)(random, found)
    return found


def _late(random: Random, steps: list[Step]) -> int:
    """A place, more likely near the end, which is where the game did what it is kept for."""
    return max(random.randrange(len(steps)), random.randrange(len(steps)))


def _set_register(random: Random, steps: list[Step]) -> None:
    """Another word in a register that is set."""
    at = _late(random, steps)
    step = steps[at]
    if not step.registers:
        return
    number = random.choice(list(step.registers))
    was = step.registers[number]
    word = random.choice((
        was ^ 1 << random.randrange(64), was + 1 & WORD, was - 1 & WORD, random.choice(EDGES),
        was ^ 1 << random.randrange(8), _word_of(random, steps), random.randrange(1, 1 + len(CallNumber)),
    ))  # fmt: skip
    steps[at] = replace(step, registers={**step.registers, number: word})


def _word_of(random: Random, steps: list[Step]) -> int:
    """A word that some step sets."""
    words = list(random.choice(steps).registers.values())
    return random.choice(words) if words else 0


def _other_call(random: Random, steps: list[Step]) -> None:
    """The same arguments for another call."""
    at = _late(random, steps)
    registers = {**steps[at].registers, 8: random.choice(tuple(CallNumber)).value}
    steps[at] = replace(steps[at], registers=registers)


def _drop(random: Random, steps: list[Step]) -> None:
    at = _late(random, steps)
    del steps[at : at + random.choice((1, 1, 2, 8))]
    if not steps:
        steps.append(Step(0, {}, Vector.IRQ, 0, 0))


def _repeat(random: Random, steps: list[Step]) -> None:
    """A piece once more, or many times."""
    at = _late(random, steps)
    piece = steps[at : at + random.choice((1, 1, 2, 5))]
    steps[at:at] = piece * random.choice((1, 1, 2, 16))


def _swap(random: Random, steps: list[Step]) -> None:
    one, two = random.randrange(len(steps)), random.randrange(len(steps))
    steps[one], steps[two] = steps[two], steps[one]


def _tick(random: Random, steps: list[Step]) -> None:
    """An interrupt in between, or more time before a step."""
    at = _late(random, steps)
    if random.random() < 0.5:
        steps.insert(at, Step(random.choice((0, 60, 1000)), {}, Vector.IRQ, random.choice((0, *LINES)), 0))
    else:
        steps[at] = replace(steps[at], instructions=random.choice((0, 1, 500, 3000)))


CHANGES: Final[tuple[Change, ...]] = (_set_register, _set_register, _other_call, _drop, _repeat, _swap, _tick)
