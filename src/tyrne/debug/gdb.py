"""gdb's remote protocol over a session: what each packet asks for, and the answer.

A thread is a task, by its number and one: 0 means any thread. A request that is not known is answered by nothing, as
the protocol has it, and one that is malformed by an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import quoteattr

from tyrne.debug.debugged import Breakpoint, Debugged, Stop, Watch, Why
from tyrne.debug.registers import description
from tyrne.system.errors import RequestError
from tyrne.system.gdb_packets import MOST
from tyrne.system.printable import Written, printable

_OK, _NOTHING = b"OK", b""
_MALFORMED, _ABSENT, _READ_ONLY = b"E01", b"E02", b"E03"
_FEATURES: Final = (
    b"PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;ReverseStep+;ReverseContinue+;"
    b"vContSupported+;swbreak+;hwbreak+" % (MOST // 4)
)
_TRAP, _ABORTED, _SEGMENT, _ILLEGAL, _BUS, _INTERRUPTED = 5, 6, 11, 4, 7, 2
_SIGNALS: Final = {
    Why.FAULT: _SEGMENT,
    Why.WISH: _INTERRUPTED,
}
_SIGNALS_OF_FAULTS: Final = {"undefined": _ILLEGAL, "pc_alignment": _BUS, "sp_alignment": _BUS, "breakpoint": _TRAP}
_WATCHES: Final = {b"2": (False, True, b"watch"), b"3": (True, False, b"rwatch"), b"4": (True, True, b"awatch")}
"""By the kind of a Z packet: reads, writes, and what a stop says."""


class Gdb:
    """Answers the packets of one client."""

    def __init__(self, session: Debugged, monitor: Callable[[str], str], say: Callable[[bytes], None]) -> None:
        """`monitor` answers what somebody asks by gdb's command of that name; `say` sends a packet at once."""
        self.ends = False
        """Whether the client has gone, or wants to."""
        self.kills = False
        self._session: Final = session
        self._monitor: Final = monitor
        self._written: Final = Written()
        self._say: Final = say
        self._looked_at = session.current()
        self._moved = self._looked_at
        self._stop = self._reply(Stop(Why.STEP))
        self._requests: Final[dict[bytes, Callable[[bytes], bytes]]] = {
            b"?": lambda rest: self._stop,
            b"g": self._all_registers,
            b"p": self._one_register,
            b"G": lambda rest: _READ_ONLY,
            b"P": lambda rest: _READ_ONLY,
            b"m": self._memory,
            b"M": lambda rest: _READ_ONLY,
            b"X": lambda rest: _READ_ONLY,
            b"H": self._choose,
            b"T": lambda rest: _OK if self._task(rest) is not None else _ABSENT,
            b"c": lambda rest: self._go(self._session.run),
            b"C": lambda rest: self._go(self._session.run),
            b"s": lambda rest: self._go(lambda: self._session.step(self._moved)),
            b"S": lambda rest: self._go(lambda: self._session.step(self._moved)),
            b"b": self._backwards,
            b"Z": lambda rest: self._break(rest, True),
            b"z": lambda rest: self._break(rest, False),
            b"D": self._leave,
            b"k": self._kill,
            b"q": self._ask,
            b"v": self._verbose,
        }

    def answer(self, packet: bytes) -> bytes:
        """What is sent back."""
        request = self._requests.get(packet[:1])
        if request is None:
            return _NOTHING
        try:
            return request(packet[1:])
        except ValueError:
            return _MALFORMED
        except RequestError:
            return _ABSENT

    # Threads

    def _task(self, text: bytes) -> int | None:
        number = _thread(text) - 1
        return number if number in self._session.numbers() else None

    def _choose(self, rest: bytes) -> bytes:
        number = _thread(rest[1:])
        if number > 0 and number - 1 not in self._session.numbers():
            return _ABSENT
        chosen = number - 1 if number > 0 else self._session.current()
        if rest[:1] == b"g":
            self._looked_at = chosen
        elif rest[:1] == b"c":
            self._moved = chosen
        else:
            raise ValueError
        return _OK

    def _threads(self) -> bytes:
        """The list of threads, as XML."""
        rows = []
        for number in self._session.numbers():
            name = quoteattr(printable(self._session.name(number)))
            does = printable(self._session.does(number)).replace("&", "&amp;").replace("<", "&lt;")
            rows.append(f'<thread id="{number + 1:x}" name={name}>{does}</thread>')
        return f'<?xml version="1.0"?><threads>{"".join(rows)}</threads>'.encode()

    # State

    def _all_registers(self, rest: bytes) -> bytes:
        return b"".join(self._registers()).hex().encode()

    def _one_register(self, rest: bytes) -> bytes:
        found, number = self._registers(), int(rest, 16)
        return found[number].hex().encode() if 0 <= number < len(found) else _ABSENT

    def _registers(self) -> list[bytes]:
        return self._session.registers(self._looked_at)

    def _memory(self, rest: bytes) -> bytes:
        address, length = _numbers(rest, 2)
        found = self._session.read(self._looked_at, address, min(length, MOST // 4))
        return found.hex().encode() or _ABSENT

    # Ways

    def _go(self, way: Callable[[], Stop]) -> bytes:
        stop = way()
        if output := self._written.add(self._session.output(), stop.why is Why.END).encode():
            for start in range(0, len(output), MOST // 8):
                self._say(b"O" + output[start : start + MOST // 8].hex().encode())
        if stop.status is None:
            self._looked_at = self._moved = self._session.current()
        else:
            self.ends = self.kills = True  # there is nothing any more that could be debugged
        self._stop = self._reply(stop)
        return self._stop

    def _backwards(self, rest: bytes) -> bytes:
        if self._session.way_back and rest in (b"s", b"c"):
            self._say(b"O" + f"{self._session.way_back}\n".encode().hex().encode())
            return self._reply(Stop(Why.START))
        if rest == b"s":
            return self._go(lambda: self._session.step_back(self._moved))
        return self._go(self._session.run_back) if rest == b"c" else _NOTHING

    def _reply(self, stop: Stop) -> bytes:
        signal = _SIGNALS_OF_FAULTS.get(stop.kind, _SIGNALS.get(stop.why, _TRAP))
        why = b""
        if stop.status is not None:
            return b"W%02x" % (stop.status & 0xFF)
        if stop.why is Why.END and self._session.panicked:
            signal = _ABORTED
        elif stop.why in (Why.START, Why.END):
            why = b"replaylog:%b;" % (b"begin" if stop.why is Why.START else b"end")
        elif stop.watch is not None:
            which = stop.watch.reads, stop.watch.writes
            kind = next(name for *accesses, name in _WATCHES.values() if tuple(accesses) == which)
            why = b"%b:%x;" % (kind, stop.watch.address)
        elif stop.why is Why.BREAKPOINT:
            why = b"swbreak:;"
        return b"T%02x%bthread:%x;" % (signal, why, self._session.current() + 1)

    def _break(self, rest: bytes, sets: bool) -> bytes:
        kind, _, where = rest.partition(b",")
        address, length = _numbers(where.partition(b";")[0], 2)
        if kind in (b"0", b"1"):
            if address % 4:
                return _ABSENT
            if sets:
                return _OK if self._session.break_at(Breakpoint(address)) else _ABSENT
            self._session.forget(Breakpoint(address))
            return _OK
        if kind not in _WATCHES:
            return _NOTHING
        reads, writes, _ = _WATCHES[kind]
        watch = Watch(address, max(1, length), reads, writes)
        if not sets:
            self._session.forget(watch)
            return _OK
        return _OK if length <= MOST and self._session.watch(self._looked_at, watch) else _ABSENT

    # The client

    def _leave(self, rest: bytes) -> bytes:
        self.ends = True
        return _OK

    def _kill(self, rest: bytes) -> bytes:
        self.ends = self.kills = True
        return _OK

    def _verbose(self, rest: bytes) -> bytes:
        if rest == b"Cont?":
            return b"vCont;c;C;s;S"
        if rest.startswith(b"Kill"):
            return self._kill(rest)
        if not rest.startswith(b"Cont;"):
            return _NOTHING
        for action in rest.split(b";")[1:]:
            what, _, thread = action.partition(b":")
            if what[:1] == b"s":
                number = self._session.current() if not thread or _thread(thread) <= 0 else _thread(thread) - 1
                return self._go(lambda: self._session.step(number))  # noqa: B023
            if what[:1] != b"c" and what[:1] != b"C":
                raise ValueError
        return self._go(self._session.run)

    def _ask(self, rest: bytes) -> bytes:
        name = rest.partition(b":")[0]
        first = rest.partition(b",")
        if name == b"Supported":
            return _FEATURES
        if name == b"Attached":
            return b"1"
        if rest == b"C":
            return b"QC%x" % (self._session.current() + 1)
        if rest == b"fThreadInfo":
            return b"m" + b",".join(b"%x" % (number + 1) for number in self._session.numbers())
        if rest == b"sThreadInfo":
            return b"l"
        if first[0] == b"ThreadExtraInfo":
            number = self._task(first[2])
            return _ABSENT if number is None else printable(self._session.does(number)).encode().hex().encode()
        if rest.startswith(b"Xfer:features:read:target.xml:"):
            return _part(description(), rest.rpartition(b":")[2])
        if rest.startswith(b"Xfer:threads:read::"):
            return _part(self._threads(), rest.rpartition(b":")[2])
        if first[0] == b"Rcmd":
            asked = bytes.fromhex(first[2].decode("ascii")).decode(errors="replace")
            return printable(self._monitor(asked), keep="\n").encode().hex().encode() or _OK
        return _NOTHING


def _thread(text: bytes) -> int:
    return int(text, 16)


def _numbers(text: bytes, count: int) -> list[int]:
    found = [int(word, 16) for word in text.split(b",")]
    if len(found) != count or min(found) < 0 or max(found) >= 1 << 64:
        raise ValueError
    return found


def _part(content: bytes, where: bytes) -> bytes:
    """What a client reads of something longer than a packet."""
    offset, length = _numbers(where, 2)
    part = content[offset : offset + min(length, MOST // 4)]
    return (b"m" if offset + len(part) < len(content) else b"l") + part
