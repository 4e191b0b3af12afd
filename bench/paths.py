"""Instructions of kernel paths, counted at EL0 around `svc` on QEMU: from `svc` to the instruction after it.

The kernel is a release kernel that lets EL0 read PMCCNTR_EL0, which counts guest instructions under `-icount shift=0`.
Each path is a small C program that makes its call COUNT times and ends with the median as its exit code.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tyrne.system.build import kernel_elf
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.qemu import MACHINE, find_emulator

COUNT = 20_000

PROGRAM = """\
#include "tyrne.h"

#define COUNT %(count)d
static unsigned histogram[4096];

static inline unsigned long cycles(void)
{
    unsigned long now;
    __asm__ volatile("mrs %%0, pmccntr_el0" : "=r"(now) :: "memory");
    return now;
}

/* The instructions between two readings with nothing between them are not the path's. */
static unsigned long between(unsigned long start, unsigned long end)
{
    unsigned long first = cycles(), second = cycles();
    return end - start - (second - first);
}

void _start(void)
{
    for (int i = 0; i < COUNT; i++) {
        register unsigned long number __asm__("x8") = %(number)d;
        unsigned long start = cycles();
        __asm__ volatile("svc #0" : "+r"(number)
            :: "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
        unsigned long taken = between(start, cycles());
        histogram[taken < 4096 ? taken : 4095]++;
    }
    unsigned long seen = 0, median = 0;
    while ((seen += histogram[median]) <= COUNT / 2)
        median++;
    tyrne_task_exit(median);
}
"""

PARTNER = """\
        .text
        .global _start
_start: ldr     x20, =%(count)d
1:      mov     x8, #3
        svc     #0
        subs    x20, x20, #1
        b.ne    1b
        mov     x0, #0
        mov     x8, #4
        svc     #0
"""
PARTNER_INSTRUCTIONS = 4
"""Of the partner between two of its yields, its own `svc` included."""


@dataclass(frozen=True)
class KernelPath:
    """One row: which call is made, whether a second task answers, and what seL4 takes and this kernel may take."""

    name: str
    number: int
    partner: bool
    sel4: int
    budget: int


PATHS = (
    KernelPath("rejected call", 63, False, 219, 100),
    KernelPath("yield, nothing else to run", 3, False, 309, 140),
    KernelPath("yield switch, two address spaces", 3, True, 277, 190),
)


def instructions(path: KernelPath) -> int:
    """The median of one path, of one way for a switch."""
    values = {"count": COUNT, "number": path.number}
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as folder:
        source = Path(folder) / "path.c"
        source.write_text(PROGRAM % values)
        tasks = [Task("path", load_program(source), 1, ())]
        if path.partner:
            partner = Path(folder) / "partner.S"
            partner.write_text(PARTNER % values)
            tasks.append(Task("partner", load_program(partner), 1, ()))
    kernel = kernel_elf(System("bench", 0, tuple(tasks)), release=True, counted=True)
    command = [find_emulator(), *MACHINE, "-semihosting-config", "enable=on,target=native", "-serial", "stdio"]
    text = subprocess.run([*command, "-kernel", kernel], capture_output=True, timeout=120).stdout.decode()
    found = re.search(r'"path", code (\d+)\)', text)
    if found is None:
        raise RuntimeError(f"{path.name}: the program did not end; the kernel wrote:\n{text}")
    taken = int(found[1])
    return (taken - PARTNER_INSTRUCTIONS) // 2 if path.partner else taken
