"""The registers of a task as gdb numbers them, and the description by which it knows them."""

from __future__ import annotations

from typing import Final

from tyrne.hal.frame import ThreadState
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.registers import AdoptedState
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task

NAMES: Final = (*(f"x{i}" for i in range(31)), "sp", "pc", "cpsr", *(f"v{i}" for i in range(32)), "fpsr", "fpcr")
_BITS: Final = {**dict.fromkeys(NAMES, 64), **{f"v{i}": 128 for i in range(32)}, "cpsr": 32, "fpsr": 32, "fpcr": 32}
_TYPES: Final = {"sp": "data_ptr", "pc": "code_ptr", **{f"v{i}": "uint128" for i in range(32)}}
_FIRST_FLOATING: Final = NAMES.index("v0")


def description() -> bytes:
    """The target description."""

    def rows(names: tuple[str, ...]) -> str:
        return "".join(
            f'<reg name="{name}" bitsize="{_BITS[name]}" type="{_TYPES.get(name, f"uint{_BITS[name]}")}"/>'
            for name in names
        )

    core, floating = rows(NAMES[:_FIRST_FLOATING]), rows(NAMES[_FIRST_FLOATING:])
    return (
        '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">'
        "<architecture>aarch64</architecture>"
        f'<feature name="org.gnu.gdb.aarch64.core">{core}</feature>'
        f'<feature name="org.gnu.gdb.aarch64.fpu">{floating}</feature></target>'
    ).encode()


def registers(kernel: Kernel[HostedBoard], task: Task) -> list[bytes]:
    """What is in each, in the order of NAMES, little-endian."""
    frame, thread = task.frame, task.thread
    if task is kernel.scheduler.core.entered:  # the CPU has what a switch between threads saves
        thread = ThreadState()
        held = AdoptedState(thread)
        kernel.board.cpu.store_extended(held)
        held.to_state()
    general = [int(word) for word in frame.x]
    return packed_registers([*general, int(frame.sp), int(frame.pc), int(frame.pstate)], thread)


def packed_registers(general: list[int], thread: ThreadState | None) -> list[bytes]:
    """The same of numbers: x0 to pstate, and what a switch between threads saves, which may be zeros."""
    thread = ThreadState() if thread is None else thread
    values = list(general)
    values += [int(thread.q[2 * i]) | int(thread.q[2 * i + 1]) << 64 for i in range(32)]
    values += [int(thread.fpsr), int(thread.fpcr)]
    return [
        (value & (1 << _BITS[name]) - 1).to_bytes(_BITS[name] // 8, "little")
        for name, value in zip(NAMES, values, strict=True)
    ]
