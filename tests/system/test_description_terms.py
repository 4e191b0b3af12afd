"""Priorities, slices, supervisors, quotas and held tasks in a description: what they say, and their mistakes."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from descriptions import cases, changes, mistakes, read

from tyrne.abi import CapKind, Rights
from tyrne.system.parts import NO_QUOTA, Cap, Quota, Supervisor
from tyrne.system.select import load_system

GOOD = """\
[system]
name = "family"
slice = 20_000
[[endpoint]]
name = "door"
[[endpoint]]
name = "crib"
[[notification]]
name = "bell"
[[memory]]
name = "ring"
pages = 80
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


def test_frames_alone_pay_for_tables_and_need_no_capability_over_the_quota(tmp_path: Path) -> None:
    text = GOOD.replace("{ quota = true }", "{ console = true }")
    assert "{ quota = true }" not in text and "quota = {" in text
    frames = re.sub(r"quota = \{.*?\}", "quota = { frames = 3 }", text, count=1)
    assert read(tmp_path, frames).tasks[0].quota == Quota(frames=3)


def test_terms_are_read_as_written(tmp_path: Path) -> None:
    system = read(tmp_path, GOOD)
    parent, child = system.tasks
    assert system.slice == 20_000
    assert (parent.priority, parent.held, parent.supervisor) == (3, False, None)
    assert parent.quota == Quota(tasks=2, endpoints=1, notifications=4, spaces=2, memory=5, quotas=1, frames=100)
    assert parent.caps == (
        Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
        Cap(1, Rights.RECV),
        Cap(1, Rights.CONTROL | Rights.INSPECT, kind=CapKind.TASK),
        Cap(1, Rights.MAP | Rights.BIND, kind=CapKind.ADDRESS_SPACE),
    )
    assert (child.priority, child.held, child.supervisor, child.quota) == (8, True, Supervisor(1, 16), NO_QUOTA)


def test_a_task_serves_if_it_says_so_and_may_be_held_too(tmp_path: Path) -> None:
    assert [task.serves for task in read(tmp_path, GOOD).tasks] == [False, False]
    child = read(tmp_path, GOOD.replace("start = false", "start = false\nserves = true")).tasks[1]
    assert (child.serves, child.held) == (True, True)


def test_that_every_task_serves_is_refused_where_the_first_does(tmp_path: Path) -> None:
    text = GOOD.replace("priority = 3", "priority = 3\nserves = true").replace("start = false", "serves = true")
    assert mistakes(tmp_path, text) == [
        "s:17: every task serves, so the run would be over before it begins; remove serves = true from one of them"
    ]


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
! s:16: priority is 16; write a number from 0 to 15

- priority = 3
+ priority = -1
! s:16: priority is -1; write a number from 0 to 15

- priority = 3
+ priority = 1.5
! s:16: "priority" is a floating-point number; write priority = 8

- start = false
+ start = 0
! s:22: "start" is a number; write start = false

- start = false
+ serves = 1
! s:22: "serves" is a number; write serves = true

- start = false
+ serves = "yes"
! s:22: "serves" is a string; write serves = true

- { endpoint = "crib", badge = 0x10 }
+ "crib"
! s:23: "supervisor" is a string; write supervisor = { endpoint = "name", badge = 1 }

- supervisor = { endpoint = "crib"
+ supervisor = { task = "parent"
! s:23: no "endpoint" in a supervisor; add endpoint = "name"
! s:23: unknown key "task" in a supervisor; the keys are endpoint, badge

- supervisor = { endpoint = "crib"
+ supervisor = { endpoint = "crab"
! s:23: no endpoint "crab" (there is door, crib); add a [[endpoint]] with name = "crab", or correct the name;
    did you mean "crib"?

- supervisor = { endpoint = "crib"
+ supervisor = { endpoint = 0
! s:23: "endpoint" is a number; write endpoint = "name"

- 0x10
+ -1
! s:23: badge is -1; write a number from 1 to 0xfffffffffffffffe, or 0 for none

- 0x10
+ 0xffff_ffff_ffff_ffff
! s:23: badge is 18446744073709551615; write a number from 1 to 0xfffffffffffffffe, or 0 for none

- 0x10
+ "ten"
! s:23: "badge" is a string; write badge = 1

- tasks = 2
+ task = 2
! s:17: unknown key "task" in a quota; the keys are tasks, endpoints, notifications, spaces, memory, quotas,
    frames; did you mean "tasks"?

- tasks = 2
+ tasks = true
! s:17: "tasks" is true; write tasks = 1

- tasks = 2
+ tasks = 17
! s:17: tasks is 17; write a number from 0 to 16

- frames = 100
+ frames = -1
! s:17: frames is -1; write a number from 0 to 20480

- quota = true
+ console = true
! s:17: a quota that the task has no capability of; add { quota = true } to its caps, or remove quota

- quota = true
+ quota = false
! s:18: "quota" is false; write quota = true

- quota = {
+ quota = [{
- 100 }
+ 100 }]
! s:17: "quota" is an array; write quota = { tasks = 1, frames = 32 }

- { task = "child" }
+ { task = "child", rights = ["INSPECT"] }
! s:22: nobody starts "child"; remove start = false, or add to the caps of a task that runs: { task = "child" }

- priority = 3
+ start = false
! s:16: nobody starts "parent"; remove start = false, or add to the caps of a task that runs: { task = "parent" }
! s:22: nobody starts "child"; remove start = false, or add to the caps of a task that runs: { task = "child" }

- { endpoint = "crib", rights = ["RECV"] }
+ { endpoint = "crib", rights = ["SEND"] }
! s:23: no other task receives from "crib"; add to the caps of the supervisor: { endpoint = "crib", rights =
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
    alone += 'caps = [{ endpoint = "crib", rights = ["RECV"] }]\n'
    told = 's:23: no other task receives from "crib"; add to the caps of the supervisor: '
    assert mistakes(tmp_path, alone) == [told + '{ endpoint = "crib", rights = ["RECV"] }']
    assert mistakes(tmp_path, alone.replace('{ task = "child" }', '{ task = "child" }, { endpoint = "door" }')) == [
        told + '{ endpoint = "crib", rights = ["RECV"] }'
    ]


def test_all_that_a_description_says_of_a_task_reaches_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "p.bin").write_bytes(bytes(4))
    description = read(tmp_path, GOOD)
    system = load_system(description)
    assert (system.endpoints, system.notifications, system.memory, system.slice) == (2, 1, description.memory, 20_000)
    for task, described in zip(system.tasks, description.tasks, strict=True):
        for field in fields(task):
            if field.name != "program":
                said = getattr(described, field.name)
                assert getattr(task, field.name) == (1 if field.name == "stack_pages" and said is None else said)


@pytest.mark.parametrize(
    ("claim", "there", "limit"),
    [
        ("tasks", 2, 16),
        ("spaces", 2, 16),
        ("endpoints", 2, 16),
        ("notifications", 1, 16),
        ("memory", 1, 32),
        ("quotas", 2, 16),
        ("frames", 80, 20_480),
    ],
)
def test_a_quota_is_what_the_parts_of_the_system_leave(tmp_path: Path, claim: str, there: int, limit: int) -> None:
    before, after = GOOD.split("quota = {")
    whole = f"{before}quota = {{ {claim} = %d }}\n{after.split(chr(10), 1)[1]}"
    most = limit - there
    assert getattr(read(tmp_path, whole % most).tasks[0].quota, claim) == most
    more = ', or write memory = "256M" in [system]' if claim == "frames" else ""
    assert mistakes(tmp_path, whole % (most + 1)) == [
        f"s:17: {claim}: {there} from the start and {most + 1} in quotas up to here; "
        f"a system has at most {limit}, lower a quota{more}"
    ]
    wrong = f"s:17: {claim} is {limit + 1}; write a number from 0 to {limit}"
    assert mistakes(tmp_path, whole % (limit + 1)) == [wrong]


def test_quotas_and_memory_share_the_frames(tmp_path: Path) -> None:
    memory = '[[memory]]\nname = "m"\npages = 19_968\n[[memory]]\nname = "n"\npages = {}\n'
    assert read(tmp_path, GOOD + memory.format(332)).memory[2].pages == 332
    assert mistakes(tmp_path, GOOD + memory.format(333)) == [
        "s:17: frames: 20381 from the start and 100 in quotas up to here; "
        'a system has at most 20480, lower a quota, or write memory = "256M" in [system]'
    ]
    alone = GOOD.replace(", frames = 100", "")
    assert read(tmp_path, alone + memory.format(432)).memory[2].pages == 432
    assert mistakes(tmp_path, alone + memory.format(433)) == [
        's:29: 20481 pages of memory; a system has at most 20480, remove some, or write memory = "256M" in [system]'
    ]
    flash = "address = 0x0400_0000\n"
    assert read(tmp_path, alone + memory.format(16_384) + flash).memory[2].address


def test_the_task_whose_quota_is_too_much_is_named(tmp_path: Path) -> None:
    task = '[[task]]\nname = "{0}"\nprogram = "p.bin"\nquota = {{ notifications = 6 }}\ncaps = [{{ quota = true }}]\n'
    text = '[system]\nname = "x"\n' + "".join(task.format(name) for name in "abc")
    assert mistakes(tmp_path, text) == [
        "s:16: notifications: 0 from the start and 18 in quotas up to here; a system has at most 16, lower a quota"
    ]
