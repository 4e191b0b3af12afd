"""The compiled kernel in this process, with its RAM and its journal: a library that the native machine calls."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from typing import Any, Final

from tyrne.boards.native import journal
from tyrne.compiler.build import HostLibrary, build_host_library
from tyrne.compiler.build.host import build_counting_library
from tyrne.hosted.ram import PRIVATE, Ram, address_of

ROOT: Final = "tyrne.boards.native.image"
FIELDS: Final = {int(kind): count for kind, count in journal.FIELDS.items()}
"""How many fields each kind of record of the journal has."""
_HEADER, _CAPACITY = int(journal.HEADER_WORDS), int(journal.CAPACITY)


class NativeKernel:
    """The compiled kernel with RAM and a journal. The library's state is the process's: one instance at a time."""

    def __init__(self, ram: Ram, debug_console: bool = True, root: str = ROOT, counting: bool = False) -> None:
        """With `counting`, the kernel counts its edges: `library` is a CountingLibrary."""
        build: Callable[..., HostLibrary] = build_counting_library if counting else build_host_library
        self.library: Final = build(root, {"debug_console": debug_console})
        self._ram: Final = ram
        self._journal_memory: Final = mmap.mmap(-1, 8 * (_HEADER + _CAPACITY), flags=PRIVATE)
        self.journal_address: Final = address_of(self._journal_memory)
        self.taken = 0
        """Words of the journal that have been executed, and are not to be taken."""
        self._words: Final = memoryview(self._journal_memory).cast("Q")
        self._let_the_kernel_call_itself()
        self.trap: Final[Callable[..., Any]] = self.library.function("trap")
        self.restart()

    def restart(self) -> None:
        """Forget all that happened; RAM stays as it is."""
        self.library.reset()
        self._words[0] = self._words[1] = self._words[2] = 0
        self.taken = 0
        ram = self._ram
        self.library.call("attach", ram.start, ram.size, ram.host_address(), self.journal_address)

    def set_pending_line(self, line: int | None) -> None:
        """Tell the kernel's board which line is pending."""
        self._words[2] = 0 if line is None else line

    def set_instructions(self, instructions: int) -> None:
        """Tell the kernel's clock."""
        self._words[1] = instructions

    def take_journal(self) -> list[int]:
        """The words of all records since the last time."""
        words = self._words
        count, taken = words[0], self.taken
        words[0] = self.taken = 0
        return words[_HEADER + taken : _HEADER + count].tolist()

    def take_records(self) -> list[tuple[int, ...]]:
        """The journal as tuples of kind and fields."""
        words = self.take_journal()
        records = []
        at = 0
        while at < len(words):
            end = at + 1 + FIELDS[words[at]]
            records.append(tuple(words[at:end]))
            at = end
        return records

    def _let_the_kernel_call_itself(self) -> None:
        """The one extern is the library's own handler: a pointer from C to C."""
        ffi, lib = self.library.ffi, self.library.lib
        lib.kp_extern_trap_from_kernel = ffi.cast(
            ffi.typeof(lib.kp_extern_trap_from_kernel), ffi.addressof(lib, "k_handle_trap_from_kernel")
        )


def offsets(header: str) -> dict[str, int]:
    """The numbers that a unit's header for assembly defines."""
    return {name: int(value, 0) for name, value in re.findall(r"^#define (\w+) (\w+)$", header, re.MULTILINE)}
