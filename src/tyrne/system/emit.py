"""The forms in which a kernel or a program is written."""

from __future__ import annotations

from enum import Enum


class Emit(Enum):
    """What `tyrne build` writes."""

    C = "c"
    ELF = "elf"
    IMAGE = "image"
    PROGRAM = "program"
    RAW = "raw"
