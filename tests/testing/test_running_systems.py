"""Systems run in tests: from files, programs and Python; what a run says, and what a failing assertion shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tyrne.system.description import read_description
from tyrne.system.select import load_system
from tyrne.testing import Call, Ending, RequestError, Run, Status, run_system

ROOT = Path(__file__).parents[2]
PING_PONG = ROOT / "systems/ping-pong.toml"


def deadlock() -> dict[str, Any]:
    """A receiver to which nobody sends."""
    caps = [{"console": True}, {"endpoint": "table"}]
    return {
        "system": {"name": "nobody-calls"},
        "endpoint": [{"name": "table"}],
        "task": [{"name": "pong", "program": ROOT / "programs/pong.py", "caps": caps}],
    }


@pytest.fixture(scope="module")
def ping_pong() -> Run:
    return run_system(PING_PONG)


def test_a_run_says_what_each_task_wrote_and_called(ping_pong: Run) -> None:
    ping_pong.assert_success()
    assert ping_pong.status is Ending.ALL_EXITED
    assert ping_pong.console_of("ping") == "ping: sends 0xaaaa\nping: the answer is 0xbbbb\n" * 3
    assert set(ping_pong.console_of("ping") + ping_pong.console_of("pong")) == set(ping_pong.console)
    assert [(task.name, task.state, task.exit_code) for task in ping_pong.tasks] == [
        ("ping", "exited", 0),
        ("pong", "exited", 0),
    ]
    calls = ping_pong.calls(task="ping", name="call")
    assert calls[0] == Call("ping", "call", (1, 0xAAAA, 0, 0, 0, 2**64 - 1), Status.OK, (0, 0xBBBB, 0, 0, 0, 2**64 - 1))
    assert len(calls) == len(ping_pong.calls(name="call", status=Status.OK)) == 3
    assert ping_pong.calls(name="call", status=Status.ABORTED) == []
    assert "tyrne: all tasks complete" in ping_pong.log
    assert ping_pong.report()["status"] == 0


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_tasks_do_the_same_on_every_machine(machine: str, ping_pong: Run) -> None:
    assert run_system(PING_PONG, machine).what_tasks_did() == ping_pong.what_tasks_did()


def test_a_program_a_description_and_a_loaded_system_are_sources_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = run_system(ROOT / "programs/hello.py")
    assert hello.console == "hello from userspace\n"
    two = run_system(["programs/hello.py", "programs/hello.py"], folder=ROOT)
    assert [task.name for task in two.tasks] == ["hello", "hello-2"]
    monkeypatch.chdir(ROOT)
    assert run_system("systems/hello.toml").console == hello.console
    description = read_description(ROOT / "systems/hello.toml")
    assert run_system(description).console == run_system(load_system(description)).console == hello.console


def test_a_release_kernel_has_no_console() -> None:
    run = run_system(ROOT / "programs/hello.py", release=True)
    assert run.calls(name="console_write", status=Status.OK) == []
    assert [call.status for call in run.calls(task="hello")] == [Status.BAD_SYSCALL_NUMBER, None]


def test_a_system_in_python_is_checked_as_a_file_is() -> None:
    run = run_system(deadlock())
    assert (run.status, run.task("pong").state) == (Ending.DEADLOCK, "waiting")
    wrong = deadlock()
    wrong["task"][0]["caps"].append({"endpoint": "chair"})
    with pytest.raises(RequestError, match=r'^system:task\[0\]\.caps\[2\]\.endpoint: no endpoint "chair"'):
        run_system(wrong)


def test_a_fault_says_what_and_where() -> None:
    run = run_system(ROOT / "programs/faults/load_null.S")
    fault = run.task("load_null").fault
    assert fault is not None
    assert (fault.kind, fault.address) == ("data_abort_read", 0)
    assert repr(run) == (
        "<run of 'load_null' on hosted: TASK_FAILED; "
        f"load_null faulted: data_abort_read at pc {fault.pc:#x}, address 0x0>"
    )


def test_a_run_of_too_many_instructions_is_ended() -> None:
    run = run_system(ROOT / "systems/busy.toml", max_instructions=1000)
    assert (run.status, run.task("busy-1").state) == (Ending.LIMIT, "ready")


def test_tasks_that_tasks_made_are_told_by_number() -> None:
    run = run_system(ROOT / "systems/builder.toml")
    assert [task.name for task in run.tasks] == ["builder", "task 1", "task 2", "task 3"]
    assert run.calls(task="task 1")


def test_a_wrong_name_is_told_with_the_right_ones(ping_pong: Run) -> None:
    with pytest.raises(KeyError, match="no task 'pin'; the tasks are ping, pong"):
        ping_pong.task("pin")
    with pytest.raises(KeyError, match="no call 'recieve'; the calls are send, recv, "):
        ping_pong.calls(name="recieve")


def test_a_run_that_failed_says_all_that_is_known() -> None:
    run = run_system(deadlock())
    with pytest.raises(AssertionError) as caught:
        run.assert_success()
    lines = str(caught.value).splitlines()
    assert lines[0] == "<run of 'nobody-calls' on hosted: DEADLOCK; pong waiting>"
    assert '  tyrne: deadlock: task "pong" waits for a message or signals' in lines


def test_a_call_reads_as_it_was_made(ping_pong: Run) -> None:
    call, *_ = ping_pong.calls(task="ping", name="call")
    null = f"{2**64 - 1:#x}"
    assert repr(call) == f"ping: call(0x1, 0xaaaa, 0x0, 0x0, 0x0, {null}) = OK (0x0, 0xbbbb, 0x0, 0x0, 0x0, {null})"
    assert repr(ping_pong.calls(name="task_exit", task="ping")[0]) == "ping: task_exit(0x0)"


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("hostd", 'no machine "hostd"; write one of hosted, qemu, native; did you mean "hosted"?'),
        ("QEMU", 'no machine "QEMU"; write one of hosted, qemu, native; did you mean "qemu"?'),
        ("", 'no machine ""; write one of hosted, qemu, native'),
    ],
)
def test_a_machine_that_there_is_not_is_told_with_the_one_that_was_meant(machine: str, expected: str) -> None:
    with pytest.raises(RequestError) as caught:
        run_system(PING_PONG, machine)
    assert str(caught.value) == expected
