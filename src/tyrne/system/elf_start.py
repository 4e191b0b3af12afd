"""What an ELF needs done before its first statement, and whether it says that its own start does that.

The kernel loads segments and goes to the entry. Constructors and thread-locals are the business of a program's start:
tyrne's own sets them up, and its note says so. Whether the start of another toolchain does, no file says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NOTE: Final = struct.pack("<III", 6, 0, 1) + b"Tyrne\0"
"""Of type 1 by Tyrne: the start of this program sets it up."""

_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SECTION_TYPE, _SECTION_SIZE = 1, 5
_ARRAYS: Final = (14, 16)
"""SHT_INIT_ARRAY and SHT_PREINIT_ARRAY."""


def start_warning(path: Path, sections: bytes, notes: Iterable[bytes], has_thread_locals: bool) -> str | None:
    """A line about a program whose constructors or thread-locals nobody may set up; None if there is no reason for one.

    `sections` are the section headers, as many as there are, and `notes` the contents of the note segments.
    """
    whole = sections[: len(sections) // _SECTION.size * _SECTION.size]
    arrays = [fields for fields in _SECTION.iter_unpack(whole) if fields[_SECTION_TYPE] in _ARRAYS]
    parts = ["constructors"] if any(fields[_SECTION_SIZE] for fields in arrays) else []
    parts += ["thread-locals"] if has_thread_locals else []
    if not parts or any(NOTE in note for note in notes):
        return None
    mend = "build it from its sources with tyrne, or write TYRNE_OWN_START; (tyrne.h) if its start does"
    return f"warning: {path}: has {' and '.join(parts)}, which tyrne does not set up; {mend}"
