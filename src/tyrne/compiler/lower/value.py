"""What an expression has become: C text, its type, and when it may be evaluated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tyrne.compiler.image.snapshot import number
from tyrne.compiler.lower.types import BOOL, LITERAL, NONE, Int, Type


@dataclass(frozen=True)
class Val:
    """A lowered expression.

    code     C text.
    atom     it needs no parentheses as an operand.
    const    its value, where the compiler knows it.
    stable   evaluated later, it still gives the same and cannot trap: constants, locals, addresses.
    effect   evaluating it may change memory: exactly once, and in order.
    struct   of a place: the C expression of the struct that `code` points to, where there is one.
    lvalue   `code` denotes memory: a field of a place, an element of an array.
    limit    the largest value that it can have, of integers.
    hint     a name for the local that may have to hold it.
    inverse  of a condition: the text of its negation, where that is simpler than `!`.
    origin   of a part of a union: the union itself, stable.
    """

    code: str
    type: Type
    atom: bool = True
    const: int | None = None
    stable: bool = False
    effect: bool = False
    struct: str = ""
    lvalue: bool = False
    limit: int | None = None
    hint: str = "value"
    inverse: str = ""
    origin: Val | None = None

    @property
    def operand(self) -> str:
        """The text as an operand of an operator."""
        return self.code if self.atom else f"({self.code})"

    def member(self, name: str) -> str:
        """The text of a field of a place, or of a value."""
        if self.struct:
            return f"{self.struct}.{name}"
        return f"{self.operand}->{name}"

    def largest(self) -> int:
        if self.const is not None:
            return self.const
        if self.limit is not None:
            return self.limit
        return (1 << self.type.bits) - 1 if isinstance(self.type, Int) else (1 << 64) - 1

    def typed(self, t: Type) -> Val:
        return replace(self, type=t)


NULL = Val("NULL", NONE, stable=True)


def literal(value: int, t: Type = LITERAL) -> Val:
    """A number that the compiler knows."""
    return Val(number(value), t, const=value, stable=True)


def boolean(value: bool) -> Val:
    return Val("true" if value else "false", BOOL, const=int(value), stable=True)


def pointer_to(struct: str, t: Type, stable: bool, hint: str = "value") -> Val:
    """The place that a C expression denotes."""
    return Val(f"&{struct}", t, atom=False, stable=stable, struct=struct, hint=hint)


INVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def comparison(a: str, sign: str, b: str, stable: bool, effect: bool) -> Val:
    """A condition of one C comparison."""
    return Val(
        f"{a} {sign} {b}", BOOL, atom=False, stable=stable, effect=effect, inverse=f"{a} {INVERSE[sign]} {b}"
    )
