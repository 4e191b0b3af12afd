"""The description of a unit's types for programs that compare Python's objects with C's.

    {"enums":   {C name: {"python": "module.Class", "bits": n, "flag": bool, "members": {name: value}}},
     "values":  {C name: {"python": …, "fields": [FIELD], "constants": [names]}},
     "places":  the same,
     "unions":  {C name: {"by": C name, "alternatives": [{"tag": n, "member": C name or null, "type": TYPE}]}},
     "globals": {C name: {"python": ["module.NAME", …], "type": TYPE}},
     "functions": {name without k_: {"parameters": [[name, TYPE]], "result": TYPE}},
     "paths":   {"module.NAME": C expression}}

FIELD is {"python": name, "c": C name, "type": TYPE}. A Final field that is the same everywhere is no C field: it is in
"constants". The number in the member `by` of a union is the tag of what it is; a tag of null is any other number.
TYPE is one of

    {"kind": "int", "bits": n}   {"kind": "bool"}   {"kind": "none"}   {"kind": "bytes"}
    {"kind": "enum" | "value" | "union", "name": C name}
    {"kind": "place", "name": C name}              the struct itself, embedded
    {"kind": "reference", "name": C name, "nullable": bool}       a pointer to it
    {"kind": "array", "element": TYPE, "length": n}

The Python object at an enum's C value is found by value, except that of a flag, which is any 32-bit number.
"""

from __future__ import annotations

from typing import Any

from tyrne.compiler.emit.types import TypeOrder
from tyrne.compiler.image.measure import Global
from tyrne.compiler.lower.function import Instance
from tyrne.compiler.lower.names import member_name
from tyrne.compiler.lower.program import Program
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


def schema(program: Program, order: TypeOrder, tops: list[Global], exports: list[Instance]) -> dict[str, Any]:
    """The description of one program."""
    out: dict[str, Any] = {"enums": {}, "values": {}, "places": {}, "unions": {}}
    tags = order.tags()
    for t in order.ordered:
        if isinstance(t, Enumeration):
            out["enums"][t.name] = {
                "python": t.info.fullname,
                "bits": t.bits,
                "flag": t.is_flag,
                "members": dict(t.members),
            }
        elif isinstance(t, Union):
            out["unions"][t.name] = _union(program, t, tags)
        elif isinstance(t, Class):
            out["values" if isinstance(t, Value) else "places"][t.name] = _class(program, t)
    known = program.image.globals
    out["globals"] = {
        item.path: {
            "python": [g.fullname for g in known.values() if g.value is item.value],
            "type": describe(item.type, True),
        }
        for item in tops
    }
    out["paths"] = {g.fullname: g.path for g in known.values()}
    out["functions"] = {
        i.node.name: {
            "parameters": [[name, describe(t, False)] for name, t in i.parameters],
            "result": describe(i.result, False),
        }
        for i in exports
    }
    return out


def _union(program: Program, t: Union, tags: dict[Type, int]) -> dict[str, Any]:
    niche = program.image.niche(t)
    if niche is None:
        return {"by": "tag", "alternatives": [_alternative(p, tags[p]) for p in t.parts]}
    nothing = tags[NONE] if isinstance(niche.type, Union) else 0
    return {"by": niche.name, "alternatives": [_alternative(p, nothing if p == NONE else None) for p in t.parts]}


def _alternative(t: Type, tag: int | None) -> dict[str, Any]:
    return {"tag": tag, "member": None if t == NONE else member_name(t.name), "type": describe(t, False)}


def _class(program: Program, t: Class) -> dict[str, Any]:
    fields = program.image.fields(t).values()
    return {
        "python": t.info.fullname,
        "fields": [
            {"python": i.name, "c": i.c_name, "type": describe(i.type, isinstance(t, Place))}
            for i in fields
            if i.is_stored
        ],
        "constants": [i.name for i in fields if not i.is_stored],
    }


def describe(t: Type, embedded: bool) -> dict[str, Any]:
    """A type as data; `embedded`: a place itself, not a pointer to it."""
    if isinstance(t, Int):
        return {"kind": "int", "bits": t.bits}
    if isinstance(t, Array):
        return {"kind": "array", "element": describe(t.element, True), "length": t.length}
    if isinstance(t, Reference):
        return {"kind": "reference", "name": t.place.name, "nullable": True}
    if isinstance(t, Place):
        if embedded:
            return {"kind": "place", "name": t.name}
        return {"kind": "reference", "name": t.name, "nullable": False}
    if isinstance(t, Enumeration):
        return {"kind": "enum", "name": t.name}
    if isinstance(t, Value):
        return {"kind": "value", "name": t.name}
    if isinstance(t, Union):
        return {"kind": "union", "name": t.name}
    return {"kind": {BOOL: "bool", BYTES: "bytes"}.get(t, "none")}
