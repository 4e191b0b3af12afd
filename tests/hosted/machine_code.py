"""Real AArch64 code for the tests: snippets of assembly, assembled together."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from elftools.elf.elffile import ELFFile


def assemble(snippets: Mapping[str, str]) -> dict[str, bytes]:
    """The machine code of each snippet, which may use no symbol of another."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "code.S"), Path(folder, "code.o")
        source.write_text("".join(f'.section "code.{name}", "ax"\n{text}\n' for name, text in snippets.items()))
        command = [sys.executable, "-m", "ziglang", "clang", "--target=aarch64-none-elf", "-mcpu=cortex-a72"]
        subprocess.run([*command, "-c", str(source), "-o", str(target)], check=True)
        elf = ELFFile(io.BytesIO(target.read_bytes()))
        return {name: elf.get_section_by_name(f"code.{name}").data() for name in snippets}
