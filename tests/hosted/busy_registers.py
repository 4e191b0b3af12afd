"""Programs that never yield, with all their state in registers: a bit that a preemption loses changes what follows.

Each round adds every register of a ring to its neighbour, with the carry, so nothing that goes wrong is ever forgotten.
"""

from __future__ import annotations

import random

SHOW = "mov x8, #77\nsvc #0"
"""A call that every kernel refuses: the report shows x0 to x5."""
EXIT = "mov x8, #4\nsvc #0"
ROUNDS = 32 * 1024
"""Of about 90 instructions each; a call shows how far it has come every 1024."""
GENERAL = 29
"""x0 to x28 form the ring; x29 counts the rounds down, x30 carries the others to it."""


def _init(seed: int) -> list[str]:
    number = random.Random(seed)

    def word() -> str:
        return f"={number.getrandbits(64):#x}"

    lines = []
    for i in range(32):
        for lane in 0, 1:
            lines += [f"ldr x0, {word()}", f"ins v{i}.d[{lane}], x0"]
    lines += [f"ldr x0, ={(seed & 3) << 22 | 1 << 25:#x}", "msr fpcr, x0"]
    lines += [f"ldr x0, ={0x0800_0000 | seed & 0x1F:#x}", "msr fpsr, x0"]
    lines += [f"ldr x0, {word()}", "msr tpidr_el0, x0", f"ldr x0, {word()}", "mov sp, x0"]
    lines += [f"ldr x{i}, {word()}" for i in range(GENERAL)]
    return [*lines, f"mov x29, #{ROUNDS}", "msr nzcv, x0"]


_SPECIAL = [
    "mrs x30, nzcv", "add x5, x5, x30",
    "mrs x30, tpidr_el0", "add x30, x30, x0", "msr tpidr_el0, x30",
    "mrs x30, fpcr", "add x1, x1, x30", "mrs x30, fpsr", "eor x2, x2, x30, ror #7",
    "add sp, sp, x3", "add x4, sp, x4",
    "umov x30, v0.d[1]", "eor x6, x6, x30, ror #13", "ins v31.d[0], x7",
]  # fmt: skip
_ROUND = [
    *(f"adcs x{i}, x{i}, x{(i + 1) % GENERAL}" for i in range(GENERAL)),
    *(f"add v{i}.2d, v{i}.2d, v{(i + 1) % 32}.2d" for i in range(32)),
    *(f"ext v{i}.16b, v{i}.16b, v{i}.16b, #5" for i in range(0, 32, 3)),
    *_SPECIAL,
]


def _fold() -> list[str]:
    """All registers into x0 to x5."""
    lines = [f"eor x{i % 6}, x{i % 6}, x{i}, ror #{i}" for i in range(6, GENERAL)]
    for i, source in enumerate(["tpidr_el0", "fpcr", "fpsr", "nzcv"]):
        lines += [f"mrs x30, {source}", f"eor x{i}, x{i}, x30, ror #{i + 40}"]
    lines.append("add x4, sp, x4")
    for i in range(32):
        for lane in 0, 1:
            lines += [f"umov x30, v{i}.d[{lane}]", f"eor x{i % 6}, x{i % 6}, x30, ror #{i + 20 * lane}"]
    return lines


def busy(seed: int) -> str:
    """The source of a program: two of one seed do the same, two of different seeds share no value."""
    lines = [*_init(seed), "1:", *_ROUND, "sub x29, x29, #1", "and x30, x29, #1023", "cbnz x30, 1b", SHOW]
    lines += ["cbnz x29, 1b", *_fold(), SHOW, "mov x0, #0", EXIT]
    return "\n".join(lines)
