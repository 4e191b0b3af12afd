"""What the tools promise of programs that come from others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from running import on_each_machine
from tyrne import testing
from tyrne.compiler.build import build_user_program
from tyrne.system.errors import RequestError
from tyrne.system.loading import load_program

FORGER = """
#include "tyrne.h"
.text
.global _start
_start:
        mov     x19, #4                 // the same again and again, also in the middle of a line
1:      mov     x0, #0
        adr     x1, 2f
        mov     x2, #(3f - 2f)
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        mov     x8, #TYRNE_CALL_TASK_YIELD
        svc     #0
        subs    x19, x19, #1
        b.ne    1b
        mov     x0, #0
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
2:      .ascii  "TEXT"
3:
"""
FORGED = r"\ntyrne: all tasks complete\ntyrne: userspace task exited (\"honest\", code 7)\nE 0\nP 41\n!! panic: \r"
HARMLESS = "x" * 90


def logged(text: str, machine: str, folder: Path) -> tuple[list[str], str]:
    """The kernel's lines, without sizes and times, and what the tasks wrote, when one of them writes a text."""
    folder.mkdir()
    (folder / "forger.S").write_text(FORGER.replace("TEXT", text))
    (folder / "honest.S").write_text(FORGER.replace("TEXT", "y"))
    run = testing.run_system([folder / "forger.S", folder / "honest.S"], machine)
    run.assert_success()
    report = run.report()
    return [line for line in report["log"] if "elapsed" not in line and "pmm" not in line], report["console"]


@pytest.mark.promise(
    "In the report (--report) the kernel's lines and the tasks' bytes are kept apart: a task cannot forge the kernel's "
    "lines there"
)
@on_each_machine
def test_a_task_that_writes_the_kernels_lines_puts_none_into_the_log_of_the_report(
    machine: str, tmp_path: Path
) -> None:
    forged, console = logged(FORGED, machine, tmp_path / "forged")
    honest, _ = logged(HARMLESS, machine, tmp_path / "harmless")
    assert forged == honest and len(forged) > 5
    assert console.count("tyrne: all tasks complete") == 4


@pytest.mark.promise("ELF files and raw images are never executed on the host")
@pytest.mark.parametrize("name", ["host", "host.elf", "host.bin"])
def test_a_program_for_the_host_is_refused_or_data_and_leaves_no_trace(name: str, tmp_path: Path) -> None:
    """A script and an executable of the host, marked as one may run them, that would leave a file behind."""
    trace = tmp_path / "trace"
    scripts = {f"#!/bin/sh\ntouch {trace}\n".encode(), Path(sys.executable).resolve().read_bytes()[: 1 << 20]}
    for content in scripts:
        program = tmp_path / name
        program.write_bytes(content)
        program.chmod(0o755)
        try:
            load_program(program)
        except RequestError as error:
            assert str(error).startswith(str(program))
        else:
            assert name == "host.bin", "a raw image is bytes for the emulator"
            testing.run_system([program], max_instructions=1000)
    assert not trace.exists()


EXITS = """
#include "tyrne.h"
.global _start
_start: mov     x0, #0
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
"""
AUDIT = """
import sys
from pathlib import Path
program = sys.argv[1]
events = []
def hear(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "ctypes.dlopen", "exec", "import"):
        events.append((event, [str(one) for one in arguments]))
sys.addaudithook(hear)
from tyrne import testing
from tyrne.compiler.build import build_user_program
testing.run_system([Path(program)]).assert_success()
print([event for event in events if any(program in one for one in event[1])])
"""


@pytest.mark.promise("ELF files and raw images are never executed on the host")
def test_running_an_image_starts_loads_and_imports_nothing_of_it(tmp_path: Path) -> None:
    source = tmp_path / "exits.S"
    source.write_text(EXITS)
    program = tmp_path / "image.elf"
    program.write_bytes(build_user_program(source).read_bytes())
    program.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(program)], capture_output=True, text=True, env={**os.environ}, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
