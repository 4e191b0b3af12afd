"""Host libraries: calls, traps with their place, externs, state. The unit here is C written by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from tyrne.compiler import CompileError, Unit
from tyrne.compiler.build import HostLibrary, load_host_library
from tyrne.compiler.build.host import CompiledTrap
from tyrne.lang import Trap

DECLARATIONS = """\
typedef uint8_t u8; typedef uint32_t u32; typedef uint64_t u64;
typedef struct { u32 kind; u32 file; u32 line; } KpTrap;
typedef struct { u64 x; u8 y; } Pair;
extern KpTrap kp_trap;
extern Pair PAIR;
void kp_reset(void);
u64 k_half(u64 a);
Pair k_pair(u64 a, u8 b);
void k_store(u64 a);
u64 k_ask(u64 a);
bool kp_call_half(u64 *result, u64 a);
bool kp_call_pair(Pair *result, u64 a, u8 b);
bool kp_call_store(u64 a);
bool kp_call_ask(u64 *result, u64 a);
extern u64 (*kp_extern_answer)(u64 a);
"""
CODE = """\
#include <stdint.h>
#include <stdbool.h>
#include <setjmp.h>
typedef uint8_t u8; typedef uint32_t u32; typedef uint64_t u64;
typedef struct { u32 kind, file, line; } KpTrap;
typedef struct { u64 x; u8 y; } Pair;
KpTrap kp_trap;
Pair PAIR = {1, 2};
void kp_reset(void) { PAIR = (Pair){1, 2}; }
static jmp_buf caller;
u64 (*kp_extern_answer)(u64 a);
static _Noreturn void kp_panic(u32 kind, u32 file, u32 line)
{ kp_trap = (KpTrap){kind, file, line}; longjmp(caller, 1); }
u64 k_half(u64 a) { if (a & 1) kp_panic(1, 0, 12); return a / 2; }
Pair k_pair(u64 a, u8 b) { return (Pair){a, b}; }
void k_store(u64 a) { PAIR.x = a; if (a > 9) kp_panic(2, 1, 30); }
u64 k_ask(u64 a) { return kp_extern_answer(a) + 1; }
bool kp_call_half(u64 *result, u64 a) { if (setjmp(caller)) return false; *result = k_half(a); return true; }
bool kp_call_pair(Pair *result, u64 a, u8 b) { if (setjmp(caller)) return false; *result = k_pair(a, b); return true; }
bool kp_call_store(u64 a) { if (setjmp(caller)) return false; k_store(a); return true; }
bool kp_call_ask(u64 *result, u64 a) { if (setjmp(caller)) return false; *result = k_ask(a); return true; }
"""


def unit() -> Unit:
    files = ("kernel/half.py", "kernel/store.py")
    return Unit(c=CODE, offsets="", declarations=DECLARATIONS, types={}, files=files, inputs=())


@pytest.fixture
def library() -> HostLibrary:
    library = load_host_library(unit())
    library.reset()
    return library


def test_a_call_gives_what_the_function_returns(library: HostLibrary) -> None:
    assert library.call("half", 8) == 4
    first, second = library.call("pair", 5, 6), library.call("pair", 7, 8)
    assert (first.x, first.y, second.x, second.y) == (5, 6, 7, 8)
    assert library.call("store", 3) is None
    assert library.lib.PAIR.x == 3


def test_a_failed_check_is_a_trap_with_its_python_line(library: HostLibrary) -> None:
    with pytest.raises(Trap) as trap:
        library.call("half", 7)
    assert isinstance(trap.value, CompiledTrap)
    assert (trap.value.file, trap.value.line) == ("kernel/half.py", 12)
    with pytest.raises(CompiledTrap, match=r"at kernel/store.py:30"):
        library.call("store", 10)
    assert library.call("half", 2) == 1


def test_reset_restores_the_initial_state(library: HostLibrary) -> None:
    library.call("store", 3)
    library.reset()
    assert library.lib.PAIR.x == 1


def test_an_extern_is_what_python_binds(library: HostLibrary) -> None:
    library.bind("answer", lambda a: a * 10)
    assert library.call("ask", 4) == 41


def test_what_an_extern_raises_comes_out_of_the_call(library: HostLibrary) -> None:
    def refuse(a: int) -> int:
        raise ValueError(f"no {a}")

    library.bind("answer", refuse)
    with pytest.raises(ValueError, match="no 4"):
        library.call("ask", 4)
    assert library.call("half", 2) == 1


def test_a_function_that_is_not_exported_is_an_error(library: HostLibrary) -> None:
    with pytest.raises(CompileError, match="missing: not exported; mark the function with @export"):
        library.call("missing")


ONE_OF_MANY = """
import json, sys
from tyrne.compiler import Unit
from tyrne.compiler.build.host import load_host_library
print("ready", flush=True)
unit = Unit(**json.load(sys.stdin))
for turn in range(3):
    library = load_host_library(unit)
    assert library.call("half", 8) == 4
print(library.path.parent)
"""
"""Waits for a unit, then loads it again and again, as a user's Python does: byte code is written."""


def test_twenty_processes_at_once_on_an_empty_cache_load_one_library_that_stays(tmp_path: Path) -> None:
    ordinary = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with ExitStack() as stack:
        many = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", ONE_OF_MANY],
                    env={**ordinary, "TYRNE_CACHE": str(tmp_path)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(20)
        ]
        assert [process.stdout.readline() for process in many if process.stdout] == ["ready\n"] * 20
        for process in many:
            assert process.stdin is not None
            process.stdin.write(json.dumps(asdict(unit())))
            process.stdin.close()
        folders = {process.stdout.read() for process in many if process.stdout}
    assert [process.returncode for process in many] == [0] * 20
    (entry,) = (path for path in (tmp_path / "host").iterdir() if path.suffix != ".lock")
    assert folders == {f"{entry}\n"}
    assert list(entry.rglob("*.pyc")), "nobody has written into the entry: the test would pass without that"
