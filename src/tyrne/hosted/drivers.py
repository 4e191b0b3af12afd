"""Two ways to let the CPU run and to count the instructions that it begins. They count the same.

`ByBlock` is told when a block of instructions begins, in C: the CPU runs up to three times as fast. `ByInstruction`
needs no compiler: the emulator counts each instruction.

A driver's `run` goes on from the registers at `pointers` until the CPU stops; it gives what the emulator says, and
whether the limit was the reason. A trap has been taken when `run` returns, an interrupt has not.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any, Final, Protocol

from unicorn import unicorn_const as const

from tyrne.hosted import engine, library
from tyrne.hosted.engine import Engine, Registers
from tyrne.hosted.errors import EngineError
from tyrne.hosted.registers import GeneralRegisters

_MONITOR_STATE: Final = struct.Struct("<Q")
_MONITOR_CLEAR: Final = (1 << 64) - 1
_ALL_BUT_PC: Final = Registers(engine.GENERAL[:-1])
_ALL: Final = library.GENERAL


class Driver(Protocol):
    """How the CPU is run."""

    @property
    def instructions(self) -> int:
        """How many have begun since the start, those that trapped included. Set when the CPU goes back."""
        ...

    @instructions.setter
    def instructions(self, begun: int) -> None: ...

    def run(self, registers: GeneralRegisters, limit: int) -> tuple[int, bool]:
        """Until a trap, or until `limit` instructions, at least one, have begun and the next is due."""
        ...

    def begins(self, address: int) -> bool:
        """Whether the instruction there, of which the emulator says that it begins, is not the one before which it is
        stopped."""
        ...

    def begun(self, address: int | None) -> int:
        """While the CPU runs: how many instructions have begun before the one at an address, which begins now. For None
        before some instruction of the block that runs, and not behind the one that does."""
        ...

    def take_exception(self) -> None:
        """Copy the CPU's state, and clear the exclusive monitor, as the return from an exception does: no
        store-exclusive finds a load from before it, or another thread's."""
        ...


class ByBlock:
    """Counts in counting.c."""

    def __init__(self, cpu: Engine, functions: Any) -> None:
        self._state: Final = library.cpu_state(cpu)
        self.functions: Final = functions
        self.address: Final = ctypes.addressof(self._state)
        self._run: Final = functions.tyrne_run
        self._take_exception: Final = functions.tyrne_take_exception
        engine.check(functions.tyrne_count_blocks(self.address), "hook")

    @property
    def instructions(self) -> int:
        return int(self._state.instructions)

    @instructions.setter
    def instructions(self, begun: int) -> None:
        self._state.instructions = begun

    def run(self, registers: GeneralRegisters, limit: int) -> tuple[int, bool]:
        error = self._run(self.address, registers.pointers, limit)
        if error < 0:
            raise EngineError(f"the CPU stopped at {registers.pc:#x}, which is not in the block that had begun")
        return error, bool(self._state.reached)

    def begins(self, address: int) -> bool:
        return not self._state.inside or address != self._state.stop

    def begun(self, address: int | None) -> int:
        state = self._state
        within = 0 if address is None else (address - state.block) // 4
        return int(state.instructions + state.before) + within

    def take_exception(self) -> None:
        self._take_exception(self.address)


class ByInstruction:
    """Counts by the limit of instructions that a run of the emulator has."""

    def __init__(self, cpu: Engine) -> None:
        self.instructions = 0
        self._cpu: Final = cpu
        self._layout: Final = engine.layout()
        self._counter: Final = ctypes.c_uint64.from_address(cpu.handle + self._layout.counter)
        self._hook: Final = self._stop_before_misaligned_code()

    def run(self, registers: GeneralRegisters, limit: int) -> tuple[int, bool]:
        handle, pointers = self._cpu.handle, registers.pointers
        engine.reg_write_batch(handle, _ALL_BUT_PC.address, pointers, _ALL_BUT_PC.count)
        error: int = engine.emu_start(handle, registers.pc, 0, 0, limit)
        engine.reg_read_batch(handle, _ALL.address, pointers, _ALL.count)
        begun = self._counter.value
        self.instructions += min(begun, limit)
        if registers.pc & 3:
            engine.ctl(handle, engine.FLUSH_CODE)
        reached = begun > limit
        if not reached:
            self.take_exception()
        return error, reached

    def begins(self, address: int) -> bool:
        """The emulator's counter stops it before it says anything."""
        return True

    def begun(self, address: int | None) -> int:
        return self.instructions + max(0, self._counter.value - 1)

    def take_exception(self) -> None:
        state, place = self._cpu.state, self._layout.monitor
        engine.context_save(self._cpu.handle, self._cpu.context)
        if _MONITOR_STATE.unpack_from(state, place)[0] != _MONITOR_CLEAR:
            _MONITOR_STATE.pack_into(state, place, _MONITOR_CLEAR)
            engine.context_restore(self._cpu.handle, self._cpu.context)

    def _stop_before_misaligned_code(self) -> Any:
        """Unicorn executes code at any address. A block is looked at when it is translated, so before its first run;
        what was translated at a misaligned address is forgotten before the CPU runs again."""

        handle = self._cpu.handle

        def new_block(_engine: Any, block: Any, _previous: Any, _data: Any) -> None:
            if block[0].pc & 3:
                engine.emu_stop(handle)

        callback, hook = engine.NewBlock(new_block), ctypes.c_size_t()
        error = engine.hook_add(
            handle, ctypes.byref(hook), const.UC_HOOK_EDGE_GENERATED, ctypes.cast(callback, ctypes.c_void_p), None, 1, 0
        )
        engine.check(error, "hook")
        return callback, hook


def fastest(cpu: Engine) -> Driver:
    """The fastest driver that there is."""
    functions = library.load()
    return ByInstruction(cpu) if functions is None else ByBlock(cpu, functions)
