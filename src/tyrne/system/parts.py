"""The parts of a system at boot: what its tasks hold, and under which terms they run.

Parts of one kind are numbered from 0 in the order of the description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.abi import CapKind, Rights

DEFAULT_PRIORITY: Final = 8
"""In the middle between 0, the most urgent, and 15."""
DEFAULT_SLICE: Final = 1_000_000
"""Instructions between two ticks of the clock: a millisecond on QEMU."""

CONSOLE: Final = "console"
SERIAL: Final = "serial"
TYPED_INTO: Final = (CONSOLE, SERIAL)
"""Kinds of devices: those into which somebody types, and whose drivers write text. A system has one of them."""

FIRST_ADDRESS: Final = bytes.fromhex("525400123456")
"""Of a network device whose description says none."""


def network_address(text: str) -> bytes:
    """The six bytes of an address as it is written; ValueError with what is wrong with it."""
    if not re.fullmatch("[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", text, re.ASCII):
        raise ValueError(f"{text[:40]!r} is no address of six bytes in hexadecimal")
    address = bytes.fromhex(text.replace(":", ""))
    if address[0] & 1 or not any(address):
        raise ValueError(f"{text} is the address of {'a group' if address[0] & 1 else 'nobody'}")
    return address


@dataclass(frozen=True)
class Cap:
    """A capability that a task starts with.

    `object` is the number of an endpoint, notification or memory region, or of the task that is meant or whose address
    space is meant; 0 for the console and for a quota, which is the task's own. Only an endpoint's has a `badge`.
    """

    object: int
    rights: Rights
    badge: int = 0
    kind: CapKind = CapKind.ENDPOINT


CONSOLE_CAP: Final = Cap(0, Rights.CONSOLE_WRITE, kind=CapKind.DEBUG_CONSOLE)


@dataclass(frozen=True)
class Region:
    """Pages of RAM, or the registers of the device that is at an `address` outside RAM. RAM that has to lie at the same
    address on every machine is `placed` there.

    `place` is "file:line" of the description.
    """

    name: str
    pages: int
    address: int = 0
    place: str = ""
    dma: bool = False
    """Whether devices reach it."""
    file: Path | None = None
    content: bytes = b""
    """Of that file: what it begins with. All else is zeros."""
    out: Path | None = None
    """The folder that gets the files which a program has left in it, when the run is over."""

    @property
    def is_placed(self) -> bool:
        """Whether it has to lie at the same address on every machine."""
        return self.dma or self.file is not None or self.out is not None


@dataclass(frozen=True)
class Forward:
    """A UDP port of the host, at 127.0.0.1, that leads to one of the system."""

    udp: int
    to: int
    place: str = ""


@dataclass(frozen=True)
class Device:
    """A device of a kind that `tyrne.system.devices` knows, with the file that it is made from if it has one, and with
    what that file holds once it has been read. `place` is "file:line" of the description, of which `folder` is the
    folder. Its registers are a Region of the same name, behind those of memory. `address` is that of a network device,
    whose content are frames in pcap's format with their times since boot. `keys` are what is typed into a console, each
    piece with its time; `open` says that more might have been."""

    name: str
    kind: str
    file: Path | None = None
    place: str = ""
    folder: Path = Path()
    content: bytes = b""
    address: bytes = FIRST_ADDRESS
    forward: tuple[Forward, ...] = ()
    keys: tuple[tuple[int, bytes], ...] = ()
    open: bool = False
    keep: bool = False
    """Whether the file is given what a run has written to a disk."""


@dataclass(frozen=True)
class Mapping:
    """A memory region that a task has in its address space from the start; `cap` is an index into its capabilities."""

    cap: int
    address: int
    writable: bool
    executable: bool
    place: str = ""


@dataclass(frozen=True)
class Supervisor:
    """The endpoint that is told of a task's faults and end, and the badge of those messages."""

    endpoint: int
    badge: int = 0


@dataclass(frozen=True)
class Quota:
    """How many objects of each kind a task may make, and how many frames for its memory regions and page tables."""

    tasks: int = 0
    endpoints: int = 0
    notifications: int = 0
    spaces: int = 0
    memory: int = 0
    quotas: int = 0
    frames: int = 0


NO_QUOTA: Final = Quota()


@dataclass(frozen=True)
class BuildOptions:
    """How C and assembly are built: sources besides the first, folders of headers, definitions NAME or NAME=value."""

    more: tuple[Path, ...] = ()
    include: tuple[Path, ...] = ()
    define: tuple[str, ...] = ()


NO_OPTIONS: Final = BuildOptions()


ABIS: Final = ("linux", "tyrne")
"""The systems that programs are built for."""


@dataclass(frozen=True)
class Given:
    """What a program of Linux is given: arguments behind its name, variables, pages of heap, a folder or an archive of
    files, a file that is its standard input, and how many threads it may have at once. `abi` is one of ABIS, for a
    program whose file does not say for which it was built."""

    abi: str | None = None
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    heap_pages: int | None = None
    files: Path | None = None
    stdin: Path | None = None
    out: Path | None = None
    """The folder that gets what it has made or changed of its files."""
    threads: int | None = None

    def reads(self) -> bool:
        """Whether files are given, or come back: what is built of that is not kept, so they are looked at each time."""
        return any(path is not None for path in (self.files, self.stdin, self.out))


NOTHING_GIVEN: Final = Given()
