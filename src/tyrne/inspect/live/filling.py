"""The kernel's own objects, filled with what the memory of a compiled kernel says.

The compiler lays each place of the program out as a struct, in the order and under the names of its fields. So the
places of a kernel that has not booted and those in memory correspond, one to one: what is stored in memory is stored
in the former, a pointer becomes a reference to the place that lies at its address, a union the value that its tag
names. What is in memory is data: a pointer to anything but a place of its type, a tag, a number or an enumeration that
there is not, is a BadStateError.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Final

from tyrne.kernel.kernel import Kernel
from tyrne.lang import u8, u16, u32, u64
from tyrne.system.dwarf_types import Array, BadTypesError, Enumeration, Pointer, Scalar, Struct, Type, Types

_NUMBERS: Final[dict[str, type[int]]] = {"u8": u8, "u16": u16, "u32": u32, "u64": u64, "bool": bool}
_FORMATS: Final = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "bool": "?"}
_LEFT_OUT: Final = frozenset({"nothing", "board"})
"""Fields of no meaning here: of a struct that would be empty; and the board, which is another one."""
_TAG, _HELD, _AS, _IS, _NONE = "tag", "kp_held", "as_", "IS_", "None"
"""What the compiler calls the parts of unions (`compiler/emit/types.py`)."""


class BadStateError(Exception):
    """What lies in memory is no state of this kernel."""


@cache
def _classes() -> dict[str, type]:
    """The classes of which kernel state is made, by name."""
    found: dict[str, type] = {}
    modules = [name for name in sys.modules if name.startswith(("tyrne.hal.", "tyrne.abi.", "tyrne.kernel."))]
    for name in sorted(modules, key=lambda name: name.startswith("tyrne.kernel.")):
        found |= {k: v for k, v in vars(sys.modules[name]).items() if isinstance(v, type) and v.__module__ == name}
    return found


def fill(kernel: Kernel[Any], types: Types, name: str, memory: bytes) -> None:
    """Fill a kernel that has not booted with the bytes of the variable that is one."""
    try:
        start, layout = types.variable(name)
        if not isinstance(layout, Struct) or len(memory) != layout.size:
            raise BadStateError("it has no kernel")
        tags = {value: member.removeprefix(_IS) for value, member in types.enumeration("Tag").members.items()}
        filling = _Filling(memory, start, tags)
        filling.meet(kernel, layout, 0)
        filling.fill()
    except (KeyError, ValueError, TypeError, AttributeError, struct.error) as error:
        raise BadStateError(f"a field holds what it cannot hold ({error})") from None
    except BadTypesError as error:
        raise BadStateError(str(error)) from None


class _Filling:
    def __init__(self, memory: bytes, start: int, tags: dict[int, str]) -> None:
        self._memory: Final = memory
        self._start: Final = start
        self._tags: Final = tags
        self._places: Final[dict[tuple[int, str], object]] = {}
        """By address and the name of the struct: the first field of a struct lies where it does."""
        self._fields: Final[list[tuple[Any, str, Type, int]]] = []
        self._arrays: Final[list[tuple[Any, Array, int]]] = []

    def meet(self, place: Any, layout: Struct, at: int) -> None:
        """Note where a place lies, and what there is to be filled in it."""
        self._places[self._start + at, layout.name] = place
        for name, (offset, kind) in layout.fields.items():
            if name in _LEFT_OUT:
                continue
            attribute = name if hasattr(place, name) else name.removesuffix("_")
            held = getattr(place, attribute)
            if isinstance(kind, Array):
                self._meet_array(held, kind, at + offset)
            elif isinstance(kind, Struct) and _is_place(kind):
                self.meet(held, kind, at + offset)
            else:
                self._fields.append((place, attribute, kind, at + offset))

    def _meet_array(self, array: Any, layout: Array, at: int) -> None:
        element = layout.element
        if len(array) != layout.length:
            raise BadStateError("this kernel has other limits")
        if isinstance(element, Struct) and _is_place(element):
            for i, place in enumerate(array):
                self.meet(place, element, at + i * element.size)
        else:
            self._arrays.append((array, layout, at))

    def fill(self) -> None:
        """Fill all that was met."""
        for place, attribute, kind, at in self._fields:
            setattr(place, attribute, self._value(kind, at))
        for array, layout, at in self._arrays:
            element = layout.element
            if isinstance(element, Scalar):
                words = struct.unpack_from(f"<{layout.length}{_FORMATS[element.name]}", self._memory, at)
                array._items[:] = map(_NUMBERS[element.name], words)
            else:
                array._items[:] = [self._value(element, at + i * element.size) for i in range(layout.length)]

    def _number(self, size: int, at: int) -> int:
        return int.from_bytes(self._memory[at : at + size], "little")

    def _value(self, kind: Type, at: int) -> Any:
        match kind:
            case Scalar(name, size):
                return _NUMBERS[name](self._number(size, at))
            case Enumeration(name, size):
                return _classes()[name](self._number(size, at))
            case Pointer(to):
                address = self._number(kind.size, at)
                if address and (address, to) not in self._places:
                    raise BadStateError(f"{address:#x} is no {to}")
                return self._places[address, to] if address else None
            case Struct():
                return self._union(kind, at) if _is_union(kind) else self._struct(kind, at)
        raise BadStateError("a value that is an array")

    def _struct(self, kind: Struct, at: int) -> Any:
        parts = ((name, offset, each) for name, (offset, each) in kind.fields.items() if name not in _LEFT_OUT)
        return _classes()[kind.name](**{name: self._value(each, at + offset) for name, offset, each in parts})

    def _union(self, kind: Struct, at: int) -> Any:
        """What the tag names; a value or None without a tag of its own is told by what is never nothing in a value."""
        parts = {_letters(name): part for name, part in kind.fields.items() if name.startswith(_AS)}
        offset, tag = kind.fields[_HELD if _HELD in kind.fields else _TAG]
        number = self._number(tag.size, at + offset)
        if _HELD in kind.fields:
            chosen = None if number == 0 else next(iter(parts.values()))
        else:
            named = self._tags[number]
            first = next(iter(parts.values()))
            without_own_tag = first if first[0] == 0 else None
            chosen = None if named == _NONE else parts.get(_letters(_AS + named), without_own_tag)
            if chosen is None and named != _NONE:
                raise BadStateError(f"no {kind.name} is a {named}")
        return None if chosen is None else self._value(chosen[1], at + chosen[0])


def _is_union(kind: Struct) -> bool:
    return _TAG in kind.fields or _HELD in kind.fields


def _is_place(kind: Struct) -> bool:
    """Whether a struct is a place, which has an identity, and no value."""
    return not _is_union(kind) and not is_dataclass(_classes().get(kind.name))


def _letters(name: str) -> str:
    """CapError and cap_error alike."""
    return name.replace("_", "").lower()
