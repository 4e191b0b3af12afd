"""A client of programs/disk.py that counts what batches take: instructions of all tasks and of the kernel.

It counts what is executed, and not time: while the disk works and nobody is ready, nothing is. Samples are pairs of
words behind a header, as in common.h: the size of a batch, 0 for one request that is refused and 256 more for one that
writes, and the instructions.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64, wrapping_sub
from tyrne.lang.machine import SystemRegister, read_register, write64, write_register
from tyrne.user import EndpointCap, Message, NotificationCap, granted, send, wait_signals
from tyrne.user.blocks import OK, READ, REFUSED, WRITE, BlockClient

DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
RING: Final = u64(0x1000_0000)
SAMPLES: Final = u64(0x1100_0000)
MAGIC: Final = u64(0x4843_4E45_4259_5254)
HEADER: Final = u64(64)
ROUNDS: Final = u64(200)
RETIRED: Final = u64(0x08)
"""INST_RETIRED, at all levels."""
WRITES: Final = u64(256)

DISK: Final = BlockClient()


class Samples:
    """How many were taken."""

    def __init__(self) -> None:
        self.count: u64 = u64(0)


TAKEN: Final = Samples()


def finish(count: u64, expected: u64) -> None:
    """Let the driver work, and wait until it has finished so many requests."""
    send(DRIVER, Message(u64(0)))
    for _ in irange(count):
        answer = DISK.take()
        while answer is None:
            granted(wait_signals(DONE))
            answer = DISK.take()
        assert answer.status == expected


def executed() -> u64:
    return read_register(SystemRegister.PMEVCNTR0_EL0)


def sample(batch: u64, instructions: u64) -> None:
    at = SAMPLES + HEADER + 16 * TAKEN.count
    write64(at, batch)
    write64(at + 8, instructions & 0xFFFF_FFFF)
    TAKEN.count += 1


def measure(batch: u64, kind: u64) -> None:
    blocks = DISK.blocks()
    for _ in irange(ROUNDS):
        before = executed()
        if batch == 0:
            DISK.request(READ, blocks, u64(0))
            finish(u64(1), REFUSED)
        else:
            for i in irange(batch):
                DISK.request(kind, i % blocks, i)
            finish(batch, OK)
        taken = wrapping_sub(executed(), before)
        sample(batch + WRITES if kind == WRITE else batch, taken)


@export
def main() -> u64:
    write_register(SystemRegister.PMEVTYPER0_EL0, RETIRED)
    write_register(SystemRegister.PMCNTENSET_EL0, u64(1))
    DISK.begin(RING)
    while DISK.blocks() == 0:
        granted(wait_signals(DONE))
    for batch in irange(4):
        measure(u64(0) if batch == 0 else u64(1) << 3 * (batch - 1), READ)
    measure(u64(64), WRITE)
    write64(SAMPLES, MAGIC)
    write64(SAMPLES + 8, u64(2))
    write64(SAMPLES + 16, TAKEN.count)
    return u64(0)
