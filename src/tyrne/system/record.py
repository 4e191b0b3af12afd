"""The record of a run, by which it can be repeated: all that came into it from outside, and nothing else.

That is the manifest with every program and the limit, whether the kernel has a debug console, and where interrupts came
between the instructions of tasks. On machines whose clock is the count of user instructions the last follows from the
others, and is left out; ticks that come while the kernel is at long work follow from their seed. A report holds its
record under `replay`:

| key | |
|---|---|
| `format` | 1 |
| `kernel` | `kernel_source.digest()` of the kernel that ran |
| `profile` | `debug` or `release` |
| `limit` | instructions; 0 for none |
| `manifest` | base64 of the manifest, compressed by zlib |
| `interrupts` | null where they follow from the rest, else a list of strings |
| `readings` | what the kernel's clock said each time it was read; absent where that follows from the rest |
| `devices` | the devices, as `record_devices.py` has them; absent where there are none |
| `preempt_calls` | the seed of ticks between the steps of long work, 1 to 2^63 - 1; null, or absent, where none came |

`12+340 tick` is an interrupt after twelve synchronous traps from EL0 and 340 instructions of EL0 since the last of
them, or since the start; the instruction that trapped is not one of them. `12+0/3 tick` came while the kernel was at
long work, after its third step since the twelfth trap.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from tyrne.hal import manifest as layout
from tyrne.hal.interrupt import MOST_SEED, Interrupt
from tyrne.hosted.happened import InterruptEvent
from tyrne.system import kernel_source, limits
from tyrne.system.errors import BadRecordError
from tyrne.system.manifest_check import check_manifest
from tyrne.system.manifest_read import HEADER_BYTES, manifest_bytes, ram_of, read_manifest, word_of
from tyrne.system.packed import beginning, pack, unpack
from tyrne.system.parts import Device, Region
from tyrne.system.ram import is_size
from tyrne.system.record_devices import devices_from_json, devices_to_json

FORMAT: Final = 1
_INTERRUPT: Final = re.compile(
    r"(\d{1,18})\+(\d{1,18})(?:/([1-9]\d{0,17}))? (tick|limit|spurious|alarm|device (\d{1,4}))"
)
_READING_MOST: Final = (1 << 64) - 1
_PROFILES: Final = ("debug", "release")


@dataclass(frozen=True)
class Record:
    """What a run needs. `interrupts` is None where they follow from the rest; `preempt_calls` is 0 where no ticks came
    between the steps of long work, or `interrupts` has them."""

    kernel: str
    release: bool
    manifest: bytes
    interrupts: tuple[InterruptEvent, ...] | None
    preempt_calls: int = 0
    readings: tuple[int, ...] = ()
    """Of the clock, in counts of its counter, where they do not follow from the rest."""

    devices: tuple[Device, ...] = ()
    """Models that answer as they did, since what they do follows from the rest. On QEMU they are no such models."""

    @property
    def profile(self) -> str:
        return _PROFILES[self.release]

    @property
    def limit(self) -> int:
        """Instructions; 0 for none."""
        return word_of(self.manifest, int(layout.WORD_MAX_INSTRUCTIONS))

    @property
    def ram(self) -> int:
        """Bytes that the machine has."""
        return ram_of(self.manifest)

    @property
    def task_names(self) -> list[str]:
        """Of the tasks that the system starts with, in the order of their numbers."""
        return [task.name for task in read_manifest(self.manifest).tasks]

    @property
    def addressed(self) -> list[Region]:
        """The memory that the manifest has placed: registers of devices, and what of RAM it has, of which devices reach
        what it does not fill. Without names, and without contents."""
        return [region for region in read_manifest(self.manifest).memory if region.address]


def record(
    release: bool,
    manifest: bytes,
    interrupts: Iterable[InterruptEvent] | None,
    preempt_calls: int = 0,
    readings: Iterable[int] = (),
    devices: Iterable[Device] = (),
) -> Record:
    """The record of a run of this checkout's kernel."""
    taken = None if interrupts is None else tuple(interrupts)
    return Record(kernel_source.digest(), release, manifest, taken, preempt_calls, tuple(readings), tuple(devices))


def to_json(record: Record) -> dict[str, Any]:
    """As it stands in a report."""
    interrupts = record.interrupts
    return {
        "format": FORMAT,
        "kernel": record.kernel,
        "profile": record.profile,
        "limit": record.limit,
        "manifest": pack(record.manifest),
        "interrupts": None if interrupts is None else [_interrupt_text(event) for event in interrupts],
        "preempt_calls": record.preempt_calls or None,
        **({"readings": list(record.readings)} if record.readings else {}),
        **({"devices": devices_to_json(record.devices)} if record.devices else {}),
    }


def from_json(data: object) -> Record:
    """The record that stands in a report; BadRecordError says what is wrong with it."""
    if not isinstance(data, dict):
        raise BadRecordError("replay is not an object")
    if data.get("format") != FORMAT:
        raise BadRecordError(f"replay.format is {reprlib.repr(data.get('format'))}, and this tyrne reads {FORMAT}")
    kernel, profile = data.get("kernel"), data.get("profile")
    if not isinstance(kernel, str):
        raise BadRecordError("replay.kernel is not a string")
    if profile not in _PROFILES:
        raise BadRecordError("replay.profile is neither debug nor release")
    manifest, interrupts = _manifest(data.get("manifest")), _interrupts(data.get("interrupts"))
    seed, readings = _seed(data.get("preempt_calls")), _readings(data.get("readings"))
    devices = devices_from_json(data.get("devices"))
    found = Record(kernel, profile == "release", manifest, interrupts, seed, readings, devices)
    if found.preempt_calls and interrupts is not None:
        raise BadRecordError("replay has both interrupts and preempt_calls, of which a run has one")
    if data.get("limit") != found.limit:
        raise BadRecordError("replay.limit is not that of replay.manifest")
    return found


def _manifest(text: object) -> bytes:
    if not isinstance(text, str):
        raise BadRecordError("replay.manifest is not a string")
    try:
        head = beginning(text, HEADER_BYTES)
        ram = ram_of(head) if len(head) == HEADER_BYTES else limits.RAM
        content = unpack(text, manifest_bytes(ram if is_size(ram) else limits.RAM))
    except ValueError as error:
        raise BadRecordError(f"replay.manifest is {error}") from None
    check_manifest(content)
    return content


def _interrupts(data: object) -> tuple[InterruptEvent, ...] | None:
    if data is None:
        return None
    if not isinstance(data, list):
        raise BadRecordError("replay.interrupts is neither null nor a list")
    found = tuple(map(_interrupt, data))
    _check_order(found)
    return found


def _readings(data: object) -> tuple[int, ...]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise BadRecordError("replay.readings is not a list")
    for item in data:
        if type(item) is not int or not 0 <= item <= _READING_MOST:
            raise BadRecordError(f"replay.readings has {reprlib.repr(item)}, where 0 to 2^64 - 1 belongs")
    if any(one > other for one, other in pairwise(data)):
        raise BadRecordError("replay.readings go back in time")
    return tuple(data)


def _seed(data: object) -> int:
    if data is None:
        return 0
    if type(data) is not int or not 0 < data <= MOST_SEED:
        raise BadRecordError(f"replay.preempt_calls is {reprlib.repr(data)}, and neither null nor 1 to 2^63 - 1")
    return data


def _interrupt_text(event: InterruptEvent) -> str:
    steps = f"/{event.steps}" if event.steps else ""
    line = f" {event.line}" if event.kind is Interrupt.DEVICE else ""
    return f"{event.traps}+{event.instructions}{steps} {event.kind.name.lower()}{line}"


def _interrupt(item: object) -> InterruptEvent:
    match = _INTERRUPT.fullmatch(item) if isinstance(item, str) else None
    if match is None:
        found = reprlib.repr(item)
        raise BadRecordError(f"replay.interrupts has {found}, where an interrupt such as '12+340 tick' belongs")
    kind = Interrupt[match[4].split()[0].upper()]
    return InterruptEvent(int(match[1]), int(match[2]), kind, int(match[3] or 0), int(match[5] or 0))


def _check_order(events: Sequence[InterruptEvent]) -> None:
    places = [(event.traps, event.instructions) for event in events]
    inside = [(event.traps, event.steps) for event in events if event.steps]
    if places != sorted(places) or any(one >= other for one, other in pairwise(inside)):
        raise BadRecordError("replay.interrupts are not in the order of their time")
