"""What comparable kernels have, as counted by us in their public sources; not measured by any command of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Other:
    """`lines` of the kernel without comments, and what its tests are; 0 lines where we have not counted."""

    name: str
    lines: int
    tests: str


OTHERS: Final = (
    Other("seL4", 8_700, "230 tests in sel4test; and a proof of the C code, which no test replaces"),
    Other("Hubris", 5_782, "55 cases on the target"),
    Other("xv6", 6_468, "66 cases of usertests"),
    Other("Tock", 0, "128 unit tests"),
    Other("Tyrne v1, in Rust", 0, "366 tests on the host"),
)
