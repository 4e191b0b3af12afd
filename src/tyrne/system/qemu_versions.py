"""What depends on the version of QEMU: how it is asked for single instructions, and where it departs from the Arm
architecture. The hosted machine does what the architecture says; who compares the two asks here what is known."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from tyrne.hal.aarch64.syndrome import FaultKind, exception_class, fault_kind
from tyrne.lang import u64
from tyrne.system.errors import RequestError
from tyrne.system.fault_words import CLASSES
from tyrne.system.qemu import find_emulator

Version = tuple[int, int]

SHOWN_TO_WORK: Final[tuple[Version, ...]] = ((7, 2), (10, 0))
"""Those of Debian 12 and 13: with these all tests were run."""
_ONE_INSTRUCTION: Final[Version] = (8, 1)
"""The first that has this property of its accelerator, which took the place of an option of the command line."""
_PC_ALIGNMENT: Final = 0x8A00_0000


class Fault(NamedTuple):
    """What a fault of a task says: ESR_EL1, FAR_EL1 and ELR_EL1."""

    syndrome: int
    address: int
    pc: int


@dataclass(frozen=True)
class Deviation:
    """Faults that a version of QEMU reports otherwise than the architecture says.

    `last`: the last version of which this is known. `shows`: whether a fault is one of these; never so of one that is
    right. `right`: what the architecture says instead.
    """

    name: str
    last: Version
    reason: str
    shows: Callable[[Fault], bool]
    right: Callable[[Fault], Fault]


DEVIATIONS: Final = (
    Deviation(
        "a branch to an address that is misaligned and may not be executed",
        (7, 2),
        "it translates the address before it looks at its alignment; of the two faults that of alignment ranks higher",
        lambda fault: (
            fault_kind(u64(fault.syndrome)) is FaultKind.INSTRUCTION_ABORT
            and fault.address == fault.pc
            and fault.pc & 3 != 0
        ),
        lambda fault: Fault(_PC_ALIGNMENT, fault.pc, fault.pc),
    ),
)


@cache
def version() -> Version:
    """Major and minor of the QEMU that is installed."""
    emulator = find_emulator()
    told = subprocess.run([emulator, "--version"], capture_output=True, text=True, errors="replace").stdout
    found = re.search(r"version (\d+)\.(\d+)", told)
    if found is None:
        raise RequestError(f"{emulator}: does not tell its version")
    return int(found[1]), int(found[2])


def single_instructions(of: Version) -> tuple[str, ...]:
    """The options by which it translates, and logs, one instruction at a time."""
    return ("-accel", "tcg,one-insn-per-tb=on") if of >= _ONE_INSTRUCTION else ("-singlestep",)


def corrected(fault: Fault, of: Version | None) -> Fault:
    """What the architecture says of a fault that this version reported; None: a version that nobody has noted."""
    for deviation in DEVIATIONS:
        if (of is None or of <= deviation.last) and deviation.shows(fault):
            return deviation.right(fault)
    return fault


def corrected_report(report: dict[str, Any], of: Version | None) -> dict[str, Any]:
    """A report of a run with its faults corrected: those that ended tasks, and those that supervisors were told. What
    they were told stays in their registers, so any three words of a call that read as such a fault are one."""
    return {
        **report,
        "tasks": [_corrected_task(task, of) for task in report["tasks"]],
        "syscalls": [
            {**call, "args": _corrected_words(call["args"], of), "payload": _corrected_words(call["payload"], of)}
            for call in report["syscalls"]
        ],
    }


def _corrected_task(task: dict[str, Any], of: Version | None) -> dict[str, Any]:
    fault = _fault([task["fault"].get(key) for key in ("esr", "far", "pc")]) if task["fault"] else None
    if fault is None or (right := corrected(fault, of)) == fault:
        return task
    esr, far, pc = map(hex, right)
    syndrome = u64(right.syndrome)
    fields = {"kind": fault_kind(syndrome).name.lower(), "esr": esr, "far": far, "pc": pc}
    if "why" in task["fault"]:
        fields["why"] = CLASSES[int(exception_class(syndrome))].format(address=far)
    return {**task, "fault": {**task["fault"], **fields}}


def _corrected_words(words: list[str] | None, of: Version | None) -> list[str] | None:
    if words is None:
        return None
    found = list(words)
    for at in range(len(words) - 2):
        fault = _fault(words[at : at + 3])
        if fault is not None and (right := corrected(fault, of)) != fault:
            found[at : at + 3] = map(hex, right)
    return found


def _fault(words: Sequence[object]) -> Fault | None:
    """A fault as reports write it; None where somebody else has written something."""
    try:
        syndrome, address, pc = (int(str(word), 16) for word in words)
    except ValueError:
        return None
    return Fault(syndrome, address, pc) if max(syndrome, address, pc) < 1 << 64 and syndrome >= 0 else None
