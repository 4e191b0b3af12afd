"""The types of a unit, in an order in which C can read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tyrne.compiler.emit.layout import Layouts
from tyrne.compiler.front.reject import Reject
from tyrne.compiler.image.niche import Niche
from tyrne.compiler.image.snapshot import enumerator, tag
from tyrne.compiler.lower.names import member_name
from tyrne.compiler.lower.program import Program
from tyrne.compiler.lower.types import (
    NONE,
    Array,
    Class,
    Enumeration,
    Place,
    Reference,
    Type,
    Union,
    Value,
    declare,
    stored,
)

_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_POINTER = re.compile(r"[A-Za-z_][A-Za-z_0-9]* \*(?=[A-Za-z_0-9]*;)")


class TypeOrder:
    """The named types that a program needs: each after those that it embeds. Places may be pointed to before."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.layouts = Layouts(program.image)
        self.ordered: list[Type] = []
        self._state: dict[Type, bool] = {}
        """True when a type is in the order, false while what it embeds is being looked at."""
        self._pointed: list[Place] = []

    def need_words(self, texts: Iterable[str]) -> None:
        """Need every type that some C text names, or whose enumerators or tags it names."""
        named: dict[str, Type] = {}
        for t in self.program.registry.all_types():
            named[t.name] = t
            if isinstance(t, Enumeration):
                named.update({enumerator(t, member): t for member in t.members})
        for word in sorted({w for text in texts for w in _WORD.findall(text)}):
            if word in named:
                self.need(named[word])

    def need(self, t: Type) -> None:
        if isinstance(t, Array):
            self.need(t.element)
        elif isinstance(t, Reference):
            self._point_to(t.place)
        elif isinstance(t, Enumeration | Class | Union):
            if t in self._state:
                if not self._state[t] and isinstance(t, Class):
                    raise Reject(
                        f"{t.info.name} contains itself; refer to it by an index, or make it a place",
                        t.info.line,
                        self.program.image.source(t),
                    )
                return
            self._state[t] = False
            self._need_parts(t)
            self._state[t] = True
            self.ordered.append(t)

    def _need_parts(self, t: Type) -> None:
        if isinstance(t, Union):
            for part in t.parts:
                self._need_part(part)
        elif isinstance(t, Class):
            for item in self.program.image.fields(t).values():
                if isinstance(t, Value):
                    self._need_part(item.type)
                else:
                    self.need(item.type)

    def _need_part(self, t: Type) -> None:
        """A member of a union or value: places in it are pointers."""
        if isinstance(t, Place):
            self._point_to(t)
        else:
            self.need(t)

    def _point_to(self, t: Place) -> None:
        self._pointed.append(t)

    def finish(self) -> None:
        """Need also what is only pointed to."""
        while self._pointed:
            self.need(self._pointed.pop())

    def tags(self) -> dict[Type, int]:
        """The number of each alternative's tag."""
        parts = {p for t in self.ordered if isinstance(t, Union) for p in t.parts}
        zero = self.program.snapshot.zero_tag
        ordered = sorted(parts - {zero}, key=lambda p: (p != NONE, p.name))
        return {**({zero: 0} if zero in parts else {}), **{p: i + 1 for i, p in enumerate(ordered)}}


def definitions(order: TypeOrder) -> list[str]:
    """The C text of all types."""
    out: list[str] = []
    for t in order.ordered:
        if isinstance(t, Enumeration):
            members = "".join(f"    {enumerator(t, name)} = {value},\n" for name, value in t.members.items())
            out.append(f"typedef enum {t.name} : u{t.bits} {{\n{members}}} {t.name};")
    tags = order.tags()
    if tags:
        names = "".join(f"    {tag(t)} = {value},\n" for t, value in sorted(tags.items(), key=lambda i: i[1]))
        out.append(f"typedef enum Tag : u8 {{\n{names}}} Tag;")
    classes = [t for t in order.ordered if isinstance(t, Class | Union)]
    if classes:
        out.append("\n".join(f"typedef struct {t.name} {t.name};" for t in classes))
    for t in classes:
        out.append(f"struct {t.name} {{\n{''.join(_members(order, t))}}};")
    return out


def _members(order: TypeOrder, t: Type) -> list[str]:
    """The lines between the braces of a struct.

    A tag is as wide as its union is aligned: without padding behind it, a new union is aligned stores and no memset.
    """
    if isinstance(t, Union):
        niche = order.program.image.niche(t)
        if niche is not None:
            return _without_tag(order, niche)
        width = 8 * order.layouts.of(t, False).alignment
        parts = [f"        {declare(p, member_name(p.name))};\n" for p in t.parts if p != NONE]
        return [f"    u{width} tag;\n", "    union {\n", *parts, "    };\n"]
    assert isinstance(t, Class)
    how = stored if isinstance(t, Place) else declare
    fields = [f"    {how(i.type, i.c_name)};\n" for i in order.program.image.fields(t).values() if i.is_stored]
    return fields or ["    u8 nothing;\n"]


def _without_tag(order: TypeOrder, niche: Niche) -> list[str]:
    """The lines of a union that is a value or None: the value, and what tells which under a name of its own."""
    offset = order.layouts.offset(niche.value, niche.path)
    before = [f"            u8 kp_before[{offset}];\n"] if offset else []
    bits = 8 * order.layouts.of(niche.type, False).alignment
    return [
        "    union {\n",
        f"        {declare(niche.value, member_name(niche.value.name))};\n",
        "        struct {\n",
        *before,
        f"            u{bits} {niche.name};\n",
        "        };\n",
        "    };\n",
    ]


def foreign_definitions(order: TypeOrder) -> list[str]:
    """The same types in the C that cffi reads.

    It completes a struct together with all that its pointers lead to, which may embed that struct itself. So pointers
    in structs are `void *` there.
    """
    out = ["typedef uint8_t u8;\ntypedef uint16_t u16;\ntypedef uint32_t u32;\ntypedef uint64_t u64;"]
    out.append("typedef struct Bytes {\n    const u8 *data;\n    u64 length;\n} Bytes;")
    out += [f"typedef u{t.bits} {t.name};" for t in order.ordered if isinstance(t, Enumeration)]
    classes = [t for t in order.ordered if isinstance(t, Class | Union)]
    out += [f"typedef struct {t.name} {t.name};" for t in classes]
    out += [f"struct {t.name} {{\n{_POINTER.sub('void *', ''.join(_members(order, t)))}}};" for t in classes]
    return out

