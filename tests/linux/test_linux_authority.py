"""The library in a program of Linux guards nothing, and need not: the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest
from linux_programs import BARE, build, told

from tyrne.hosted.recorder import Listener
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select

TEXT = '[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "past"\nabi = "linux"\ncaps = [{}]\n'


@pytest.mark.promise(
    "A program of Linux may do what the capabilities of its task allow, and nothing else: "
    "the library in it guards nothing"
)
@pytest.mark.parametrize("machine", [Machine.HOSTED, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)])
def test_a_program_that_goes_past_the_library_has_what_its_task_has(tmp_path: Path, machine: Machine) -> None:
    (tmp_path / "past").write_bytes(build("past.S", *BARE).read_bytes())

    def allowed(caps: str) -> tuple[str, int | None]:
        (tmp_path / "s.toml").write_text(TEXT.format(caps))
        system = load_system(select([tmp_path / "s.toml"]))
        return told(prepare(Request(system, machine, False, 0)).run(Listener()))

    assert allowed("") == ("", 2)  # cap_drop gives up what its memory is made by: of its quota and of its space
    assert allowed("{ console = true }") == ("hi\n", 4)  # console_write as well, and cap_drop of that
