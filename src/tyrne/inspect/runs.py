"""Runs to look at: those that a report has recorded, and those of a system, which runs on the hosted machine meanwhile.

Both are replays, so a position means the same in both. Of a system there is no record yet: it is what is to be run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tyrne.host_file import read_file
from tyrne.inspect.look import look_at_replay
from tyrne.inspect.objects import Inspection
from tyrne.inspect.positions import move, target_of
from tyrne.system.device_files import read_files
from tyrne.system.devices import refuse_devices
from tyrne.system.explanation import explainer_of
from tyrne.system.kernel_check import check_kernel
from tyrne.system.known import known_system
from tyrne.system.manifest import System, encode
from tyrne.system.record import record
from tyrne.system.replay import Replay
from tyrne.system.report_file import RecordedRun
from tyrne.system.run import NO_LIMIT, Machine
from tyrne.system.select import ENDINGS

_BEGINNING: Final = 64
"""Bytes of a file that say whether it is JSON."""
_NOTHING: Final[dict[str, Any]] = {
    "machine": Machine.HOSTED.value,
    "status": None,
    "instructions": NO_LIMIT,
    "console": "",
    "log": [],
    "tasks": [],
    "syscalls": [],
}
"""The report of a run that has not been yet: it takes what it takes."""


def open_run(path: Path, max_instructions: int = 0, allowed: Sequence[Path] = ()) -> Replay:
    """The run that a path names, at its start: a report, else a description or a program. RequestError says what is
    wrong with it. `max_instructions` bounds it, 0 is no limit. Files of devices may lie in `allowed` folders too."""
    if is_report(path):
        return Replay.load(path, max_instructions)
    check_kernel()
    return run_of(known_system([path], allowed=allowed), path, max_instructions, allowed)


def run_of(system: System, path: Path, max_instructions: int = 0, allowed: Sequence[Path] = ()) -> Replay:
    """The run of a system on the hosted machine, at its start. Nothing comes to it from outside."""
    refuse_devices(system, Machine.HOSTED.value)
    made = record(False, encode(system), None, devices=read_files(system.devices, allowed))
    return Replay(RecordedRun(path, _NOTHING, made, explainer_of(system)), max_instructions)


def is_report(path: Path) -> bool:
    """Whether a path is to be read as a report: no system ends as it does, and it begins as JSON, or ends so."""
    if path.suffix in ENDINGS:
        return False
    if path.suffix == ".json":
        return True
    try:
        return read_file(path, _BEGINNING).lstrip().startswith(b"{")
    except OSError:
        return False


def inspect(
    path: Path, at: str | int | None = None, max_instructions: int = 0, allowed: Sequence[Path] = ()
) -> Inspection:
    """What there is at a position of the run that a path names: 4, -1, "4+120", "2000i", as `tyrne replay --to` has
    them; or at its end. RequestError says what is wrong with either."""
    replay = open_run(path, max_instructions, allowed)
    move(replay, None if at is None else target_of(str(at), "at"), "at")
    return look_at_replay(replay)
