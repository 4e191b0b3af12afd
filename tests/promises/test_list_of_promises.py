"""Each statement of docs/security.md is pinned by a test, or is listed with the reason why it is no promise."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from assurance.promises.faults import Fault
from assurance.promises.listing import listing
from assurance.promises.marks import MarkError, Pin, pins
from assurance.promises.page import PAGE as PAGE_FILE
from assurance.promises.page import Statement, plain, statements
from assurance.promises.promises import Promises, complaints, read

PAGE = """\
# A page

Of what stands above its sections. It has *marks*, `code` and a
[link](other.md).

## Doors

- They open once; (never; ever) twice. Is that so?

| | |
|---|---|
| a door | opens; stays |

| over | right | lets |
|---|---|---|
| a key | TURN | turn it |
| | LEND, KEEP | lend it |

| who | bounded by | can still |
|---|---|---|
| a thief | nothing | wait |
"""


@pytest.mark.promise("Each sentence that promises something is quoted by a test: promises.md has them side by side")
def test_every_promise_has_a_test_and_every_test_pins_what_the_page_says() -> None:
    assert complaints(read()) == []


def test_a_page_is_taken_apart_into_sentences_and_what_its_rows_say() -> None:
    assert [(one.section, one.text, one.line, one.row) for one in statements(PAGE)] == [
        ("the page", "Of what stands above its sections", 3, ""),
        ("the page", "It has marks, code and a link", 3, ""),
        ("Doors", "They open once", 8, ""),
        ("Doors", "(never; ever) twice", 8, ""),
        ("Doors", "Is that so?", 8, ""),
        ("Doors", "a door: opens", 12, "a door"),
        ("Doors", "a door: stays", 12, "a door"),
        ("Doors", "a key, TURN, lets: turn it", 16, "a key"),
        ("Doors", "a key, LEND, KEEP, lets: lend it", 17, "a key"),
        ("Doors", "a thief, bounded by: nothing", 21, "a thief"),
        ("Doors", "a thief, can still: wait", 21, "a thief"),
    ]


def test_every_word_of_the_page_is_in_a_statement() -> None:
    text = PAGE_FILE.read_text()
    lines = text.splitlines()
    headings = {line for line, below in pairwise(lines) if below.startswith("|--")}
    prose = "\n".join(line for line in lines if not line.startswith("#") and line not in headings)
    said = words(" ".join(one.text for one in statements(text)))
    assert len(said) > 500 and words(prose) - said == set()


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", plain(text)))


SAID = Statement("Doors", "Every door has a lock", 7)
PIN = Pin("tests/test_doors.py", "test_locks", 3, SAID.text)


@pytest.mark.parametrize(
    ("pinned", "reasons", "complaint"),
    [
        ([PIN], {}, None),
        ([], {SAID.text: "defines a word"}, None),
        ([], {}, 'docs/security.md:7: no test pins "Every door has a lock"; mark one with @pytest.mark.promise'),
        (
            [PIN, Pin("tests/test_doors.py", "test_old", 9, "Each door has a lock")],
            {},
            'tests/test_doors.py:9: pins "Each door has a lock", which docs/security.md does not say, '
            'but "Every door has a lock"',
        ),
        (
            [PIN],
            {"All is well": "advises"},
            'assurance/promises/no_promises.toml: "All is well" is not in docs/security.md; decide anew',
        ),
        (
            [PIN],
            {SAID.text: "advises"},
            'assurance/promises/no_promises.toml: "Every door has a lock" is pinned by test_locks',
        ),
    ],
)
def test_what_is_not_pinned_not_said_or_both_is_named(
    pinned: list[Pin], reasons: dict[str, str], complaint: str | None
) -> None:
    found = complaints(Promises([SAID], pinned, reasons))
    assert len(found) == (complaint is not None)
    assert all(complaint is not None and one.startswith(complaint) for one in found)


TEST_FILE = """
import pytest

@pytest.mark.promise("One thing", "another,"
                     " which is longer.")
def test_both():
    pass

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.promise("a `third`"))])
def test_of_parameters(x):
    pass
"""


def test_marks_are_read_from_tests_and_their_parameters(tmp_path: Path) -> None:
    path = tmp_path / "test_some.py"
    path.write_text(TEST_FILE)
    assert [(pin.file, pin.function, pin.line, pin.statement) for pin in pins(tmp_path)] == [
        (str(path), "test_both", 6, "One thing"),
        (str(path), "test_both", 6, "another, which is longer"),
        (str(path), "test_of_parameters", 10, "a third"),
    ]


def test_a_mark_on_what_is_no_test_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test_some.py"
    path.write_text(f'{TEST_FILE}\n@pytest.mark.promise("It holds")\ndef helper(): pass\n')
    with pytest.raises(MarkError, match=rf"^{path}:13: this promise is pinned by no test; mark a test"):
        pins(tmp_path)


@pytest.mark.parametrize("arguments", ["", "TEXT", '"one", TEXT', "1", 'said="one"', 'f"{TEXT}"'])
def test_a_mark_quotes_what_it_pins(tmp_path: Path, arguments: str) -> None:
    path = tmp_path / "test_some.py"
    path.write_text(f"@pytest.mark.promise({arguments})\ndef test_it(): pass\n")
    with pytest.raises(MarkError, match=rf"^{path}:1: a promise is quoted"):
        pins(tmp_path)


def test_the_list_has_each_statement_beside_its_tests_or_its_reason_and_each_fault() -> None:
    other = Statement("Doors", "Lock them", 9)
    fault = Fault("a door", "it opens twice", "kernel/door.py", "Door.open", "1", "2")
    page = listing(Promises([SAID, other], [PIN], {other.text: "advises"}), [fault])
    assert "1 promises, 1 tests; 1 statements that promise nothing" in page
    assert "| Every door has a lock | [test_locks](../tests/test_doors.py) |" in page
    assert "| Lock them | advises |" in page
    assert "| a door | it opens twice | kernel/door.py: Door.open |" in page
