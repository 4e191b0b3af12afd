"""The C that drives the CPU, as this process calls it: src/tyrne/hosted/*.c, built once and kept in the cache.

Where there is no compiler of the pinned wheel, or the cache cannot be used, there is no library either: then the CPU is
driven from Python, and counts by the emulator's own counter. What comes out is the same.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.host_c import build_host_c
from tyrne.hosted import engine
from tyrne.hosted.engine import Engine, Registers

if TYPE_CHECKING:
    from tyrne.hosted.drivers import ByBlock

_FOLDER: Final = Path(__file__).parent
_FUNCTIONS: Final = (
    "emu_start", "emu_stop", "reg_read_batch", "reg_write_batch", "context_save", "context_restore", "hook_add",
    "hook_del", "ctl",
)  # fmt: skip
_P, _U64, _U32 = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
GENERAL: Final = Registers(engine.GENERAL)
EXTENDED: Final = Registers(engine.EXTENDED)


class CpuState(ctypes.Structure):
    """`struct cpu` of counting.h."""

    _fields_ = (
        *((name, _P) for name in ("engine", "context", "state")),
        ("exception", _U64),
        ("monitor", _U64),
        ("registers", _P),
        *((name, _P) for name in _FUNCTIONS),
        *((name, _U64) for name in ("instructions", "before", "block", "length", "limit", "due")),
        *((name, _U32) for name in ("due_length", "reached", "syndrome", "inside")),
        ("address", _U64),
        ("stop", _U64),
    )


class Reason(Enum):
    """`enum reason` of transitions.c: why there are no more transitions for now."""

    RECORDS = 0
    """The journal has a record for Python, or nobody is left to run."""
    STOPPED = 1
    """The task that runs has stopped, but not by a system call or an interrupt."""
    UNUSUAL = 2
    """The task that runs next cannot be started like others."""
    PAUSED = 3
    """There have been many, or one was long."""
    FAILED = 4
    """A check of the kernel has failed."""


class NativeState(ctypes.Structure):
    """`struct native` of transitions.c."""

    _fields_ = (
        *((name, _P) for name in ("cpu", "reg_write", "trap", "journal", "fields", "extended")),
        *((name, _U64) for name in ("x", "sp", "pstate", "pc", "q", "fpcr", "fpsr", "tpidr")),
        *((name, _U64) for name in ("flush_code", "flush_translations", "system_register")),
        ("asked_for", _U64 * 2),
        ("task", _P),
        *((name, _U64) for name in ("alarm_at", "rested", "taken", "known", "passed")),
        ("error", ctypes.c_int64),
    )


@functools.cache
def load() -> Any:
    """The library, or None where it cannot be built."""
    try:
        path = build_host_c([_FOLDER / "counting.c", _FOLDER / "transitions.c"], [_FOLDER / "counting.h"])
        library = ctypes.CDLL(str(path))
    except (CompileError, OSError):
        return None
    library.tyrne_run.argtypes = (_P, _P, _U64)
    library.tyrne_take_exception.argtypes = (_P,)
    library.tyrne_count_blocks.argtypes = (_P,)
    library.tyrne_transitions.argtypes = (_P, _U64, _U64)
    library.tyrne_execute.argtypes = (_P,)
    return library


def cpu_state(cpu: Engine) -> CpuState:
    """What the library needs to know of a CPU."""
    layout = engine.layout()
    state = CpuState(
        engine=cpu.handle,
        context=cpu.context,
        state=ctypes.addressof(cpu.state),
        exception=layout.exception,
        monitor=layout.monitor,
        registers=GENERAL.address,
    )
    for name in _FUNCTIONS:
        setattr(state, name, engine.address_of_function(f"uc_{name}"))
    return state


def native_state(cpu: ByBlock, offsets: Mapping[str, int], fields: Mapping[int, int]) -> NativeState:
    """What the library needs to know of a compiled kernel besides its journal and its trap: where its structs have
    what, and how many fields each kind of record of its journal has."""
    frame = offsets["TASK_FRAME"]
    state = NativeState(
        cpu=cpu.address,
        reg_write=engine.address_of_function("uc_reg_write"),
        extended=EXTENDED.address,
        flush_code=engine.FLUSH_CODE,
        flush_translations=engine.FLUSH_TRANSLATIONS,
        system_register=engine.SYSTEM_REGISTER,
        **{name: frame + offsets[f"TRAP_FRAME_{name.upper()}"] for name in ("x", "sp", "pstate", "pc")},
        **{name: offsets[f"THREAD_STATE_{name.upper()}"] for name in ("q", "fpcr", "fpsr", "tpidr")},
    )
    state.table = (ctypes.c_uint8 * (max(fields) + 1))(*(fields.get(kind, 0) for kind in range(max(fields) + 1)))
    state.fields = ctypes.addressof(state.table)
    return state
