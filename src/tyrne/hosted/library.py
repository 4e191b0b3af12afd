"""The C that drives the CPU, as this process calls it: src/tyrne/hosted/*.c, built once and kept in the cache.

Where there is no compiler of the pinned wheel, or the cache cannot be used, there is no library either: then the CPU is
driven from Python, and counts by the emulator's own counter. What comes out is the same.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any, Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.host_c import build_host_c
from tyrne.hosted import engine
from tyrne.hosted.engine import Engine, Registers

_FOLDER: Final = Path(__file__).parent
_FUNCTIONS: Final = (
    "emu_start", "emu_stop", "reg_read_batch", "reg_write_batch", "context_save", "context_restore", "hook_add",
    "hook_del", "ctl",
)  # fmt: skip
_P, _U64, _U32 = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
GENERAL: Final = Registers(engine.GENERAL)


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


@functools.cache
def load() -> Any:
    """The library, or None where it cannot be built."""
    try:
        path = build_host_c([_FOLDER / "counting.c"], [_FOLDER / "counting.h"])
        library = ctypes.CDLL(str(path))
    except (CompileError, OSError):
        return None
    library.tyrne_run.argtypes = (_P, _P, _U64)
    library.tyrne_take_exception.argtypes = (_P,)
    library.tyrne_count_blocks.argtypes = (_P,)
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
