"""Devices of a description: who has them, their mistakes, and what the machines make of them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from descriptions import changes, mistakes, read

from tyrne import testing
from tyrne.abi import CapKind, Rights
from tyrne.hosted.recorder import Recorder
from tyrne.system.build import kernel_elf
from tyrne.system.devices import KINDS, TRANSPORTS, emulator_options
from tyrne.system.errors import BadRecordError, RequestError
from tyrne.system.outline import outline
from tyrne.system.parts import Cap, Device, Mapping, Region
from tyrne.system.qemu import Guest
from tyrne.system.record import from_json, to_json
from tyrne.system.records import feed
from tyrne.system.replay import Replay
from tyrne.system.report_file import read_report
from tyrne.system.run import STATUS_DEADLOCK
from tyrne.system.select import load_system, select
from tyrne.system.shipped import shipped

GOOD = """\
[system]
name = "devices"
[[memory]]
name = "ring"
pages = 2
[[device]]
name = "wall"
kind = "rtc"
[[task]]
name = "one"
program = "p.bin"
caps = [
  { memory = "ring", at = 0x2000_0000 },
  { device = "wall", rights = ["READ"], at = 0x1000_0000 },
  { clock = true },
]
[[task]]
name = "two"
program = "p.bin"
caps = [ { memory = "ring" } ]
"""


def test_a_device_is_a_page_of_registers_behind_the_memory(tmp_path: Path) -> None:
    system = read(tmp_path, GOOD)
    place = f"{tmp_path}/s.toml"
    assert system.devices == (Device("wall", "rtc", None, f"{place}:8", tmp_path),)
    assert system.memory == (Region("ring", 2, 0, f"{place}:3"), Region("wall", 1, 0x0901_0000, f"{place}:8"))
    one = system.tasks[0]
    assert one.caps[1:3] == (
        Cap(1, Rights.READ, kind=CapKind.MEMORY),
        Cap(34, Rights.BIND | Rights.ACK, kind=CapKind.INTERRUPT),
    )
    assert one.caps[3].kind is CapKind.CLOCK
    assert one.mappings[1] == Mapping(1, 0x1000_0000, False, False, f"{place}:14")
    assert one.handles == (("ring", 0), ("wall", 1), ("wall_interrupt", 2), ("clock", 3))


def test_a_name_of_a_device_is_that_of_both_capabilities(tmp_path: Path) -> None:
    new = "clock = true", 'clock = true, name = "wall"'
    given = changes(GOOD, 'device = "wall",', 'device = "wall", name = "time",', *new)
    assert read(tmp_path, given).tasks[0].handles == (("ring", 0), ("time", 1), ("time_interrupt", 2), ("wall", 3))
    taken = changes(GOOD, "clock = true", 'clock = true, name = "wall_interrupt"')
    assert read(tmp_path, taken).tasks[0].handles == (("ring", 0), ("wall", 1), ("wall_interrupt", 3))


def test_a_device_takes_two_of_the_capabilities(tmp_path: Path) -> None:
    more = ", ".join(['{ memory = "ring" }'] * 13)
    assert mistakes(tmp_path, changes(GOOD, "{ clock = true }", more + ", { clock = true }")) == [
        "s:15: 17 capabilities; a task starts with at most 16, remove some"
    ]
    assert len(read(tmp_path, changes(GOOD, "{ clock = true }", more)).tasks[0].caps) == 16


WRONG = [
    ('kind = "rtc"', 'kind = "rt"',
     's:8: no kind of device "rt"; write one of rtc, block, entropy, network, console, serial; did you mean "rtc"?'),
    ('kind = "rtc"', "", 's:6: no "kind" in [[device]]; add kind = "rtc"'),
    ('kind = "rtc"', 'kind = "rtc"\nline = 3',
     's:9: unknown key "line" in [[device]]; the keys are name, kind, file, keep, address, forward'),
    ('kind = "rtc"', 'kind = "rtc"\nfile = "x"', "s:9: a device of kind rtc is made from no file; remove it"),
    ('kind = "rtc"', 'kind = "rtc"\nkeep = true', "s:9: only a device of kind block has something to keep; remove it"),
    ('name = "wall"', 'name = ""', "s:7: the name '' is not usable; write 1 to 32 printable bytes",
     's:14: no device "wall" (there is none); add a [[device]] with name = "wall", or correct the name'),
    (
        '[[task]]\nname = "one"',
        '[[device]]\nname = "other"\nkind = "rtc"\n[[task]]\nname = "one"',
        's:11: a second device of kind rtc, of which a machine has one; remove it',
    ),
    (
        '[[task]]\nname = "one"',
        '[[device]]\nname = "wall"\nkind = "rtc"\n[[task]]\nname = "one"',
        's:10: a second device "wall"; give each device its own name',
        's:11: a second device of kind rtc, of which a machine has one; remove it',
    ),
    ("pages = 2", "pages = 1\naddress = 0x0901_0000",
     's:9: overlaps memory "ring"; give the device once, and let its holder derive parts'),
    (
        '{ memory = "ring" } ]',
        '{ device = "wall" } ]',
        's:20: device "wall" is given already at s:14; give it to one task, which may derive from it',
    ),
    (
        '{ device = "wall", rights',
        '{ device = "wall" }, { device = "wall", rights',
        's:14: device "wall" is given already at s:14; give it to one task, which may derive from it',
    ),
    (
        'device = "wall", rights',
        'device = "ring", rights',
        's:14: no device "ring" (there is wall); add a [[device]] with name = "ring", or correct the name',
    ),
    (
        'memory = "ring" } ]',
        'memory = "wall" } ]',
        's:20: no memory "wall" (there is ring); add a [[memory]] with name = "wall", or correct the name',
    ),
    ("pages = 2", "pages = 2\ndma = false", 's:6: "dma" is false; write dma = true'),
    ("pages = 2", "pages = 1\ndma = true\naddress = 0x0903_0000",
     's:6: memory with an "address" is a device, and shared with none; remove dma'),
    ('kind = "rtc"', 'kind = "block"', 's:6: a device of kind block is made from a file; add file = "disk.img"'),
    ('kind = "rtc"', 'kind = "block"\nfile = ""', "s:9: no file is named ''; write file = \"disk.img\""),
    ('kind = "rtc"', 'kind = "block"\nfile = "a\\u0000b"',
     "s:9: no file is named 'a\\x00b'; write file = \"disk.img\""),
    ('kind = "rtc"', 'kind = "rtc"\naddress = "52:54:00:12:34:56"',
     "s:9: only a device of kind network has an address; remove it"),
    ('kind = "rtc"', 'kind = "network"\naddress = 3',
     's:9: "address" is a number; write address = "52:54:00:12:34:56"'),
    ('kind = "rtc"', 'kind = "network"\naddress = "52:54:00:12:34"',
     "s:9: '52:54:00:12:34' is no address of six bytes in hexadecimal; write address = \"52:54:00:12:34:56\""),
    ('kind = "rtc"', 'kind = "network"\naddress = "52:54:00:12:34:5g"',
     "s:9: '52:54:00:12:34:5g' is no address of six bytes in hexadecimal; write address = \"52:54:00:12:34:56\""),
    ('kind = "rtc"', 'kind = "network"\naddress = "53:54:00:12:34:56"',
     's:9: 53:54:00:12:34:56 is the address of a group; write address = "52:54:00:12:34:56"'),
    ('kind = "rtc"', 'kind = "network"\naddress = "00:00:00:00:00:00"',
     's:9: 00:00:00:00:00:00 is the address of nobody; write address = "52:54:00:12:34:56"'),
    ('kind = "rtc"', 'kind = "network"\nfile = ""', "s:9: no file is named ''; write file = \"frames.pcap\""),
    ("clock = true", "interrupt = 34",
     "s:15: interrupt 34 is given a second time; let its holder derive another from it"),
    ('rights = ["READ"], at', 'executable = true, at', 's:14: "executable" is for memory, not for a device; remove it'),
    ('rights = ["READ"], at = 0x1000_0000', 'badge = 3', 's:14: "badge" is for endpoints, not for a device; remove it'),
    (
        "at = 0x1000_0000",
        "at = 0x2000_1000",
        's:14: memory "wall" at 0x20001000 overlaps memory "ring" at 0x20000000; '
        "map it elsewhere, such as from 0x20002000 on",
    ),
]  # fmt: skip


@pytest.mark.promise("A described device is given to one task")
@pytest.mark.parametrize(("change", "expected"), [(row[:2], list(row[2:])) for row in WRONG], ids=lambda row: str(row))
def test_a_wrong_device_is_named_with_its_line_and_mend(
    tmp_path: Path, change: tuple[str, str], expected: list[str]
) -> None:
    assert mistakes(tmp_path, changes(GOOD, *change)) == expected


def test_devices_and_memory_together_are_not_too_many(tmp_path: Path) -> None:
    memory = "".join(f'[[memory]]\nname = "m{i}"\npages = 1\n' for i in range(15))
    text = GOOD.replace("[[device]]", memory + "[[device]]")
    assert mistakes(tmp_path, text) == ["s:51: 17 memory regions and devices; a system has at most 16, remove some"]
    assert len(read(tmp_path, text.replace('[[memory]]\nname = "m3"\npages = 1\n', "")).memory) == 16


def test_check_says_what_devices_there_are(tmp_path: Path) -> None:
    description = select([shipped("systems/rtc.toml")])
    first, _, device, *_ = outline(description, load_system(description))
    assert (first, device) == (
        "rtc: 1 task, 0 endpoints, 1 notification, 1 device",
        "  device rtc: rtc at 0x9010000, line 34",
    )


@pytest.mark.qemu
def test_the_clock_program_says_the_same_on_every_machine() -> None:
    runs = [testing.run_system(shipped("systems/rtc.toml"), machine, max_instructions=0) for machine in MACHINES]
    assert {run.report()["console"] for run in runs} == {"rtc: 2026-01-01 00:00:00 UTC\nrtc: 2026-01-01 00:00:03 UTC\n"}
    assert {run.report()["status"] for run in runs} == {0}


MACHINES = ("hosted", "native", "qemu")


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_a_run_with_a_device_is_repeated(tmp_path: Path, machine: str) -> None:
    report = testing.run_system(shipped("systems/rtc.toml"), machine, max_instructions=0).report()
    assert report["replay"]["devices"] == [{"kind": "rtc"}]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    replay = Replay.load(path)
    assert replay.difference() is None
    replay.to(1)
    replay.back()
    assert replay.report()["replay"]["devices"] == [{"kind": "rtc"}]


NOW = """\
from __future__ import annotations
from typing import Final
from tyrne.lang import export, handle, u32, u64
from tyrne.lang.machine import read32, write32
from tyrne.user import InterruptCap, NotificationCap, done, granted, interrupt_bind, wait_signals

INTERRUPT: Final = InterruptCap(handle("rtc_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
R: Final = u64(0x1000_0000)


@export
def main() -> u64:
    done(interrupt_bind(INTERRUPT, BELL, u64(1)))
    write32(R + 0x10, u32(1))
    write32(R + 0x4, read32(R))
    i = u64(20)
    while i != 0:
        i -= u64(read32(R + 0x10))
    return granted(wait_signals(BELL)) - 1
"""
"""The alarm is raised by a store; the interrupt comes right behind it."""


def test_a_replay_goes_to_each_instruction_around_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "rtc.py").write_text(NOW)
    path, text = tmp_path / "s.toml", shipped("systems/rtc.toml").read_text()
    path.write_text(text.replace("../programs/", ""))
    report = testing.run_system(path, "native").report()
    assert report["status"] == 0
    (tmp_path / "r.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "r.json")
    places = []
    for instruction in range(int(report["instructions"]) - 1):
        replay.to_instruction(instruction)
        assert replay.instructions == instruction
        places.append((replay.position, replay.inside))
    assert places == sorted(places)
    assert replay.difference() is None
    assert replay.length == 4  # the bind, the interrupt, the wait that finds it, the exit
    replay.to(1)
    with pytest.raises(IndexError, match=r"there are \d+ instructions before transition 2"):
        replay.advance(100)  # of which some would come behind the interrupt
    assert (replay.position, replay.inside) == (1, 0)


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_who_waits_for_a_device_that_never_comes_is_told(tmp_path: Path, machine: str) -> None:
    (tmp_path / "rtc.py").write_text(NOW.replace("write32(R + 0x10, u32(1))", "").replace("u64(20)", "u64(0)"))
    path = tmp_path / "s.toml"
    path.write_text(shipped("systems/rtc.toml").read_text().replace("../programs/", ""))
    result = testing.run_system(path, machine, max_instructions=1 << 47)
    assert result.report()["status"] == STATUS_DEADLOCK
    assert result.report()["tasks"][0]["stands"]["waits"] == 'waits for signals of notification "bell"'


@pytest.mark.qemu
def test_what_a_device_of_qemu_said_is_in_no_record(tmp_path: Path) -> None:
    report = testing.run_system(shipped("systems/rtc.toml"), "qemu", max_instructions=0).report()
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    with pytest.raises(RequestError, match=r"device at 0x9010000, .* replay a run on --machine hosted or native$"):
        read_report(path)


@pytest.mark.parametrize(
    "devices", [{}, [{"kind": "disk"}], [3], [{"kind": ["rtc"]}], [{"kind": "rtc"}, {"kind": "rtc"}], [{}]]
)
def test_a_record_with_devices_that_are_none_is_refused(devices: object) -> None:
    report = testing.run_system(shipped("systems/hello.toml"), "hosted").report()
    data = to_json(from_json(report["replay"])) | {"devices": devices}
    with pytest.raises(BadRecordError, match=r"replay\.devices (has|is not a list)"):
        from_json(data)


IDENTITY = """\
        .text
        .global _start
_start: mov     x1, #0x10000000
        ldr     w0, [x1, #8]
        ldr     w2, [x1, #4]
        lsl     w2, w2, #8
        orr     w0, w0, w2
        mov     x8, #4
        svc     #0
"""


@pytest.mark.qemu
@pytest.mark.parametrize(("kind", "number"), [("network", 1), ("block", 2), ("console", 3), ("entropy", 4)])
def test_a_transport_is_where_its_page_is(tmp_path: Path, kind: str, number: int) -> None:
    """Version 2, and the number that the virtio specification gives to the device."""
    disk = tmp_path / "a disk, with a comma.img"
    disk.write_bytes(bytes(512))
    transport = TRANSPORTS[kind]
    made = transport.kind(lambda *_: pytest.fail("no model"))
    (tmp_path / "p.S").write_text(IDENTITY)
    (tmp_path / "s.toml").write_text(
        f'[system]\nname = "s"\n[[memory]]\nname = "m"\npages = 1\naddress = {made.address}\n'
        '[[task]]\nname = "t"\nprogram = "p.S"\ncaps = [ { memory = "m", at = 0x1000_0000 } ]\n'
    )
    recorder = Recorder()
    kernel = kernel_elf(load_system(select([tmp_path / "s.toml"])), traced=True)
    guest = Guest(kernel, made.options(Device("d", kind, disk)))
    with closing(guest.records()) as records:
        for line in records:
            feed(line, recorder)
    assert guest.ending.complaint == ""
    (task,) = recorder.report("qemu", "debug", ["t"])["tasks"]
    assert task["code"] == 0x200 | number
    assert made.line == 48 + transport.slot and transport.slot % 8 == 0


def test_every_kind_has_its_own_page_and_line() -> None:
    every = [KINDS["rtc"], KINDS["serial"], *(t.kind() for t in TRANSPORTS.values())]
    assert {kind.address for kind in KINDS.values()} <= {kind.address for kind in every}
    assert len({kind.address // 4096 for kind in every}) == len({kind.line for kind in every}) == len(every)
    assert all(kind.address % 4096 == 0 for kind in every)


def test_qemu_is_asked_for_what_is_described() -> None:
    assert emulator_options([]) == []
    assert emulator_options([Device("wall", "rtc")]) == ["-rtc", "base=2026-01-01T00:00:00,clock=vm"]


def test_a_device_by_its_address_is_on_qemu_only(tmp_path: Path) -> None:
    memory = '[[memory]]\nname = "wall"\npages = 1\naddress = 0x0901_0000'
    text = GOOD.replace('[[device]]\nname = "wall"\nkind = "rtc"', memory)
    (tmp_path / "p.bin").write_bytes(b"\1\0\0\xd4")
    path = tmp_path / "s.toml"
    path.write_text(text.replace('device = "wall"', 'memory = "wall"'))
    for machine in ("hosted", "native"):
        with pytest.raises(RequestError, match=rf"{machine} machine has none there; run it with --machine qemu, or d"):
            testing.run_system(path, machine)
