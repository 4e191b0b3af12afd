"""The maps of programs in a report: written and read back, and refused in a line when they are not what was written."""

from __future__ import annotations

import base64
import json
import time
import zlib
from typing import Any

import pytest

from tyrne.system.line_table import TABLE_BYTES, BadTableError, from_json, to_json
from tyrne.system.source_lines import INLINED, Place, SourceMap

CALL = Place("main.c", 9, "main")
MAP = SourceMap([(0x80_0000, CALL), (0x80_0004, Place("list.c", 7, "second", CALL)), (0x80_0010, None)])
OTHER = SourceMap([(0x80_0000, Place(None, 0, "start")), (0x80_0008, Place("a.S", 0, None))])


def packed(table: object) -> dict[str, Any]:
    content = table if isinstance(table, bytes) else json.dumps(table).encode()
    return {"tasks": [0], "programs": [base64.b64encode(zlib.compress(content)).decode()]}


def chain(length: int) -> dict[str, Any]:
    """Places each of which is called from the one before it."""
    places = [[0, 1, 0, number - 1] for number in range(length)]
    return {"files": ["a"], "functions": ["f"], "places": places, "parts": [[0, length - 1]]}


def test_maps_are_read_back_as_they_were_and_programs_that_are_shared_stand_once() -> None:
    data = json.loads(json.dumps(to_json([MAP, OTHER, MAP, SourceMap()])))
    assert data["tasks"] == [0, 1, 0, None] and len(data["programs"]) == 2
    read = from_json(data, 4)
    assert [known.parts for known in read] == [MAP.parts, OTHER.parts, MAP.parts, ()]
    assert read[0].at(0x80_0007) == Place("list.c", 7, "second", CALL)


def test_a_report_without_maps_knows_no_lines() -> None:
    assert [known.parts for known in from_json(None, 2)] == [(), ()]


def test_maps_that_would_be_too_large_are_left_out() -> None:
    large = SourceMap([(0, Place("x" * TABLE_BYTES, 1, None))])
    assert to_json([large, MAP])["tasks"] == [None, 0]


def test_as_many_calls_inside_each_other_as_there_are_can_be_read() -> None:
    place = from_json(packed(chain(INLINED + 1)), 1)[0].at(0)
    assert place is not None and place.text.count("called from") == INLINED


GOOD = {"files": ["a"], "functions": ["f"], "places": [[0, 1, 0, -1]], "parts": [[0, 0]]}
WRONG: dict[str, object] = {
    "a number": 1,
    "no lists": {"tasks": 1, "programs": 2},
    "a list too short": {"tasks": [], "programs": []},
    "a program that is a number": {"tasks": [0], "programs": [1]},
    "a program that is no base64": {"tasks": [0], "programs": ["\x1b[2J"]},
    "a program that is not compressed": {"tasks": [0], "programs": ["AAAA"]},
    "a program that there is not": {"tasks": [1], "programs": packed(GOOD)["programs"]},
    "a task of a truth value": {"tasks": [False], "programs": packed(GOOD)["programs"]},
    "more after the end": {"tasks": [0], "programs": [base64.b64encode(zlib.compress(b"{}") + b"x").decode()]},
    "a bomb": packed(bytes(TABLE_BYTES + 1)),
    "no JSON": packed(b"{"),
    "deep JSON": packed(b"[" * 200_000),
    "an empty object": packed({}),
    "a list": packed([1]),
    "names that are none": packed({**GOOD, "files": [1]}),
    "names that are an object": packed({**GOOD, "functions": {}}),
    "a file that there is not": packed({**GOOD, "places": [[1, 1, 0, -1]]}),
    "a line below zero": packed({**GOOD, "places": [[0, -5, 0, -1]]}),
    "a line that is text": packed({**GOOD, "places": [[0, "1", 0, -1]]}),
    "a place with too little": packed({**GOOD, "places": [[0, 1]]}),
    "a caller that comes later": packed({**GOOD, "places": [[0, 1, 0, 0]]}),
    "calls without an end": packed(chain(INLINED + 2)),
    "a hundred thousand calls": packed(chain(100_000)),
    "a part without a place": packed({**GOOD, "parts": [[0, 1]]}),
    "an address beyond all": packed({**GOOD, "parts": [[1 << 64, 0]]}),
    "addresses out of order": packed({**GOOD, "parts": [[8, 0], [0, 0]]}),
    "a number of a million digits": packed(b'{"files": ' + b"9" * 1_000_000 + b"}"),
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_one_short_line_at_once(data: object) -> None:
    started = time.process_time()
    with pytest.raises(BadTableError) as wrong:
        from_json(data, 1)
    assert len(str(wrong.value)) < 100 and str(wrong.value).isprintable()
    assert time.process_time() - started < 2
