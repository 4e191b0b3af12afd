"""Sizes, alignments and offsets, as AArch64 and x86-64 lay structs out."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.compiler.image.measure import Field, Image
from tyrne.compiler.lower.types import (
    BOOL,
    BYTES,
    NONE,
    Array,
    Class,
    Enumeration,
    Int,
    Place,
    Reference,
    Type,
    Union,
    Value,
)

POINTER = 8


@dataclass(frozen=True)
class Layout:
    """Bytes."""

    size: int
    alignment: int


class Layouts:
    """Layouts of one image's types."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._known: dict[tuple[Type, bool], Layout] = {}

    def of(self, t: Type, embedded: bool) -> Layout:
        """The layout of an object of a type; `embedded`: a place itself, not a pointer to it."""
        key = (t, embedded)
        if key not in self._known:
            self._known[key] = self._of(t, embedded)
        return self._known[key]

    def _of(self, t: Type, embedded: bool) -> Layout:
        if isinstance(t, Int | Enumeration):
            return Layout(t.bits // 8, t.bits // 8)
        if t == BOOL:
            return Layout(1, 1)
        if t == BYTES:
            return Layout(16, 8)
        if isinstance(t, Reference) or (isinstance(t, Place) and not embedded):
            return Layout(POINTER, POINTER)
        if isinstance(t, Array):
            one = self.of(t.element, True)
            return Layout(one.size * (t.length or 0), one.alignment)
        if isinstance(t, Union):
            niche = self.image.niche(t)
            if niche is not None:
                return self.of(niche.value, False)
            members = [self.of(p, False) for p in t.parts if p != NONE]
            alignment = max((m.alignment for m in members), default=1)
            size = max((_round(m.size, m.alignment) for m in members), default=0)
            return Layout(_round(_round(1, alignment) + _round(size, alignment), alignment), alignment)
        assert isinstance(t, Class)
        return self.struct(t)[1]

    def offset(self, t: Class, path: tuple[str, ...]) -> int:
        """Where a field of a value lies, or a field of a value in it."""
        item, at = next((item, at) for item, at in self.struct(t)[0] if item.name == path[0])
        if len(path) == 1:
            return at
        assert isinstance(item.type, Value)
        return at + self.offset(item.type, path[1:])

    def struct(self, t: Class) -> tuple[list[tuple[Field, int]], Layout]:
        """The stored fields of a class with their offsets."""
        offsets = []
        at, alignment = 0, 1
        for item in self.image.fields(t).values():
            if item.is_stored:
                one = self.of(item.type, not isinstance(t, Value))
                at = _round(at, one.alignment)
                offsets.append((item, at))
                at += one.size
                alignment = max(alignment, one.alignment)
        return offsets, Layout(_round(at, alignment) if offsets else 1, alignment)


def _round(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment
