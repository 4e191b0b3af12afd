"""The mutable parts of objects: found, copied, and put back in place, so that every object stays who it is.

A part is a container: the fields of an object, a list, dict, set, deque, bytearray, or registers. What it holds of
values (numbers, text, tuples, frozen dataclasses, functions) is copied by reference.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tyrne.hosted.registers import RegisterArray
from tyrne.lang import Array

_VALUES: Final = (
    int, float, str, bytes, tuple, frozenset, range, memoryview, mmap.mmap, Enum, MappingProxyType,
)  # fmt: skip
_NUMBER: Final = 32
"""Bytes of what an element refers to, a number for the most part."""

Content = Any
"""A copy of what a part holds: a tuple, a dict, a frozenset, or bytes."""


class Way(NamedTuple):
    """How a kind of container is copied, and how it gets back what a copy holds."""

    copy: Callable[[Any], Content]
    put_back: Callable[[Any, Content], None]


def _put_fields(fields: dict[str, Any], content: Content) -> None:
    fields.update(zip(fields, content, strict=True))


def _put_elements(elements: Any, content: Content) -> None:
    elements[:] = content


def _put_members(members: Any, content: Content) -> None:
    members.clear()
    members.update(content)


def _put_queue(queue: deque[Any], content: Content) -> None:
    queue.clear()
    queue.extend(content)


def _put_registers(words: ctypes.Array[Any], content: Content) -> None:
    ctypes.memmove(words, content, len(content))


_FIELDS: Final = Way(lambda fields: tuple(fields.values()), _put_fields)
"""Of an object: which it has does not change."""
_REGISTERS: Final = Way(bytes, _put_registers)
_WAYS: Final[dict[type, Way]] = {
    list: Way(tuple, _put_elements),
    bytearray: Way(bytes, _put_elements),
    dict: Way(dict, _put_members),
    Counter: Way(dict, _put_members),
    set: Way(frozenset, _put_members),
    deque: Way(tuple, _put_queue),
}


class Parts:
    """All parts that some objects lead to, in the order in which they are met."""

    def __init__(self, roots: Iterable[object], without: Iterable[object] = ()) -> None:
        """`without`: objects that are no part, and are not followed. TypeError for an object of which it is not known
        how to copy it."""
        self._kept: Final[list[object]] = list(without)
        met = {id(thing) for thing in self._kept}
        self._containers: Final[list[tuple[Way, Any]]] = []
        self.owners: Final[list[object]] = []
        """The objects whose containers these are."""
        for root in roots:
            self._meet(root, met)
        for owner in self.owners:  # which grows on the way
            for thing in _held(owner):
                self._meet(thing, met)

    def _meet(self, thing: object, met: set[int]) -> None:
        if not _is_value(thing) and id(thing) not in met:
            met.add(id(thing))
            self.owners.append(thing)
            self._containers.append(_container(thing))

    def __len__(self) -> int:
        return len(self._containers)

    def copy(self, before: Sequence[Content] = ()) -> list[Content]:
        """What each part holds. What is as it was `before`, in a copy of these parts, is that same object."""
        made = [way.copy(container) for way, container in self._containers]
        if len(before) == len(made):
            return [old if old == new else new for old, new in zip(before, made, strict=True)]
        return made

    def put_back(self, contents: Sequence[Content]) -> None:
        """Let each part hold what a copy says."""
        for (way, container), content in zip(self._containers, contents, strict=True):
            way.put_back(container, content)


def size_of(content: Content) -> int:
    """About how many bytes of the host's memory a copy takes."""
    if isinstance(content, bytes):
        return sys.getsizeof(content)
    return sys.getsizeof(content) + len(content) * _NUMBER


def _is_value(thing: object) -> bool:
    if thing is None or isinstance(thing, _VALUES) or callable(thing):
        return True
    return is_dataclass(thing) and bool(getattr(thing, "__dataclass_params__").frozen)  # noqa: B009


def _container(thing: object) -> tuple[Way, Any]:
    if isinstance(thing, RegisterArray):
        return _REGISTERS, thing.memory
    if isinstance(thing, Array):
        return _WAYS[list], thing._items
    if type(thing) in _WAYS:
        return _WAYS[type(thing)], thing
    if not hasattr(thing, "__dict__"):
        raise TypeError(f"a {type(thing).__name__}: it is not known how to copy it")
    return _FIELDS, vars(thing)


def _held(owner: object) -> Iterable[object]:
    """What a part holds."""
    way, container = _container(owner)
    if way is _REGISTERS or isinstance(container, bytearray):
        return ()
    return list(container.values() if isinstance(container, dict) else container)
