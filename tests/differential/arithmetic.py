"""Kernel Python modules made of small functions: every operator at every width, every cast, and random expressions.

The tables here are the language's arithmetic. A generated function is one statement, so that a trap has one place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

WIDTHS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}
OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "//", "mod": "%", "and": "&", "or": "|", "xor": "^"}
SHIFTS = {"shl": "<<", "shr": ">>"}
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
NAMED = ("wrapping_add", "wrapping_sub", "wrapping_mul", "saturating_add", "saturating_sub", "saturating_mul")
UNARY = ("bit_not", "leading_zeros", "trailing_zeros")

HEADER = f"""\
from tyrne.lang import export, u8, u16, u32, u64
from tyrne.lang import {", ".join(sorted(NAMED + UNARY))}
"""


@dataclass(frozen=True)
class Case:
    """One generated function: its name, the widths of its parameters, and its text."""

    name: str
    parameters: tuple[str, ...]
    text: str


def _case(name: str, parameters: tuple[str, ...], result: str, expression: str) -> Case:
    declared = ", ".join(f"{letter}: {width}" for letter, width in zip("abc", parameters, strict=False))
    return Case(name, parameters, f"@export\ndef {name}({declared}) -> {result}:\n    return {expression}\n")


def _assigned(name: str, width: str, other: str, operator: str) -> Case:
    """The same operation as an augmented assignment."""
    text = f"@export\ndef {name}(a: {width}, b: {other}) -> {width}:\n    a {operator}= b\n    return a\n"
    return Case(name, (width, other), text)


def operator_cases() -> Iterator[Case]:
    """Every operator, named operation, shift, comparison and cast, at every width or pair of widths."""
    for width, bits in WIDTHS.items():
        top = (1 << bits) - 1
        for name, operator in OPERATORS.items():
            yield _case(f"{name}_{width}", (width, width), width, f"a {operator} b")
            yield _assigned(f"set_{name}_{width}", width, width, operator)
            for index, literal in enumerate((1, 7, top)):
                yield _case(f"{name}_{width}_right{index}", (width,), width, f"a {operator} {literal}")
                yield _case(f"{name}_{width}_left{index}", (width,), width, f"{literal} {operator} a")
        for name in NAMED:
            yield _case(f"{name}_{width}_", (width, width), width, f"{name}(a, b)")
        for name in UNARY:
            yield _case(f"{name}_{width}_", (width,), width, f"{name}(a)")
        for other in WIDTHS:
            yield _case(f"cast_{width}_{other}", (other,), width, f"{width}(a)")
            for name, operator in SHIFTS.items():
                yield _case(f"{name}_{width}_{other}", (width, other), width, f"a {operator} b")
                yield _assigned(f"set_{name}_{width}_{other}", width, other, operator)
            for name, operator in COMPARISONS.items():
                if width == other or name not in ("eq", "ne"):  # mypy refuses equality of two types
                    yield _case(f"{name}_{width}_{other}", (width, other), "bool", f"a {operator} b")
        for index, distance in enumerate((0, 1, bits - 1, bits, bits + 1)):
            for name, operator in SHIFTS.items():
                yield _case(f"{name}_{width}_by{index}", (width,), width, f"a {operator} {distance}")
        for index, literal in enumerate((0, 1, top, top + 1) if bits < 64 else (0, 1, top)):
            for name, operator in COMPARISONS.items():
                yield _case(f"{name}_{width}_with{index}", (width,), "bool", f"a {operator} {literal}")
        yield _case(f"chain_{width}", (width, width, width), "bool", "a < b <= c != a")
        yield _case(f"truth_{width}", (width, width), "bool", "a != 0 and not b == 0")


def expression(choose: random.Random, width: str, depth: int) -> str:
    """A random expression of one width over parameters a, b, c of that width; it may trap anywhere."""
    if depth == 0:
        literal = choose.choice((0, 1, 2, 3, 10, (1 << WIDTHS[width]) - 1))
        return choose.choice(("a", "b", "c", f"{width}({literal})"))
    left, right = (expression(choose, width, depth - 1) for _ in range(2))
    match choose.randrange(8):
        case 0 | 1 | 2:
            return f"({left} {choose.choice(list(OPERATORS.values()))} {right})"
        case 3:
            return f"({left} {choose.choice(list(SHIFTS.values()))} ({right} % 9))"
        case 4:
            return f"{choose.choice(NAMED)}({left}, {right})"
        case 5:
            return f"{choose.choice(UNARY)}({left})"
        case 6:
            operator = choose.choice(list(COMPARISONS.values()))
            joint = choose.choice(("and", "or"))
            return f"({left} if {left} {operator} {right} {joint} not a == b else {right})"
        case _:
            narrow = choose.choice(list(WIDTHS))
            return f"{width}({narrow}({left} % 200))"


def expression_cases(count: int, seed: int) -> Iterator[Case]:
    """Random expressions of depth 2 and 3."""
    choose = random.Random(seed)
    for index in range(count):
        width = choose.choice(list(WIDTHS))
        text = expression(choose, width, 2 + index % 2)
        yield _case(f"expression_{index}", (width,) * 3, width, text)


def operands(choose: random.Random, width: str, randoms: int) -> list[int]:
    """Values of one width at its edges, at the edges of the others that fit, and random ones of every magnitude."""
    bits = WIDTHS[width]
    edges = {0, 1, 2, 3, 7, 8, 9}
    for edge in {bits - 1, bits, bits + 1, *(1 << other for other in (7, 8, 15, 16, 31, 32, 63, 64))}:
        edges |= {edge - 1, edge, edge + 1}
    values = {value for value in edges if 0 <= value < 1 << bits}
    values |= {choose.getrandbits(choose.randint(1, bits)) for _ in range(randoms)}
    return sorted(values)
