"""A QEMU that runs now looks like the hosted run, and whatever lies in its memory is data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qemu_now import Now, started, symbol, without_ticks

from tyrne.cli.sheet import lines_of
from tyrne.cli.views import VIEWS
from tyrne.inspect import Inspection, look, look_at_replay, run_of
from tyrne.inspect.live import LiveMachine, machine
from tyrne.inspect.live.beginning import Beginning
from tyrne.inspect.live.filling import BadStateError, fill
from tyrne.inspect.look import NOWHERE
from tyrne.kernel.kernel import Kernel
from tyrne.system.dwarf_types import BadTypesError, Types
from tyrne.system.errors import RequestError
from tyrne.system.kernel_image import KERNEL, KERNEL_BYTES, KernelImage, physical
from tyrne.system.known import known_system
from tyrne.system.loading import compile_program
from tyrne.system.qemu_gdb import PC
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped

GOLDEN = Path(__file__).parent / "golden"
SHOWN = ("ps", "caps", "tree", "waits", "maps")
PLACES = {
    "hello": (0, 1),
    "greeter": (0, 3),
    "supervisor": (5,),
    "grant": (5,),
    "exchange": (5,),
    "server": (5,),
    "builder": (9,),
}
"""Of each system after which transitions it is shown; neither time decides there nor a device."""
ONLY_SEEN = re.compile(r" transition |: a message of \w+ lies there$")
"""What the memory of a machine does not say: in which transition something was made, and who sent a message."""
SPINNER = """
        .global _start
_start: add x0, x0, #1
        b _start
"""


def comparable(seen: Inspection) -> Inspection:
    """Without what is another machine's: where the image ends, and what follows it."""
    regions = tuple(replace(region, start=0) for region in seen.regions)
    own, *others = seen.quotas
    left = tuple(replace(claim, granted=0, left=0) if claim.what == "frames" else claim for claim in own.claims)
    quotas = (replace(own, claims=left), *others)
    return replace(
        seen, at=NOWHERE, regions=regions, quotas=quotas, frames=replace(seen.frames, total=0, reserved=0, free=0)
    )


def hosted(now: Now, replay: Replay) -> Inspection:
    """The hosted run, of which as little is known as of a machine that runs."""
    kernel = replay.kernel
    return look(kernel, now.explainer.names, now.explainer, Beginning(kernel, now.booted), NOWHERE)


def shown(seen: Inspection) -> str:
    """What the commands show, without the line that names the place, and the frames of another machine."""
    lines = [(name, line) for name in SHOWN for line in lines_of([*VIEWS[name].show(seen, None)])]
    return "".join(f"{name:5} {line}\n" for name, line in lines if not line.startswith("frames: "))


# --- the same as hosted


@pytest.mark.qemu
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["hello", "greeter", "supervisor", "grant", "exchange"])
def test_a_machine_that_runs_has_the_same_objects_as_the_hosted_run_after_each_transition(
    name: str, tmp_path: Path
) -> None:
    source = shipped(f"systems/{name}.toml")
    replay = run_of(without_ticks(source), source)
    with started(source, tmp_path) as now:
        for _ in range(8):
            seen, other = comparable(now.look()), comparable(hosted(now, replay))
            if seen.interrupts != other.interrupts and replay.position > 2:
                break  # when a device speaks is its machine's: the console of QEMU 10 does before it is written to
            assert seen == other
            replay.step()
            if replay.over or replay.next_task is None:
                break
            now.transition()
        assert replay.position > 1


@pytest.mark.qemu
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLACES)
def test_commands_show_of_a_machine_that_runs_what_they_show_of_the_hosted_run(name: str, tmp_path: Path) -> None:
    source = shipped(f"systems/{name}.toml")
    replay, found = run_of(without_ticks(source), source), list[str]()
    with started(source, tmp_path) as now:
        now.look()
        for position in PLACES[name]:
            while replay.position < position:
                replay.step()
                now.transition()
            text = shown(now.look())
            lines = zip(text.splitlines(), shown(look_at_replay(replay)).splitlines(), strict=True)
            differ = [other for one, other in lines if one.split() != other.split()]
            assert all(ONLY_SEEN.search(line) for line in differ), "but for what only who has seen the run knows"
            found.append(f"after transition {position}\n{text}")
    path = GOLDEN / f"live-{name}.txt"
    text = "\n".join(found).replace(f"{source.parents[1]}/", "")
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


# --- where it stands


@pytest.fixture
def spinning(tmp_path: Path) -> Iterator[Now]:
    """A machine whose tasks never call, so that they take turns; the first holds a capability."""
    (tmp_path / "spin.S").write_text(SPINNER)
    text = '[system]\nname = "spin"\n[[endpoint]]\nname = "door"\n[[task]]\nname = "spinner"\nprogram = "spin.S"\n'
    text += 'caps = [{ endpoint = "door", rights = ["SEND"], badge = 7 }]\n'
    (tmp_path / "spin.toml").write_text(text + '[[task]]\nname = "other"\nprogram = "spin.S"\n')
    with started(tmp_path / "spin.toml", tmp_path, known_system([tmp_path / "spin.toml"])) as now:
        yield now


@pytest.mark.qemu
@pytest.mark.timeout(600)
def test_within_the_kernel_one_is_brought_to_the_end_of_the_transition_or_told_where_the_machine_is(
    spinning: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spinning.look().task("spinner").pc in (0x800000, 0x800004)
    image, stub = spinning.image, spinning.stub
    with spinning.machine.breakpoints((symbol(image, "vectors") + 0x480,)):
        stub.run(60)
    assert stub.general()[PC] == symbol(image, "vectors") + 0x480, "a tick, before its first instruction"
    seen = spinning.look()
    assert seen.task("other").runs and stub.general()[PC] == seen.task("other").pc == 0x800000, "at its first turn"
    with spinning.machine.breakpoints((symbol(image, "vectors") + 0x480,)):
        stub.run(60)
    monkeypatch.setattr(machine, "SETTLE_SECONDS", 0.2)
    stub.floating()  # from then on QEMU lets one register be set
    assert stub.ask(b"P%x=%b" % (PC, symbol(image, "park").to_bytes(8, "little").hex().encode())) == b"OK"
    with pytest.raises(RequestError, match=r"now: the machine is inside the kernel; ask again"):
        spinning.look()


@pytest.mark.qemu
@pytest.mark.timeout(600)
def test_another_system_and_another_kernel_are_not_looked_at(spinning: Now) -> None:
    other = replace(spinning.system, tasks=(replace(spinning.system.tasks[0], priority=3),))
    with pytest.raises(RequestError, match="another system runs there"):
        LiveMachine(spinning.stub, spinning.image, other)
    image = replace(spinning.image, code=bytes(len(spinning.image.code)))
    with pytest.raises(RequestError, match=r"another kernel runs there than .*--image"):
        LiveMachine(spinning.stub, image, spinning.system)


# --- what lies there is data


class Ram:
    """Answers as QEMU's gdb server does, with the memory that a machine has had."""

    where = "here"
    ended = None

    def __init__(self, start: int, content: bytearray, registers: list[int]) -> None:
        self.start, self.content, self.registers = start, content, registers

    def read(self, address: int, length: int) -> bytes:
        offset = address - self.start
        return bytes(self.content[offset : offset + length]) if offset >= 0 else bytes(length)

    def general(self) -> list[int]:
        return self.registers

    def write(self, address: int, word: int) -> None:
        self.content[address - self.start : address - self.start + 8] = word.to_bytes(8, "little")


Spoil = Callable[[Ram, "Places"], None]


class Places:
    """Where in memory what lies, by the image's debug information."""

    def __init__(self, image: KernelImage, kernel: Kernel[Any]) -> None:
        self.image, self.kernel = image, kernel

    def at(self, *path: str | int) -> int:
        """The physical address of a part of the kernel."""
        return self.image.at(*path)[0]


TASK, VIRTUAL = ("tasks", "items", 0), 0xFFFF_FFFF_0000_0000
SLOT = (*TASK, "capabilities", "slots", 0)


def a_queue_without_end(ram: Ram, places: Places) -> None:
    task = places.at(*TASK) + VIRTUAL
    ram.write(places.at("endpoints", "items", 0, "senders", "head"), task)
    ram.write(places.at(*TASK, "next"), task)


def a_tree_without_end(ram: Ram, places: Places) -> None:
    ram.write(places.at(*SLOT, "next_sibling"), places.at(*SLOT) + VIRTUAL)


def a_tree_without_root(ram: Ram, places: Places) -> None:
    ram.write(places.at(*SLOT, "parent"), places.at(*SLOT) + VIRTUAL)


def a_reference_to_nothing(ram: Ram, places: Places) -> None:
    ram.write(places.at("scheduler", "core", "current"), 0x1234_5678)


def a_reference_to_another_kind(ram: Ram, places: Places) -> None:
    ram.write(places.at("scheduler", "core", "current"), places.at("endpoints", "items", 0) + VIRTUAL)


def a_tag_that_there_is_not(ram: Ram, places: Places) -> None:
    ram.write(places.at(*SLOT, "capability", "tag"), 200)


def a_state_that_there_is_not(ram: Ram, places: Places) -> None:
    ram.content[places.at(*TASK, "state") - ram.start] = 99


def tables_without_end(ram: Ram, places: Places) -> None:
    root = int(places.kernel.spaces.items[1].root)
    for entry in range(512):
        ram.write(root + 8 * entry, root | 3)


def tables_outside_ram(ram: Ram, places: Places) -> None:
    ram.write(places.at("spaces", "items", 1, "root"), 0x1000)


def a_living_object_that_no_quota_has_paid(ram: Ram, places: Places) -> None:
    ram.content[places.at("endpoints", "occupied", 9) - ram.start] = 1
    ram.write(places.at("endpoints", "items", 9, "asked_by"), places.at(*SLOT) + VIRTUAL)


@pytest.mark.qemu
@pytest.mark.timeout(600)
def test_memory_that_says_anything_is_one_error_and_soon(spinning: Now) -> None:
    spinning.look()
    kernel, start = spinning.machine.kernel(), spinning.image.text & ~0xFFFF
    content, registers = spinning.stub.read(physical(start), 1 << 20), spinning.stub.general()
    places = Places(spinning.image, kernel)
    spoilers: dict[Spoil, str] = {
        a_queue_without_end: "a queue of tasks has no end",
        a_tree_without_end: "the derivation tree has no end",
        a_tree_without_root: "the derivation tree has no root",
        a_reference_to_nothing: "0x12345678 is no Task",
        a_reference_to_another_kind: "is no Task",
        a_tag_that_there_is_not: "a field holds what it cannot hold",
        a_state_that_there_is_not: "a field holds what it cannot hold",
        tables_without_end: "translation tables have no end",
        tables_outside_ram: "0x1000 is no address of RAM",
    }

    def looked(spoil: Spoil | None) -> Inspection:
        ram = Ram(physical(start), bytearray(content), registers)
        if spoil is not None:
            spoil(ram, places)
        stub: Any = ram
        return LiveMachine(stub, spinning.image, spinning.system).look("x", spinning.explainer, spinning.booted)

    assert looked(None).tasks == spinning.look().tasks
    for spoil, why in spoilers.items():
        with pytest.raises(RequestError, match="here: what lies in memory is no state of this kernel: ") as told:
            looked(spoil)
        assert why in str(told.value) and "\n" not in str(told.value), spoil.__name__
    looked(a_living_object_that_no_quota_has_paid)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", Path(__file__).read_bytes()])
def test_what_is_no_image_has_no_types(content: bytes) -> None:
    with pytest.raises(BadTypesError):
        Types(content).variable(KERNEL)


TYPES = """
struct state { unsigned long word; SPARE } KERNEL = { 1 };
void _start(void) { KERNEL.word++; }
"""


def program(folder: Path, spare: str = "") -> bytes:
    """An ELF with a variable of the kernel's name."""
    (folder / "state.c").write_text(TYPES.replace("SPARE", spare))
    return compile_program(folder / "state.c").read_bytes()


def test_an_image_that_does_not_know_the_kernels_tags_is_one_error(tmp_path: Path) -> None:
    kernel: Any = None
    with pytest.raises(BadStateError, match="it has no enumeration Tag"):
        fill(kernel, Types(program(tmp_path)), KERNEL, bytes(8))


def test_of_an_image_that_says_its_state_is_all_of_memory_nothing_is_read(tmp_path: Path) -> None:
    elf = program(tmp_path, f"char spare[{KERNEL_BYTES}];")
    image = KernelImage(tmp_path / "image.elf", elf, 0, b"", 0, (), ())
    with pytest.raises(RequestError, match=r"image\.elf: no kernel has so much state; give what tyrne build"):
        assert image.kernel
