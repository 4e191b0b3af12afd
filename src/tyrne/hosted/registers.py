"""Register files that the CPU loads and stores in one call, and that the kernel sees as its own arrays.

A place of the kernel (a trap frame, a thread's state) is adopted once: its arrays are replaced by arrays over host
memory that the CPU reads and writes, so a trap converts only the registers that the kernel looks at.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Final

from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hosted import engine
from tyrne.lang import Array, Trap, u64

_SP, _PSTATE, _PC = 31, 32, 33
_FPCR, _FPSR, _TPIDR = 64, 66, 68
_Words = ctypes.Array[ctypes.c_uint64]


class RegisterArray(Array[u64]):
    """The first `length` words of host memory, as an array of the kernel."""

    __slots__ = ("_call", "_called", "_length", "_words")

    def __init__(self, words: _Words, length: int) -> None:
        super().__init__([])
        self._words = words
        self._length = length
        self._called: list[int] = []
        self._call: Call | None = None

    def call(self) -> Call:
        """The system call that x0 to x8 are. The kernel asks for it more than once in a trap, and it is a value: it is
        made anew only when one of them has changed."""
        words = self._words[:9]
        call = self._call
        if call is None or words != self._called:
            a0, a1, a2, a3, a4, a5, _, _, number = map(u64, words)
            call = self._call = Call(number, a0, a1, a2, a3, a4, a5)
            self._called = words
        return call

    def __len__(self) -> int:
        return self._length

    @property
    def memory(self) -> _Words:
        """All of the host memory that these are the first words of."""
        return self._words

    def words(self, count: int) -> list[int]:
        """The first `count` words, as plain integers."""
        return self._words[:count]

    def __iter__(self) -> Iterator[u64]:
        return map(u64, self._words[: self._length])

    def __getitem__(self, index: int, /) -> u64:
        if not 0 <= index < self._length:
            raise Trap(f"index {int(index)} of {self._length}")
        return u64(self._words[index])

    def __setitem__(self, index: int, value: u64, /) -> None:
        if not 0 <= index < self._length:
            raise Trap(f"index {int(index)} of {self._length}")
        self._words[index] = value


class GeneralRegisters(engine.Places):
    """x0 to x30, SP, PSTATE and PC of one thread, at the given host addresses."""

    def __init__(self, addresses: Sequence[int]) -> None:
        super().__init__(addresses)
        self._addresses: Final = addresses
        self._pstate: Final = ctypes.c_uint64.from_address(addresses[_PSTATE])
        self._pc: Final = ctypes.c_uint64.from_address(addresses[_PC])

    @property
    def pstate(self) -> int:
        return self._pstate.value

    @property
    def pc(self) -> int:
        return self._pc.value

    def get(self, number: int) -> int:
        """x0 to x30; 31 is SP."""
        return ctypes.c_uint64.from_address(self._addresses[number]).value

    def set(self, number: int, value: int) -> None:
        ctypes.c_uint64.from_address(self._addresses[number]).value = value

    def go_on(self) -> None:
        """To the next instruction."""
        self._pc.value += 4


class LiveFrame(TrapFrame):
    """What a trap frame is once it has been adopted."""

    x: RegisterArray

    def call(self) -> Call:
        return self.x.call()


class AdoptedFrame(GeneralRegisters):
    """The registers of a trap frame of the kernel under CPython."""

    def __init__(self, frame: TrapFrame) -> None:
        self.words: Final = (ctypes.c_uint64 * len(engine.GENERAL))(*frame.x)
        super().__init__(_addresses(self.words, 8))
        self._frame: Final = frame
        frame.x = RegisterArray(self.words, 31)
        frame.__class__ = LiveFrame

    def from_frame(self) -> None:
        frame, words = self._frame, self.words
        words[_SP] = frame.sp
        words[_PSTATE] = frame.pstate
        words[_PC] = frame.pc

    def to_frame(self) -> None:
        """What a run leaves as it was, SP and PSTATE for the most part, is not made anew."""
        frame, words = self._frame, self.words
        if frame.sp != (sp := words[_SP]):
            frame.sp = u64(sp)
        if frame.pstate != (pstate := words[_PSTATE]):
            frame.pstate = u64(pstate)
        if frame.pc != (pc := words[_PC]):
            frame.pc = u64(pc)


class AdoptedState(engine.Places):
    """q0 to q31, FPCR, FPSR and TPIDR_EL0 of a thread's state of the kernel under CPython."""

    def __init__(self, state: ThreadState) -> None:
        self.words: Final = (ctypes.c_uint64 * (2 * len(engine.EXTENDED)))(*state.q)
        super().__init__(_addresses(self.words, 16))
        self._state: Final = state
        state.q = RegisterArray(self.words, 64)

    def from_state(self) -> None:
        state, words = self._state, self.words
        words[_FPCR] = state.fpcr
        words[_FPSR] = state.fpsr
        words[_TPIDR] = state.tpidr

    def to_state(self) -> None:
        state, words = self._state, self.words
        state.fpcr = u64(words[_FPCR])
        state.fpsr = u64(words[_FPSR])
        state.tpidr = u64(words[_TPIDR])


def _addresses(words: _Words, step: int) -> range:
    start = ctypes.addressof(words)
    return range(start, start + ctypes.sizeof(words), step)
