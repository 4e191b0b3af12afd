"""The state of a program in CPython against its state compiled: the first difference, by its path.

Both are walked along what places contain, as `Unit.types` describes it. A reference is equal when it leads to the same
place on both sides; what it leads to is compared where it is contained. Make the comparer while both sides are in
their initial state: then it learns which object is which struct, and no place comes or goes later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter, is_
from typing import Any

from tyrne.compiler.build.host import HostLibrary

Type = dict[str, Any]
"""A TYPE of the schema."""
Difference = tuple[str, str]
"""The rest of the path, and what is there on either side."""
Compare = Callable[[Any, Any], Difference | None]
"""An object of CPython and one of cffi: how they differ."""


class Comparer:
    """Compares the global places of one library with the objects that CPython has.

    `objects` gives the object of a global by its C name; the others are found under their Python names among the
    imported modules, and those that are nowhere are left out. `skip` names fields that do not count, as `Class.field`.
    """

    def __init__(
        self, library: HostLibrary, objects: Mapping[str, Any] | None = None, skip: Collection[str] = ()
    ) -> None:
        self._ffi = library.ffi
        self._types = library.unit.types
        self._skip = frozenset(skip)
        self._made: dict[str, Compare] = {}
        self._addresses: dict[int, int] = {}
        """Where the struct of a place is, by the identity of its object."""
        self._paths: dict[tuple[int, str], str] = {}
        """Path by the address of a struct and its C type."""
        self._kept: list[Any] = []
        self._tops: list[tuple[str, Any, Any, Compare]] = []
        self._unpaired: dict[int, str] = {}
        self._lib = library.lib
        given = objects or {}
        found = []
        for name, description in self._types["globals"].items():
            known = [given[name]] if name in given else list(filter(None, map(_imported, description["python"])))
            if known:
                found.append((name, known[0]))
            else:
                self._unpaired[self._address(self._ffi.addressof(self._lib, name))] = name
        for name, here in found:
            self._pair_global(name, here)

    def difference(self) -> str | None:
        """One line about the first difference in state, or None."""
        for name, here, there, compare in self._tops:
            found = compare(here, there)
            if found is not None:
                return f"{name}{found[0]}: {found[1]}"
        return None

    # -- which object is which struct

    def _pair_global(self, name: str, here: Any) -> None:
        kind = self._types["globals"][name]["type"]
        there = getattr(self._lib, name)
        self._tops.append((name, here, there, self._compare(kind)))
        self._pair(kind, here, there, name)

    def _pair(self, kind: Type, here: Any, there: Any, path: str) -> None:
        """Learn the addresses of everything that a place or an array contains."""
        if kind["kind"] == "place":
            address = self._address(self._ffi.addressof(there))
            if id(here) in self._addresses:
                return
            self._addresses[id(here)] = address
            self._paths[address, kind["name"]] = path
            self._kept.append(here)
            for field in self._fields(kind):
                inner = getattr(here, field["python"])
                self._pair(field["type"], inner, getattr(there, field["c"]), f"{path}.{field['python']}")
        elif kind["kind"] == "array" and kind["element"]["kind"] in ("place", "array", "reference"):
            for index, item in enumerate(here):
                self._pair(kind["element"], item, there[index], f"{path}[{index}]")
        elif kind["kind"] == "reference" and here is not None:
            name = self._unpaired.pop(self._address(there), None)
            if name is not None:
                self._pair_global(name, here)

    def _address(self, pointer: Any) -> int:
        return int(self._ffi.cast("uintptr_t", pointer))

    def _fields(self, kind: Type) -> list[dict[str, Any]]:
        """Fields of a value or place that count."""
        group = self._types["values" if kind["kind"] == "value" else "places"][kind["name"]]
        owner = group["python"].rpartition(".")[2]
        return [field for field in group["fields"] if f"{owner}.{field['python']}" not in self._skip]

    # -- how types are compared

    def _compare(self, kind: Type) -> Compare:
        """The comparison of one type; one function per type."""
        key = repr(kind)
        if key not in self._made:
            self._made[key] = _MAKERS[kind["kind"]](self, kind)
        return self._made[key]

    def _number(self, kind: Type) -> Compare:
        return lambda here, there: None if here == there else ("", f"CPython {here!r}, compiled {there}")

    def _nothing(self, kind: Type) -> Compare:
        return lambda here, there: None

    def _enum(self, kind: Type) -> Compare:
        description = self._types["enums"][kind["name"]]
        if description["flag"]:
            return self._number(kind)
        names = {value: name for name, value in description["members"].items()}

        def compare(here: Any, there: int) -> Difference | None:
            if here.value == there:
                return None
            return "", f"CPython {here}, compiled {kind['name']}.{names.get(there, there)}"

        return compare

    def _bytes(self, kind: Type) -> Compare:
        def compare(here: bytes, there: Any) -> Difference | None:
            compiled = bytes(self._ffi.buffer(there.data, there.length))
            return None if here == compiled else ("", f"CPython {here!r}, compiled {compiled!r}")

        return compare

    def _struct(self, kind: Type) -> Compare:
        fields = [(f["python"], f["c"], self._compare(f["type"])) for f in self._fields(kind)]

        def compare(here: Any, there: Any) -> Difference | None:
            for python, c, inner in fields:
                found = inner(getattr(here, python), getattr(there, c))
                if found is not None:
                    return f".{python}{found[0]}", found[1]
            return None

        return compare

    def _place(self, kind: Type) -> Compare:
        """As a struct. One without places or arrays in it is looked at in full only when it is not, on both sides, what
        it was when it was last found equal: its values cannot change, so that the same objects are the same state."""
        in_full = self._struct(kind)
        fields = self._fields(kind)
        if len(fields) < 2 or any(field["type"]["kind"] in ("place", "array", "bytes") for field in fields):
            return in_full
        values = attrgetter(*(field["python"] for field in fields))
        buffer, address_of = self._ffi.buffer, self._ffi.addressof
        equal: dict[int, tuple[bytes, tuple[Any, ...]]] = {}

        def compare(here: Any, there: Any) -> Difference | None:
            objects, compiled = values(here), buffer(address_of(there))[:]
            known = equal.get(id(here))
            if known is not None and known[0] == compiled and all(map(is_, objects, known[1])):
                return None
            found = in_full(here, there)
            if found is None:
                equal[id(here)] = compiled, objects
            return found

        return compare

    def _array(self, kind: Type) -> Compare:
        inner = self._compare(kind["element"])
        unpack, length = self._ffi.unpack, kind["length"]
        is_plain = kind["element"]["kind"] in ("int", "bool")

        def compare(here: Any, there: Any) -> Difference | None:
            compiled = unpack(there, length)
            if is_plain and here._items == compiled:
                return None
            if len(here) != length:
                return "", f"CPython has {len(here)} elements, compiled {length}"
            for index, item in enumerate(here._items):
                found = inner(item, compiled[index])
                if found is not None:
                    return f"[{index}]{found[0]}", found[1]
            return None

        return compare

    def _reference(self, kind: Type) -> Compare:
        null, cast, addresses = self._ffi.NULL, self._ffi.cast, self._addresses

        def compare(here: Any, there: Any) -> Difference | None:
            if here is None:
                if there == null:
                    return None
            elif int(cast("uintptr_t", there)) == addresses.get(id(here)):
                return None
            expected = addresses.get(id(here), -1)
            left = (
                "None"
                if here is None
                else self._paths.get((expected, kind["name"]), f"an unknown {type(here).__name__}")
            )
            return "", f"CPython refers to {left}, compiled to {self._path_of(there, kind['name'])}"

        return compare

    def _path_of(self, pointer: Any, name: str) -> str:
        if pointer == self._ffi.NULL:
            return "None"
        return self._paths.get((self._address(pointer), name), f"an unknown {name}")

    def _union(self, kind: Type) -> Compare:
        union = self._types["unions"][kind["name"]]
        by = union["by"]
        alternatives: dict[int | None, tuple[str | None, Compare, Callable[[Any], bool], str]] = {}
        for item in union["alternatives"]:
            fits, shown = self._membership(item["type"])
            alternatives[item["tag"]] = item["member"], self._compare(item["type"]), fits, shown

        def compare(here: Any, there: Any) -> Difference | None:
            found = alternatives.get(getattr(there, by)) or alternatives.get(None)
            member, inner, fits, shown = found or (None, self._nothing({}), _never, "a bad tag")
            if not fits(here):
                return "", f"CPython {here!r}, compiled {shown}"
            return None if member is None else inner(here, getattr(there, member))

        return compare

    def _membership(self, kind: Type) -> tuple[Callable[[Any], bool], str]:
        """Whether an object is of an alternative, and the alternative's name."""
        match kind["kind"]:
            case "none":
                return (lambda here: here is None), "None"
            case "int":
                name = f"u{kind['bits']}"
            case "bool" | "bytes":
                name = kind["kind"]
            case "enum" | "value" as group:
                name = self._types[f"{group}s"][kind["name"]]["python"].rpartition(".")[2]
            case _:
                name = self._types["places"][kind["name"]]["python"].rpartition(".")[2]
        return (lambda here: type(here).__name__ == name), f"a {name}"


def _never(here: Any) -> bool:
    return False


def _imported(name: str) -> Any:
    """The object of `module.NAME` when the module has been imported; a root's module may be there by its own name."""
    module, _, attribute = name.rpartition(".")
    for known in (module, module.removeprefix("program_")):
        if known in sys.modules:
            return getattr(sys.modules[known], attribute, None)
    return None


_MAKERS: Mapping[str, Callable[[Comparer, Type], Compare]] = {
    "int": Comparer._number,
    "bool": Comparer._number,
    "none": Comparer._nothing,
    "bytes": Comparer._bytes,
    "enum": Comparer._enum,
    "value": Comparer._struct,
    "place": Comparer._place,
    "reference": Comparer._reference,
    "array": Comparer._array,
    "union": Comparer._union,
}
