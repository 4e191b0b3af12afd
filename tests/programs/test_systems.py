"""The systems of systems/ that show an idea: what each says, and that both machines do the same."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from running import run_system, what_tasks_did
from tyrne.compiler import CompileError
from tyrne.compiler.build import build_user_program

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = ROOT / "programs"
SYSTEMS: Final = ROOT / "systems"

ROUND: Final = "ping: sends 0xaaaa\npong: received 0xaaaa\nping: the answer is 0xbbbb\n"
CLIENT: Final = """\
client {0}: the sum is 1
client {0}: the sum is 3
client {0}: the sum is 6
client {0}: the sum is 10
server: client {0} leaves with 10
"""
HALF_WAY: Final = "busy: half way, rings the bell\nalarm: runs at once\nbusy: goes on\n"

CONSOLES: Final = {
    "exchange": "sending 1\nsending 2\n1 squared is 1\nsending 3\n2 squared is 4\n3 squared is 9\n",
    "ping-pong": ROUND * 3,
    "server": "".join(CLIENT.format(badge) for badge in (1, 2, 3)),
    "grant": """\
grantor: grants a key to the door
grantee: knocks
grantor: heard a knock; revokes the key
grantee: knocks again, and gets STALE_HANDLE
""",
    "ring": """\
producer: put 20 numbers, the ring was full 3 times
consumer: took 20 numbers, their sum is 210
""",
    "semaphore": "keeper: three tasks counted to 12\n",
    "busy": HALF_WAY * 2 + "busy: done, and so is part of the other's work\n" * 2,
    "supervisor": """\
crasher: life 1
supervisor: the child faulted at 0xdead0000; starts it again
crasher: life 2
supervisor: the child faulted at 0xdead0000; starts it again
crasher: life 3
supervisor: the child ended with 0
""",
    "lazy": """\
pager: maps 0x20000000
pager: maps 0x20001000
pager: maps 0x20002000
pager: maps 0x20003000
lazy: the sum over four pages is 10
""",
    "builder": """\
builder: the child says 1, and ends with 0
builder: the child says 4, and ends with 0
builder: the child says 9, and ends with 0
""",
    "words": """\
reader: 16 words, the longest has 10 letters
words: the longest is capability
""",
    "sleep": "sleeper: 1 ms\nsleeper: 2 ms\nsleeper: 3 ms\n",
    "watchdog": """\
watchdog: ends stuck, which has not reported
steady: counted 1631627 steps
watchdog: a worker has finished
""",
    "timeout": """\
hasty: TIMED_OUT
slow: nobody wants the answer any more: STALE_HANDLE
hasty: the answer is 42
""",
    "serve": "".join(f"guest: has number {number}\n" for number in range(1, 7)),
    "disk": "writer: eight blocks came back as they were written\n" * 2,
}
"""What the tasks of each system write, on each machine."""
BY_THE_CLOCK: Final = ("busy", "sleep", "watchdog", "timeout", "periodic", "disk")
"""Their calls have times in them, which no two machines share, or come in an order that ticks or a device decide."""

PERIODIC: Final = r"periodic: counted 28095 steps in 10 periods, none early, none more than [0-9]+ us late\n"
SERVE: Final = ("slow", "ticket", "disk")
"""Tasks that wait at the end of a run: it is over all the same."""

each_system: Final = pytest.mark.parametrize("system", CONSOLES)


def path_of(system: str) -> Path:
    return SYSTEMS / f"{system}.toml"


@each_system
def test_a_system_says_what_it_is_to_show_and_every_task_exits_with_0(system: str) -> None:
    report = run_system([path_of(system)], "hosted")
    assert report["console"] == CONSOLES[system]
    served = [task for task in report["tasks"] if task["name"] in SERVE]
    ended = [task for task in report["tasks"] if task not in served]
    assert {(task["state"], int(str(task["code"]), 0)) for task in ended} == {("exited", 0)}
    assert {(task["state"], task["code"]) for task in served} <= {("waiting", None)}
    assert report["status"] == 0


@each_system
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_system_does_the_same_on_every_machine(system: str, machine: str) -> None:
    path = path_of(system)
    one, other = what_tasks_did(run_system([path], "hosted")), what_tasks_did(run_system([path], machine))
    if system in BY_THE_CLOCK and machine == "qemu":
        del one["syscalls"], other["syscalls"]
        for task in (*one["tasks"], *other["tasks"]):
            assert task.pop("stands") is None or task["name"] in SERVE
    assert one == other


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_periodic_work_is_never_early_and_does_not_drift(machine: str) -> None:
    """How late the latest was is its own affair on each machine; that lateness does not add up is the same on all."""
    report = run_system([path_of("periodic")], machine)
    said = re.fullmatch(PERIODIC, report["console"])
    assert said is not None and report["status"] == 0
    times = [int(call["args"][1], 0) for call in report["syscalls"] if call["name"] == "clock_arm"]
    assert len(times) == 10
    assert {other - one for one, other in pairwise(times)} == {1_000_000}


@each_system
def test_a_system_ends_well_with_a_release_kernel_too(system: str) -> None:
    report = run_system([path_of(system)], "hosted", release=True)
    assert (report["status"], report["console"]) == (0, "")


def test_every_program_stands_in_a_system_and_in_the_ladder() -> None:
    described = "".join(path.read_text() for path in SYSTEMS.glob("*.toml"))
    ladder = (PROGRAMS / "README.md").read_text()
    programs = [path.name for path in PROGRAMS.glob("*.py")]
    assert [name for name in programs if f"programs/{name}" not in described] == []
    assert [name for name in programs if f"`{name}`" not in ladder] == []
    assert [path.name for path in SYSTEMS.glob("*.toml") if path.stem not in ladder] == []


def test_a_handle_of_one_kind_is_not_taken_for_another(tmp_path: Path) -> None:
    program = tmp_path / "mistaken.py"
    program.write_text(
        "from tyrne.lang import export, u64\n"
        "from tyrne.user import EndpointCap, notify\n\n\n"
        "@export\ndef main() -> u64:\n"
        "    notify(EndpointCap(u64(1)), u64(1))\n"
        "    return u64(0)\n"
    )
    with pytest.raises(CompileError, match=r'mistaken\.py:7: .*"EndpointCap"; expected "NotificationCap"'):
        build_user_program(program)


def test_a_refusal_that_nobody_handles_ends_the_program_with_its_name(tmp_path: Path) -> None:
    program = tmp_path / "unlucky.py"
    program.write_text(
        "from tyrne.lang import export, u64\n"
        "from tyrne.user import EndpointCap, granted, wait\n\n\n"
        "@export\ndef main() -> u64:\n"
        "    granted(wait(EndpointCap(u64(0))))\n"
        "    return u64(0)\n"
    )
    report = run_system([program], "hosted")
    assert report["console"] == "refused: WRONG_OBJECT_KIND\n"
    assert [int(str(task["code"]), 0) for task in report["tasks"]] == [102]
