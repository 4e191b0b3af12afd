"""What is wrong with the system of a manifest that may be anybody's: whatever the kernel would refuse at boot, or trust
that nobody asks for (docs/manifest.md). `tyrne check` says the same of descriptions, by their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Final

from tyrne.abi import CapKind, Rights, includes, rights_at_boot, rights_over
from tyrne.system import limits
from tyrne.system.capabilities import overlap
from tyrne.system.described import name_error
from tyrne.system.devices import KINDS, gap_of, in_ram, line_error, range_error
from tyrne.system.manifest import System, Task
from tyrne.system.manifest_read import not_ours, read_manifest
from tyrne.system.parts import SERIAL, Cap, Mapping, Region
from tyrne.system.quotas import CLAIMS, LIMITS
from tyrne.system.ram import end_of
from tyrne.system.room import room_of

_SERIAL: Final = KINDS[SERIAL]


def check_manifest(manifest: bytes) -> None:
    """BadRecordError for the bytes of a manifest that no tyrne makes: it says what is wrong first."""
    system = read_manifest(manifest)
    for wrong in _of_system(system):
        raise not_ours(wrong)


def _of_system(system: System) -> Iterator[str]:
    if not system.tasks:
        yield "it has no task"
    if system.slice and not limits.SLICE_MIN <= system.slice <= limits.SLICE_MAX:
        yield f"its slice is {system.slice} instructions"
    taken = {
        "tasks": len(system.tasks),
        "endpoints": system.endpoints,
        "notifications": system.notifications,
        "spaces": len(system.tasks),
        "memory": len(system.memory),
        "quotas": len(system.tasks),
        "frames": 0,  # below, with all that takes them
    }
    for claim in CLAIMS:
        number = taken[claim] + sum(getattr(task.quota, claim) for task in system.tasks)
        if claim != "frames" and number > LIMITS[claim]:
            yield f"it asks for {number} {claim}"
    yield from _of_memory(system.memory, end_of(system.ram))
    if room_of(system.tasks, system.memory, system.ram).left < 0:
        yield "it asks for more memory than there is"
    for number, task in enumerate(system.tasks):
        yield from (f"{wrong} (task {number})" for wrong in _of_task(system, task))
    if len({cap.object for cap in _caps_of(system, CapKind.INTERRUPT)}) > limits.LINES:
        yield f"it has more than {limits.LINES} interrupts"


def _of_memory(regions: Sequence[Region], ram_end: int) -> Iterator[str]:
    """Regions for themselves, and where those lie that have an address."""
    blocks = limits.MAPPED_PAGES
    for region in regions:
        address, number = region.address, region.pages
        lies_in_ram = address and in_ram(region)
        if number < 1 or (not address and number > blocks and (number % blocks or number > blocks * blocks)):
            yield f"memory has {number} pages"
        elif len(region.content) > number * limits.PAGE or (region.file is not None and not lies_in_ram):
            yield "memory is filled that cannot be"
        elif lies_in_ram and (address % limits.PAGE or address + number * limits.PAGE > ram_end):
            yield f"memory of {number} pages lies at {address:#x}, where none is"
        elif address and not lies_in_ram and not _is_device(region):
            yield f"{number} pages at {address:#x} are no device"
    placed = [region for region in regions if region.is_placed]
    room = sum(region.pages for region in placed) + gap_of(placed)
    if any(region.address < ram_end - room * limits.PAGE for region in placed):
        yield "memory lies below the end of RAM"
    for one, other in combinations([region for region in regions if region.address], 2):
        if overlap(one.address, one.pages, other.address, other.pages):
            yield f"memory overlaps other memory at {max(one.address, other.address):#x}"


def _is_device(region: Region) -> bool:
    serial = region.address == _SERIAL.address and region.pages == 1
    return serial or range_error(region.address, region.pages) is None


def _of_task(system: System, task: Task) -> Iterator[str]:
    if name_error(task.name) is not None:
        yield "its name is not usable"
    if task.priority >= limits.PRIORITIES:
        yield f"its priority is {task.priority}"
    told = task.supervisor
    if told is not None and (told.endpoint >= system.endpoints or told.badge > limits.BADGE_MAX):
        yield f"its supervisor is endpoint {told.endpoint} with the badge {told.badge:#x}"
    if len({mapping.cap for mapping in task.mappings}) < len(task.mappings):
        yield "it maps one capability twice"
    yield from _of_program(task)
    for cap in task.caps:
        yield from _of_cap(system, cap)
    for mapping in task.mappings:
        yield from _of_mapping(system, task, mapping)


def _of_program(task: Task) -> Iterator[str]:
    segments, stack = task.program.segments, task.program.stack_base
    if not segments or not any(segment.data for segment in segments):
        yield "its program is empty"
        return
    for segment in segments:
        where = f"the segment at {segment.address:#x}"
        if segment.writable and segment.executable:
            yield f"{where} is writable and executable"
        if not len(segment.data) <= segment.memory or not segment.memory:
            yield f"{where} has {len(segment.data)} bytes of {segment.memory}"
        if segment.address % limits.PAGE or segment.address < limits.PAGE:
            yield f"{where} is outside the user addresses, or begins no page"
    if any(below.end > above.address for below, above in pairwise(segments)) or segments[-1].end > stack:
        yield "its segments and its stack overlap"
    pages, entry = task.stack_pages, task.program.entry
    top = stack + pages * limits.PAGE
    if not 1 <= pages <= limits.STACK_PAGES or stack % limits.PAGE or top > limits.USER_VA_LIMIT:
        yield f"its stack has {pages} pages at {stack:#x}"
    if entry % 4 or not any(s.executable and s.address <= entry < s.address + len(s.data) for s in segments):
        yield f"its entry is {entry:#x}"


def _of_cap(system: System, cap: Cap) -> Iterator[str]:
    count = {
        CapKind.ENDPOINT: system.endpoints,
        CapKind.NOTIFICATION: system.notifications,
        CapKind.TASK: len(system.tasks),
        CapKind.ADDRESS_SPACE: len(system.tasks),
        CapKind.MEMORY: len(system.memory),
    }.get(cap.kind, 1)
    what = cap.kind.name.lower()
    if cap.kind is CapKind.INTERRUPT:
        if cap.object != _SERIAL.line and line_error(cap.object) is not None:
            yield f"it holds interrupt {cap.object}"
    elif cap.object >= count or cap.kind is CapKind.REPLY:
        yield f"it holds {what} {cap.object}"
        return
    shared = cap.kind is CapKind.MEMORY and system.memory[cap.object].dma
    if not includes(rights_at_boot(cap.kind) if shared else rights_over(cap.kind), cap.rights):
        yield f"it holds {what} {cap.object} with the rights {int(cap.rights):#x}"
    if cap.badge > (limits.BADGE_MAX if cap.kind is CapKind.ENDPOINT else 0):
        yield f"it holds {what} {cap.object} with the badge {cap.badge:#x}"


def _of_mapping(system: System, task: Task, mapping: Mapping) -> Iterator[str]:
    if mapping.cap >= len(task.caps) or task.caps[mapping.cap].kind is not CapKind.MEMORY:
        yield f"it maps capability {mapping.cap}, which is no memory"
        return
    cap = task.caps[mapping.cap]
    region, at = system.memory[cap.object], mapping.address
    end = at + region.pages * limits.PAGE
    large = region.pages > limits.MAPPED_PAGES
    if large and (region.pages % limits.MAPPED_PAGES or region.address % limits.BLOCK or at % limits.BLOCK):
        yield f"it maps memory at {at:#x}, which is not whole blocks"
    if at % limits.PAGE or at < limits.PAGE or end > limits.USER_VA_LIMIT:
        yield f"it maps memory at {at:#x}, which is no user address"
    needed = Rights.READ
    needed |= Rights.WRITE if mapping.writable else Rights.NONE
    needed |= Rights.EXECUTE if mapping.executable else Rights.NONE
    if not includes(cap.rights, needed) or (mapping.executable and (mapping.writable or region.address)):
        yield f"it maps memory at {at:#x} as it may not"
    if any(at < limit and start < end for start, limit in _spans(system, task, mapping)):
        yield f"it maps memory at {at:#x}, where something else is"


def _spans(system: System, task: Task, mapping: Mapping) -> Iterator[tuple[int, int]]:
    """What else a task has mapped: addresses up to others."""
    program = task.program
    yield from ((segment.address, segment.end) for segment in program.segments)
    yield program.stack_base, program.stack_base + task.stack_pages * limits.PAGE
    for other in task.mappings:
        if other is not mapping and other.cap < len(task.caps):
            cap = task.caps[other.cap]
            if cap.kind is CapKind.MEMORY:
                yield other.address, other.address + system.memory[cap.object].pages * limits.PAGE


def _caps_of(system: System, kind: CapKind) -> Iterator[Cap]:
    return (cap for task in system.tasks for cap in task.caps if cap.kind is kind)
