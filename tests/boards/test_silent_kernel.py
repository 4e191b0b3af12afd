"""A kernel that leaves the serial line to a task, on QEMU: nothing is on it but what the task sends, and a panic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from metal import boot

from tyrne import testing
from tyrne.hosted.recorder import Recorder
from tyrne.system.build import kernel_elf
from tyrne.system.devices import emulator_options
from tyrne.system.run import run_kernel
from tyrne.system.select import load_system, select

pytestmark = pytest.mark.qemu

DESCRIPTION = """\
[system]
name = "line"
[[device]]
name = "uart"
kind = "serial"
[[task]]
name = "driver"
program = "driver.S"
caps = [ { device = "uart", at = 0x1000_0000 } ]
[[task]]
name = "other"
program = "other.S"
"""
DRIVER = """\
        .globl  _start
_start: mov     x9, #0x10000000
        mov     w1, #0x60
        str     w1, [x9, #0x2c]
        mov     w1, #0x301
        str     w1, [x9, #0x30]
        adr     x10, text
1:      ldrb    w1, [x10], #1
        cbz     w1, 2f
        str     w1, [x9]
        b       1b
2:      mov     x0, #7
        mov     x8, #4
        svc     #0
text:   .asciz  "from the task\\n"
"""
OTHER = """\
        .globl  _start
_start: mov     x0, #0
        adr     x1, text
        mov     x2, #4
        mov     x8, #5
        svc     #0
        .inst   0
text:   .asciz  "no!\\n"
"""
SAYS = "from the task\n"


@dataclass(frozen=True)
class Built:
    path: Path

    def kernel(self, release: bool, traced: bool) -> Path:
        return kernel_elf(load_system(select([self.path])), release=release, traced=traced)


@pytest.fixture
def system(tmp_path: Path) -> Built:
    """A task that drives the line, and one that tries to write to the console, and then faults."""
    (tmp_path / "driver.S").write_text(DRIVER)
    (tmp_path / "other.S").write_text(OTHER)
    (tmp_path / "s.toml").write_text(DESCRIPTION)
    return Built(tmp_path / "s.toml")


@pytest.mark.promise("The kernel sends nothing then but, if nobody follows it, the report of a panic")
@pytest.mark.parametrize("release", [False, True], ids=["debug", "release"])
@pytest.mark.parametrize("traced", [False, True], ids=["built", "followed"])
def test_nothing_but_what_the_task_sends_is_on_the_line(system: Built, release: bool, traced: bool) -> None:
    outcome = boot(system.kernel(release, traced))
    assert outcome.serial.replace("\r", "").split("\n", 1)[0] + "\n" == SAYS
    records = outcome.serial.removeprefix(SAYS).splitlines()
    assert records == [] if not traced else all(re.fullmatch(r"[A-Z]( [0-9a-f]+)*", record) for record in records)
    assert outcome.status == 1  # the other task has faulted


def test_who_runs_it_learns_all_that_other_kernels_tell(system: Built) -> None:
    machines = ("qemu", "hosted")
    qemu, hosted = (testing.run_system(system.path, machine, max_instructions=0).report() for machine in machines)
    for key in ("console", "devices", "tasks", "syscalls", "status"):
        assert qemu[key] == hosted[key], key
    assert qemu["console"] == SAYS and [task["state"] for task in qemu["tasks"]] == ["exited", "faulted"]
    assert any("faulted" in line for line in qemu["log"])


def broken(kernel: Path, target: Path) -> Path:
    """The manifest's magic is another: the kernel asserts it."""
    content = kernel.read_bytes()
    at = content.rindex(b"TYRNEMF2")
    target.write_bytes(content[:at] + b"NOTTYRNE" + content[at + 8 :])
    return target


def test_a_panic_that_nobody_follows_is_said_on_the_line(system: Built, tmp_path: Path) -> None:
    outcome = boot(broken(system.kernel(False, False), tmp_path / "k.elf"))
    assert outcome.status == 3
    assert re.match(r"!! tyrne panic: .* at \S*tyrne/boot/\w+\.py:\d+\n", outcome.serial)


def test_a_panic_that_is_followed_is_in_the_records_alone(system: Built, tmp_path: Path) -> None:
    recorder = Recorder()
    options = emulator_options(select([system.path]).devices)
    run_kernel(broken(system.kernel(False, True), tmp_path / "k.elf"), recorder, options)
    assert recorder.status == 3
    assert recorder.panic_bytes.startswith(b"!! tyrne panic: ")
