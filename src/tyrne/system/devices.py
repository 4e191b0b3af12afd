"""The devices that a description can name, and the addresses of QEMU's `virt` board that a task may be given.

A device that is described stands at the same address, with the same line, on every machine: QEMU is asked for it, the
others attach a model to their bus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tyrne.boards.qemu_virt.memory_map import CPU_INTERFACE, DISTRIBUTOR, RAM_LIMIT, RAM_START, UART
from tyrne.boards.qemu_virt.uart import LINE as UART_LINE
from tyrne.hosted.devices.rtc import BASE
from tyrne.system import limits
from tyrne.system.errors import RequestError
from tyrne.system.limits import PAGE
from tyrne.system.manifest import System
from tyrne.system.parts import SERIAL, Device, Region


@dataclass(frozen=True)
class Range:
    """Physical addresses from `start` up to but without `end`."""

    start: int
    end: int
    name: str

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


_GIC_PART: Final = 0x1_0000

DEVICES: Final = (
    Range(0x0400_0000, 0x0800_0000, "flash"),
    Range(0x0901_0000, 0x0901_1000, "clock (PL031)"),
    Range(0x0903_0000, 0x0903_1000, "GPIO (PL061)"),
    Range(0x0A00_0000, 0x0A00_4000, "virtio"),
)
"""What a task may be given. There is no IOMMU: who drives a virtio device reaches all memory through it."""

_DESCRIBED: Final = f', unless a [[device]] with kind = "{SERIAL}" gives it to a task'
REFUSED: Final = (
    Range(int(DISTRIBUTOR), int(DISTRIBUTOR) + _GIC_PART, "the interrupt controller, which is the kernel's"),
    Range(int(CPU_INTERFACE), int(CPU_INTERFACE) + _GIC_PART, "the interrupt controller, which is the kernel's"),
    Range(int(UART), int(UART) + PAGE, f"the serial line, which is the kernel's{_DESCRIBED}"),
    Range(0x0902_0000, 0x0902_1000, "fw_cfg, which can write to all memory"),
)

LINES: Final = range(32, 288)
"""The lines of devices on the board, as the interrupt controller numbers them."""
_LINES_THERE_ARE: Final = "there is 34 of the clock (PL031), and 48 to 79 of virtio"


@dataclass(frozen=True)
class Kind:
    """A kind of device, of which a machine has one. `options` are what QEMU needs to have it; what makes its model
    stands in models.py."""

    address: int
    line: int
    options: Callable[[Device], tuple[str, ...]]
    file: str = ""
    """An example of a file that it is made from; "" if from none."""
    optional: bool = False
    """Whether it is one without such a file, too."""


@dataclass(frozen=True)
class Transport:
    """A virtio-mmio transport: a slot, of which 8 are a page, QEMU's device, and the options for what is behind it."""

    slot: int
    device: str
    backend: Callable[[Device], tuple[str, ...]]

    def kind(self, file: str = "", optional: bool = False) -> Kind:
        return Kind(0x0A00_0000 + self.slot * 0x200, 48 + self.slot, self.options, file, optional)

    def options(self, device: Device) -> tuple[str, ...]:
        made = f"{self.device},bus=virtio-mmio-bus.{self.slot}"
        return *_MODERN, *_IN_HOSTS_TIME, *self.backend(device), "-device", made, *_PORTS.get(self.device, ())


_IN_HOSTS_TIME: Final = ("-icount", "sleep=on")
"""What is behind the device takes time of the host. Without this, idle time would pass at once, and a deadline come
before what the device was asked for."""
_MODERN: Final = ("-global", "virtio-mmio.force-legacy=false")
NO_WIRE: Final = "user,id=network,restrict=on"
"""A wire that ends in QEMU, as one of its options has it."""
_PORTS: Final = {"virtio-serial-device,max_ports=1": ("-device", "virtconsole,chardev=console")}
NOWHERE: Final = "null,id=console"
"""A console, or a serial line, to which nobody is connected, as one of QEMU's options has it."""
TRANSPORTS: Final = {
    "block": Transport(
        0, "virtio-blk-device,drive=block", lambda d: ("-drive", drive(d.file))
    ),
    "network": Transport(
        8,
        "virtio-net-device,netdev=network",
        lambda d: ("-netdev", NO_WIRE, "-global", f"virtio-net-device.mac={d.address.hex(':')}"),
    ),
    "entropy": Transport(
        16, "virtio-rng-device,rng=entropy", lambda d: ("-seed", "1", "-object", "rng-builtin,id=entropy")
    ),
    "console": Transport(24, "virtio-serial-device,max_ports=1", lambda d: ("-chardev", NOWHERE)),
}  # fmt: skip
"""A page each, so that who maps one device has no other. A kind of KINDS is `TRANSPORTS[kind].kind()`."""

KINDS: Final = {
    "rtc": Kind(
        0x0901_0000,
        34,
        lambda device: ("-rtc", f"base={datetime.fromtimestamp(BASE, UTC):%Y-%m-%dT%H:%M:%S},clock=vm"),
    ),
    "block": TRANSPORTS["block"].kind(file="disk.img"),
    "entropy": TRANSPORTS["entropy"].kind(),
    "network": TRANSPORTS["network"].kind(file="frames.pcap", optional=True),
    "console": TRANSPORTS["console"].kind(),
    SERIAL: Kind(
        int(UART), int(UART_LINE), lambda device: (*_IN_HOSTS_TIME, "-chardev", NOWHERE, "-serial", "chardev:console")
    ),
}
"""What a description can name: the kinds that every machine has."""


def emulator_options(devices: Iterable[Device], ram: int = limits.RAM) -> list[str]:
    """What QEMU needs to have them, and more RAM than it has without; its last word on that holds."""
    memory = [] if ram == limits.RAM else ["-m", f"{ram >> 20}M"]
    return [*memory, *(word for device in devices for word in KINDS[device.kind].options(device))]


def placed(regions: Sequence[Region], ram_end: int) -> tuple[Region, ...]:
    """With those that have to be `placed` where RAM ends, which a block does: last those that devices reach, where the
    kernel keeps them apart. They are at the same addresses on every machine, and what is made of whole blocks begins
    with one, so that it can be mapped by blocks."""
    there = [(index, region) for index, region in enumerate(regions) if region.is_placed]
    at = ram_end - (sum(region.pages for _, region in there) + gap_of(regions)) * PAGE
    found, gap = list(regions), gap_of(regions)
    for index, region in sorted(there, key=lambda item: _rank(item[1])):
        if gap and _rank(region):
            at, gap = at + gap * PAGE, 0
        found[index] = replace(region, address=at)
        at += region.pages * PAGE
    return tuple(found)


def gap_of(regions: Iterable[Region]) -> int:
    """Pages between blocks and what lies above them, which nobody has."""
    there = [region for region in regions if region.is_placed]
    if all(map(_rank, there)):
        return 0
    return -sum(region.pages for region in there if _rank(region)) % limits.MAPPED_PAGES


def _rank(region: Region) -> int:
    """Where it comes among those that are placed: blocks, what is smaller, and what devices reach the other way
    round, since RAM ends with a block."""
    blocks = region.pages > limits.MAPPED_PAGES and region.pages % limits.MAPPED_PAGES == 0
    return (2 + blocks) if region.dma else (1 - blocks)


def in_ram(region: Region) -> bool:
    """Whether it takes pages of RAM."""
    return not region.address or RAM_START <= region.address < RAM_LIMIT


def has_devices(regions: Iterable[Region]) -> bool:
    """Whether registers of a device are among them."""
    return not all(map(in_ram, regions))


def pages_of(regions: Sequence[Region]) -> int:
    """How many pages of RAM they take, with what they are filled from, which lies beside them."""
    return gap_of(regions) + sum(r.pages + -(-len(r.content) // PAGE) for r in regions if in_ram(r))


def reached_from(regions: Iterable[Region], ram_end: int) -> int:
    """The address in RAM from which on devices reach it."""
    return ram_end - sum(region.pages for region in regions if region.dma) * PAGE


def registers_of(device: Device) -> Region:
    """The memory region of a device's registers; of a kind that is none, one that is nowhere."""
    kind = KINDS.get(device.kind)
    return Region(device.name, 1, 0 if kind is None else kind.address, device.place)


def drive(file: Path | None, writes: str = "snapshot=on") -> str:
    """A disk over an image, as one of QEMU's options has it; `writes` says what becomes of writes, by default that they
    are lost."""
    return f"if=none,id=block,format=raw,{writes},file={in_option(file)}"


def in_option(path: Path | None) -> str:
    """A path as one of QEMU's options has it, in which a comma ends a part."""
    return str(path).replace(",", ",,")


def range_error(start: int, pages: int) -> str | None:
    """What is wrong with giving a task these pages of physical addresses; None if nothing is."""
    if start % PAGE:
        return f"{start:#x} does not begin a page; write a multiple of {PAGE:#x}"
    end = start + pages * PAGE
    if start < RAM_LIMIT and int(RAM_START) < end:
        return f"{start:#x} to {end:#x} is RAM; leave address out, and the kernel finds pages"
    known = ", ".join(f"{d.name} at {d.start:#x} ({_pages((d.end - d.start) // PAGE)})" for d in DEVICES)
    for refused in REFUSED:
        if refused.overlaps(start, end):
            return f"{start:#x} to {end:#x} holds {refused.name}; there is {known}"
    if not any(device.start <= start and end <= device.end for device in DEVICES):
        return f"{start:#x} to {end:#x} lies in no device; there is {known}"
    return None


def line_error(line: int) -> str | None:
    """What is wrong with giving a task an interrupt line; None if nothing is."""
    if line == UART_LINE:
        return f"interrupt {line} is the serial line's, which is the kernel's{_DESCRIBED}; {_LINES_THERE_ARE}"
    return None if line in LINES else f"interrupt {line} is no device's; {_LINES_THERE_ARE}"


def refuse_devices(system: System, machine: str) -> None:
    """RequestError for a system that needs devices by their address on a machine that has those of KINDS only."""
    described = {KINDS[device.kind].address for device in system.devices}
    mends = {kind.address: f', or describe it with [[device]] and kind = "{name}"' for name, kind in KINDS.items()}
    errors = [
        f'{region.place}: memory "{region.name}" is a device at {region.address:#x}, and the {machine} machine has '
        f"none there; run it with --machine qemu{mends.get(region.address, '')}"
        for region in system.memory
        if not in_ram(region) and region.address not in described
    ]
    if errors:
        raise RequestError(*errors)


def _pages(number: int) -> str:
    return f"{number} page{'' if number == 1 else 's'}"
