"""Reports as files: what `tyrne run --report` has written, read back to be repeated."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from tyrne.abi import VERSION
from tyrne.host_file import read_file
from tyrne.hosted.kept import REPORT, Kept
from tyrne.system.devices import KINDS, in_ram
from tyrne.system.errors import BadRecordError, RequestError, reason
from tyrne.system.explanation import Explainer, explainer_of_report
from tyrne.system.line_table import BadTableError
from tyrne.system.record import Record, from_json

REPORT_BYTES: Final = 256 << 20
"""Of a file that is read at all: more than a report takes that leaves out what it must (tyrne.hosted.kept)."""
_MEND: Final = "give a file that tyrne run --report has written"


class _Part(BaseModel):
    """A part of a report, as far as it is read: a later tyrne may write more keys."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Task(_Part):
    name: str
    state: str
    code: int | None
    fault: dict[str, Any] | None


class _Call(_Part):
    task: str
    number: int
    name: str | None
    args: list[str]
    status: str | None
    payload: list[str] | None


class _Report(_Part):
    abi: int = VERSION
    """Of a report from before programs carried a version: what it numbers means the same now."""
    machine: str
    status: int | None
    instructions: int
    console: str
    log: list[str]
    tasks: list[_Task]
    syscalls: list[_Call]
    left_out: dict[str, int] = {}


@dataclass(frozen=True)
class RecordedRun:
    """A run as its report tells it, and its record."""

    path: Path
    report: dict[str, Any]
    record: Record
    explainer: Explainer

    @property
    def machine(self) -> str:
        return str(self.report["machine"])

    @property
    def instructions(self) -> int:
        """All that ran: on QEMU also those of the kernel."""
        return int(self.report["instructions"])

    @property
    def calls(self) -> list[dict[str, Any]]:
        return list(self.report["syscalls"])

    @property
    def faults(self) -> int:
        """How many tasks a fault has ended."""
        return sum(1 for task in self.report["tasks"] if task.get("fault") is not None)

    @property
    def kept(self) -> Kept:
        """What a repetition keeps, so that it leaves out what the report has left out."""
        tasks, calls = len(self.report["tasks"]), len(self.calls)
        return Kept(
            calls=calls if self.left_out("syscalls") else max(REPORT.calls, calls + 1),
            interrupts=0,
            console=max(REPORT.console, 4 * len(self.report["console"]) * (not self.left_out("console"))),
            log=max(REPORT.log, 4 * sum(map(len, self.report["log"])) * (not self.left_out("log"))),
            tasks=max(REPORT.tasks, tasks * (not self.left_out("tasks"))),
        )

    def left_out(self, key: str) -> int:
        """How many of what stands under a key of the report were left out of it, because there were too many."""
        return int(self.report.get("left_out", {}).get(key, 0))

    @property
    def loses_interrupts(self) -> bool:
        """Whether the record ends before the run: it cannot be repeated further than to its last interrupt."""
        return self.record.interrupts is not None and self.left_out("interrupts") + self.left_out("readings") > 0

    @property
    def breaks_off(self) -> bool:
        """Whether the record does not say how the run ended. QEMU was ended, or ended, without saying where: no run
        takes no instructions. Or there were too many interrupts."""
        return self.machine == "qemu" and (self.instructions == 0 or self.loses_interrupts)


def read_report(path: Path) -> RecordedRun:
    """The run in a report file; RequestError when it is none, is damaged, or cannot be repeated."""
    with _uncollected():
        return _run_in(path)


@contextmanager
def _uncollected() -> Iterator[None]:
    """What a report is read into has no cycles; to look for some meanwhile takes twice as long as to read it."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _run_in(path: Path) -> RecordedRun:
    report = _read(path)
    if not isinstance(report, dict) or "syscalls" not in report:
        raise RequestError(f"{path}: not a report; {_MEND}")
    if "replay" not in report:
        raise RequestError(f"{path}: a report without a record, made by an older tyrne; run it again with --report")
    try:
        found = _Report.model_validate(report)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise RequestError(f"{path}: the report's {where!r} is missing or damaged; {_MEND}") from None
    if found.abi > VERSION:
        what = f"made with version {found.abi} of the interface, and this tyrne has version {VERSION}"
        raise RequestError(f"{path}: {what}; replay it with the tyrne that made it, or a newer one")
    try:
        record = from_json(report["replay"])
        explainer = explainer_of_report(record, report)
    except (BadRecordError, BadTableError) as error:
        raise RequestError(f"{path}: {error}; {_MEND}") from None
    described = {KINDS[device.kind].address for device in record.devices}
    models = set() if report["machine"] == "qemu" else described
    unknown = [at.address for at in record.addressed if not in_ram(at) and at.address not in models]
    if unknown:
        mend = "" if described.issuperset(unknown) else ", with the device as a [[device]]"
        raise RequestError(
            f"{path}: its tasks read the device at {', '.join(map(hex, unknown))}, and what they read is in no record; "
            f"replay a run on --machine hosted or native{mend}"
        )
    return RecordedRun(path, report, record, explainer)


def _read(path: Path) -> object:
    try:
        content = read_file(path, REPORT_BYTES)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {reason(error)}; {_MEND}") from None
    if len(content) > REPORT_BYTES:
        raise RequestError(f"{path}: larger than {REPORT_BYTES >> 20} MiB; {_MEND}")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        line = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else f"{path}"
        raise RequestError(f"{line}: not JSON, or cut off; {_MEND}") from None
