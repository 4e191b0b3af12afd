"""What a record holds, and that no file that is not one gets past its reader."""

from __future__ import annotations

import base64
import gc
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from tyrne.abi import VERSION
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.happened import InterruptEvent
from tyrne.system import kernel_source, limits
from tyrne.system.errors import RequestError
from tyrne.system.loading import RAW_BASE
from tyrne.system.manifest import System, Task, encode
from tyrne.system.manifest_read import manifest_bytes
from tyrne.system.parts import CONSOLE_CAP, Region
from tyrne.system.program import Program, Segment
from tyrne.system.record import from_json, record, to_json
from tyrne.system.replay import Replay
from tyrne.system.report_file import read_report

CODE = struct.pack("<I", 0)
INTERRUPTS = (
    InterruptEvent(0, 7, Interrupt.TICK),
    InterruptEvent(12, 0, Interrupt.TICK, 3),
    InterruptEvent(12, 340, Interrupt.LIMIT),
    InterruptEvent(13, 0, Interrupt.ALARM),
)


def manifest(max_instructions: int = 0, memory: tuple[Region, ...] = ()) -> bytes:
    program = Program(RAW_BASE, (Segment(RAW_BASE, False, True, CODE, len(CODE)),), RAW_BASE + 4096)
    tasks = tuple(Task(name, program, 1, (CONSOLE_CAP,)) for name in ("first", "zwei"))
    return encode(System("test", 0, tasks, memory=memory), max_instructions)


def report(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "machine": "qemu", "profile": "debug", "status": 1, "instructions": 900, "console": "", "log": [],
        "tasks": [], "syscalls": [], "replay": to_json(record(False, manifest(500), INTERRUPTS)),
    }  # fmt: skip
    return {**whole, **changes}


def with_record(**changes: Any) -> dict[str, Any]:
    whole = report()
    return {**whole, "replay": {**whole["replay"], **changes}}


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def with_word(index: int, value: int) -> str:
    content = bytearray(manifest(500))
    struct.pack_into("<Q", content, 8 * index, value)
    return packed(bytes(content))


def with_memory(address: int, pages: int) -> str:
    return packed(manifest(500, (Region("m", pages, address),)))


def test_a_record_of_older_times_is_one_of_a_machine_of_128_mib() -> None:
    found = from_json({**to_json(record(False, manifest(500), ())), "manifest": with_word(12, 0)})
    assert found.ram == record(False, manifest(500), ()).ram == limits.RAM


def test_a_record_comes_back_as_it_was() -> None:
    data = to_json(record(True, manifest(500), INTERRUPTS))
    assert data["interrupts"] == ["0+7 tick", "12+0/3 tick", "12+340 limit", "13+0 alarm"]
    assert (data["format"], data["kernel"], data["profile"], data["limit"]) == (
        1, kernel_source.digest(), "release", 500
    )  # fmt: skip
    found = from_json(json.loads(json.dumps(data)))
    assert found == record(True, manifest(500), INTERRUPTS)
    assert (found.limit, found.task_names, found.addressed) == (500, ["first", "zwei"], [])


def test_a_record_without_interrupts_says_that_they_follow_from_the_rest() -> None:
    data = to_json(record(False, manifest(), None))
    assert data["interrupts"] is None and from_json(data).interrupts is None


@pytest.mark.parametrize("readings", [(), (0,), (7, 7, 9, (1 << 64) - 1)])
def test_a_record_has_what_the_clock_said_or_nothing_where_that_follows_from_the_rest(
    readings: tuple[int, ...],
) -> None:
    data = to_json(record(False, manifest(), (), 0, readings))
    assert data.get("readings") == (list(readings) or None)
    assert from_json(json.loads(json.dumps(data))).readings == readings


@pytest.mark.parametrize("seed", [0, 1, (1 << 63) - 1])
def test_a_record_has_the_seed_of_the_ticks_between_steps_and_null_or_nothing_where_there_is_none(seed: int) -> None:
    data = to_json(record(False, manifest(), None, seed))
    assert data["preempt_calls"] == (seed or None)
    assert from_json(json.loads(json.dumps(data))).preempt_calls == seed
    if not seed:
        del data["preempt_calls"]  # as an older record
        assert from_json(data) == record(False, manifest(), None)


def test_interrupts_between_steps_stand_in_the_order_of_the_steps_and_those_at_el0_anywhere() -> None:
    places = ["3+0/2 tick", "3+0 tick", "3+90/7 tick", "4+0/1 tick"]
    data = to_json(record(False, manifest(), ()))
    found = from_json({**data, "interrupts": places}).interrupts
    assert found is not None and [event.steps for event in found] == [2, 0, 7, 1]


def test_a_system_of_empty_pages_takes_little_room() -> None:
    assert len(to_json(record(False, manifest(), None))["manifest"]) < 1000


MOST_BYTES = manifest_bytes(limits.RAM)
TASK = {"name": "t", "state": "exited", "code": 0, "fault": None}
CALL = {"task": "t", "number": 0, "name": "yield", "args": [], "status": "0x0", "payload": []}
WRONG: dict[str, tuple[object, str]] = {
    "a list": ([], "not a report"),
    "another object": ({"a": 1}, "not a report"),
    "no record": ({key: value for key, value in report().items() if key != "replay"}, "a report without a record"),
    "no console": (report(console=None), "'console' is missing or damaged"),
    "status is text": (report(status="0"), "'status' is missing or damaged"),
    "calls are words": (report(syscalls=["a"]), "'syscalls.0' is missing or damaged"),
    "log is of numbers": (report(log=[1]), "'log.0' is missing or damaged"),
    "task without a name": (report(tasks=[{"fault": 1}]), "'tasks.0.name' is missing or damaged"),
    "code is text": (report(tasks=[{**TASK, "code": "0"}]), "'tasks.0.code' is missing or damaged"),
    "fault is a number": (report(tasks=[TASK, {**TASK, "fault": 1}]), "'tasks.1.fault' is missing or damaged"),
    "state is a list": (report(tasks=[{**TASK, "state": []}]), "'tasks.0.state' is missing or damaged"),
    "arguments are a number": (report(syscalls=[{**CALL, "args": 5}]), "'syscalls.0.args' is missing or damaged"),
    "argument is a number": (report(syscalls=[{**CALL, "args": [5]}]), "'syscalls.0.args.0' is missing or damaged"),
    "number is true": (report(syscalls=[{**CALL, "number": True}]), "'syscalls.0.number' is missing or damaged"),
    "caller is null": (report(syscalls=[{**CALL, "task": None}]), "'syscalls.0.task' is missing or damaged"),
    "instructions are a fraction": (report(instructions=1.5), "'instructions' is missing or damaged"),
    "machine is an object": (report(machine={}), "'machine' is missing or damaged"),
    "format nests deeply": (with_record(format=json.loads("[" * 90 + "]" * 90)), "replay.format is [[[[[[[...]]]]]]]"),
    "record is a word": (report(replay="x"), "replay is not an object"),
    "later format": (with_record(format=2), "replay.format is 2, and this tyrne reads 1"),
    "no kernel": (with_record(kernel=None), "replay.kernel"),
    "profile": (with_record(profile="fast"), "replay.profile"),
    "limit": (with_record(limit=4), "replay.limit is not that of replay.manifest"),
    "no manifest": (with_record(manifest=None), "replay.manifest is not a string"),
    "not base64": (with_record(manifest="?"), "replay.manifest is damaged"),
    "not ASCII": (with_record(manifest="ä"), "replay.manifest is damaged"),
    "not compressed": (with_record(manifest="AAAA"), "replay.manifest is damaged"),
    "cut off": (with_record(manifest=packed(manifest(500))[:-24]), "damaged"),
    "more behind": (with_record(manifest=base64.b64encode(zlib.compress(manifest(500)) + b"x").decode()), "damaged"),
    "a bomb": (with_record(manifest=packed(bytes(MOST_BYTES + 4096))), "larger than that of any system"),
    "too short": (with_record(manifest=packed(bytes(64))), "is not a manifest"),
    "no magic": (with_record(manifest=with_word(0, 1)), "not a manifest of this version"),
    "wrong length": (with_record(manifest=with_word(1, 4096)), "not a manifest of this version"),
    "too many tasks": (with_record(manifest=with_word(4, 17)), "a table lies outside"),
    "tasks outside": (with_record(manifest=with_word(5, 1 << 63)), "a table lies outside"),
    "memory that is no block": (with_record(manifest=with_word(12, 0x4810_0000)), "memory that no machine has"),
    "less memory than any": (with_record(manifest=with_word(12, 0x4000_0000)), "memory that no machine has"),
    "memory above all": (with_record(manifest=with_word(12, 0x8020_0000)), "memory that no machine has"),
    "no end of memory": (with_record(manifest=with_word(12, (1 << 64) - 4096)), "memory that no machine has"),
    "memory behind its end": (with_record(manifest=with_memory(0x4800_0000, 1)), "where none is"),
    "memory over its end": (with_record(manifest=with_memory(0x47FF_F000, 2)), "where none is"),
    "memory without end": (with_record(manifest=with_memory(0x47FF_F000, 20_481)), "where none is"),
    "too many regions": (with_record(manifest=with_word(8, 1 << 40)), "a table lies outside"),
    "interrupts are text": (with_record(interrupts="0+7 tick"), "neither null nor a list"),
    "interrupt is a number": (with_record(interrupts=[7]), "replay.interrupts has 7"),
    "unknown interrupt": (with_record(interrupts=["0+7 tock"]), "replay.interrupts has '0+7 tock'"),
    "interrupt from nowhere": (with_record(interrupts=["-1+7 tick"]), "replay.interrupts has '-1+7 tick'"),
    "a newer interface": (
        report(abi=VERSION + 1),
        f"made with version {VERSION + 1} of the interface, and this tyrne has version {VERSION}; replay it with",
    ),
    "version is text": (report(abi="2"), "'abi' is missing or damaged"),
    "steps of nothing": (with_record(interrupts=["3+0/0 tick"]), "replay.interrupts has '3+0/0 tick'"),
    "steps out of order": (with_record(interrupts=["3+0/5 tick", "3+0/4 tick"]), "not in the order of their time"),
    "one step twice": (with_record(interrupts=["3+0/5 tick", "3+0/5 tick"]), "not in the order of their time"),
    "seed of none": (with_record(interrupts=None, preempt_calls=0), "replay.preempt_calls is 0"),
    "seed below": (with_record(interrupts=None, preempt_calls=-1), "replay.preempt_calls is -1"),
    "seed above": (with_record(interrupts=None, preempt_calls=1 << 63), "replay.preempt_calls is 9223372036854775808"),
    "seed is true": (with_record(interrupts=None, preempt_calls=True), "replay.preempt_calls is True"),
    "seed is text": (with_record(interrupts=None, preempt_calls="7"), "replay.preempt_calls is '7'"),
    "ticks twice": (with_record(preempt_calls=7), "both interrupts and preempt_calls"),
    "readings are text": (with_record(readings="1"), "replay.readings is not a list"),
    "readings are an object": (with_record(readings={"0": 1}), "replay.readings is not a list"),
    "reading is null": (with_record(readings=[None]), "replay.readings has None"),
    "reading is text": (with_record(readings=["7"]), "replay.readings has '7'"),
    "reading is true": (with_record(readings=[True]), "replay.readings has True"),
    "reading is a fraction": (with_record(readings=[1.5]), "replay.readings has 1.5"),
    "reading nests": (with_record(readings=[[1]]), "replay.readings has [1]"),
    "reading below": (with_record(readings=[-1]), "replay.readings has -1"),
    "reading above": (with_record(readings=[1 << 64]), "replay.readings has 18446744073709551616"),
    "time goes back": (with_record(readings=[5, 7, 6]), "replay.readings go back in time"),
    "interrupts out of order": (with_record(interrupts=["3+1 tick", "2+9 tick"]), "not in the order of their time"),
}


@pytest.mark.parametrize("older", [{}, {"abi": VERSION - 1}, {"abi": VERSION}])
def test_a_report_of_our_interface_an_older_one_or_none_is_read(older: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report(**older)))
    assert read_report(path).instructions == 900


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_record_is_refused_with_its_cause_and_mend(name: str, tmp_path: Path) -> None:
    content, cause = WRONG[name]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(content))
    with pytest.raises(RequestError) as caught:
        read_report(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ") and cause in line and "; " in line


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", ":1: "), (b"\xff\xfe", ":1: "), (b'{"a":\n1,', ":2: "), (b"[" * 200_000, ": "), (b"1" * 5000, ": "),
    ],
    ids=["empty", "not text", "cut off", "deep", "a long number"],
)  # fmt: skip
def test_what_is_not_json_is_refused(content: bytes, where: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(RequestError) as caught:
        read_report(path)
    assert str(caught.value).startswith(f"{path}{where}") and "give a file that tyrne run --report" in str(caught.value)


def test_every_cut_of_a_report_is_refused_or_read(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    whole = json.dumps(report()).encode()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(RequestError):
            read_report(path)


def test_a_file_that_is_missing_or_a_directory_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(RequestError, match=r"none.json: cannot be read: no such file|is a directory"):
            read_report(path)


def test_a_run_with_a_device_cannot_be_repeated(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    device = Region("clock", 1, 0x0901_0000, "")
    path.write_text(json.dumps(report(replay=to_json(record(False, manifest(0, (device,)), ())))))
    with pytest.raises(RequestError, match=r"at 0x9010000, .* in no record; .*, with the device as a \[\[device\]\]$"):
        read_report(path)


def test_a_panic_at_boot_is_where_the_replay_begins_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(with_record(manifest=with_word(3, 1 << 40))))  # endpoints
    monkeypatch.setattr("tyrne.system.record.check_manifest", lambda manifest: None)
    replay = Replay.load(path)
    found = replay.difference()
    assert (replay.position, replay.length, replay.over, replay.recorder.status) == (0, 0, True, 3)
    assert found is not None


@pytest.mark.parametrize("collects", [True, False])
def test_to_read_a_report_leaves_the_collector_of_garbage_as_it_was(tmp_path: Path, collects: bool) -> None:
    path, before = tmp_path / "report.json", gc.isenabled()
    path.write_text("{}")
    try:
        (gc.enable if collects else gc.disable)()
        with pytest.raises(RequestError, match="not a report"):
            read_report(path)
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()
