"""Any value at any key of a description is taken, or refused with a line and a mend: never a traceback."""

import re
from pathlib import Path

import pytest
from test_description_objects import GOOD as OBJECTS
from test_description_terms import GOOD as TERMS

from tyrne.system.described import SystemDescription
from tyrne.system.description import read_description
from tyrne.system.errors import RequestError

VALUES = (
    *("0", "1", "-1", "17", "0x1000", "0xFFFF_FFFF_FFFF_F000", str(1 << 64), str(1 << 200), "1.5", "nan", "-inf"),
    *("true", "false", '""', '"door"', '"one"', '"\\u0000"', '"\\u202e"', "[]", "[[]]", "[1]", '["SEND"]', "{}"),
    *("{ endpoint = 1 }", "[{}]", "[{ endpoint = true }]", "{ tasks = {} }", "1979-05-27", "07:32:00"),
)
MISTAKE = re.compile(r"s:\d+: [^;]+; .+")


def positions(text: str) -> list[tuple[int, int]]:
    """Where the values of a text begin and end, those inside of inline tables and arrays included."""
    return [match.span(1) for match in re.finditer(r'= ("[^"]*"|[\w.]+|\[[^][]*\]|\{[^{}]*\})', text)]


@pytest.mark.promise("tyrne treats programs and descriptions as data until they are checked")
@pytest.mark.parametrize("text", [TERMS, OBJECTS], ids=["terms", "objects"])
def test_any_value_at_any_key_is_taken_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.toml"
    taken = refused = 0
    for start, end in positions(text):
        for value in VALUES:
            path.write_text(text[:start] + value + text[end:])
            try:
                assert isinstance(read_description(path), SystemDescription)
                taken += 1
            except RequestError as error:
                refused += 1
                for line in str(error).replace(f"{path}:", "s:").splitlines():
                    assert MISTAKE.fullmatch(line), line
    assert refused > 10 * len(positions(text)) and taken > len(positions(text)) / 2
