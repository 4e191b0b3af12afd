"""The most stack that any call of an exported function can need.

Frame sizes come from clang (`-fstack-usage`), calls from the relocations of the objects: every function has a section
of its own, so each call that is left after inlining is a relocation. The language has neither recursion nor function
pointers, hence the calls form a finite tree; an indirect call in the machine code is refused.

Two things are not in that tree. Assembly counts as what the caller declares for it. A failed check may happen anywhere.
In a kernel it is an exception, reported on a stack of its own. In a user program it is a call, also from the panic
function itself, whose depth is counted once, below the deepest point that can panic; it must stop by itself when it
fails a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from tyrne.compiler import CompileError
from tyrne.compiler.build.objects import AssemblyUse, Bound

CALL_RELOCATIONS: Final = (282, 283)
"""R_AARCH64_JUMP26 (a tail call) and R_AARCH64_CALL26."""

BLR: Final = 0xD63F_0000
"""BLR with its register number (bits 5 to 9) clear (Arm ARM C6.2); a call through a pointer."""
REGISTER_BITS: Final = 0x3E0

PANIC: Final = "kp_panic"
"""What failed checks call (kp.h)."""
HANDLER: Final = "k_panic"
"""What that calls in the program."""

_USAGE: Final = re.compile(r"^(?P<place>.*:\d+):(?P<name>[^\t]+)\t(?P<bytes>\d+)\t(?P<kind>\S+)$")


@dataclass
class Function:
    """A function: its frame in bytes, its Python place, and the names of what it calls."""

    name: str
    place: str
    frame: int
    exported: bool
    calls: set[str] = field(default_factory=set)


Depths = dict[str, tuple[int, tuple[str, ...]]]
"""By function: the bytes of the deepest chain of calls from it, and that chain."""


def stack_bounds(compiled: Path, assembly: Mapping[str, AssemblyUse]) -> list[Bound]:
    """One bound per exported function of a compiled object (its `.su` file beside it), deepest first.

    `assembly` says what assembly functions use; those that it does not name use no stack and call nothing.
    """
    functions = read_functions(compiled)
    for name, use in assembly.items():
        functions[name] = Function(name, "assembly", use.bytes, False, set(use.calls))
    depths: Depths = {}
    panics = [name for name in functions if name == PANIC or name.startswith(f"{PANIC}.")]  # also clang's clones of it
    inner = depths | dict.fromkeys(panics, (0, ()))
    for name in panics:
        depths[name] = _deepened(functions[name], functions, inner, ())
    if panics and HANDLER in functions:
        depths[HANDLER] = _depth(HANDLER, functions, inner, ())
    bounds = [Bound(name, *_depth(name, functions, depths, ())) for name, f in functions.items() if f.exported]
    return sorted(bounds, key=lambda bound: (-bound.bytes, bound.entry))


def _label(function: Function) -> str:
    return f"{function.name} ({function.place}, {function.frame} bytes)"


def _depth(
    name: str, functions: Mapping[str, Function], known: Depths, active: tuple[str, ...]
) -> tuple[int, tuple[str, ...]]:
    """Bytes and path of the deepest chain from `name`; `known` holds results, `active` the chain so far."""
    if name not in known:
        if name not in functions:  # assembly that uses no stack
            return 0, ()
        if name in active:
            raise CompileError(f"{functions[name].place}: recursion: {' -> '.join((*active, name))}; write a loop")
        known[name] = _deepened(functions[name], functions, known, active)
    return known[name]


def _deepened(
    function: Function, functions: Mapping[str, Function], known: Depths, active: tuple[str, ...]
) -> tuple[int, tuple[str, ...]]:
    """A function's own frame below the deepest of its calls."""
    chain = (*active, function.name)
    deepest = max((_depth(callee, functions, known, chain) for callee in sorted(function.calls)), default=(0, ()))
    return function.frame + deepest[0], (_label(function), *deepest[1])


def read_functions(path: Path) -> dict[str, Function]:
    """The functions of one compiled object by their names, which are unique in it."""
    usage = _read_usage(path.with_suffix(".su"))
    functions: dict[str, Function] = {}
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        symbols = elf.get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        names: dict[int, str] = {}
        for symbol in symbols.iter_symbols():
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] != "SHN_UNDEF":
                exported = symbol["st_info"]["bind"] == "STB_GLOBAL"
                functions[symbol.name] = Function(symbol.name, *usage[symbol.name], exported)
                names[symbol["st_shndx"]] = symbol.name
        for section in elf.iter_sections():
            if not isinstance(section, RelocationSection) or section["sh_info"] not in names:
                continue
            caller = names[section["sh_info"]]
            for relocation in section.iter_relocations():
                if relocation["r_info_type"] in CALL_RELOCATIONS:
                    target = symbols.get_symbol(relocation["r_info_sym"])
                    functions[caller].calls.add(names.get(target["st_shndx"], target.name))
        for index, name in names.items():
            code = elf.get_section(index).data()
            words = (int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code), 4))
            if any(word & ~REGISTER_BITS == BLR for word in words):
                function = functions[name]
                raise CompileError(f"{function.place}: {function.name} calls through a pointer: no bound on its stack")
    return functions


def _read_usage(path: Path) -> dict[str, tuple[str, int]]:
    """Place and frame size of each function of a `.su` file."""
    usage: dict[str, tuple[str, int]] = {}
    for line in path.read_text().splitlines():
        match = _USAGE.match(line)
        if match is None:
            raise CompileError(f"{path.name}: cannot read the stack use in: {line}")
        if match["kind"] != "static":
            raise CompileError(f"{match['place']}: {match['name']} has a frame without a fixed size")
        usage[match["name"]] = match["place"], int(match["bytes"])
    return usage
