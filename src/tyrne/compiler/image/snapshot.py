"""Objects as C initialisers. What is all zero needs none: it lies in .bss."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.image.measure import Global, Image
from tyrne.compiler.lower.names import member_name
from tyrne.compiler.lower.types import (
    BOOL,
    BYTES,
    NONE,
    Array,
    Class,
    Enumeration,
    Int,
    Literal,
    Place,
    Reference,
    Type,
    Union,
    Value,
    show,
)


class Snapshot:
    """Initialisers of one image."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._known: dict[tuple[Type, int], str] = {}
        self.zero_tag: Type = NONE
        """The alternative whose tag is 0, in every union that has it."""

    def choose_zero_tag(self) -> None:
        """Give tag 0 to the alternative that unions start with most often, so that most tables are all zero."""
        ordered = sorted(self.image.initial_parts.items(), key=lambda item: (-item[1], item[0].name))
        if ordered:
            self.zero_tag = ordered[0][0]

    def initialiser(self, t: Type, value: Any, where: str) -> str:
        """What stands behind `=` for a stored object; empty when that is all zero."""
        key = (t, id(value))
        if key not in self._known:
            text = self._text(t, value, where, stored=True)
            self._known[key] = "" if text == "0" else text
        return self._known[key]

    def check(self, item: Global) -> None:
        """Refuse, at its definition, a global that has no initialiser."""
        try:
            self.initialiser(item.type, item.value, item.path)
        except Reject as why:
            raise Reject(why.what, why.line or item.line, why.path or item.source) from None

    def constant(self, t: Type, value: Any, where: str) -> str:
        """A constant expression for a value that a function uses."""
        text = self._text(t, value, where, stored=False)
        if isinstance(t, Value | Union):
            return f"({t.name}){text if text != '0' else '{}'}"
        return text

    def _text(self, t: Type, value: Any, where: str, stored: bool) -> str:
        """An initialiser; "0" stands for all zero. `stored`: places are embedded, not pointed to."""
        if isinstance(t, Int | Literal) or t == BOOL:
            return self._number(t, value, where)
        if isinstance(t, Enumeration):
            return self._enumeration(t, value, where)
        if t == BYTES:
            return f"bytes({c_string(value)})"
        if t == NONE:
            return "0"
        if isinstance(t, Union):
            return self._union(t, value, where)
        if isinstance(t, Reference) or (isinstance(t, Place) and not stored):
            return "0" if value is None else self._pointer(value, where)
        if isinstance(t, Array):
            return self._array(t, value, where)
        assert isinstance(t, Class)
        return self._struct(t, value, where)

    def _number(self, t: Type, value: Any, where: str) -> str:
        expected = {"bool": "bool", "int": "int"}.get(t.name, t.name)
        if type(value).__name__ != expected:
            raise Reject(f"{where} is a {type(value).__name__} where {show(t)} is declared; write {expected}(…)")
        return "true" if value is True else number(int(value))

    def _enumeration(self, t: Enumeration, value: Any, where: str) -> str:
        if type(value) is not self.image.registry.runtime(t.info):
            raise Reject(f"{where} is {value!r} where {show(t)} is declared; store one of its members")
        if t.is_flag:
            return number(int(value))
        return number(t.members[value.name]) if t.members[value.name] == 0 else enumerator(t, value.name)

    def _union(self, t: Union, value: Any, where: str) -> str:
        part = self.image.alternative(t, value, where)
        text = self._text(part, value, where, stored=False)
        niche = self.image.niche(t)
        if niche is None:
            fields = [] if part == self.zero_tag else [f".tag = {tag(part)}"]
        else:
            zero = not isinstance(niche.type, Union) or self.zero_tag == NONE
            fields = [] if part != NONE or zero else [f".{niche.name} = {niche.nothing}"]
        if text != "0":
            fields.append(f".{member_name(part.name)} = {text}")
        return f"{{{', '.join(fields)}}}" if fields else "0"

    def _pointer(self, value: Any, where: str) -> str:
        if not self.image.is_known(value):
            raise Reject(f"{where} refers to a place that lies nowhere; make it a module-level Final")
        return f"&{self.image.path_of(value)}"

    def _array(self, t: Array, value: Any, where: str) -> str:
        texts = [self._text(t.element, element, f"{where}[{i}]", stored=True) for i, element in enumerate(value)]
        parts = []
        at = 0
        for text, run in groupby(texts):
            count = len(list(run))
            if text != "0":
                parts.append(f"[{at}] = {text}" if count == 1 else f"[{at} ... {at + count - 1}] = {text}")
            at += count
        return f"{{{', '.join(parts)}}}" if parts else "0"

    def _struct(self, t: Class, value: Any, where: str) -> str:
        if type(value) is not self.image.registry.runtime(t.info):
            raise Reject(f"{where} is a {type(value).__name__} where {show(t)} is declared; store one of that class")
        parts = []
        for item in self.image.fields(t).values():
            if item.is_stored:
                text = self._text(item.type, getattr(value, item.name), f"{where}.{item.name}", isinstance(t, Place))
                if text != "0":
                    parts.append(f".{item.c_name} = {text}")
        return f"{{{', '.join(parts)}}}" if parts else "0"


def number(value: int) -> str:
    """A literal: hexadecimal where that is how people write it."""
    if value < 0:
        return f"({value})"
    text = hex(value) if value >= 1 << 12 else str(value)
    return f"{text}ull" if value >= 1 << 63 else text


def enumerator(t: Enumeration, name: str) -> str:
    """The C name of an enum's member."""
    return f"{t.name}_{name}"


def tag(part: Type) -> str:
    """The C name of the tag of a union's alternative."""
    return f"IS_{part.name}"


def part_test(image: Image, operand: str, t: Union, part: Type) -> tuple[str, str, str]:
    """The C comparison that says whether a union is an alternative: left side, sign, right side."""
    niche = image.niche(t)
    if niche is None:
        return f"{operand}.tag", "==", tag(part)
    return f"{operand}.{niche.name}", "==" if part == NONE else "!=", niche.nothing


def c_string(data: bytes) -> str:
    """Bytes as a C string literal."""
    named = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}
    plain = {b: chr(b) for b in range(0x20, 0x7F) if b != ord("?")}
    return '"' + "".join(named.get(b) or plain.get(b) or f"\\{b:03o}" for b in data) + '"'
