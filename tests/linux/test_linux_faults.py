"""Handlers of faults, where a Linux program may have threads: they run as on Linux, and return to any place."""

from __future__ import annotations

from typing import Final

import pytest
from linux_programs import ORACLE, build, by_oracle, on_all_machines, told
from test_linux_threads import FLAGS, run_threads

from tyrne.system.run import Machine

SAID: Final = {
    "jump": ("signal 11, code 1, address 10\n", 6),
    "code": ("signal 11, code 2, there\nsignal 11, code 1, address 16\n", 6),
    "illegal": ("signal 4\nsignal 5, code 1\n", 6),
    "skip": ("0 wrong, 1 times, address 8\n", 6),
    "overflow": ("back from signal 11\n", 6),
}
THREADS: Final = ("3, 150 times\n", 6)


@on_all_machines
@pytest.mark.parametrize("what", [*SAID, "threads"])
def test_handlers_of_faults_jump_return_and_go_on_elsewhere(what: str, machine: Machine) -> None:
    assert told(run_threads(build("faults.c", *FLAGS), what, machine=machine)) == (SAID | {"threads": THREADS})[what]


@pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")
@pytest.mark.parametrize("what", SAID)
def test_what_handlers_of_faults_do_here_they_do_on_linux(what: str) -> None:
    assert by_oracle(build("faults.c", *FLAGS), what) == SAID[what]


@pytest.mark.parametrize("what", ["unhandled", "blocked"])
def test_a_fault_that_nobody_handles_is_told_as_ever(what: str) -> None:
    program = build("faults.c", *FLAGS, "-g")
    result, alone = run_threads(program, what), run_threads(program, what, threads=1)
    assert told(result) == told(alone) == ("", None)
    words = [each.explainer.fault(each.recorder.faults[0]) for each in (result, alone)]
    assert "null pointer: writes to address 0x8, at " in words[0]
    assert words[0] == words[1]


def test_with_one_thread_no_handler_of_a_fault_runs() -> None:
    assert told(run_threads(build("faults.c", *FLAGS), "jump", threads=1)) == ("", None)


def test_a_bad_pointer_in_a_call_ends_the_program_though_faults_are_handled() -> None:
    result = run_threads(build("faults.c", *FLAGS), "call")
    assert told(result) == ("", None)
    assert result.explainer.fault(result.recorder.faults[0]).endswith(" in linux_clock_gettime")
