"""A task's state changes in one place, as the table has it; page and docstring say the same."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tyrne
from tyrne.abi import CallNumber as C
from tyrne.abi import TaskState
from tyrne.kernel.task import Task
from tyrne.testing import World
from tyrne.testing.explore import MODELS, Serial, explore
from tyrne.testing.invariants.task_states import NO_CALL, TRANSITIONS, StateChanges, changes_are_in_the_table, events
from tyrne.testing.kernels import NULL
from tyrne.testing.task_states import page, states_of_the_kernel

SOURCES = Path(tyrne.__file__).parent
PAGE = SOURCES.parents[1] / "docs" / "task-states.md"


def stores_of_states(path: Path) -> list[str]:
    """The functions of a file that store into a field `state`, each with what the field is of."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            for part in ast.walk(node):
                targets = part.targets if isinstance(part, ast.Assign) else []
                found += [
                    f"{node.name}: {ast.unparse(target.value)}"
                    for target in [*targets, *([part.target] if isinstance(part, ast.AnnAssign) else [])]
                    if isinstance(target, ast.Attribute) and target.attr == "state"
                ]
    return found


def test_the_state_of_a_task_is_stored_by_one_method() -> None:
    files = [*(SOURCES / "kernel").glob("*.py"), *(SOURCES / "boot").glob("*.py")]
    stores = {path.name: stores_of_states(path) for path in files}
    assert stores.pop("task.py") == ["__init__: self", "become: self"]
    assert all(line.endswith(": self") for line in stores.pop("endpoint.py"))
    assert {line.split(": ")[1] for lines in stores.values() for line in lines} == {"endpoint"}


def test_the_page_in_the_tree_is_the_generated_one() -> None:
    assert PAGE.read_text() == page(), "run: python -m tyrne.testing.task_states > docs/task-states.md"


def test_the_docstring_of_the_kernel_has_each_state_and_what_ends_it() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in states_of_the_kernel().splitlines()[2:]]
    ends = {
        state.name: ", ".join(
            dict.fromkeys(row.event for row in TRANSITIONS if state in row.before and row.after is not state)
        )
        for state in TaskState
    }
    assert {row[0]: row[3] for row in rows} == ends
    assert [row[0] for row in rows] == list(ends)


def test_what_has_ended_comes_back_only_as_a_new_life() -> None:
    for ended in (TaskState.EXITED, TaskState.FAULTED):
        assert {after for after in TaskState if events(ended, after)} == {TaskState.INACTIVE}


def test_a_change_by_a_trap_that_may_not_bring_it_about_is_named() -> None:
    suspended = (TaskState.SUSPENDED, TaskState.READY)
    assert list(changes_are_in_the_table([suspended], C.TASK_RESUME)) == []
    for trap, word in (C.REPLY, "REPLY"), (NO_CALL, "no call"):
        said = list(changes_are_in_the_table([suspended], trap))
        assert said == [f"a task was SUSPENDED and became READY by {word}"]


def test_the_changes_of_a_kernel_are_noted_each_once_in_their_order() -> None:
    w = World(2)
    changes = StateChanges(w.kernel)
    door = w.endpoint()
    client, server = w.give(0, door), w.give(1, door)
    w.blocks(1, C.WAIT, server)
    w.blocks(0, C.CALL, client, 1, 2, 3, 4, NULL)
    assert changes.take() == [
        (TaskState.READY, TaskState.RECEIVING),
        (TaskState.READY, TaskState.CALLING),
        (TaskState.RECEIVING, TaskState.READY),
    ]
    assert changes.take() == []


def test_exploration_finds_a_change_that_the_table_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    StateChanges(World(1).kernel)  # so that what is wrong is put before the watch, and not in its place
    become = Task.become

    def wrong(task: Task, state: TaskState) -> None:
        become(task, TaskState.SENDING if state is TaskState.RECEIVING else state)

    monkeypatch.setattr(Task, "become", wrong)
    report = explore(MODELS["hand-over"], Serial(), max_states=100)
    assert report.violation is not None
    assert any("a task was READY and became SENDING by WAIT" in what for what in report.violation.what)


def test_a_world_finds_a_change_that_the_table_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    w = World(2)
    become = Task.become
    wakes = w.give_task(0, 1)

    def wrong(task: Task, state: TaskState) -> None:
        if state is TaskState.SUSPENDED:
            become(task, TaskState.FAULTED)
        become(task, state)

    monkeypatch.setattr(Task, "become", wrong)
    with pytest.raises(AssertionError, match="a task was FAULTED and became SUSPENDED by TASK_SUSPEND"):
        w.ok(0, C.TASK_SUSPEND, wakes)
