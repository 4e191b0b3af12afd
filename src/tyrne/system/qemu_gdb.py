"""QEMU's own gdb server, as a client speaks with it: the one CPU, its registers, RAM by physical addresses.

QEMU stops the machine when somebody connects, and lets it go on when they leave. A server that is not QEMU's, or says
what makes no sense, is a RequestError; so is one that says nothing for ANSWER_SECONDS, or that takes longer for all
that is asked than its client allows.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Final

from tyrne.system.errors import RequestError
from tyrne.system.gdb_packets import INTERRUPT, Reader, packed
from tyrne.system.loopback import LOOPBACK, tcp_socket

ANSWER_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.05
"""How often it is asked, while the machine runs, whether somebody wants it to stop."""
_BLOCK: Final = 2048
"""Bytes of memory that QEMU gives at once."""
_OUTPUTS: Final = 4096
"""Packets of output that are passed over while an answer is waited for."""
_OK: Final = b"OK"
_STOPPED: Final = re.compile(rb"[TS]([0-9a-f]{2})(.*)", re.DOTALL)
_WATCH: Final = re.compile(rb"[arw]*watch:([0-9a-f]{1,16});")
SP, PC, CPSR = 31, 32, 33
"""Registers by gdb's numbers, behind x0 to x30."""
_GENERAL: Final = 33
GENERAL_BYTES: Final = 8 * _GENERAL + 4
_FLOATING: Final = 34
_SIZES: Final = [16] * 32 + [4, 4]
"""Bytes of v0 to v31, fpsr and fpcr."""
_EXCEPTION_LEVEL: Final = 0b1100
"""Of CPSR."""


@dataclass(frozen=True)
class Halt:
    """Why the machine does not run: `signal` is gdb's; `ended` with the exit status of QEMU, None while it is there.
    `watched` is the address of a watchpoint that was hit."""

    signal: int
    ended: int | None = None
    watched: int | None = None


class Stub:
    """A connection to it; the machine stands still."""

    def __init__(self, where: Path | int, patience: float = 0.0, seconds: float = inf) -> None:
        """`where` is a Unix socket, or a port of the loopback interface. A QEMU that has just been started may refuse
        at its socket at first: for so many seconds that is borne. All answers together may take `seconds`."""
        self.where: Final = str(where) if isinstance(where, Path) else f"port {where}"
        made = tcp_socket() if isinstance(where, int) else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket: Final = made
        self._socket.settimeout(ANSWER_SECONDS)
        self._reader: Final = Reader()
        self._packets: Final[list[bytes]] = []
        self._described = False
        self._seconds: Final = seconds
        self._last = time.monotonic() + seconds
        self.ended: int | None = None
        """The exit status of QEMU, once it has told it."""
        end = time.monotonic() + patience
        try:
            while True:
                try:
                    self._socket.connect((LOOPBACK, where) if isinstance(where, int) else str(where))
                    break
                except ConnectionRefusedError:
                    if isinstance(where, int) or time.monotonic() > end:
                        raise
                    time.sleep(LOOK_SECONDS)
        except (OSError, OverflowError) as error:
            self._socket.close()
            why = getattr(error, "strerror", None) or error
            mend = "start QEMU with one by tyrne run --machine qemu --gdb PATH"
            raise RequestError(f"{self.where}: no gdb socket of QEMU: {why}; {mend}") from None
        try:
            self._begin()
        except BaseException:
            self._socket.close()
            raise

    def _begin(self) -> None:
        answer = self.ask(b"qqemu.PhyMemMode")
        if _STOPPED.fullmatch(answer):  # QEMU may have said before that it stopped
            answer = self._receive()
        if not answer.isdigit() or self.ask(b"Qqemu.PhyMemMode:1") != _OK:
            raise RequestError(f"{self.where}: not the gdb server of QEMU, or older than 4.1; give that of QEMU")

    def __enter__(self) -> Stub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave, and let the machine go on, for which there is always time."""
        self._last = inf
        with suppress(RequestError, OSError):
            if self.ended is None:
                self.ask(b"D")
        self._socket.close()

    # State

    def general(self) -> list[int]:
        """x0 to x30, sp, pc and cpsr."""
        found = self._hex(self.ask(b"g"))
        if len(found) < GENERAL_BYTES:
            raise self._nonsense()
        words = [int.from_bytes(found[8 * i : 8 * i + 8], "little") for i in range(_GENERAL)]
        return [*words, int.from_bytes(found[8 * _GENERAL : GENERAL_BYTES], "little")]

    def floating(self) -> list[bytes]:
        """v0 to v31, fpsr and fpcr; little-endian."""
        if not self._described:  # QEMU gives them to those alone who have asked what there is
            self.ask(b"qXfer:features:read:target.xml:0,7ff")
            self._described = True
        found = [self._hex(self.ask(b"p%x" % number)) for number in range(_FLOATING, _FLOATING + len(_SIZES))]
        if [len(each) for each in found] != _SIZES:
            raise self._nonsense()
        return found

    def read(self, address: int, length: int) -> bytes:
        """Bytes of physical memory."""
        found = bytearray()
        while len(found) < length:
            wanted = min(_BLOCK, length - len(found))
            part = self._hex(self.ask(b"m%x,%x" % (address + len(found), wanted)))
            if len(part) != wanted:
                raise self._nonsense()
            found += part
        return bytes(found)

    # Ways

    def insert(self, kind: int, address: int, length: int) -> bool:
        """A breakpoint (1) or a watchpoint (2 to 4) at a virtual address. Whether there is one."""
        return self.ask(b"Z%x,%x,%x" % (kind, address, length)) == _OK

    def remove(self, kind: int, address: int, length: int) -> None:
        self.ask(b"z%x,%x,%x" % (kind, address, length))

    def step(self) -> Halt:
        """One instruction."""
        self._send(b"s")
        return self._halt(self._next())

    def run(self, seconds: float | None = None, wishes: Callable[[], bool] = lambda: False) -> Halt:
        """Let the machine run until it stops: by itself, since somebody wishes so, or when its time is over, by the
        clock on the wall."""
        self._send(b"c")
        end = None if seconds is None else time.monotonic() + seconds
        while not self._comes(LOOK_SECONDS):
            if wishes() or (end is not None and time.monotonic() > end):
                self._put(INTERRUPT)
                break
        return self._halt(self._next())

    def kill(self) -> None:
        """End QEMU."""
        self._send(b"k")
        self.ended = 0

    # Packets

    def ask(self, content: bytes) -> bytes:
        self._send(content)
        return self._receive()

    def _send(self, content: bytes) -> None:
        self._put(packed(content))

    def _put(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            raise self._gone() from None

    def _receive(self) -> bytes:
        """The next answer."""
        packet = self._next()
        if packet[:1] in (b"W", b"X"):
            self._halt(packet)
            raise self._gone()
        return packet

    def _next(self) -> bytes:
        """The next packet that is no output, and comes within ANSWER_SECONDS, whatever else comes meanwhile."""
        end = time.monotonic() + ANSWER_SECONDS
        for _ in range(_OUTPUTS):
            while not self._packets:
                self._fetch(end)
            packet = self._packets.pop(0)
            if packet[:1] != b"O" or packet == _OK:
                return packet
        raise self._nonsense()

    def _fetch(self, end: float) -> None:
        """Read what comes, until a time of the clock on the wall."""
        try:
            left = min(end, self._last) - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            data = self._socket.recv(1 << 16)
            if not data:
                raise self._gone()
            self._packets.extend(self._reader.add(data))
            if self._reader.answers:
                with suppress(OSError):  # who says that it ends does not wait for this
                    self._socket.sendall(bytes(self._reader.answers))
                self._reader.answers.clear()
        except TimeoutError:
            if self._last <= time.monotonic():
                what = f"{self._seconds:g} s were not enough for all that was asked"
                raise RequestError(f"{self.where}: {what}; ask again, or end what else uses QEMU") from None
            raise RequestError(f"{self.where}: no answer; another debugger may be connected, end it first") from None
        except OSError:
            raise self._gone() from None

    def _comes(self, seconds: float) -> bool:
        """Whether a packet comes in this time. What acknowledges one is none, and comes at once."""
        if not self._packets and select.select([self._socket], [], [], seconds)[0]:
            self._fetch(time.monotonic() + ANSWER_SECONDS)
        return bool(self._packets)

    def _halt(self, packet: bytes) -> Halt:
        found = _STOPPED.fullmatch(packet)
        if packet[:1] in (b"W", b"X"):
            self.ended = int(packet[1:3], 16) if re.match(rb"[WX][0-9a-f]{2}", packet) else 0
            return Halt(0, self.ended)
        if found is None:
            raise self._nonsense()
        watch = _WATCH.search(found[2])
        return Halt(int(found[1], 16), None, None if watch is None else int(watch[1], 16))

    def _hex(self, packet: bytes) -> bytes:
        try:
            return bytes.fromhex(packet.decode("ascii"))
        except ValueError:
            raise self._nonsense() from None

    def _nonsense(self) -> RequestError:
        return RequestError(f"{self.where}: what is said there makes no sense; give the gdb socket of QEMU")

    def _gone(self) -> RequestError:
        self.ended = 0 if self.ended is None else self.ended
        return RequestError(f"{self.where}: QEMU has ended, or does not listen any more")


def exception_level(cpsr: int) -> int:
    """Of the CPU: 0 while a task runs."""
    return (cpsr & _EXCEPTION_LEVEL) >> 2
