"""The ELF of a kernel as one looks at it while it runs: its code, where its transitions end, its types."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from elftools.elf.elffile import ELFFile

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.compiler import CompileError
from tyrne.hal.manifest import WORD_MAX_INSTRUCTIONS
from tyrne.host_file import read_file
from tyrne.hosted.ram import RAM_START
from tyrne.system.build import kernel_elf
from tyrne.system.dwarf import read_rows
from tyrne.system.dwarf_types import Array, BadTypesError, Struct, Type, Types
from tyrne.system.errors import RequestError, reason
from tyrne.system.manifest import System, encode
from tyrne.system.qemu_gdb import Stub
from tyrne.system.source_lines import Place, SourceMap

KERNEL_HALF: Final = int(DIRECT_MAP)
"""From here on addresses are the kernel's."""
KERNEL: Final = "KERNEL"
"""The variable that holds all state."""
_RETURN: Final = (0xD69F_03E0).to_bytes(4, "little")
"""`eret`: to a task, or back into the kernel."""
_REST: Final = (0xD503_207F).to_bytes(4, "little")
"""`wfi`: nobody is ready."""
_SYMBOLS: Final = ("leave_machine", "leave_machine_end", "manifest_start")
"""Between the first two the machine ends, and waits for its end."""
_MOST: Final = 16 << 20
"""Bytes of an image that is read."""
TEXT_BYTES: Final = 1 << 20
"""Of code, which is compared: a kernel's places lie within as much of it."""
PLACES: Final = 64
"""Instructions at which transitions end, or a kernel rests: each gets a breakpoint. Ours has some ten of both."""
KERNEL_BYTES: Final = 4 << 20
"""Of all state, which is read whole; a kernel has less than a tenth of it."""
MANIFEST_BYTES: Final = 256 << 10
"""Of a manifest that are compared: in front it has all but what programs consist of."""
_LIMIT: Final = slice(8 * int(WORD_MAX_INSTRUCTIONS), 8 * int(WORD_MAX_INSTRUCTIONS) + 8)


@dataclass(frozen=True)
class KernelImage:
    """A linked kernel for QEMU."""

    path: Path
    elf: bytes
    text: int
    """The address of its code."""
    code: bytes
    manifest: int
    """The address of the manifest of its system."""
    returns: tuple[int, ...]
    """Instructions with which a transition ends; and the kernel's own traps at boot."""
    rests: tuple[int, ...]
    """Those with which it waits for an interrupt."""

    @cached_property
    def types(self) -> Types:
        """RequestError where its debug information tells none."""
        try:
            return Types(self.elf)
        except BadTypesError as error:
            raise RequestError(f"{self.path}: {error}; give what tyrne build --emit elf writes") from None

    @cached_property
    def kernel(self) -> tuple[int, int]:
        """The physical address and the size of all state."""
        try:
            address, kind = self.types.variable(KERNEL)
        except BadTypesError as error:
            raise RequestError(f"{self.path}: {error}; give what tyrne build --emit elf writes") from None
        if kind.size > KERNEL_BYTES:
            raise RequestError(f"{self.path}: no kernel has so much state; give what tyrne build --emit elf writes")
        return physical(address), kind.size

    @cached_property
    def lines(self) -> SourceMap:
        """The lines of Python that its instructions were compiled from; of an image of our own making."""
        parts: list[tuple[int, Place | None]] = []
        end = None
        for row in sorted(read_rows(self.elf), key=lambda row: row.start):
            if end is not None and end < row.start:
                parts.append((end, None))
            parts.append((row.start, Place(row.file, row.line, None)))
            end = row.end
        return SourceMap(parts)

    def at(self, *path: str | int) -> tuple[int, Type]:
        """The physical address and the type of a part of the kernel, by the names of fields and the indices of elements
        that lead there; BadTypesError where there is none."""
        address, kind = self.types.variable(KERNEL)
        for step in path:
            if isinstance(kind, Struct) and step in kind.fields:
                offset, kind = kind.fields[str(step)]
                address += offset
            elif isinstance(kind, Array) and isinstance(step, int) and 0 <= step < kind.length:
                address, kind = address + step * kind.element.size, kind.element
            else:
                raise BadTypesError(f"its kernel has no {step}")
        return physical(address), kind

    def check(self, stub: Stub, system: System) -> None:
        """RequestError unless this is what has been loaded there, with this system; its limit may be another."""
        if stub.read(physical(self.text), len(self.code)) != self.code:
            mend = "name the ELF that was started with --image, or run the system with tyrne run --machine qemu --gdb"
            raise RequestError(f"{stub.where}: another kernel runs there than {self.path}; {mend}")
        manifest = encode(system)[:MANIFEST_BYTES]
        if _without_limit(stub.read(physical(self.manifest), len(manifest))) != _without_limit(manifest):
            raise RequestError(f"{stub.where}: another system runs there; name the one that does")


def _without_limit(manifest: bytes) -> bytes:
    return manifest[: _LIMIT.start] + manifest[_LIMIT.stop :]


def physical(address: int) -> int:
    """Where in RAM something of the kernel's lies; addresses of RAM itself stay as they are."""
    return address - int(DIRECT_MAP) if address >= int(DIRECT_MAP) else address


def image_of(system: System) -> KernelImage:
    """The kernel that `tyrne run --machine qemu` starts for a system."""
    try:
        return read_image(kernel_elf(system, traced=True))
    except CompileError as error:
        raise RequestError(*str(error).split("\n")) from None


def read_image(path: Path) -> KernelImage:
    """The image in a file; RequestError says what is wrong with it."""
    try:
        elf = read_file(path, _MOST)
    except OSError as error:
        mend = "give what tyrne build --emit elf writes"
        raise RequestError(f"{path}: cannot be read: {reason(error)}; {mend}") from None
    try:
        if len(elf) > _MOST:
            raise ValueError("too large")
        found: Any = ELFFile(io.BytesIO(elf))
        section, symbols = found.get_section_by_name(".text"), found.get_section_by_name(".symtab")
        if section.data_size > TEXT_BYTES:
            raise ValueError("no kernel")
        text, code = int(section["sh_addr"]), bytes(section.data())
        first, end, manifest = (int(symbols.get_symbol_by_name(name)[0]["st_value"]) for name in _SYMBOLS)
        if not int(DIRECT_MAP) + RAM_START <= text:
            raise ValueError("no kernel")
    except Exception as error:  # a library reads what may be anything: all that it raises means one thing
        raise RequestError(f"{path}: no kernel for QEMU; give what tyrne build --emit elf writes") from error
    words = range(0, len(code) - 3, 4)
    returns = [text + at for at in words if code[at : at + 4] == _RETURN]
    rests = [text + at for at in words if code[at : at + 4] == _REST and not first <= text + at < end]
    if len(returns) + len(rests) > PLACES:
        what = f"no kernel returns from traps, or waits, at more than {PLACES} places"
        raise RequestError(f"{path}: {what}; give what tyrne build --emit elf writes")
    return KernelImage(path, elf, text, code, manifest, tuple(returns), tuple(rests))
