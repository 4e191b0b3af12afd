"""A translated program as a shared library in this process: calls from Python, failed checks as `Trap`.

clang and ld.lld build it without any C library: the few symbols that it needs (memcpy, setjmp, longjmp) are those of
the process that loads it.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from tyrne.compiler import RUNTIME, CompileError, Target, Unit
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part
from tyrne.compiler.build.toolchain import compile_file, run_tool, wheel
from tyrne.compiler.build.translation import translated
from tyrne.lang import Trap

HOST_FLAGS: Final = ("-O2", "-fPIC")
COUNTERS: Final = "kp_counters"
"""What a library that counts its edges has besides its unit: see kp_counters.c."""
COUNTER_DECLARATIONS: Final = "extern uint8_t *kp_counters;\nextern uint64_t kp_counter_count;\n"
EDGES: Final = "edges.json"

GENERIC_HEADERS: Final = ("generic-glibc", "any-linux-any")
ARCHITECTURE_HEADERS: Final = {
    "x86_64": ("x86-linux-gnu", "x86-linux-any"),
    "aarch64": ("aarch64-linux-gnu", "aarch64-linux-any"),
}
"""Where the wheel keeps the headers of the C library, by the machine's name."""

KINDS: Final = {
    int(number): name.lower()
    for name, number in re.findall(r"^    KP_(\w+) = (\d+),$", (RUNTIME / "kp.h").read_text(), re.MULTILINE)
}
"""What failed, by the kind of a panic: overflow, index, division, assertion, narrowing, unreachable, machine."""


class CompiledTrap(Trap):
    """A check failed in compiled code: which, and the line of Python that it stands for."""

    def __init__(self, kind: str, file: str, line: int) -> None:
        super().__init__(f"{kind} at {file}:{line}")
        self.kind = kind
        self.file = file
        self.line = line


class HostLibrary:
    """A loaded program. Its global places are static: two instances of one program share them; `reset` renews them.

    `ffi` and `lib` are cffi's; `unit.types` describes what the structs mean. Calls are for one thread at a time, and
    what an extern calls must not call back.
    """

    def __init__(self, unit: Unit, library: Path, bindings: Path) -> None:
        self.unit = unit
        self.path = library
        self.ffi: Any = _load_bindings(bindings)
        self.lib: Any = self.ffi.dlopen(str(library))
        self._raised: list[BaseException] = []
        self._callbacks: dict[str, object] = {}

    def reset(self) -> None:
        """Put every global place back into its initial state."""
        self.lib.kp_reset()

    def call(self, name: str, *arguments: Any) -> Any:
        """Call an export by its Python name. A failed check raises CompiledTrap; the state stays as it was left."""
        return self.function(name)(*arguments)

    def function(self, name: str) -> Callable[..., Any]:
        """An export as a fast callable: integers, booleans and pointers in and out, structs out."""
        try:
            guarded = getattr(self.lib, f"kp_call_{name}")
        except AttributeError:
            raise CompileError(f"{name}: not exported; mark the function with @export") from None
        result = self.ffi.typeof(getattr(self.lib, f"k_{name}")).result
        raised = self._raised
        if result.kind == "void":

            def call_procedure(*arguments: Any) -> None:
                fine = guarded(*arguments)
                if raised:
                    raise raised.pop()
                if not fine:
                    raise self.failure()

            return call_procedure
        cell = self.ffi.new(self.ffi.typeof(guarded).args[0])
        is_scalar = result.kind in ("primitive", "pointer")

        def call_function(*arguments: Any) -> Any:
            fine = guarded(cell, *arguments)
            if raised:
                raise raised.pop()
            if not fine:
                raise self.failure()
            return cell[0] if is_scalar else self.ffi.new(self.ffi.typeof(cell), cell[0])[0]

        return call_function

    def bind(self, name: str, function: Callable[..., Any]) -> None:
        """Let `function` stand for an extern. What it raises comes out of the export that was called."""
        pointer = f"kp_extern_{name}"

        def failed(exception: Any, error: BaseException, trace: Any) -> None:
            self._raised.append(error)

        self._callbacks[name] = self.ffi.callback(self.ffi.typeof(getattr(self.lib, pointer)), function, onerror=failed)
        setattr(self.lib, pointer, self._callbacks[name])

    def failure(self) -> CompiledTrap:
        """Which check has failed in the last call that a check has ended."""
        trap = self.lib.kp_trap
        return CompiledTrap(KINDS.get(trap.kind, f"check {trap.kind}"), self.unit.files[trap.file], trap.line)


class CountingLibrary(HostLibrary):
    """A loaded program that counts how often control comes to each of its edges: modulo 256, and never back to zero by
    itself, `reset` included."""

    def __init__(self, unit: Unit, library: Path, bindings: Path) -> None:
        from tyrne.compiler.build.edges import Edge

        super().__init__(unit, library, bindings)
        self.edges: Final = tuple(Edge(*fields) for fields in json.loads((library.parent / EDGES).read_text()))
        self.counters: Final = memoryview(self.ffi.buffer(self.lib.kp_counters, self.lib.kp_counter_count))
        """A byte for each edge, which may be written."""
        assert len(self.counters) == len(self.edges)


def build_host_library(root: str | Path, options: Mapping[str, bool] | None = None) -> HostLibrary:
    """Translate a root for the host, compile it and load it."""
    return load_host_library(translated(root, Target.HOST, options or {}))


def build_counting_library(root: str | Path, options: Mapping[str, bool] | None = None) -> CountingLibrary:
    """The same, compiled so that it counts its edges; several times as large, and a little slower."""
    unit = translated(root, Target.HOST, options or {})
    folder = compile_host(unit, counters=True)
    return CountingLibrary(unit, folder / "unit.so", folder / "bindings.py")


def load_host_library(unit: Unit) -> HostLibrary:
    """Compile a unit for the host and load it."""
    folder = compile_host(unit)
    return HostLibrary(unit, folder / "unit.so", folder / "bindings.py")


def compile_host(unit: Unit, counters: bool = False) -> Path:
    """The folder with `unit.so` and `bindings.py`, cffi's reading of the declarations; with counters, what they count
    as well."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in ARCHITECTURE_HEADERS:
        raise CompileError(f"{platform.system()} {machine}: host libraries are built on Linux x86-64 and AArch64 only")
    headers = [wheel() / "lib" / "libc" / "include" / name for name in ARCHITECTURE_HEADERS[machine] + GENERIC_HEADERS]
    system = [word for header in headers for word in ("-isystem", str(header))]
    flags = [f"--target={machine}-linux-gnu", *HOST_FLAGS]

    extra: tuple[str, ...] = ()
    if counters:  # imported here: it reads ELF files, and other builds that are in the cache do without
        from tyrne.compiler.build.edges import COUNTING_FLAGS, read_edges

        extra = COUNTING_FLAGS

    def make(work: Path) -> None:
        (work / "unit.c").write_text(unit.c)
        every = [*flags, *extra, *system]
        compile_file("unit.c", "unit.o", work, every, include=[RUNTIME])
        objects = ["unit.o"]
        if counters:
            (work / f"{COUNTERS}.c").write_bytes((RUNTIME / f"{COUNTERS}.c").read_bytes())
            compile_file(f"{COUNTERS}.c", f"{COUNTERS}.o", work, [*flags, *system])
            objects.append(f"{COUNTERS}.o")
        run_tool("ld.lld", ["-shared", "--build-id=none", *objects, "-o", "unit.so"], work)
        _write_bindings(unit.declarations + COUNTER_DECLARATIONS * counters, work / "bindings.py")
        if counters:
            edges = [astuple(edge) for edge in read_edges(work / "unit.so", work / "unit.o")]
            (work / EDGES).write_text(json.dumps(edges))

    return stored("host", digest([compiler_part(), unit.c, unit.declarations, *flags, *extra]), make)


def _write_bindings(declarations: str, path: Path) -> None:
    """Parse the declarations once and for all: the C parser takes longer than everything else of a cached build."""
    from cffi import FFI  # type: ignore[import-untyped]

    ffi = FFI()
    ffi.cdef(declarations)
    ffi.set_source("bindings", None)
    with redirect_stdout(None):  # it says what it writes
        ffi.emit_python_code(str(path))


def _load_bindings(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("bindings", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ffi
