"""The manifest in a report may be anybody's: one with an altered word is refused, or starts a system that is right."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from running import run_system
from tyrne.abi import CapKind, Rights, rights_at_boot, rights_over
from tyrne.cli.main import run_arguments
from tyrne.hal import manifest as layout
from tyrne.system import limits
from tyrne.system.errors import BadRecordError, RequestError
from tyrne.system.loading import RAW_BASE
from tyrne.system.manifest import System, Task, encode
from tyrne.system.manifest_check import check_manifest
from tyrne.system.manifest_read import manifest_bytes
from tyrne.system.packed import pack, unpack
from tyrne.system.parts import CONSOLE_CAP, Cap, Mapping, Quota, Region, Supervisor
from tyrne.system.program import Program, Segment
from tyrne.system.record import record, to_json
from tyrne.system.replay import Replay
from tyrne.system.select import load_system, select
from tyrne.system.shipped import shipped

MOST: Final = 5_000
"""Instructions of a replay."""
PAGE: Final = limits.PAGE
RAM_END: Final = 0x4800_0000
EXIT: Final = struct.pack("<3I", 0xD2800188, 0xD4000001, 0x1400_0000)  # mov x8, #12; svc #0; b .
MEMORY: Final = rights_over(CapKind.MEMORY)


def program(*more: Segment) -> Program:
    code = Segment(RAW_BASE, False, True, EXIT, len(EXIT))
    return Program(RAW_BASE, (code, *more), 0x100_0000)


FULL: Final = System(
    "full",
    2,
    (
        Task(
            "first",
            program(Segment(RAW_BASE + PAGE, True, False, b"data", 3 * PAGE)),
            2,
            (
                CONSOLE_CAP,
                Cap(1, Rights.SEND, 7),
                Cap(0, Rights.NOTIFY, kind=CapKind.NOTIFICATION),
                Cap(0, MEMORY, kind=CapKind.MEMORY),
                Cap(1, MEMORY, kind=CapKind.MEMORY),
                Cap(2, Rights.READ, kind=CapKind.MEMORY),
                Cap(3, rights_at_boot(CapKind.MEMORY), kind=CapKind.MEMORY),
                Cap(1, Rights.CONTROL, kind=CapKind.TASK),
                Cap(1, Rights.MAP, kind=CapKind.ADDRESS_SPACE),
                Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
                Cap(0, Rights.READ, kind=CapKind.CLOCK),
                Cap(34, Rights.BIND, kind=CapKind.INTERRUPT),
            ),
            quota=Quota(1, 1, 1, 1, 1, 1, 64),
            mappings=(
                Mapping(3, 0x2000_0000, True, False),
                Mapping(4, 0x4000_0000, True, False),
                Mapping(5, 0x3000_0000, False, False),
            ),
        ),
        Task("second", program(), 1, (CONSOLE_CAP,), 3, Supervisor(0, 9), held=True),
    ),
    1,
    (
        Region("small", 3),
        Region("blocks", 1024),
        Region("file", 2, RAM_END - 3 * PAGE, file=Path("file"), content=b"x" * 5000),
        Region("shared", 1, RAM_END - PAGE, dma=True),
    ),
    20_000,
)
"""Something of all that a manifest may have, but for registers of devices."""


@cache
def report_of(name: str) -> dict[str, Any]:
    if name != "full":
        return run_system([shipped(f"systems/{name}.toml")], "hosted")
    return {
        "machine": "hosted", "profile": "debug", "status": 0, "instructions": 900, "console": "", "log": [],
        "tasks": [], "syscalls": [], "replay": to_json(record(False, encode(FULL), None)),
    }  # fmt: skip


def manifest_of(report: dict[str, Any]) -> bytes:
    return unpack(report["replay"]["manifest"], manifest_bytes(limits.RAM))


def word(manifest: bytes, index: int) -> int:
    return int(struct.unpack_from("<Q", manifest, 8 * index)[0])


def with_word(manifest: bytes, index: int, value: int) -> bytes:
    return manifest[: 8 * index] + struct.pack("<Q", value) + manifest[8 * index + 8 :]


def altered(report: dict[str, Any], manifest: bytes) -> dict[str, Any]:
    """The report with another manifest, whose limit it says."""
    limit = word(manifest, int(layout.WORD_MAX_INSTRUCTIONS))
    return {**report, "replay": {**report["replay"], "manifest": pack(manifest), "limit": limit}}


def hostile(random: Random, manifest: bytes) -> Iterator[list[bytes]]:
    """For each word of a manifest, those in which it is altered: in many ways, or in two where it is 0."""
    end = word(manifest, int(layout.WORD_FIRST_TASK)) // 8 + word(manifest, int(layout.WORD_TASKS)) * 120
    for index in range(end):
        old = word(manifest, index)
        values = {1, random.getrandbits(64)}
        if old:
            values |= {0, 1 << 63, (1 << 64) - 1, old + 4096, old - 4096, old + 8, old - 8, old + 1, old ^ 1 << 21}
        yield [with_word(manifest, index, each) for each in sorted({v % (1 << 64) for v in values} - {old})]


def is_accepted(manifest: bytes) -> bool:
    try:
        check_manifest(manifest)
    except BadRecordError as error:
        assert str(error).startswith("replay.manifest ") and "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize("name", ["full", "grant", "rtc"])
def test_an_altered_word_of_a_manifest_is_refused_or_makes_another_system_but_no_panic(
    name: str, tmp_path: Path
) -> None:
    path, random, report = tmp_path / "report.json", Random(name), report_of(name)
    refused = begun = 0
    for manifests in hostile(random, manifest_of(report)):
        accepted = [*filter(is_accepted, manifests)]
        refused += len(manifests) - len(accepted)
        if not accepted:
            continue
        path.write_text(json.dumps(altered(report, random.choice(accepted))))
        try:
            replay = Replay.load(path, MOST)
        except RequestError as error:  # for another reason, such as a device that is in no record
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
            continue
        replay.difference()
        assert not replay.panicked
        begun += 1
    assert refused > 10 * begun and begun > 10


def changed(**changes: Any) -> System:
    """The full system with another first task."""
    return replace(FULL, tasks=(replace(FULL.tasks[0], **changes), FULL.tasks[1]))


def holding(*caps: Cap) -> System:
    return changed(caps=caps, mappings=())


def mapping(cap: int, address: int, writable: bool = False, executable: bool = False) -> System:
    return changed(mappings=(Mapping(cap, address, writable, executable),))


def with_memory(*regions: Region) -> System:
    return replace(FULL, tasks=FULL.tasks[1:], memory=regions)


def with_code(**changes: Any) -> System:
    return changed(program=replace(program(), **changes))


def memory(rights: Rights) -> Cap:
    return Cap(0, rights, kind=CapKind.MEMORY)


CODE: Final = program().segments[0]
ALONE: Final = replace(FULL, tasks=(replace(FULL.tasks[1], supervisor=None),))
WRONG: Final[dict[str, tuple[System, str]]] = {
    "no task": (replace(FULL, tasks=()), "it has no task"),
    "a short slice": (replace(FULL, slice=999), "its slice is 999 instructions"),
    "a long slice": (replace(FULL, slice=1 << 48), "its slice is 281474976710656 instructions"),
    "endpoints": (replace(ALONE, endpoints=17), "it asks for 17 endpoints"),
    "notifications": (replace(ALONE, notifications=17), "it asks for 17 notifications"),
    "tasks in quotas": (changed(quota=Quota(tasks=15)), "it asks for 17 tasks"),
    "spaces in quotas": (changed(quota=Quota(spaces=15)), "it asks for 17 spaces"),
    "memory in quotas": (changed(quota=Quota(memory=29)), "it asks for 33 memory"),
    "quotas in quotas": (changed(quota=Quota(quotas=15)), "it asks for 17 quotas"),
    "frames in quotas": (changed(quota=Quota(frames=20_480)), "more memory than there is"),
    "memory of no page": (with_memory(Region("m", 0)), "memory has 0 pages"),
    "memory of half a block": (with_memory(Region("m", 513)), "memory has 513 pages"),
    "memory of too many blocks": (with_memory(Region("m", 513 * 512)), "memory has 262656 pages"),
    "memory of more than there is": (with_memory(Region("m", 41 * 512)), "more memory than there is"),
    "memory inside a page": (with_memory(Region("m", 1, RAM_END - 4095, dma=True)), "where none is"),
    "memory far below the end": (with_memory(Region("m", 1, RAM_END - 2 * PAGE, dma=True)), "below the end of RAM"),
    "memory twice": (
        with_memory(Region("m", 2, RAM_END - 2 * PAGE, dma=True), Region("n", 1, RAM_END - PAGE, dma=True)),
        "overlaps other memory at 0x47fff000",
    ),
    "the kernel's registers": (with_memory(Region("m", 1, 0x0800_0000)), "1 pages at 0x8000000 are no device"),
    "half of a device": (with_memory(Region("m", 2, 0x0901_0000)), "2 pages at 0x9010000 are no device"),
    "the line and more": (with_memory(Region("m", 2, 0x0900_0000)), "2 pages at 0x9000000 are no device"),
    "no device": (with_memory(Region("m", 1 << 60, 1 << 63)), "pages at 0x8000000000000000 are no device"),
    "a file where memory is not placed": (
        with_memory(Region("m", 1, file=Path("file"), content=b"x")), "memory is filled that cannot be"
    ),
    "a file that is too long": (
        with_memory(Region("m", 1, RAM_END - PAGE, file=Path("file"), content=bytes(4097))), "filled that cannot be"
    ),
    "a name of control characters": (changed(name="\x1b[31m"), "its name is not usable (task 0)"),
    "no name": (changed(name=""), "its name is not usable (task 0)"),
    "a priority": (changed(priority=16), "its priority is 16"),
    "a supervisor of no endpoint": (changed(supervisor=Supervisor(2)), "endpoint 2 with the badge 0x0"),
    "a badge of signals": (changed(supervisor=Supervisor(1, (1 << 64) - 1)), "with the badge 0xffffffffffffffff"),
    "no segment": (with_code(segments=()), "its program is empty"),
    "no content": (with_code(segments=(replace(CODE, data=b""),)), "its program is empty"),
    "less memory than content": (with_code(segments=(replace(CODE, memory=8),)), "has 12 bytes of 8"),
    "a segment that may do all": (with_code(segments=(replace(CODE, writable=True),)), "is writable and executable"),
    "a segment inside a page": (with_code(segments=(replace(CODE, address=RAW_BASE + 8),)), "begins no page"),
    "a segment at 0": (with_code(segments=(replace(CODE, address=0),), entry=0), "is outside the user addresses"),
    "segments that overlap": (with_code(segments=(CODE, CODE)), "its segments and its stack overlap"),
    "a stack in a segment": (with_code(stack_base=RAW_BASE), "its segments and its stack overlap"),
    "a stack inside a page": (with_code(stack_base=0x100_0008), "its stack has 2 pages at 0x1000008"),
    "a stack in the kernel's half": (with_code(stack_base=(1 << 48) - PAGE), "its stack has 2 pages"),
    "no stack": (changed(stack_pages=0), "its stack has 0 pages"),
    "a large stack": (changed(stack_pages=2049), "its stack has 2049 pages"),
    "an entry in no code": (with_code(entry=RAW_BASE + 12), "its entry is 0x80000c"),
    "an entry inside a word": (with_code(entry=RAW_BASE + 2), "its entry is 0x800002"),
    "an endpoint": (holding(Cap(2, Rights.SEND)), "it holds endpoint 2 (task 0)"),
    "a notification": (holding(Cap(1, Rights.WAIT, kind=CapKind.NOTIFICATION)), "it holds notification 1"),
    "a task": (holding(Cap(2, Rights.CONTROL, kind=CapKind.TASK)), "it holds task 2"),
    "a space": (holding(Cap(2, Rights.MAP, kind=CapKind.ADDRESS_SPACE)), "it holds address_space 2"),
    "memory that is not": (holding(Cap(4, Rights.READ, kind=CapKind.MEMORY)), "it holds memory 4"),
    "another quota": (holding(Cap(1, Rights.CREATE, kind=CapKind.QUOTA)), "it holds quota 1"),
    "a reply": (holding(Cap(0, Rights.TRANSFER, kind=CapKind.REPLY)), "it holds reply 0"),
    "an interrupt of the kernel": (holding(Cap(30, Rights.BIND, kind=CapKind.INTERRUPT)), "it holds interrupt 30"),
    "too many interrupts": (
        replace(
            FULL,
            tasks=tuple(
                replace(
                    FULL.tasks[1],
                    caps=tuple(Cap(line, Rights.BIND, kind=CapKind.INTERRUPT) for line in range(at, at + 9)),
                )
                for at in (48, 57)
            ),
        ),
        "it has more than 16 interrupts",
    ),
    "rights of another kind": (holding(Cap(0, Rights.READ)), "it holds endpoint 0 with the rights 0x200"),
    "rights that there are not": (holding(Cap(0, Rights(1 << 63))), "with the rights 0x8000000000000000"),
    "where memory is that lies anywhere": (holding(memory(MEMORY | Rights.LOCATE)), "holds memory 0 with the rights"),
    "a badge of other messages": (holding(Cap(0, Rights.SEND, (1 << 64) - 1)), "with the badge 0xffffffffffffffff"),
    "a badge of memory": (holding(replace(memory(MEMORY), badge=1)), "it holds memory 0 with the badge 0x1"),
    "a mapping of a console": (mapping(0, 0x2000_0000), "it maps capability 0, which is no memory"),
    "a mapping of nothing": (mapping(12, 0x2000_0000), "it maps capability 12, which is no memory"),
    "a mapping inside a page": (mapping(3, 0x2000_0008), "it maps memory at 0x20000008, which is no user address"),
    "a mapping at 0": (mapping(3, 0), "it maps memory at 0x0, which is no user address"),
    "a mapping in the kernel's half": (mapping(3, (1 << 48) - 2 * PAGE), "which is no user address"),
    "a mapping inside a block": (mapping(4, 0x4000_1000), "it maps memory at 0x40001000, which is not whole blocks"),
    "a mapping that may do all": (mapping(3, 0x2000_0000, True, True), "it maps memory at 0x20000000 as it may not"),
    "a mapping without the right": (mapping(5, 0x2000_0000, True), "it maps memory at 0x20000000 as it may not"),
    "code that a device reaches": (mapping(6, 0x2000_0000, False, True), "it maps memory at 0x20000000 as it may not"),
    "a mapping over the program": (mapping(3, RAW_BASE - PAGE), "where something else is"),
    "a mapping over the stack": (mapping(3, 0x100_1000), "where something else is"),
    "mappings that overlap": (
        changed(mappings=(Mapping(3, 0x2000_0000, False, False), Mapping(5, 0x2000_2000, False, False))),
        "it maps memory at 0x20000000, where something else is",
    ),
    "one capability in two places": (
        changed(mappings=(Mapping(3, 0x2000_0000, False, False), Mapping(3, 0x3000_0000, False, False))),
        "it maps one capability twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_manifest_of_a_system_that_no_description_makes_is_refused_with_what_is_wrong(name: str) -> None:
    system, cause = WRONG[name]
    with pytest.raises(BadRecordError) as caught:
        check_manifest(encode(system))
    assert cause in str(caught.value) and str(caught.value).startswith("replay.manifest is none that tyrne makes: ")


@pytest.mark.parametrize(
    ("index", "value", "cause"),
    [
        (5, 8 * 17, "a table lies outside its place"),
        (9, 8 * 24, "a table lies outside its place"),
        (13, 1, "its header says what means nothing"),
        (15, 1 << 63, "its header says what means nothing"),
    ],
)
def test_a_word_of_the_header_that_no_tyrne_writes_is_refused(index: int, value: int, cause: str) -> None:
    with pytest.raises(BadRecordError, match=cause):
        check_manifest(with_word(encode(FULL), index, value))


@pytest.mark.parametrize(
    ("index", "value", "cause"),
    [
        (0, 0xFF, "a task's name is no text"),
        (7, 5, "a task has 5 segments"),
        (8, 17, "a task has 17 capabilities"),
        (39, 5, "a task has 5 mappings"),
        (10, 2, "a segment has the flags 0x2"),
        (10, 14, "a segment has the flags 0xe"),
        (11, 0, "contents do not follow each other"),
        (12, 1 << 40, "contents do not follow each other"),
        (24, 1, "the record of a task says what means nothing"),
        (42, 8, "the record of a task says what means nothing"),
        (52, 11, "a capability is of kind 11"),
        (116, 4, "the record of a task says what means nothing"),
        (119, 1, "the record of a task says what means nothing"),
    ],
)
def test_a_word_of_a_record_that_no_tyrne_writes_is_refused(index: int, value: int, cause: str) -> None:
    manifest = encode(FULL)
    with pytest.raises(BadRecordError, match=cause):
        check_manifest(with_word(manifest, word(manifest, int(layout.WORD_FIRST_TASK)) // 8 + index, value))


def test_what_lies_behind_the_contents_is_refused() -> None:
    manifest = encode(FULL) + bytes(PAGE)
    with pytest.raises(BadRecordError, match="something lies behind its contents"):
        check_manifest(with_word(manifest, int(layout.WORD_LENGTH), len(manifest)))


def test_what_fills_regions_stands_in_their_order() -> None:
    manifest = encode(FULL)
    fill = word(manifest, int(layout.WORD_FIRST_FILL)) // 8
    with pytest.raises(BadRecordError, match="what regions are filled with is not in their order"):
        check_manifest(with_word(manifest, fill, 4))


SYSTEMS: Final = sorted(path.stem for path in shipped("systems/hello.toml").parent.glob("*.toml"))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_manifest_of_each_system_that_comes_with_tyrne_is_accepted(name: str) -> None:
    check_manifest(encode(load_system(select([shipped(f"systems/{name}.toml")])), 900))


def test_the_command_refuses_an_altered_manifest_in_one_line_with_its_mend(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, report = tmp_path / "report.json", report_of("full")
    manifest = manifest_of(report)
    first = word(manifest, int(layout.WORD_FIRST_TASK)) // 8
    path.write_text(json.dumps(altered(report, with_word(manifest, first + int(layout.TASK_PRIORITY), 99))))
    for command in (["replay"], ["ps"], ["caps"], ["debug"]):
        assert run_arguments([*command, str(path)]) == 2
        (line,) = capfd.readouterr().err.splitlines()
        wrong = "replay.manifest is none that tyrne makes: its priority is 99 (task 0)"
        assert line == f"tyrne: error: {path}: {wrong}; give a file that tyrne run --report has written"
