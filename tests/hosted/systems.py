"""Systems of flat programs, for tests of whole runs."""

from __future__ import annotations

from collections.abc import Sequence

from tyrne.system.loading import RAW_BASE
from tyrne.system.manifest import System, Task, encode
from tyrne.system.parts import CONSOLE_CAP
from tyrne.system.program import Program, Segment


def flat_system(codes: Sequence[bytes], max_instructions: int = 0, slice_length: int = 0) -> bytes:
    """The manifest of one task for each program, named t0, t1 and so on, with the console at handle word 0."""
    tasks = []
    for number, code in enumerate(codes):
        segment = Segment(RAW_BASE, writable=False, executable=True, data=code, memory=len(code))
        program = Program(RAW_BASE, (segment,), segment.end)
        tasks.append(Task(f"t{number}", program, 1, (CONSOLE_CAP,)))
    return encode(System("test", 0, tuple(tasks), slice=slice_length), max_instructions)
