"""Kernel images: objects and a manifest linked to an ELF, and an ELF flattened to the bytes that a loader copies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.toolchain import METAL_FLAGS, compile_file, link

MANIFEST_SOURCE: Final = """\
        .section .manifest, "aR"
        .balign 4096
        .global manifest_start, manifest_end
manifest_start:
        .incbin "manifest.bin"
manifest_end:
"""


def link_kernel(objects: tuple[Path, ...], script: Path, manifest: bytes) -> Path:
    """The ELF of `objects` placed by `script`, with `manifest` as its page-aligned, read-only section `.manifest`."""

    def make(work: Path) -> None:
        (work / "manifest.bin").write_bytes(manifest)
        (work / "manifest.S").write_text(MANIFEST_SOURCE)
        compile_file("manifest.S", "manifest.o", work, METAL_FLAGS)
        link([*map(str, objects), "manifest.o"], script, "kernel.elf", work)

    parts: list[str | bytes] = [compiler_part(), *METAL_FLAGS, MANIFEST_SOURCE, manifest]
    return stored("kernel", digest([*parts, *map(file_part, (script, *objects))]), make) / "kernel.elf"


def image_bytes(elf: Path) -> bytes:
    """What lies in memory from the lowest physical address of the loadable segments to the end of their file data.

    Memory that a segment has beyond its file data (.bss) is zero where another segment follows, left off at the end.
    """
    from elftools.elf.elffile import ELFFile  # imported here: a build that is in the cache does without

    with elf.open("rb") as stream:
        loaded = [segment for segment in ELFFile(stream).iter_segments("PT_LOAD") if segment["p_filesz"]]
        segments = [(segment["p_paddr"], segment.data()) for segment in loaded]
    if not segments:
        raise CompileError(f"{elf}: holds nothing to load; give the linker script segments of type PT_LOAD")
    start = min(address for address, _ in segments)
    image = bytearray(max(address + len(data) for address, data in segments) - start)
    for address, data in segments:
        image[address - start : address - start + len(data)] = data
    return bytes(image)
