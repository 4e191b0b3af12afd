"""Signals that a Linux program sends to itself: its handlers run as on Linux, and all registers come back."""

from __future__ import annotations

from typing import Final

import pytest
from linux_programs import BARE, ORACLE, PROGRAMS, build, by_oracle, on_all_machines, run, told

from tyrne.linux.library import SOURCES
from tyrne.linux.patch import CALLS, RESTORE, TRAMPOLINE
from tyrne.system.run import Machine

RIGHT: Final = (PROGRAMS / "signals.txt").read_text()
NOBODY: Final = "[linux: the program waits for a signal, and nobody is there to send one]\n"
ENDS: Final = {
    "default": ("pending\n", 138),
    "kill": ("", 137),
    "stop": ("nobody could go on with it\n", 147),
    "suspend": (NOBODY, 137),
    "wait": (NOBODY, 137),
    "many": ("65, Resource temporarily unavailable, and 0\n", 5),
    "time": ("-1 Function not implemented\n", 4),
}
with_oracle: Final = pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")


@on_all_machines
def test_handlers_run_as_their_flags_masks_and_stacks_say(machine: Machine) -> None:
    assert told(run(build("signals.c"), machine=machine)) == (RIGHT, 9)


@with_oracle
def test_what_signals_do_here_they_do_on_linux() -> None:
    assert by_oracle(build("signals.c")) == (RIGHT, 9)


@on_all_machines
def test_a_handler_leaves_all_registers_flags_and_vectors_as_they_were(machine: Machine) -> None:
    assert told(run(build("delivered.S", *BARE), machine=machine)) == ("", 0)


@with_oracle
def test_the_program_that_compares_registers_finds_them_kept_on_linux_too() -> None:
    assert by_oracle(build("delivered.S", *BARE)) == ("", 0)


@on_all_machines
def test_a_frame_without_its_vectors_is_a_fault_that_the_program_may_handle(machine: Machine) -> None:
    assert told(run(build("frames.c"), machine=machine)) == ("the frame is refused: 11\n", 3)


def test_a_frame_without_its_vectors_ends_a_program_that_does_not_handle_it() -> None:
    assert told(run(build("frames.c"), "0", "unhandled")) == ("", 139)


@pytest.mark.parametrize("first", range(1, 81, 20))
def test_a_damaged_frame_ends_the_task_at_most(first: int) -> None:
    for seed in range(first, first + 20):
        result = run(build("frames.c"), str(seed), *(["unhandled"] if seed % 2 else []))
        assert result.status in (0, 1), f"seed {seed}"
        assert len(result.recorder.faults) + len(result.recorder.exit_codes) == 1


@pytest.mark.parametrize("what", ENDS)
def test_what_nobody_handles_or_sends_ends_as_the_page_says(what: str) -> None:
    said, code = ENDS[what]
    assert told(run(build("ends.c"), what)) == (f"{what}\n{said}", code)


def test_a_handler_runs_for_a_signal_that_was_sent_and_not_for_a_fault() -> None:
    result = run(build("ends.c"), "fault")
    assert told(result) == ("fault\ncaught 11\n", None)
    assert result.explainer.fault(result.recorder.faults[0]).startswith("null pointer: writes to address 0x8, ")


def test_tool_and_library_agree_on_what_a_trampoline_is_and_how_many_there_are() -> None:
    source = (SOURCES / "handlers.c").read_text()
    assert f"TRAMPOLINES_BYTES = 1 << {(TRAMPOLINE * CALLS).bit_length() - 1}," in source
    assert f"#define RESTORE {int.from_bytes(RESTORE, 'little'):#x}u" in source
