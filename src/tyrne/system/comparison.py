"""Whether a run and its repetition are the same run, and where they part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tyrne.system.qemu_versions import Fault, corrected, corrected_report
from tyrne.system.report_file import RecordedRun

Report = dict[str, Any]

_OF_THE_MACHINE: Final = (
    "tyrne: pmm initialized (",
    "tyrne: address-space-arena ready (",
    "tyrne: boot-to-end elapsed = ",
)
"""Lines of the kernel that speak of the size of its image, of physical addresses and of the clock: these are the
machine's own."""
_PANIC: Final = "!! tyrne panic: "
_PANIC_PLACE: Final = re.compile(r" at (\S+:\d+)")
_FAULT: Final = ("kind", "esr", "far", "pc")
"""What is known of a fault; the rest of its keys explain it."""
_FAULT_LINE: Final = re.compile(
    r" faulted: .*\(esr=(?P<esr>0x[0-9a-f]{1,16})(, far=(?P<far>0x[0-9a-f]{1,16}))?, pc=(?P<pc>0x[0-9a-f]{1,16})\)$"
)
_SHOWN: Final = 70
"""Characters of a text that differs."""


@dataclass(frozen=True)
class Difference:
    """The first thing that is not the same; `position` is the number of the transition, where it is known."""

    what: str
    recorded: str
    replayed: str
    position: int | None = None

    @property
    def text(self) -> str:
        where = "" if self.position is None else f" (transition {self.position})"
        return f"{self.what}{where}: recorded {self.recorded}, replayed {self.replayed}"


def first_difference(run: RecordedRun, replayed: Report, call_positions: Sequence[int]) -> Difference | None:
    """Compare a recorded run with its repetition, whose calls came in the given transitions.

    Repeating a hosted or native run must give all of its report. Of QEMU's the kernel's lines about the machine itself
    are left out, and its count of instructions, in which the kernel's are; and a fault that some version of QEMU
    reports wrongly counts as what it should be. Of a panic of another machine the place counts, not the registers.
    Where a record breaks off, what came before is compared.
    """
    recorded = run.report
    if run.breaks_off:  # the last calls may not have left the machine
        reached = {key: replayed[key][: len(recorded[key])] for key in ("syscalls", "console")}
        replayed = {**replayed, **reached}
    if run.machine == "qemu":
        recorded, replayed = corrected_report(recorded, None), corrected_report(replayed, None)
    calls, console = recorded["syscalls"], recorded["console"]
    if run.loses_interrupts:
        calls, console = calls[: len(replayed["syscalls"])], console[: len(replayed["console"])]
    found = _calls(calls, replayed["syscalls"], call_positions) or _console(console, replayed["console"])
    if run.loses_interrupts:
        return found
    if found is None:
        found = _tasks(recorded["tasks"], replayed["tasks"])
    if found is None and not run.breaks_off:
        found = _left_out(recorded.get("left_out", {}), replayed.get("left_out", {}))
    if found is None and not run.breaks_off:
        found = _log(run.machine, recorded["log"], replayed["log"]) or _number("status", recorded, replayed)
        if found is None and run.machine != "qemu":
            found = _number("instructions", recorded, replayed)
    return found


def _calls(recorded: list[Report], replayed: list[Report], positions: Sequence[int]) -> Difference | None:
    for index in range(max(len(recorded), len(replayed))):
        one = recorded[index] if index < len(recorded) else None
        other = replayed[index] if index < len(replayed) else None
        if {**(one or {}), "why": None} != {**(other or {}), "why": None}:
            position = positions[index] if index < len(positions) else None
            return Difference(f"system call {index + 1}", _call(one), _call(other), position)
    return None


def _call(call: Report | None) -> str:
    if call is None:
        return "none"
    words = {key: ", ".join(map(str, call.get(key) or ())) for key in ("args", "payload")}
    status = call.get("status")
    answer = "" if status is None else f" = {status} ({words['payload']})"
    return f"{call.get('task')}: {call.get('name') or call.get('number')}({words['args']}){answer}"


def _left_out(recorded: dict[str, int], replayed: dict[str, int]) -> Difference | None:
    """What is only counted. A repetition has no record of its interrupts."""
    for key in sorted({*recorded, *replayed} - {"interrupts"}):
        one, other = recorded.get(key, 0), replayed.get(key, 0)
        if one != other:
            return Difference(f"number of {key} that are left out", str(one), str(other))
    return None


def _console(recorded: str, replayed: str) -> Difference | None:
    if recorded == replayed:
        return None
    same = next((i for i, (a, b) in enumerate(zip(recorded, replayed, strict=False)) if a != b), None)
    at = min(len(recorded), len(replayed)) if same is None else same
    return Difference(f"console, from character {at + 1} on", _shown(recorded[at:]), _shown(replayed[at:]))


def _tasks(recorded: list[Report], replayed: list[Report]) -> Difference | None:
    for one, other in zip(recorded, replayed, strict=False):
        if _facts(one) != _facts(other):
            return Difference(f"task {one.get('name')}", _task(one), _task(other))
    if len(recorded) != len(replayed):
        return Difference("number of tasks", str(len(recorded)), str(len(replayed)))
    return None


def _facts(task: Report) -> Report:
    """A task without what is said about it."""
    fault = task.get("fault")
    known = {key: fault.get(key) for key in _FAULT} if isinstance(fault, dict) else fault
    return {**task, "stands": None, "fault": known}


def _task(task: Report) -> str:
    fault = task.get("fault")
    if isinstance(fault, dict):
        return " ".join(["a fault:", *(f"{key} {fault[key]}" for key in _FAULT if isinstance(fault.get(key), str))])
    code = task.get("code")
    return f"{task.get('state')}" + ("" if code is None else f" with {code}")


def _log(machine: str, recorded: list[str], replayed: list[str]) -> Difference | None:
    if machine != "hosted":
        recorded, replayed = _comparable(recorded, machine), _comparable(replayed, machine)
    for one, other in zip(recorded, replayed, strict=False):
        if one != other:
            return Difference("the kernel's lines", _shown(one), _shown(other))
    if len(recorded) != len(replayed):
        return Difference("number of the kernel's lines", str(len(recorded)), str(len(replayed)))
    return None


def _comparable(lines: list[str], machine: str) -> list[str]:
    """What another machine must say too. A panic ends the lines: only its place in the sources is compared."""
    found: list[str] = []
    for line in lines:
        if line.startswith(_PANIC):
            place = _PANIC_PLACE.search("\n".join(lines[lines.index(line) :]))
            return [*found, f"{_PANIC}at {place[1] if place else 'an unknown place'}"]
        if machine != "qemu":
            found.append(line)
        elif not line.startswith(_OF_THE_MACHINE):
            found.append(_FAULT_LINE.sub(_corrected, line))
    return found


def _corrected(line: re.Match[str]) -> str:
    """The end of the line of a fault, with its numbers: its words come from them."""
    right = corrected(Fault(int(line["esr"], 16), int(line["far"] or "0", 16), int(line["pc"], 16)), None)
    return f" faulted ({', '.join(map(hex, right))})"


def _number(key: str, recorded: Report, replayed: Report) -> Difference | None:
    one, other = recorded[key], replayed[key]
    return None if one == other else Difference(key, str(one), "still running" if other is None else str(other))


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
