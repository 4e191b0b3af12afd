"""`tyrne run --memory`: how much RAM a machine has for programs without a description."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from commands import Tyrne

MEND = "name programs, or write memory in the [system] of a description"
EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exit.bin").write_bytes(EXIT)
    text = '[system]\nname = "s"\nmemory = "256M"\n[[task]]\nname = "t"\nprogram = "exit.bin"\n'
    (tmp_path / "s.toml").write_text(text)


def frames(output: str) -> int:
    """Those that the kernel says it has at boot, reserved ones included."""
    return sum(map(int, re.findall(r"pmm initialized \((\d+) frames available; (\d+) reserved\)", output)[0]))


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_machine_has_as_much_memory_as_is_said(tyrne: Tyrne, machine: str) -> None:
    for arguments, size in (("s.toml", 256), ("exit.bin", 128), ("exit.bin --memory 512M", 512)):
        done = tyrne("run", "--machine", machine, *arguments.split())
        assert (done.status, frames(done.out)) == (0, size * 256)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("exit.bin --memory 512", "--memory is '512'; write 128M to 1G, in steps of 2M"),
        ("exit.bin --memory 64M", "--memory is 64M; write 128M to 1G, in steps of 2M"),
        ("--memory 1G", f"--memory: no program is named; {MEND}"),
        ("s.toml --memory 1G", f"--memory: s.toml is a description; {MEND}"),
    ],
)
def test_memory_that_nobody_gets_is_refused(tyrne: Tyrne, arguments: str, expected: str) -> None:
    done = tyrne("run", *arguments.split())
    assert (done.status, done.error) == (2, f"tyrne: error: {expected}")
