"""What is inspected as data that JSON can hold, and the schema of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from tyrne.inspect.objects import FORMAT, Inspection

if TYPE_CHECKING:
    from tyrne.inspect.difference import Comparison


@cache
def _adapter() -> TypeAdapter[Inspection]:
    return TypeAdapter(Inspection)


def to_data(seen: Inspection, parts: Sequence[str] = ()) -> dict[str, Any]:
    """`format`, `at`, and the named fields of an inspection, or all; words as strings such as "0x5"."""
    found: dict[str, Any] = _adapter().dump_python(seen, mode="json")
    return {"format": FORMAT, "at": found["at"], **{key: found[key] for key in parts or found}}


def schema() -> dict[str, Any]:
    """The JSON schema of an inspection, to which `to_data` adds `format`."""
    return _adapter().json_schema(mode="serialization")


def comparison_data(found: Comparison) -> dict[str, Any]:
    """A comparison of two runs: whether they are the same, for how many transitions, what each did then, where they
    stand, and what differs."""
    data = asdict(found)
    return {"format": FORMAT, "same": found.same, **data, "made": list(found.made)}
