"""Priorities, slices, supervisors, quotas and held tasks in a description: what they say, and their mistakes."""

from pathlib import Path

import pytest
from descriptions import cases, changes, mistakes, read

from tyrne.kernel.abi import CapKind, Rights
from tyrne.system.parts import NO_QUOTA, Cap, Quota, Supervisor

GOOD = """\
[system]
name = "family"
slice = 20_000
[[endpoint]]
name = "crib"
[[task]]
name = "parent"
program = "p.bin"
priority = 3
quota = { tasks = 2, spaces = 2, endpoints = 1, notifications = 4, memory = 5, quotas = 1, frames = 100 }
caps = [{ quota = true }, { endpoint = "crib", rights = ["RECV"] }, { task = "child" }, { space = "child" }]
[[task]]
name = "child"
program = "p.bin"
start = false
supervisor = { endpoint = "crib", badge = 0x10 }
"""


def test_terms_are_read_as_written(tmp_path: Path) -> None:
    system = read(tmp_path, GOOD)
    parent, child = system.tasks
    assert system.slice == 20_000
    assert (parent.priority, parent.held, parent.supervisor) == (3, False, None)
    assert parent.quota == Quota(tasks=2, endpoints=1, notifications=4, spaces=2, memory=5, quotas=1, frames=100)
    assert parent.caps == (
        Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
        Cap(0, Rights.RECV),
        Cap(1, Rights.CONTROL | Rights.INSPECT, kind=CapKind.TASK),
        Cap(1, Rights.MAP | Rights.BIND, kind=CapKind.ADDRESS_SPACE),
    )
    assert (child.priority, child.held, child.supervisor, child.quota) == (8, True, Supervisor(0, 16), NO_QUOTA)


def test_a_slice_is_a_million_instructions_or_none_at_all(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("slice = 20_000\n", "")).slice == 1_000_000
    assert read(tmp_path, GOOD.replace("20_000", "0")).slice == 0


WRONG = r"""
- 20_000
+ 999
! s:3: slice is 999; write instructions from 1000 to 281474976710655, or 0 for tasks that run until they wait or
    yield

- 20_000
+ -1
! s:3: slice is -1; write instructions from 1000 to 281474976710655, or 0 for tasks that run until they wait or
    yield

- 20_000
+ 0x1000000000000
! s:3: slice is 281474976710656; write instructions from 1000 to 281474976710655, or 0 for tasks that run until
    they wait or yield

- 20_000
+ "long"
! s:3: "slice" is a string; write slice = 1_000_000

- priority = 3
+ priority = 16
! s:9: priority is 16; write a number from 0 to 15

- priority = 3
+ priority = -1
! s:9: priority is -1; write a number from 0 to 15

- priority = 3
+ priority = 1.5
! s:9: "priority" is a number; write priority = 8

- start = false
+ start = 0
! s:15: "start" is a number; write start = false

- { endpoint = "crib", badge = 0x10 }
+ "crib"
! s:16: "supervisor" is a string; write supervisor = { endpoint = "name", badge = 1 }

- supervisor = { endpoint = "crib"
+ supervisor = { task = "parent"
! s:16: no "endpoint" in a supervisor; add endpoint = "name"
! s:16: unknown key "task" in a supervisor; the keys are endpoint, badge

- supervisor = { endpoint = "crib"
+ supervisor = { endpoint = "crab"
! s:16: no endpoint "crab" (there is crib); add a [[endpoint]] with name = "crab", or correct the name

- supervisor = { endpoint = "crib"
+ supervisor = { endpoint = 0
! s:16: "endpoint" is a number; write endpoint = "name"

- 0x10
+ -1
! s:16: badge is -1; write a number from 1 to 0xfffffffffffffffe, or 0 for none

- 0x10
+ 0xffff_ffff_ffff_ffff
! s:16: badge is 18446744073709551615; write a number from 1 to 0xfffffffffffffffe, or 0 for none

- 0x10
+ "ten"
! s:16: "badge" is a string; write badge = 1

- tasks = 2
+ task = 2
! s:10: unknown key "task" in a quota; the keys are tasks, endpoints, notifications, spaces, memory, quotas,
    frames

- tasks = 2
+ tasks = true
! s:10: "tasks" is true; write tasks = 1

- tasks = 2
+ tasks = 17
! s:10: tasks is 17; write a number from 0 to 16

- frames = 100
+ frames = -1
! s:10: frames is -1; write a number from 0 to 20480

- quota = true
+ console = true
! s:10: a quota that the task has no capability of; add { quota = true } to its caps, or remove quota

- quota = true
+ quota = false
! s:11: "quota" is false; write quota = true

- quota = {
+ quota = [{
- 100 }
+ 100 }]
! s:10: "quota" is an array; write quota = { tasks = 1, frames = 32 }

- { task = "child" }
+ { task = "child", rights = ["INSPECT"] }
! s:15: nobody starts "child"; remove start = false, or add to the caps of a task that runs: { task = "child" }

- priority = 3
+ start = false
! s:9: nobody starts "parent"; remove start = false, or add to the caps of a task that runs: { task = "parent" }
! s:15: nobody starts "child"; remove start = false, or add to the caps of a task that runs: { task = "child" }

- { endpoint = "crib", rights = ["RECV"] }
+ { endpoint = "crib", rights = ["SEND"] }
! s:16: no other task receives from "crib"; add to the caps of the supervisor: { endpoint = "crib", rights =
    ["RECV"] }
"""


@pytest.mark.parametrize(("change", "expected"), cases(WRONG))
def test_a_wrong_term_is_named_with_its_line_and_mend(tmp_path: Path, change: list[str], expected: list[str]) -> None:
    assert mistakes(tmp_path, changes(GOOD, *change)) == expected


def test_a_chain_of_held_tasks_starts_from_one_that_runs(tmp_path: Path) -> None:
    task = '[[task]]\nname = "{0}"\nprogram = "p.bin"\nstart = {1}\ncaps = [{{ task = "{2}" }}]\n'
    chain = '[system]\nname = "x"\n' + task.format("a", "true", "b") + task.format("b", "false", "c")
    assert read(tmp_path, chain + task.format("c", "false", "b")).tasks[2].held
    found = mistakes(tmp_path, chain.replace('{ task = "b" }', '{ task = "a" }') + task.format("c", "false", "b"))
    assert [line.split(";")[0] for line in found] == ['s:11: nobody starts "b"', 's:16: nobody starts "c"']


def test_a_supervisor_that_only_its_own_task_is_told_of_is_refused(tmp_path: Path) -> None:
    alone = changes(GOOD, '{ endpoint = "crib", rights = ["RECV"] }', '{ endpoint = "crib", rights = ["SEND"] }')
    found = mistakes(tmp_path, alone + 'caps = [{ endpoint = "crib", rights = ["RECV"] }]\n')
    assert len(found) == 1 and 's:16: no other task receives from "crib"' in found[0]


@pytest.mark.parametrize(
    ("claim", "most", "expected"),
    [
        ("tasks", 14, "tasks: 2 from the start and 15 in quotas up to here; a system has at most 16, lower a quota"),
        ("spaces", 14, "spaces: 2 from the start and 15 in quotas up to here; a system has at most 16, lower a quota"),
        ("endpoints", 15, "endpoints: 1 from the start and 16 in quotas up to here; a system has at most 16, lower a "),
        ("notifications", 16, "notifications is 17; write a number from 0 to 16"),
        ("memory", 32, "memory is 33; write a number from 0 to 32"),
        ("quotas", 14, "quotas: 2 from the start and 15 in quotas up to here; a system has at most 16, lower a quota"),
        ("frames", 20_480, "frames is 20481; write a number from 0 to 20480"),
    ],
)
def test_a_quota_is_what_the_parts_of_the_system_leave(tmp_path: Path, claim: str, most: int, expected: str) -> None:
    whole = (
        GOOD.split("quota = {")[0]
        + f"quota = {{ {claim} = %d }}\ncaps = [{{ quota = true }}"
        + GOOD.split("caps = [{ quota = true }")[1]
    )
    assert getattr(read(tmp_path, whole % most).tasks[0].quota, claim) == most
    assert mistakes(tmp_path, whole % (most + 1))[0].startswith(f"s:10: {expected}")


def test_quotas_and_memory_share_the_frames(tmp_path: Path) -> None:
    memory = '[[memory]]\nname = "m"\npages = 20_000\n[[memory]]\nname = "n"\npages = {}\n'
    assert read(tmp_path, GOOD + memory.format(380)).memory[1].pages == 380
    assert mistakes(tmp_path, GOOD + memory.format(381)) == [
        "s:10: frames: 20381 from the start and 100 in quotas up to here; a system has at most 20480, lower a quota"
    ]
    assert mistakes(tmp_path, GOOD.replace(", frames = 100", "") + memory.format(481)) == [
        "s:22: 20481 pages of memory; a system has at most 20480, remove some"
    ]


def test_the_task_whose_quota_is_too_much_is_named(tmp_path: Path) -> None:
    task = '[[task]]\nname = "{0}"\nprogram = "p.bin"\nquota = {{ notifications = 6 }}\ncaps = [{{ quota = true }}]\n'
    text = '[system]\nname = "x"\n' + "".join(task.format(name) for name in "abc")
    assert mistakes(tmp_path, text) == [
        "s:16: notifications: 0 from the start and 18 in quotas up to here; a system has at most 16, lower a quota"
    ]
