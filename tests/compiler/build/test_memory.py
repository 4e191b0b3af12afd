"""memcpy and the like of freestanding programs, compiled for the host and compared with Python."""

from __future__ import annotations

import ctypes
import platform
import random
from pathlib import Path

import pytest

from tyrne.compiler import RUNTIME
from tyrne.compiler.build.toolchain import compile_file, run_tool

TYPES = "#include <stddef.h>\n#include <stdint.h>\ntypedef uint8_t u8; typedef uint64_t u64;\n"
TYPES += "typedef u64 __attribute__((may_alias)) KpAny64;\n"


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder: Path = tmp_path_factory.mktemp("memory")
    functions = (RUNTIME / "kp_machine.h").read_text().partition("#define KP_MEMORY")[2].rpartition("#endif")[0]
    (folder / "memory.c").write_text(f"{TYPES}#define KP_MEMORY{functions}")
    flags = [f"--target={platform.machine()}-linux-gnu", "-O2", "-fPIC"]
    compile_file("memory.c", "memory.o", folder, flags)
    run_tool("ld.lld", ["-shared", "-Bsymbolic", "memory.o", "-o", "memory.so"], folder)
    return ctypes.CDLL(str(folder / "memory.so"))


@pytest.mark.parametrize("seed", range(4))
def test_memory_functions_do_what_c_says(memory: ctypes.CDLL, seed: int) -> None:
    choose = random.Random(seed)
    buffer = (ctypes.c_uint8 * 256)()
    base = ctypes.addressof(buffer)
    for _ in range(500):
        before = bytes(choose.choice((0, 1, 255)) for _ in range(256))
        buffer[:] = before
        length = choose.randrange(70)
        a, b = choose.randrange(0, 64), 128 + choose.randrange(0, 58)
        near = a + choose.randrange(-min(a, 20), 20)
        value = choose.randrange(-5, 300)
        match choose.choice(("memcpy", "memmove", "memset", "memcmp")):
            case "memcpy":
                memory.memcpy(ctypes.c_void_p(base + a), ctypes.c_void_p(base + b), ctypes.c_size_t(length))
                wanted = before[:a] + before[b : b + length] + before[a + length :]
            case "memmove":
                memory.memmove(ctypes.c_void_p(base + a), ctypes.c_void_p(base + near), ctypes.c_size_t(length))
                wanted = before[:a] + before[near : near + length] + before[a + length :]
            case "memset":
                memory.memset(ctypes.c_void_p(base + a), value, ctypes.c_size_t(length))
                wanted = before[:a] + bytes([value & 255]) * length + before[a + length :]
            case _:
                wanted = before
                left, right = before[a : a + length], before[b : b + length]
                got = memory.memcmp(ctypes.c_void_p(base + a), ctypes.c_void_p(base + b), ctypes.c_size_t(length))
                assert (got > 0) - (got < 0) == (left > right) - (left < right)
        assert bytes(buffer) == wanted
