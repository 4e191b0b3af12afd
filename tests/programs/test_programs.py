"""The programs of programs/, as a user runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from running import Report, on_each_machine, run_system, what_tasks_did
from tyrne.abi import CallNumber
from tyrne.compiler.build import build_user_program, image_bytes

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "programs"
SYSTEMS = ROOT / "systems"
GREETING = "hello from userspace\n"

EXPECTED_STATUS = re.compile(
    r"^(?P<what>.*): expected (?P<expected>0x[0-9a-f]+), got (?P<got>0x[0-9a-f]+)(?P<wrong>.*)$"
)
EXPECTED_FAULT = re.compile(r"^(?P<what>.*): expected (?P<kind>[a-z_]+) (?P<esr>0x[0-9a-f]+)$")

FAULT_SYSTEMS = ["intruder-memory", "intruder-instructions", "intruder-registers"]


def hello(form: str, folder: Path) -> Path:
    """The greeting in one of its forms: a source, the ELF of a source, or the raw image of the assembly."""
    match form.split(" "):
        case [name]:
            return PROGRAMS / name
        case [name, "elf"]:
            return build_user_program(PROGRAMS / name)
    raw = folder / "hello.bin"
    raw.write_bytes(image_bytes(build_user_program(PROGRAMS / "hello.S")))
    return raw


FORMS = pytest.mark.parametrize("form", ["hello.py", "hello.c", "hello.S", "hello.c elf", "hello.S raw image"])


@FORMS
@on_each_machine
def test_hello_greets_and_exits_with_0(form: str, machine: str, tmp_path: Path) -> None:
    report = run_system([hello(form, tmp_path)], machine)
    assert report["status"] == 0
    assert report["console"] == GREETING
    (task,) = report["tasks"]
    assert (task["state"], int(str(task["code"]), 0)) == ("exited", 0)
    assert [call["name"] for call in report["syscalls"]] == ["console_write", "task_exit"]


@FORMS
@pytest.mark.qemu
def test_hello_does_the_same_on_both_machines(form: str, tmp_path: Path) -> None:
    path = hello(form, tmp_path)
    assert what_tasks_did(run_system([path], "hosted")) == what_tasks_did(run_system([path], "qemu"))


@on_each_machine
def test_a_release_kernel_is_silent_and_hello_exits_with_0(machine: str) -> None:
    report = run_system([PROGRAMS / "hello.py"], machine, release=True)
    assert (report["status"], report["console"]) == (0, "")
    assert int(report["syscalls"][0]["status"], 16) == 0x1


@pytest.mark.promise("handles: guessing one gains nothing that the table does not hold")
@on_each_machine
def test_every_attempt_of_the_intruder_ends_as_it_must(machine: str) -> None:
    report = run_system([SYSTEMS / "intruder.toml"], machine)
    *attempts, last = report["console"].splitlines()
    lines = [EXPECTED_STATUS.match(attempt) for attempt in attempts]
    assert all(lines), attempts
    assert [line["what"] for line in lines if line and (line["expected"] != line["got"] or line["wrong"])] == []
    assert len(attempts) > 60
    assert last == "attempts that ended wrong: 0x0"
    assert report["status"] == 0


@pytest.mark.qemu
def test_the_intruder_does_the_same_on_both_machines() -> None:
    system = [SYSTEMS / "intruder.toml"]
    assert what_tasks_did(run_system(system, "hosted")) == what_tasks_did(run_system(system, "qemu"))


@pytest.mark.promise("Only what the capabilities in its own table allow")
@on_each_machine
def test_every_attempt_of_the_trespasser_is_refused_as_it_must(machine: str) -> None:
    report = run_system([SYSTEMS / "trespasser.toml"], machine)
    *_, last = report["console"].splitlines()
    assert re.fullmatch(r"4\d\d attempts, 0 ended wrong", last)
    assert {call["name"] for call in report["syscalls"]} >= {
        number.name.lower()
        for number in CallNumber
        if number.value > 5 and number.name not in ("CAP_DROP", "CAP_QUERY")
    }
    assert report["status"] == 0


@pytest.mark.qemu
def test_the_trespasser_does_the_same_on_both_machines() -> None:
    system = [SYSTEMS / "trespasser.toml"]
    assert what_tasks_did(run_system(system, "hosted")) == what_tasks_did(run_system(system, "qemu"))


@pytest.mark.promise(
    "memory: nothing of the kernel, nothing of others that was not shared",
    (
        "the machine: all other system registers and instructions trap, and so do counters, cache maintenance by "
        "address and WFI, and WFE where the processor would wait"
    ),
    "The counters are closed to EL0, which makes it harder, not impossible",
    "The kernel lives in the upper half of the address space, not reachable from EL0",
)
@pytest.mark.parametrize("system", FAULT_SYSTEMS)
@on_each_machine
def test_every_attack_is_stopped_by_the_fault_that_it_names(system: str, machine: str) -> None:
    report = run_system([SYSTEMS / f"{system}.toml"], machine)
    assert faults_of(report) == expected_faults(report)
    assert {task["state"] for task in report["tasks"]} == {"faulted"}
    assert report["status"] == 1


@pytest.mark.parametrize("system", FAULT_SYSTEMS)
@pytest.mark.qemu
def test_the_attacks_do_the_same_on_both_machines(system: str) -> None:
    path = [SYSTEMS / f"{system}.toml"]
    assert what_tasks_did(run_system(path, "hosted")) == what_tasks_did(run_system(path, "qemu"))


def test_every_attack_stands_in_a_system() -> None:
    described = "".join((SYSTEMS / f"{system}.toml").read_text() for system in FAULT_SYSTEMS)
    missing = [path.name for path in (PROGRAMS / "faults").glob("*.S") if f"faults/{path.name}" not in described]
    assert missing == []


def expected_faults(report: Report) -> list[tuple[str, str, int]]:
    """Task, kind and syndrome as each task announced them, in the order of the tasks."""
    lines = [EXPECTED_FAULT.match(line) for line in report["console"].splitlines()]
    assert all(lines), report["console"]
    names = [task["name"] for task in report["tasks"]]
    return [(name, line["kind"], int(line["esr"], 16)) for name, line in zip(names, lines, strict=True) if line]


def faults_of(report: Report) -> list[tuple[str, str, int]]:
    """Task, kind and syndrome of the faults that ended the tasks."""
    return [
        (task["name"], fault["kind"], int(fault["esr"], 16)) for task in report["tasks"] if (fault := task["fault"])
    ]
