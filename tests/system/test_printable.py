"""Nothing that comes from others reaches a terminal as it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tyrne.system.printable import LINE, Written, json_text, one_line, printable

HOSTILE = {
    "escape": ("\x1b[31m", "\\x1b[31m"),
    "bell": ("\x07", "\\x07"),
    "backspace": ("a\bb", "a\\x08b"),
    "carriage return": ("a\rb", "a\\rb"),
    "line feed": ("a\nb", "a\\nb"),
    "delete": ("\x7f", "\\x7f"),
    "C1 control sequence introducer": ("\x9b31m", "\\x9b31m"),
    "C1 next line": ("\x85", "\\x85"),
    "C1 operating system command": ("\x9d0;x\x9c", "\\x9d0;x\\x9c"),
    "line separator": ("\u2028", "\\u2028"),
    "right-to-left override": ("a\u202eb", "a\\u202eb"),
    "isolate": ("\u2066", "\\u2066"),
    "soft hyphen": ("\xad", "\\xad"),
    "tag": ("\U000e0041", "\\U000e0041"),
    "zero-width joiner": ("\u200d", "\\u200d"),
    "byte that is not UTF-8": (b"\xff".decode(errors="surrogateescape"), "\\udcff"),
    "private use": ("\ue000", "\\ue000"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_printable_leaves_as_an_escape(name: str) -> None:
    text, shown = HOSTILE[name]
    assert printable(text) == one_line(text) == shown
    in_json = json_text({text: [text]})
    assert all(c.isprintable() or c == "\n" for c in in_json)
    assert json.loads(in_json) == {text: [text]}


def test_what_is_printable_stays_as_it_is() -> None:
    text = "ä é 漢字 😀 \\ \" '"
    assert printable(text) == text
    assert "漢字 😀" in json_text(text)
    assert printable("a\tb", keep="\t") == "a\tb"


def test_of_a_long_line_the_place_and_the_mend_are_left() -> None:
    line = one_line("file:1: " + "\x1b" * 1_000_000 + "; mend")
    assert len(line) < LINE + 10
    assert line.startswith("file:1: \\x1b") and line.endswith("\\x1b; mend")


@given(st.text(st.characters(codec=None)))
def test_any_text_is_one_printable_line_and_any_data_comes_back_from_json(text: str) -> None:
    assert one_line(text).isprintable()
    encoded = json_text([text])
    encoded.encode()
    assert all(c.isprintable() or c == "\n" for c in encoded)
    assert json.loads(encoded) == [text]


def test_what_tasks_write_comes_in_pieces() -> None:
    whole = "ä\t\x1b[2J\r\nö\r".encode() + b"\xff\xc3"
    for cut in range(len(whole) + 1):
        written = Written()
        parts = [written.add(whole[:cut], False), written.add(whole[cut:], True)]
        assert "".join(parts) == "ä\t\\x1b[2J\nö\\r\\xff\\xc3", cut
