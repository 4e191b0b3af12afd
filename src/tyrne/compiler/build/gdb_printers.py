"""gdb shows compiled Kernel Python in Python's words: `source` this file in gdb.

Color.RED            an enum                    Rights.SEND | Rights.RECV   flags
None                 no reference, no value     Pair {x = 1, y = 7}         an alternative of a union
Node 0x… <WORLD+8>   a reference                7                           a u8, also in arrays
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import gdb  # type: ignore[import-untyped,import-not-found,unused-ignore]

TAG = "IS_"
"""What the enumerators of tags start with."""
MEMBER = "as_"
"""What the members of unions start with."""
HELD = "kp_held"
"""The pointer that says whether a union without a tag holds its value."""
REPEATS = 10
"""Equal elements from which on gdb counts them."""


def enumerators(enum: Any) -> dict[int, str]:
    """Names by value."""
    return {field.enumval: field.name for field in enum.fields()}


def python_name(enum: Any, name: str) -> str:
    """Color_RED of Color as Color.RED."""
    prefix = f"{enum.name}_"
    return f"{enum.name}.{name[len(prefix) :]}" if enum.name and name.startswith(prefix) else name


class Text:
    """A value that is shown as one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_string(self) -> str:
        return self.text


def show_bytes(value: Any) -> str:
    """An array of u8: numbers, not characters, and long runs as gdb shows them."""
    low, high = value.type.range()
    parts: list[str] = []
    for number, run in groupby(int(value[index]) for index in range(low, high + 1)):
        count = len(list(run))
        parts += [f"{number} <repeats {count} times>"] if count >= REPEATS else [str(number)] * count
    return "{" + ", ".join(parts) + "}"


def show_enum(value: Any, kind: Any) -> str:
    """A member, or the members of flags joined; what has no name as a number."""
    number = int(value)
    names = enumerators(kind)
    if number in names:
        return python_name(kind, names[number])
    parts = [bit for bit in names if bit and number & bit == bit]
    rest = number & ~sum(parts)
    shown = [python_name(kind, names[bit]) for bit in parts] + ([hex(rest)] if rest or not parts else [])
    return " | ".join(shown)


def show_union(value: Any) -> str:
    """The alternative that the tag names, by its member `as_…`; a value or None without a tag of its own."""
    parts = [member for member in members(value.type.strip_typedefs()) if member.startswith(MEMBER)]
    if HELD in members(value.type.strip_typedefs()):
        return "None" if int(value[HELD]) == 0 else shown_as(value, parts[0])
    tag = value["tag"]
    kind = tag.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_ENUM:
        kind = gdb.lookup_type("enum Tag")
    name = enumerators(kind).get(int(tag))
    if name is None:
        return f"no alternative has the tag {int(tag)}"
    name = name[len(TAG) :]
    if name != "None" and is_without_tag(value.type.strip_typedefs()):
        return shown_as(value, parts[0])
    member = next((part for part in parts if letters(part) == letters(f"{MEMBER}{name}")), None)
    return name if member is None else shown_as(value, member, name)


def shown_as(value: Any, member: str, name: str = "") -> str:
    """One member of a union: a struct without a printer of its own under its Python name."""
    held = value[member]
    text = str(held.format_string())
    is_struct = held.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT
    return f"{name or held.type.name} {text}" if is_struct and text.startswith("{") else text


def is_without_tag(struct: Any) -> bool:
    """Whether the tag of a union is one inside its value."""
    return "tag" not in [field.name for field in struct.fields()]


def letters(name: str) -> str:
    """CapError and cap_error alike."""
    return name.replace("_", "").lower()


def members(struct: Any) -> set[str]:
    """Field names of a struct, with those of the unions without a name in it."""
    found: set[str] = set()
    for field in struct.fields():
        found |= members(field.type.strip_typedefs()) if field.name is None or field.name == "" else {field.name}
    return found


def printer(value: Any) -> Text | None:
    """gdb's question: who prints this value? None leaves it to gdb."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ENUM and kind.name:
        return Text(show_enum(value, kind))
    if kind.code == gdb.TYPE_CODE_INT and kind.sizeof == 1:
        return Text(str(int(value)))
    if kind.code == gdb.TYPE_CODE_PTR and kind.target().strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        return Text("None" if int(value) == 0 else f"{kind.target().name} {value.format_string(raw=True)}")
    if kind.code == gdb.TYPE_CODE_ARRAY and kind.target().strip_typedefs().sizeof == 1:
        return Text(show_bytes(value)) if kind.target().strip_typedefs().code == gdb.TYPE_CODE_INT else None
    if kind.code == gdb.TYPE_CODE_STRUCT and members(kind) & {"tag", HELD}:
        return Text(show_union(value))
    return None


gdb.pretty_printers.insert(0, printer)
