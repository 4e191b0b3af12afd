"""Copies of values, enums and flags, generics, protocols, default arguments, bounds."""

from __future__ import annotations

from typing import Final, Protocol, TypeVar

from torture_world import WORLD, Color, Deep, Mode, Pair, Refusal, Tint, Wide, color_number, pick_color

from tyrne.lang import export, u8, u16, u64


@export
def copy_before_store(a: u64, b: u64) -> u64:
    n = WORLD.nodes[1]
    n.shape = Pair(a) if b % 2 == 0 else Tint(Color.BLUE, u8(a % 256))
    old = n.shape
    n.shape = Tint(Color.RED, u8(3))
    if isinstance(old, Pair):
        return old.x
    return u64(old.strength)


@export
def copy_of_field(a: u64, b: u64) -> u64:
    n = WORLD.nodes[0]
    d = n.deep
    n.deep = Deep(Pair(a, u16(b & 0xFFFF)), Tint(pick_color(b), u8(a & 0xFF)) if a % 2 == 0 else d.tint)
    t = n.deep.tint
    return d.pair.total() % 1000 + (u64(t.strength) if t is not None else u64(5)) + n.deep.pair.swapped().x


@export
def copy_equality(a: u64, b: u64) -> u64:
    p = Pair(a % 4)
    q = Pair(b % 4, u16(7 if a % 2 == 0 else 8))
    r = Tint(pick_color(a), u8(1))
    t = Tint(pick_color(b), u8(1))
    return u64(1 if p == q else 0) + u64(2 if p != q else 0) + u64(4 if r == t else 8 if r.color is t.color else 0)


@export
def copy_equality_deep(a: u64, b: u64) -> u64:
    d = Deep(Pair(a % 2), Tint(Color.RED, u8(a % 3)) if a % 3 != 0 else None)
    e = Deep(Pair(b % 2), Tint(Color.RED, u8(b % 3)) if b % 3 != 0 else None)
    return u64(1) if d == e else u64(0)


@export
def flags(a: u64, b: u64) -> u64:
    f = Mode(a & 11)
    g = Mode.R | Mode.X
    n = WORLD.nodes[2]
    n.mode = n.mode ^ f if b % 2 == 0 else f
    if f & g == g and not f & Mode.W:
        return u64(1)
    if f == Mode.W:
        return u64(f)
    if n.mode & Mode.X:
        n.mode |= Mode.R
    return u64(n.mode) * 16


@export
def enum_wide(a: u64, b: u64) -> u64:
    w = Wide.HIGH if a > b else Wide.LOW
    return u64(w.value) + u64(1 if w is Wide.LOW else 0) + u64(2 if w != Wide.HIGH else 0)


@export
def ring_words(a: u64, b: u64) -> u64:
    if a % 2 == 0:
        return u64(1) if WORLD.words.push(b) is None else u64(2)
    got = WORLD.words.pop()
    return u64(3) if isinstance(got, Refusal) else got // 2


@export
def ring_tints(a: u64, b: u64) -> u64:
    match a % 3:
        case 0:
            refused = WORLD.tints.push(Tint(pick_color(b), u8(b % 256)))
            return u64(refused.value) if refused is not None else u64(0)
        case _:
            match WORLD.tints.pop():
                case Refusal.EMPTY:
                    return u64(50)
                case Refusal.FULL:
                    return u64(51)
                case Tint(color=c, strength=s):
                    return color_number(c) + u64(s)


class Source(Protocol):
    def draw(self, limit: u64) -> u64: ...


class Counter:
    def __init__(self, step: int) -> None:
        self.step: Final = u64(step)
        self.value: u64 = u64(0)

    def draw(self, limit: u64) -> u64:
        self.value = (self.value + self.step) % limit
        return self.value


class Mirror:
    def __init__(self, source: Counter) -> None:
        self.source: Counter = source

    def draw(self, limit: u64) -> u64:
        return limit - self.source.draw(limit)


class Sources:
    def __init__(self) -> None:
        self.counter: Counter = Counter(7)


SOURCES: Final = Sources()
MIRROR: Final = Mirror(Counter(7))

S = TypeVar("S", bound=Source)


def draw_twice(source: Source, limit: u64) -> u64:
    return source.draw(limit) * 100 + source.draw(limit + 1)


def draw_of(source: S, limit: u64) -> u64:
    return draw_twice(source, limit) if limit > 3 else source.draw(u64(5))


@export
def protocols(a: u64, b: u64) -> u64:
    return draw_twice(SOURCES.counter, a % 50) + draw_of(MIRROR, b % 30 + 1)


def scaled(x: u64, factor: u64 = u64(3), *, offset: u64 = u64(1)) -> u64:
    return x % 1000 * factor + offset


@export
def defaults(a: u64, b: u64) -> u64:
    return scaled(a) + scaled(b, u64(5)) + scaled(a, offset=b % 7) + scaled(offset=u64(2), x=b)


@export
def bounds(a: u64, b: u64) -> u64:
    WORLD.bytes_[a % 7] = u8(b % 300)
    return u64(WORLD.bytes_[b % 6]) + u64(len(WORLD.bytes_))


@export
def nothing_returned(a: u64, b: u64) -> u64:
    remember(a % 9, b)
    remember(b % 8, a)
    return WORLD.sums[1]


def remember(where: u64, what: u64) -> None:
    if where == 3:
        return
    WORLD.sums[where] = what % 100000
