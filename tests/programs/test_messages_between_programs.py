"""Programs that stop each other with messages, or would: one that polls, one without room, one that begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import on_each_machine, run_system

POLLS = """\
[system]
name = "polls"
[[endpoint]]
name = "door"
[[task]]
name = "server"
program = "server.c"
caps = [{ endpoint = "door", rights = ["RECV"] }]
[[task]]
name = "caller"
program = "caller.c"
caps = [{ endpoint = "door", rights = ["SEND"] }]
[[task]]
name = "waits"
program = "waits.c"
caps = [{ endpoint = "door", rights = ["SEND"] }]
[[task]]
name = "sends"
program = "sends.c"
caps = [{ endpoint = "door", rights = ["SEND"] }]
"""
POLLING = {
    "server.c": """\
void _start(void)
{
    int got = 0;
    for (int polls = 0; polls < 100 && got < 6; polls++) {
        struct tyrne_reply r = tyrne_recv(0);
        got += r.x[0] == TYRNE_STATUS_OK && r.x[1] == 0;
        tyrne_task_yield();
    }
    tyrne_task_exit(got);
}
""",
    "caller.c": """\
void _start(void)
{
    tyrne_task_exit(tyrne_call(0, 1, 0, 0, 0, TYRNE_NULL_HANDLE).x[0]);
}
""",
    "waits.c": """\
void _start(void)
{
    int refused = 0;
    for (int i = 0; i < 3; i++)
        refused += tyrne_send_wait(0, 2, 0, 0, 0, TYRNE_NULL_HANDLE).x[0] != TYRNE_STATUS_OK;
    tyrne_task_exit(refused);
}
""",
    "sends.c": """\
void _start(void)
{
    int sent = 0;
    for (int i = 0; i < 100 && sent < 3; i++) {
        sent += tyrne_send(0, 3, 0, 0, 0, TYRNE_NULL_HANDLE).x[0] == TYRNE_STATUS_OK;
        tyrne_task_yield();
    }
    tyrne_task_exit(sent);
}
""",
}

REGISTERS = """\
[system]
name = "registers"
[[endpoint]]
name = "door"
[[task]]
name = "owner"
program = "owner.c"
caps = [
  { endpoint = "door", rights = ["SEND", "RECV", "DERIVE", "REVOKE"] },
  { task = "other", rights = ["CONTROL"] },
]
[[task]]
name = "other"
program = "other.c"
start = false
caps = [{ endpoint = "door", rights = ["RECV"] }]
"""
REGISTERING = {
    "owner.c": """\
static uint64_t sent(void)
{
    uint64_t outcome = tyrne_send(0, 1, 0, 0, 0, TYRNE_NULL_HANDLE).x[1];
    tyrne_recv(0);
    return outcome;
}
void _start(void)
{
    uint64_t outcomes = 0;
    tyrne_recv(tyrne_cap_derive(0, TYRNE_RIGHT_RECV, 0).x[1]);
    outcomes |= sent() << 0;
    tyrne_recv(tyrne_cap_derive(0, TYRNE_RIGHT_RECV, 0).x[1]);
    tyrne_cap_revoke(0);
    outcomes |= sent() << 1;
    tyrne_task_resume(1);
    tyrne_task_yield();
    outcomes |= sent() << 2;
    tyrne_task_exit(outcomes);
}
""",
    "other.c": """\
void _start(void)
{
    tyrne_recv(0);
    tyrne_task_exit(0);
}
""",
}

ROOM = """\
[system]
name = "room"
[[endpoint]]
name = "door"
[[task]]
name = "server"
program = "server.c"
caps = [{ endpoint = "door", rights = ["RECV"] }, { console = true, rights = ["DUPLICATE"] }]
[[task]]
name = "generous"
program = "generous.c"
caps = [{ endpoint = "door", rights = ["SEND"] }, { console = true, rights = ["TRANSFER"] }]
[[task]]
name = "caller"
program = "caller.c"
caps = [{ endpoint = "door", rights = ["SEND"] }]
"""
FULL_SERVER = """\
void _start(void)
{
    int served = 0;
    while (tyrne_cap_copy(1, 0).x[0] == TYRNE_STATUS_OK)
        ;
    tyrne_cap_drop(1); /* one slot is free */
    for (int i = 0; i < %d; i++)
        tyrne_task_yield();
    for (int i = 0; i < 10 && served < 3; i++) {
        struct tyrne_reply r = tyrne_wait(0);
        if (r.x[0] != TYRNE_STATUS_OK)
            tyrne_task_exit(100 + served);
        tyrne_reply(r.x[7], 0, 0, 0, 0, TYRNE_NULL_HANDLE);
        served++;
    }
    tyrne_task_exit(served);
}
"""
CALLERS = {
    "generous.c": """\
void _start(void)
{
    uint64_t status = tyrne_call(0, 1, 0, 0, 0, 1).x[0];
    tyrne_task_exit(status == TYRNE_STATUS_RECEIVER_TABLE_FULL && tyrne_cap_query(1).x[0] == TYRNE_STATUS_OK ? 0 : 1);
}
""",
    "caller.c": """\
void _start(void)
{
    int refused = 0;
    for (int i = 0; i < 3; i++)
        refused += tyrne_call(0, 2, 0, 0, 0, TYRNE_NULL_HANDLE).x[0] != TYRNE_STATUS_OK;
    tyrne_task_exit(refused);
}
""",
}

LIVES = """\
[system]
name = "lives"
[[endpoint]]
name = "door"
[[endpoint]]
name = "notices"
[[task]]
name = "supervisor"
program = "supervisor.c"
priority = 2
caps = [
  { endpoint = "notices", rights = ["RECV"] },
  { task = "server", rights = ["CONFIGURE", "CONTROL", "INSPECT"] },
  { space = "server", rights = ["BIND"] },
]
[[task]]
name = "server"
program = "server.c"
start = false
supervisor = { endpoint = "notices", badge = 1 }
caps = [{ endpoint = "door", rights = ["RECV"] }]
[[task]]
name = "client"
program = "client.c"
caps = [{ endpoint = "door", rights = ["SEND"] }, { endpoint = "notices", rights = ["SEND"] }]
"""
BEGINNING_ANEW = {
    "supervisor.c": """\
void _start(void)
{
    uint64_t sp = tyrne_task_read(1, 31).x[1], pc = tyrne_task_read(1, 32).x[1];
    tyrne_task_resume(1);
    struct tyrne_reply notice = tyrne_wait(0);
    if (notice.x[2] != TYRNE_NOTICE_FAULTED)
        tyrne_task_exit(1);
    tyrne_task_configure(1, 2, 0x800000, pc, sp);
    tyrne_task_resume(1);
    uint64_t told = tyrne_wait(0).x[2];
    tyrne_task_end(1, 9);
    tyrne_task_exit(told == TYRNE_STATUS_ABORTED ? 0 : 2);
}
""",
    "server.c": """\
void _start(void)
{
    tyrne_wait(0);
    __builtin_trap(); /* before it has answered */
}
""",
    "client.c": """\
void _start(void)
{
    uint64_t status = tyrne_call(0, 1, 0, 0, 0, TYRNE_NULL_HANDLE).x[0];
    tyrne_send_wait(1, status, 0, 0, 0, TYRNE_NULL_HANDLE);
    tyrne_task_exit(0);
}
""",
}


def codes(folder: Path, description: str, programs: dict[str, str], machine: str) -> dict[str, int]:
    """The exit code of each task."""
    for name, text in programs.items():
        (folder / name).write_text('#include "tyrne.h"\n' + text)
    (folder / "system.toml").write_text(description)
    report = run_system([folder / "system.toml"], machine)
    assert {task["state"] for task in report["tasks"]} == {"exited"}, report["tasks"]
    return {task["name"]: int(task["code"]) for task in report["tasks"]}


@on_each_machine
def test_a_server_that_polls_gets_all_messages_while_a_call_waits(tmp_path: Path, machine: str) -> None:
    aborted = 0x208  # the server has ended, and nobody else could answer
    found = codes(tmp_path, POLLS, POLLING, machine)
    assert found == {"server": 6, "caller": aborted, "waits": 0, "sends": 3}


@on_each_machine
def test_a_registration_goes_with_the_capability_or_the_task_that_made_it(tmp_path: Path, machine: str) -> None:
    assert codes(tmp_path, REGISTERS, REGISTERING, machine) == {"owner": 0b110, "other": 0}


@on_each_machine
@pytest.mark.parametrize("yields", [0, 2], ids=["the server waits", "the callers wait"])
def test_a_call_with_more_than_finds_room_is_refused_and_the_server_goes_on(
    tmp_path: Path, machine: str, yields: int
) -> None:
    programs = {**CALLERS, "server.c": FULL_SERVER % yields}
    assert codes(tmp_path, ROOM, programs, machine) == {"server": 3, "generous": 0, "caller": 0}


@on_each_machine
def test_a_client_goes_on_when_the_server_that_owed_its_answer_begins_anew(tmp_path: Path, machine: str) -> None:
    assert codes(tmp_path, LIVES, BEGINNING_ANEW, machine) == {"supervisor": 0, "server": 9, "client": 0}
