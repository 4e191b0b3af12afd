"""What the torture functions work on: places, values, unions and enums of every shape, and one WORLD of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final, Generic, TypeVar

from tyrne.lang import Array, u8, u16, u32, u64, wrapping_add


class Color(Enum):
    RED = 1
    BLUE = 2
    GREEN = 200


class Wide(Enum):
    LOW = 0
    HIGH = 70000


class Mode(IntFlag):
    R = 1
    W = 2
    X = 8


class Refusal(Enum):
    EMPTY = 1
    FULL = 2


@dataclass(frozen=True)
class Pair:
    x: u64
    y: u16 = u16(7)

    def total(self) -> u64:
        return self.x + u64(self.y)

    def swapped(self) -> Pair:
        return Pair(u64(self.y), u16(self.x & 0xFFFF))


@dataclass(frozen=True)
class Tint:
    color: Color
    strength: u8


@dataclass(frozen=True)
class Deep:
    pair: Pair
    tint: Tint | None


Shape = Pair | Tint | None


class Node:
    def __init__(self, number: int) -> None:
        self.number: u32 = u32(number)
        self.count: u64 = u64(0)
        self.small: u8 = u8(0)
        self.flag: bool = False
        self.color: Color = Color.RED
        self.mode: Mode = Mode(0)
        self.shape: Shape = None
        self.deep: Deep = Deep(Pair(u64(0)), None)
        self.cells: Array[u64] = Array.of(4, lambda i: u64(i))
        self.shapes: Array[Shape] = Array.filled(3, None)
        self.next: Node | None = None
        self.peers: Array[Node | None] = Array.filled(2, None)

    def bump(self) -> u64:
        self.count = wrapping_add(self.count, u64(1)) & 0xFFFF
        return self.count

    def is_set(self) -> bool:
        """The flag, unnarrowed: mypy takes a field to stay what a test has shown."""
        return self.flag

    def clear(self) -> u64:
        self.shape = None
        return u64(1)

    def recolor(self, color: Color) -> Color:
        old = self.color
        self.color = color
        return old


T = TypeVar("T")


class Ring(Generic[T]):
    """A bounded queue; generic, hence compiled once per element type."""

    def __init__(self, length: int, filler: T) -> None:
        self.items: Array[T] = Array.filled(length, filler)
        self.head: u64 = u64(0)
        self.used: u64 = u64(0)

    def push(self, item: T) -> Refusal | None:
        if self.used == len(self.items):
            return Refusal.FULL
        self.items[(self.head + self.used) % u64(len(self.items))] = item
        self.used += 1
        return None

    def pop(self) -> T | Refusal:
        if self.used == 0:
            return Refusal.EMPTY
        item = self.items[self.head]
        self.head = (self.head + 1) % u64(len(self.items))
        self.used -= 1
        return item


class World:
    def __init__(self) -> None:
        self.nodes: Array[Node] = Array.of(3, Node)
        self.first: Node | None = None
        self.words: Ring[u64] = Ring(3, u64(0))
        self.tints: Ring[Tint] = Ring(2, Tint(Color.RED, u8(0)))
        self.sums: Array[u64] = Array.filled(8, u64(0))
        self.bytes_: Array[u8] = Array.filled(5, u8(0))


WORLD: Final = World()
WORLD.nodes[0].next = WORLD.nodes[1]
WORLD.first = WORLD.nodes[2]

LIMIT: Final = u64(40)
TEXT: Final = b"tyrne\x00\xff"


def pick_node(a: u64) -> Node:
    WORLD.sums[0] = wrapping_add(WORLD.sums[0] * 3 & 0xFFFF, u64(1))
    return WORLD.nodes[a % 3]


def pick_color(b: u64) -> Color:
    WORLD.sums[0] = wrapping_add(WORLD.sums[0] * 5 & 0xFFFF, u64(2))
    return Color.GREEN if b % 3 == 0 else Color.BLUE if b % 3 == 1 else Color.RED


def color_number(color: Color) -> u64:
    return u64(color.value)


def pick(a: u64) -> Shape:
    if a % 3 == 0:
        return None
    if a % 3 == 1:
        return Pair(a, u16(a & 0xFFFF))
    return Tint(Color.RED if a % 2 == 0 else Color.BLUE, u8(a % 200))
