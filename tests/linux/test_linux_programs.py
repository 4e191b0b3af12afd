"""Static Linux executables run as tasks on every machine, with the output and exit code that Linux gives them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from linux_programs import BARE, STATIC, build, linux_system, on_all_machines, run, told

from tyrne.hosted.recorder import Listener
from tyrne.system.printable import json_text
from tyrne.system.replay import Replay
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select

LIBRARY = """\
argv[0] = <library>
argv[1] = <3>
argv[2] = <a b>
environ has <HOME=/>
environ has <EMPTY=>
0 500 999
3.141593 1.414e+10 0.333333, local 42
a file: none
read: -1
to stderr
"""


@on_all_machines
def test_a_program_of_musl_finds_all_that_a_c_library_needs(machine: Machine) -> None:
    result = run(build("library.c"), "3", "a b", machine=machine, env=(("HOME", "/"), ("EMPTY", "")))
    assert told(result) == (LIBRARY, 3)
    assert result.status == 1


@pytest.mark.parametrize("flags", [(*STATIC, "-fPIE", "-static-pie"), (*STATIC, "-s")])
def test_however_it_is_linked_it_does_the_same(flags: tuple[str, ...]) -> None:
    arguments = {"env": (("HOME", "/"), ("EMPTY", ""))}
    assert told(run(build("library.c", *flags), "3", "a b", **arguments)) == (LIBRARY, 3)


@on_all_machines
def test_abort_ends_a_task_with_the_code_that_a_shell_tells(machine: Machine) -> None:
    assert told(run(build("abort.c"), machine=machine)) == ("about to abort\n", 134)


@on_all_machines
def test_a_call_leaves_all_registers_and_flags_as_they_were_but_x0(machine: Machine) -> None:
    console, code = told(run(build("registers.S", *BARE), machine=machine))
    assert code == 0, f"row {code} of registers.S"
    assert console == "ok\nok\n"


def test_memory_is_mapped_moved_and_given_back_as_linux_does_it() -> None:
    assert told(run(build("memory.c"))) == ("", 0)


@pytest.mark.parametrize("flags", [STATIC, (*STATIC, "-g"), (*STATIC, "-g", "-fPIE", "-static-pie")])
def test_a_fault_names_the_function_of_the_program(flags: tuple[str, ...]) -> None:
    result = run(build("crash.c", *flags))
    (event,) = result.recorder.faults.values()
    told_of_it = result.explainer.fault(event)
    assert told_of_it.startswith("null pointer: reads from address 0x8, ")
    assert told_of_it.endswith("in follow")


def test_a_fault_on_a_bad_pointer_of_a_call_names_the_function_of_the_library() -> None:
    result = run(build("badpointer.c"))
    assert result.explainer.fault(result.recorder.faults[0]) == (
        "writes to address 0x123456000, where nothing is mapped, in linux_uname"
    )


@pytest.mark.parametrize("machine", [Machine.HOSTED, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)])
def test_a_recorded_run_is_repeated_and_stepped_back(tmp_path: Path, machine: Machine) -> None:
    result = run(build("library.c"), "3", machine=machine)
    report = tmp_path / "report.json"
    report.write_text(json_text(result.report()))
    replay = Replay.load(report)
    assert replay.difference() is None
    replay.to(-1)
    assert replay.recorder.console_text() == result.recorder.console_text()
    replay.back()
    assert replay.position == replay.length - 2


def test_the_same_program_and_arguments_get_the_same_random_bytes_and_others_get_others() -> None:
    program = build("random.c")
    first, again, other = told(run(program)), told(run(program)), told(run(program, "x"))
    assert first == again != other


def test_time_is_what_the_capability_over_the_clock_tells(tmp_path: Path) -> None:
    shutil.copy(build("clock.c"), tmp_path / "clock")
    (tmp_path / "s.toml").write_text(
        '[system]\nname = "s"\n[[notification]]\nname = "quiet"\n[[task]]\nname = "t"\nprogram = "clock"\n'
        'abi = "linux"\n'
        'caps = [ { console = true }, { clock = true }, { notification = "quiet", rights = ["WAIT"] } ]\n'
    )
    system = load_system(select([tmp_path / "s.toml"]))
    held = prepare(Request(system, Machine.NATIVE, False, 0)).run(Listener())
    assert told(held) == ("slept 0, at least 3 s later: 1\n", 0)
    bare = prepare(Request(linux_system(tmp_path / "clock"), Machine.NATIVE, False, 0)).run(Listener())
    assert told(bare) == ("slept -1, at least 3 s later: 0\n", 0)
