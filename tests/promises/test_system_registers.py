"""A task tries the encodings of system instructions one after the other: what is not listed here traps.

A supervisor sends it on behind each instruction that traps. One that does not is followed by a call whose x0 is the
number of the encoding, which the report of the run shows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from hosted.machine_code import assemble
from tyrne.testing.systems import Run

READ = {
    "S3_3_C0_C0_7": "DCZID_EL0", "S3_3_C4_C2_0": "NZCV", "S3_3_C4_C4_0": "FPCR", "S3_3_C4_C4_1": "FPSR",
    "S3_3_C9_C14_0": "PMUSERENR_EL0", "S3_3_C13_C0_2": "TPIDR_EL0", "S3_3_C13_C0_3": "TPIDRRO_EL0",
}  # fmt: skip
WRITTEN = {"S3_3_C4_C2_0": "NZCV", "S3_3_C4_C4_0": "FPCR", "S3_3_C4_C4_1": "FPSR", "S3_3_C13_C0_2": "TPIDR_EL0"}
OPEN_ON_QEMU = {"S2_3_C0_C1_0": "MDCCSR_EL0"}
"""QEMU 7.2 lets EL0 read it although MDSCR_EL1.TDCC is set; there is no debugger behind it, and it reads as zero."""

SUPERVISOR = """
1:      mov     x0, #0                  // wait at the endpoint
        mov     x8, #13
        svc     #0
        mov     x19, x1                 // the badge is the handle of the task
        mov     x20, x7
        cbz     x2, 2f
        mov     x0, x19                 // task_read of the PC
        mov     x1, #32
        mov     x8, #32
        svc     #0
        add     x2, x1, #12             // behind the instruction and its call
        mov     x0, x19                 // task_write
        mov     x1, #32
        mov     x8, #33
        svc     #0
        mov     x0, x20                 // reply
        movn    x5, #0
        mov     x8, #15
        svc     #0
        b       1b
2:      add     x21, x21, #1            // a task has ended
        cmp     x21, #6
        b.ne    1b
        mov     x0, #0
        mov     x8, #4
        svc     #0
"""
BEFORE = (0xD28009A8, 0x910003E9, 0xD1010129)
"""mov x8, #77; mov x9, sp; sub x9, x9, #64: a call that there is not, and an address of the task's own."""
AFTER = (0xD2800000, 0xD2800088, 0xD4000001)
"""mov x0, #0; mov x8, #4; svc #0."""
SYSTEM_CALL, MOVE_TO_X0 = 0xD4000001, 0x52800000

KINDS = {"sys": (1, 0), "sysl": (1, 1), "write2": (2, 0), "read2": (2, 1), "write3": (3, 0), "read3": (3, 1)}
"""op0 and L: SYS (cache, TLB and address instructions), SYSL, and MSR and MRS of debug and of other registers."""
STEP = 61
"""Of encodings that are not of registers for EL0, every so many are tried."""


def instruction(op0: int, load: int, encoding: int) -> int:
    """The instruction with op1, CRn, CRm and op2 in the 14 bits of an encoding, and x9."""
    return 0xD5000000 | load << 21 | op0 << 19 | encoding << 5 | 9


def name(op0: int, encoding: int) -> str:
    return f"S{op0}_{encoding >> 11}_C{encoding >> 7 & 15}_C{encoding >> 3 & 15}_{encoding & 7}"


def encodings(op0: int) -> list[int]:
    """op1 is 3 for what EL0 may be given: those of op0 3 all, of the rest some, among them QEMU's exception."""
    for_el0 = range(3 << 11, 4 << 11) if op0 == 3 else range(3 << 11 | 8, 3 << 11 | 16)
    return sorted({*for_el0, *range(0, 1 << 14, STEP)})


def program(op0: int, load: int) -> bytes:
    words = [*BEFORE]
    for encoding in encodings(op0):
        words += [instruction(op0, load, encoding), MOVE_TO_X0 | encoding << 5, SYSTEM_CALL]
    return struct.pack(f"<{len(words) + 3}I", *words, *AFTER)


@pytest.mark.promise(
    "the machine: the system registers NZCV, FPCR, FPSR and TPIDR_EL0, and to read TPIDRRO_EL0, DCZID_EL0 and "
    "PMUSERENR_EL0",
    "the machine: all other system registers and instructions trap, and so do counters, cache maintenance by address "
    "and WFI, and WFE where the processor would wait",
)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_every_system_register_and_instruction_traps_but_those_that_are_a_tasks_own(
    machine: str, tmp_path: Path, run_system: Callable[..., Run]
) -> None:
    (tmp_path / "supervisor.bin").write_bytes(assemble({"supervisor": SUPERVISOR})["supervisor"])
    tasks = []
    for badge, (kind, how) in enumerate(KINDS.items(), 1):
        (tmp_path / f"{kind}.bin").write_bytes(program(*how))
        supervisor = {"endpoint": "notices", "badge": badge}
        tasks.append({"name": kind, "program": f"{tmp_path}/{kind}.bin", "supervisor": supervisor})
    caps = [{"endpoint": "notices", "rights": ["RECV"]}]
    caps += [{"task": kind, "rights": ["INSPECT", "MODIFY"]} for kind in KINDS]
    tasks.append({"name": "supervisor", "program": f"{tmp_path}/supervisor.bin", "caps": caps})
    system = {"system": {"name": "sweep"}, "endpoint": [{"name": "notices"}], "task": tasks}
    run = run_system(system, machine, max_instructions=500_000_000)
    run.assert_success()
    granted = {
        kind: {name(op0, call.arguments[0]) for call in run.calls(task=kind) if call.name != "task_exit"}
        for kind, (op0, _) in KINDS.items()
    }
    trapped = len(run.calls(task="supervisor", name="task_write"))
    assert trapped + sum(map(len, granted.values())) == sum(len(encodings(op0)) for op0, _ in KINDS.values())
    if machine == "qemu":
        granted["read2"] -= OPEN_ON_QEMU.keys()
    assert {kind: found for kind, found in granted.items() if found} == {"write3": set(WRITTEN), "read3": set(READ)}
