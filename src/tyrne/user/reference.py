"""Generates docs/abi.md, the reference of the system calls, from the kernel's table: python -m tyrne.user.reference."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from tyrne.kernel.abi import CALLS, NULL_HANDLE, CallLayout, Rights, Status

INTRODUCTION: Final = """\
# The system call interface

Generated from `src/tyrne/kernel/abi.py`: `python -m tyrne.user.reference > docs/abi.md`.

A call is `svc #0`, with its number in x8 and its arguments in x0 to x5; the immediate, x6 and x7 are ignored. When it
returns, x0 is the status and x1 to x7 are the results. All eight are rewritten; x1 to x7 are zero if the status is not
Ok. x8 to x30, sp, the flags and the FP/SIMD registers come back as they were.

A handle word names a capability of the caller: its generation in bits 16 to 47, its index in bits 0 to 15; the rest is
ignored. `{null:#x}` is the null handle, where a capability is optional. The first capabilities of a task
have generation 0, so their handle words are 0, 1 and so on.
"""


def reference() -> str:
    """The text of docs/abi.md."""
    parts = [INTRODUCTION.format(null=int(NULL_HANDLE)), "## Calls\n"]
    parts += [_call(layout) for layout in CALLS]
    parts += ["## Statuses\n", _table(("x0", "name"), ((f"`{s.value:#x}`", s.name) for s in Status))]
    rights = ((f"`{right.value:#04x}`", name) for name, right in Rights.__members__.items() if right)
    parts += ["## Rights\n", _table(("bit", "name"), rights)]
    return "\n".join(parts)


def _call(layout: CallLayout) -> str:
    """One call: its heading, and a row for each register that it uses."""
    number = layout.number
    rows = [(f"x{i}", "in", what) for i, what in enumerate(layout.arguments)]
    rows += [(f"x{i}", "out", what) for i, what in enumerate(layout.results, 1)]
    head = f"### {number.value}: {number.name.lower()}\n\n{layout.purpose.capitalize()}.\n"
    head += f"Authority: {layout.authority}.\n"
    return head + ("\n" + _table(("register", "", "meaning"), rows) if rows else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(reference())
