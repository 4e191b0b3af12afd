"""The types of a compiled kernel as its debug information tells them: where in memory which field lies.

The image is anybody's: what is read is bounded as for lines, types have a bounded depth, and whatever is wrong with
them is a BadTypesError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from elftools.dwarf.die import DIE

from tyrne.system.dwarf import BYTES, LINE_BYTES, units

_DEPTH: Final = 24
"""Of types within types."""
_ADDRESS: Final = 0xA1
"""DW_OP_addrx: where a variable lies, as an index into the table of addresses."""
_KINDS: Final = {
    *("DW_TAG_base_type", "DW_TAG_typedef", "DW_TAG_pointer_type", "DW_TAG_array_type"),
    *("DW_TAG_structure_type", "DW_TAG_union_type", "DW_TAG_enumeration_type"),
}
_PARTS: Final = {"DW_TAG_member", "DW_TAG_enumerator", "DW_TAG_subrange_type"}
_FUNCTION: Final = "DW_TAG_subprogram"


class BadTypesError(Exception):
    """What is wrong with the types of an image."""


@dataclass(frozen=True)
class Scalar:
    """A number, by the name that the source has for it: `u64`, `bool`."""

    name: str
    size: int


@dataclass(frozen=True)
class Enumeration:
    """Names by value."""

    name: str
    size: int
    members: dict[int, str]


@dataclass(frozen=True)
class Pointer:
    """To a struct, by its name; empty for anything else."""

    to: str
    size: int = 8


@dataclass(frozen=True)
class Array:
    """Elements in a row."""

    element: Type
    length: int
    size: int


@dataclass(frozen=True)
class Struct:
    """Fields by name, each with its offset in bytes. What a part without a name has stands among them."""

    name: str
    size: int
    fields: dict[str, tuple[int, Type]]


Type = Scalar | Enumeration | Pointer | Array | Struct


class Types:
    """The types and the variables of the first compilation unit, which is all of a kernel's Python."""

    def __init__(self, elf: bytes) -> None:
        self._entries: Final[dict[int, DIE]] = {}
        self._parts: Final[dict[int, list[DIE]]] = {}
        self._variables: Final[dict[str, DIE]] = {}
        self._made: Final[dict[int, Type]] = {}
        try:
            self._unit: Final = next(iter(units(elf, BYTES, LINE_BYTES)), None)
            if self._unit is not None:
                self._read()
        except Exception as error:  # a library reads what may be made to mislead it: all that it raises means one thing
            raise BadTypesError(f"its debug information cannot be read ({type(error).__name__})") from None

    def variable(self, name: str) -> tuple[int, Type]:
        """The address of a variable of the kernel, and its type."""
        entry = self._variables.get(name)
        location = None if entry is None else entry.attributes.get("DW_AT_location")
        if entry is None or location is None:
            raise BadTypesError(f"it has no variable {name}")
        try:
            assert self._unit is not None and location.value[0] == _ADDRESS and len(location.value) == 2
            return self._unit.address(location.value[1]), self._of(entry, 0)
        except BadTypesError:
            raise
        except Exception as error:  # as above
            raise BadTypesError(f"the type of {name} cannot be read ({type(error).__name__})") from None

    def enumeration(self, name: str) -> Enumeration:
        """An enumeration by its name."""
        try:
            for offset, entry in self._entries.items():
                if entry.tag == "DW_TAG_enumeration_type" and _name(entry) == name:
                    found = self._at(offset, 0)
                    if isinstance(found, Enumeration):
                        return found
        except Exception as error:  # as above
            raise BadTypesError(f"the type of {name} cannot be read ({type(error).__name__})") from None
        raise BadTypesError(f"it has no enumeration {name}")

    def _read(self) -> None:
        """The entries in their order, which is that of the tree; what is in functions is passed over."""
        assert self._unit is not None
        within: list[int | None] = [None]
        functions = 0
        for entry in self._unit.entries():
            if entry.is_null():
                within.pop()
                functions -= functions > 0
                if not within:
                    break
                continue
            if functions or entry.tag == _FUNCTION:
                functions += bool(entry.has_children)
            elif entry.tag in _KINDS:
                self._entries[entry.offset] = entry
                self._parts[entry.offset] = []
            elif entry.tag in _PARTS and (inside := within[-1]) in self._parts and inside is not None:
                self._parts[inside].append(entry)
            elif entry.tag == "DW_TAG_variable":
                self._variables.setdefault(_name(entry), entry)
            if entry.has_children:
                within.append(entry.offset)

    def _of(self, entry: DIE, depth: int) -> Type:
        attribute = entry.attributes["DW_AT_type"]
        assert self._unit is not None
        return self._at(self._unit.target(attribute), depth)

    def _at(self, offset: int, depth: int) -> Type:
        if offset not in self._made:
            if depth > _DEPTH or offset not in self._entries:
                raise BadTypesError("a type of it leads nowhere")
            self._made[offset] = self._make(self._entries[offset], depth + 1)
        return self._made[offset]

    def _make(self, entry: DIE, depth: int) -> Type:
        name = _name(entry)
        size = int(entry.attributes["DW_AT_byte_size"].value) if "DW_AT_byte_size" in entry.attributes else 0
        parts = self._parts[entry.offset]
        match entry.tag:
            case "DW_TAG_base_type":
                return Scalar(name, size)
            case "DW_TAG_typedef":
                found = self._of(entry, depth)
                return Scalar(name, found.size) if isinstance(found, Scalar) else found
            case "DW_TAG_pointer_type":
                return Pointer(self._struct_behind(entry))
            case "DW_TAG_array_type":
                element = self._of(entry, depth)
                (length,) = (int(part.attributes["DW_AT_count"].value) for part in parts)
                return Array(element, length, element.size * length)
            case "DW_TAG_enumeration_type":
                return Enumeration(name, size, {int(e.attributes["DW_AT_const_value"].value): _name(e) for e in parts})
        fields: dict[str, tuple[int, Type]] = {}
        for part in parts:
            start = part.attributes.get("DW_AT_data_member_location")
            at, kind = 0 if start is None else int(start.value), self._of(part, depth)
            if _name(part):
                fields[_name(part)] = at, kind
            elif isinstance(kind, Struct):
                fields |= {inner: (at + offset, each) for inner, (offset, each) in kind.fields.items()}
        return Struct(name, size, fields)

    def _struct_behind(self, entry: DIE) -> str:
        """The name of what a pointer points to, which may contain such a pointer itself."""
        for _ in range(_DEPTH):
            if "DW_AT_type" not in entry.attributes:
                break
            assert self._unit is not None
            behind = self._entries.get(self._unit.target(entry.attributes["DW_AT_type"]))
            if behind is None or behind.tag == "DW_TAG_structure_type":
                return "" if behind is None else _name(behind)
            entry = behind
        return ""


def _name(entry: Any) -> str:
    found = entry.attributes.get("DW_AT_name")
    return "" if found is None else found.value.decode(errors="backslashreplace")
