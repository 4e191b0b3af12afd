"""Generates docs/task-states.md from the table of states: python -m tyrne.testing.task_states > docs/task-states.md."""

from __future__ import annotations

import sys
from typing import Final

import tyrne.kernel.task
from tyrne.abi import CallNumber as C
from tyrne.abi import TaskState
from tyrne.testing.invariants.task_states import ANY, NO_CALL, TRANSITIONS, events

_PAGE: Final = """\
# The states of a task

Generated from `src/tyrne/testing/invariants/task_states.py`: run
`python -m tyrne.testing.task_states > docs/task-states.md`. A task's state is changed by `Task.become` alone, in
`src/tyrne/kernel/task.py`. Exploration, lock step and the tests with random traps check each change against this table.

{states}

A row is the state that a task is in, a column the one that it comes to, and what stands there leads from the one to the
other. Where nothing stands no way leads.

```
{picture}
```

| event | from | to | by | what happens |
|---|---|---|---|---|
{rows}
"""


def states_of_the_kernel() -> str:
    """The table in the docstring of kernel/task.py, which says what each state means."""
    lines = (tyrne.kernel.task.__doc__ or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


def picture() -> str:
    """Each state a row and a column; the events that lead from one to the other where they meet."""
    states = list(TaskState)
    cells = {(one, two): events(one, two) for one in states for two in states}
    columns = {two: [two.name, *(word for one in states for word in cells[one, two])] for two in states}
    widths = {state: max(map(len, words)) for state, words in columns.items()}
    first = max(len(state.name) for state in states)
    rule = "+".join(["-" * (first + 2), *("-" * (widths[state] + 2) for state in states)])
    found = [_line("", first, [state.name for state in states], widths), rule]
    for one in states:
        for i in range(max(1, *(len(cells[one, two]) for two in states))):
            words = [cells[one, two][i] if i < len(cells[one, two]) else "" for two in states]
            found.append(_line(one.name if i == 0 else "", first, words, widths))
        found.append(rule)
    return "\n".join(found[:-1])


def _line(head: str, first: int, words: list[str], widths: dict[TaskState, int]) -> str:
    cells = [f" {word:<{widths[state]}} " for state, word in zip(TaskState, words, strict=True)]
    return "|".join([f" {head:<{first}} ", *cells]).rstrip()


def _traps(by: frozenset[C | None]) -> str:
    if by == ANY:
        return "any trap"
    calls = [f"`{call.name.lower()}`" for call in C if call in by]
    others = ["a fault or an interrupt"] if NO_CALL in by else []
    return ", ".join(calls + others) or "booting"


def page() -> str:
    """The text of docs/task-states.md."""
    rows = []
    for row in TRANSITIONS:
        before = ", ".join(state.name for state in row.before)
        rows.append(f"| {row.event} | {before} | {row.after.name} | {_traps(row.by)} | {row.what} |")
    return _PAGE.format(states=states_of_the_kernel(), picture=picture(), rows="\n".join(rows))


if __name__ == "__main__":
    sys.stdout.write(page())
