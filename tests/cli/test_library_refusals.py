"""What `tyrne run` says of programs that the user library has ended with a status of its own, which no call was refused
with: the memory of a driver that is not mapped, that no device reaches, or of which it may not know where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Tyrne

SYSTEM = """\
[system]
name = "x"
[[device]]
name = "entropy"
kind = "entropy"
[[memory]]
name = "page"
pages = 1
[[memory]]
name = "shared"
pages = 1
{dma}
[[task]]
name = "driver"
program = "driver.py"
caps = [
  {{ device = "entropy", at = 0x1000_0000 }},
  {{ memory = "shared"{more} }},
  {{ console = true }},
]
[[task]]
name = "other"
program = "other.py"
caps = [ {{ memory = "page" }}, {{ console = true }} ]
"""
DRIVER = """\
from typing import Final
from tyrne.lang import export, handle, u64
from tyrne.user import MemoryCap, cap_drop, granted, print_bytes
from tyrne.user.virtio import device_memory
SHARED: Final = MemoryCap(handle("shared"))
@export
def main() -> u64:
    cap_drop(MemoryCap(u64(12)))  # a refusal with which the program goes on
    granted(device_memory(SHARED))
    return u64(0)
"""
OTHER = """\
from typing import Final
from tyrne.abi import Status
from tyrne.lang import export, u64
from tyrne.user import done
@export
def main() -> u64:
    done(Status.NOT_MAPPED)
    return u64(0)
"""
LINE = '{ memory = "shared" } of the caps of driver'
UNMAPPED = (
    'NOT_MAPPED for memory "shared", which is mapped nowhere: write at = 0x1001_0000, or where there is room, in '
)
UNSHARED = (
    'INSUFFICIENT_RIGHTS for memory "shared", which no device reaches: write dma = true in its [[memory]], at s.toml:9'
)
HIDDEN = 'INSUFFICIENT_RIGHTS for memory "shared", and does not say where it lies: add "LOCATE" to the rights in '
AT = ", at = 0x2000_0000"
CASES = [
    ("dma = true", "", UNMAPPED + LINE),
    ("", AT, UNSHARED),
    ("dma = true", AT + ', rights = ["READ", "WRITE"]', HIDDEN + LINE),
]


def run(tyrne: Tyrne, folder: Path, dma: str, more: str, *options: str, driver: str = DRIVER) -> list[str]:
    (folder / "driver.py").write_text(driver)
    (folder / "other.py").write_text(OTHER)
    (folder / "s.toml").write_text(SYSTEM.format(dma=dma, more=more))
    outcome = tyrne("run", "-q", "s.toml", *options)
    assert outcome.status == 1
    return outcome.err.splitlines()


@pytest.mark.parametrize("machine", ["hosted", "native"])
@pytest.mark.parametrize(("dma", "more", "expected"), CASES, ids=["unmapped", "not shared", "not located"])
def test_memory_that_a_driver_cannot_use_is_named_with_what_to_write(
    tyrne: Tyrne, tmp_path: Path, dma: str, more: str, expected: str, machine: str
) -> None:
    told = run(tyrne, tmp_path, dma, more, "--machine", machine)
    assert told == [f"tyrne: driver: device_memory answers {expected}"]


@pytest.mark.parametrize(("dma", "more", "expected"), CASES, ids=["unmapped", "not shared", "not located"])
def test_so_it_is_for_a_driver_that_cannot_say_why_it_ends(
    tyrne: Tyrne, tmp_path: Path, dma: str, more: str, expected: str
) -> None:
    silent = "".join(line for line in DRIVER.splitlines(True) if "cap_drop(" not in line)
    told = run(tyrne, tmp_path, dma, more, "--release", driver=silent)
    assert told[0] == f"tyrne: driver: device_memory answers {expected}"


def test_of_memory_that_is_good_nothing_is_said(tyrne: Tyrne, tmp_path: Path) -> None:
    driver = DRIVER.replace("granted(device_memory(SHARED))", "granted(device_memory(MemoryCap(u64(0))))")
    assert run(tyrne, tmp_path, "dma = true", AT, driver=driver) == []


def test_a_status_that_a_call_was_refused_with_is_told_with_that_call(tyrne: Tyrne, tmp_path: Path) -> None:
    driver = DRIVER.replace("granted(device_memory(SHARED))", "granted(device_memory(MemoryCap(u64(14))))")
    (told,) = run(tyrne, tmp_path, "", AT, driver=driver)
    call = "cap_query(0xe), at driver.py:9 in main: INVALID_HANDLE"
    assert told.startswith(f"tyrne: driver: the call that was refused is {call}")
