"""A value or None, where the value itself says whether it is there: by a place in it, or by a tag in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torture_world import WORLD, Color, Node, Pair, Tint

from tyrne.lang import Array, export, u8, u16, u64


@dataclass(frozen=True)
class Tagged:
    """`what` is never None, so its tag tells."""

    n: u16
    what: Pair | Color | u8
    m: u64


@dataclass(frozen=True)
class Pointed:
    """`node` is never None."""

    n: u8
    node: Node


@dataclass(frozen=True)
class Around:
    """What tells lies in a value in it."""

    first: u8
    inner: Pointed
    last: u64


class Holder:
    def __init__(self) -> None:
        self.tagged: Tagged | None = None
        self.pointed: Pointed | None = None
        self.around: Array[Around | None] = Array.filled(3, None)
        self.begun: Tagged | None = Tagged(u16(1), Pair(u64(4)), u64(2))

    def clear(self) -> None:
        self.tagged = None
        self.pointed = None
        self.around[1] = None


HOLDER: Final = Holder()


def tagged_of(a: u64) -> Tagged | None:
    match a % 4:
        case 0:
            return Tagged(u16(a & 0xFFFF), Pair(a), a >> 1)
        case 1:
            return Tagged(u16(3), Color.RED if a % 8 == 1 else Color.BLUE, a)
        case 2:
            return Tagged(u16(0), u8(0), u64(0))
    return None


def around_of(a: u64) -> Around | None:
    return None if a % 3 == 0 else Around(u8(a & 0xFF), Pointed(u8(1), WORLD.nodes[a % 3]), a)


@export
def none_kept(a: u64, b: u64) -> u64:
    HOLDER.tagged = tagged_of(a)
    HOLDER.around[b % 3] = around_of(a)
    if b % 5 == 0:
        HOLDER.pointed = None
    elif b % 5 == 1:
        HOLDER.pointed = Pointed(u8(7), WORLD.nodes[a % 2])
    return u64(1) if HOLDER.tagged is None else HOLDER.tagged.m


@export
def none_stale(a: u64, b: u64) -> u64:
    if HOLDER.tagged is not None and HOLDER.pointed is not None:
        if b % 4 == 0:
            HOLDER.clear()
        return HOLDER.tagged.m ^ u64(HOLDER.pointed.n)
    none_kept(a, b | 1)
    return u64(2)


@export
def none_stale_element(a: u64, b: u64) -> u64:
    HOLDER.around[1] = around_of(a)
    if HOLDER.around[1] is not None:
        if b % 4 == 0:
            HOLDER.clear()
        return HOLDER.around[1].last
    return u64(5)


@export
def none_stays_none(a: u64, b: u64) -> u64:
    if HOLDER.pointed is None:
        if b % 4 == 0:
            HOLDER.pointed = Pointed(u8(9), WORLD.nodes[1])
        absent = HOLDER.pointed
        return u64(1) if absent is None else u64(absent.n)
    HOLDER.pointed = None
    return u64(3)


@export
def none_matched(a: u64, b: u64) -> u64:
    match tagged_of(a):
        case None:
            return u64(1)
        case Tagged(what=Color() as color):
            return u64(color.value)
        case Tagged(n, u8() as small):
            return u64(n) + u64(small)
        case Tagged(what=Pair(x)) as whole:
            return x ^ whole.m
    return u64(0)


def wider(which: u64, n: u64) -> Tagged | Tint | None:
    if which % 3 == 0:
        return HOLDER.tagged
    return tagged_of(n) if which % 3 == 1 else Tint(Color.BLUE, u8(which & 0x7F))


@export
def none_widened(a: u64, b: u64) -> u64:
    found = wider(b, a)
    if isinstance(found, Tint):
        return u64(found.strength)
    HOLDER.tagged = found
    return u64(9) if found is None else found.m


@export
def none_equal(a: u64, b: u64) -> bool:
    same = HOLDER.tagged == tagged_of(a)
    HOLDER.tagged = tagged_of(b)
    return same if a % 2 == 0 else HOLDER.tagged == HOLDER.begun


@export
def none_begun(a: u64, b: u64) -> u64:
    kept = HOLDER.begun
    HOLDER.begun = tagged_of(b)
    return u64(0) if kept is None else u64(kept.n) + kept.m


@export
def none_passed(a: u64, b: u64) -> u64:
    return or_else(around_of(a), around_of(b)) ^ or_else(None, HOLDER.around[2])


def or_else(x: Around | None, y: Around | None) -> u64:
    z = x if x is not None else y
    if z is None:
        return u64(8)
    return z.last + u64(z.first) + u64(z.inner.n)
