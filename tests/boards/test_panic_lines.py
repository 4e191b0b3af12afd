"""A CPU exception in the kernel: `tyrne run` adds the line of Python to the report of the board."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from metal import patched, symbols

from tyrne.hosted.recorder import Recorder
from tyrne.system.build import kernel_elf
from tyrne.system.lines import line_of_panic, python_line
from tyrne.system.run import run_kernel
from tyrne.system.select import load_system, select

HELLO = Path(__file__).parents[2] / "programs" / "hello.S"
RETURN = 0xD65F03C0
UNDEFINED = 0x00000000
"""UDF #0."""


@pytest.fixture(scope="module")
def kernel() -> Path:
    return kernel_elf(load_system(select([HELLO])), traced=True, debug=True)


def test_an_address_in_a_function_is_a_line_of_its_python(kernel: Path) -> None:
    line = python_line(kernel, symbols(kernel)["Kernel_exit_status"])
    assert line is not None
    assert re.fullmatch(r"(.*/)?kernel/kernel\.py:\d+", line)


def test_an_address_outside_the_kernel_has_no_line(kernel: Path) -> None:
    assert python_line(kernel, 0x0080_0000) is None


def test_a_failed_check_names_its_line_itself(kernel: Path) -> None:
    assert line_of_panic(kernel, b"!! tyrne panic: assert at boot/start.py:62\n pc=ffffffff40080000\n") is None


@pytest.mark.qemu
def test_the_report_of_an_exception_in_the_kernel_ends_with_its_python_line(kernel: Path, tmp_path: Path) -> None:
    """The last instruction of the function that says how a run ended is made undefined."""
    start = symbols(kernel)["Kernel_exit_status"]
    end = min(address for address in symbols(kernel).values() if address > start)
    recorder = Recorder()
    run_kernel(patched(kernel, start, end - start, RETURN, UNDEFINED, tmp_path / "kernel.elf"), recorder)
    assert recorder.status == 3
    report = bytes(recorder.panic_bytes).decode().splitlines()
    assert report[0].startswith("!! tyrne panic: exception in the kernel: undefined instruction")
    assert re.fullmatch(r"!! at (.*/)?kernel/kernel\.py:\d+", report[-1])
