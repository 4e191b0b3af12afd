"""The C header says what the kernel's table says."""

from __future__ import annotations

from tyrne.user.header import HEADER, header


def test_the_committed_header_is_what_the_table_generates() -> None:
    assert HEADER.read_text() == header(), "run: python -m tyrne.user.header > src/tyrne/user/tyrne.h"


def test_the_header_has_every_number_status_and_right() -> None:
    words = dict(
        line.split()[1:] for line in header().splitlines() if line.startswith("#define TYRNE_") and " " in line[9:]
    )
    assert words["TYRNE_CALL_SEND"] == "0x1"
    assert words["TYRNE_CALL_CONSOLE_WRITE"] == "0x5"
    assert words["TYRNE_STATUS_OK"] == "0x0"
    assert words["TYRNE_STATUS_PENDING_AFTER_RESUME"] == "0x207"
    assert words["TYRNE_RIGHT_CONSOLE_WRITE"] == "0x80"
    assert words["TYRNE_NULL_HANDLE"] == "0xffffffffffffffff"
    assert "TYRNE_RIGHT_NONE" not in words
