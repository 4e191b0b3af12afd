"""Threads of a Linux program: each is a task in its space, and they do what they do on Linux."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from linux_programs import ORACLE, STATIC, build, by_oracle, on_all_machines, told

from tyrne.abi import CapKind, Rights
from tyrne.cli.main import run_arguments
from tyrne.hosted.recorder import Listener
from tyrne.inspect import open_run
from tyrne.inspect.events import Fault
from tyrne.inspect.timeline import timeline_of
from tyrne.system.description import describe
from tyrne.system.errors import RequestError
from tyrne.system.fault_words import ASKS_KEEPER
from tyrne.system.manifest import System
from tyrne.system.run import STATUS_DEADLOCK, STATUS_LIMIT, Machine, Request, Result, prepare
from tyrne.system.select import load_system

FLAGS: Final = (*STATIC, "-pthread", "-Wl,-z,stack-size=65536")
KEEPER_OF_3: Final = 3
"""The task after three threads."""
SAID: Final = {
    "join": ("5\nand again\n", 9),
    "mutex": ("20000\n", 9),
    "atomic": ("15000\n", 9),
    "condition": ("600\n", 9),
    "yield": ("200\n", 9),
    "ask": ("200\n", 9),
    "local": ("1818, 5\n", 9),
    "vectors": ("3049065\n", 9),
    "group": ("all end\n", 3),
    "leave": ("the first one has left with 4\n", 0),
    "pending": ("110 pending\n", 9),
    "time": ("Operation timed out, 5000\n", 9),
    "signal of another": ("0\n", 9),
    "signal": ("a handler runs in the thread that it is for\n78\n", 9),
}


def threaded(program: Path, *arguments: str, threads: int = 4, **task: Any) -> System:
    """A system with one Linux program that may have threads, and has the console."""
    table: dict[str, Any] = {"name": "p", "program": str(program), "abi": "linux"}
    table |= {"args": [*arguments], "threads": threads}
    data = {
        "system": {"name": "s"},
        "endpoint": [{"name": "e"}],
        "task": [table | {"caps": [{"console": True}, {"clock": True}]} | task],
    }
    return load_system(describe(data, program.parent))


def run_threads(program: Path, *arguments: str, machine: Machine = Machine.NATIVE, **task: Any) -> Result:
    """Run it to its end."""
    ready = prepare(Request(threaded(program, *arguments, **task), machine, False, 40_000_000))
    return ready.run(Listener())


@on_all_machines
@pytest.mark.parametrize("what", SAID)
def test_threads_do_what_they_do_on_linux(what: str, machine: Machine) -> None:
    assert told(run_threads(build("threads.c", *FLAGS), what, machine=machine)) == SAID[what]


@pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")
@pytest.mark.parametrize("what", SAID)
def test_what_threads_do_here_they_do_on_linux(what: str) -> None:
    assert by_oracle(build("threads.c", *FLAGS), what) == SAID[what]


@on_all_machines
def test_a_thread_too_many_is_refused_with_eagain_and_told_once(
    machine: Machine,
) -> None:
    program = build("threads.c", *FLAGS)
    assert told(run_threads(program, "many", machine=machine)) == ("thread 3: Resource temporarily unavailable\n", 1)
    assert told(run_threads(program, "many", threads=1)) == ("thread 0: Resource temporarily unavailable\n", 1)


def test_who_runs_a_program_is_told_once_that_it_wants_more_threads(capfd: pytest.CaptureFixture[str]) -> None:
    for quiet in ([], ["-q"]):  # it fails for that
        assert run_arguments(["run", *quiet, "--abi", "linux", str(build("threads.c", *FLAGS)), "--", "several"]) == 1
        said, told_of = capfd.readouterr()
        assert said.endswith("11 and 11\n") if quiet else "\n11 and 11\n" in said
        assert told_of == "tyrne: threads: it wants more threads; threads of its [[task]] says how many it may have\n"


@pytest.mark.parametrize(
    ("what", "who", "codes"), [("fault", "p.4", [139, 0, 0, None]), ("fault of the first", "p", [None, 0, 0, 0])]
)
def test_a_fault_of_one_thread_ends_all_and_is_told_of_it(what: str, who: str, codes: list[int | None]) -> None:
    result = run_threads(build("threads.c", *FLAGS, "-g"), what)
    outcome = result.outcome()
    assert [task["code"] for task in outcome["tasks"][:4]] == codes
    ((task, fault),) = result.recorder.faults.items()
    assert outcome["tasks"][task]["name"] == who
    assert "null pointer: writes to address 0x8, at " in result.explainer.fault(fault)


def test_a_run_with_threads_is_repeated_exactly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = build("threads.c", *FLAGS)
    task = f'[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "{program}"\nabi = "linux"\nargs = ["two"]\n'
    (tmp_path / "s.toml").write_text(f"{task}threads = 3\ncaps = [ {{ console = true }} ]\n")
    report = str(tmp_path / "r.json")
    assert run_arguments(["run", "-q", "--report", report, str(tmp_path / "s.toml")]) == 1
    assert capfd.readouterr().out == "15000\n"
    assert run_arguments(["replay", report]) == 0
    assert "\nidentical: " in capfd.readouterr().out


def test_the_start_of_a_thread_is_told_as_what_it_is_and_not_as_a_mistake(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report, words = tmp_path / "r.json", f"{ASKS_KEEPER}, in linux_restore"
    report.write_text(run_threads(build("threads.c", *FLAGS), "mutex", machine=Machine.HOSTED).to_json())
    assert run_arguments(["replay", "--list", str(report)]) == 0
    shown = capfd.readouterr().out
    assert shown.count(": fault: breakpoint") == shown.count(f": {words}\n") == 3 and "stops itself" not in shown
    told_of = [event.words for event in timeline_of(open_run(report)).events if isinstance(event, Fault)]
    assert told_of == [words] * 3


def test_a_thread_holds_what_its_program_does_and_no_power_over_tasks() -> None:
    system = threaded(build("threads.c", *FLAGS), "join", threads=3)
    first, second, third, keeper = system.tasks
    assert [task.name for task in system.tasks] == ["p", "p.2", "p.3", "p.keeper"]
    assert system.names.endpoints == ("e", "p.keeper")
    assert system.names.notifications == ("p.1", "p.2", "p.3")
    for number, thread in enumerate((first, second, third), 1):
        assert [(cap.kind, cap.object, cap.rights, cap.badge) for cap in thread.caps] == [
            (CapKind.DEBUG_CONSOLE, 0, Rights.CONSOLE_WRITE, 0),
            (CapKind.CLOCK, 0, Rights.READ | Rights.ARM, 0),
            (CapKind.ENDPOINT, 1, Rights.SEND, number),
            *(
                (CapKind.NOTIFICATION, other - 1, Rights.NOTIFY | (Rights.WAIT if other == number else Rights.NONE), 0)
                for other in (1, 2, 3)
            ),
        ]
        assert (thread.held, thread.serves) == (number > 1, number > 1)
    assert [(cap.kind, cap.object) for cap in keeper.caps] == [
        (CapKind.ENDPOINT, 1),
        (CapKind.ADDRESS_SPACE, 0),
        *((CapKind.TASK, number) for number in (0, 1, 2)),
        (CapKind.QUOTA, 0),
    ]
    assert (keeper.quota.frames, first.quota.frames, first.quota.memory) == (1024, 64, 0)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"threads": 0}, "threads is 0; write a number from 1 to 8"),
        ({"threads": 9}, "threads is 9; write a number from 1 to 8"),
        ({"name": "x" * 30}, f"threads makes a task for it, and the name '{'x' * 30}.keeper' is not usable"),
        (
            {"caps": [{"console": True}] * 12},
            "4 threads take 5 of the 16 capabilities that a task may have, and ",
        ),
        (
            {"supervisor": {"endpoint": "e"}},
            "threads have a supervisor of their own, their keeper; remove ",
        ),
    ],
)
def test_threads_that_cannot_be_are_refused(task: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError) as error:
        threaded(build("threads.c", *FLAGS), "join", **task)
    assert says in str(error.value)


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_calls_of_threads_by_chance_end_the_program_at_most(first: int) -> None:
    for seed in range(first, first + 25):
        result = run_threads(build("wildthreads.c"), str(seed), threads=3, caps=[{"console": True}, {"clock": True}])
        assert result.status in (0, 1, STATUS_LIMIT, STATUS_DEADLOCK), f"seed {seed}"
        assert not [task for task in (*result.recorder.faults, *result.recorder.exit_codes) if task == KEEPER_OF_3]
