"""What a description with `threads` has besides: the tasks that a program of Linux has its threads in.

| part of task "x" with threads = 3   | what it is for                                                           |
|-------------------------------------|--------------------------------------------------------------------------|
| task "x"                            | the first thread                                                         |
| tasks "x.2", "x.3"                  | the others: held, each with a place of its own until it gets into x's    |
| task "x.keeper"                     | starts and ends those, makes memory for all, and hears of their faults   |
| endpoint "x.keeper"                 | where it is asked; the badge is the number of the thread                 |
| notifications "x.1", "x.2", "x.3"   | what each thread waits for                                               |

All threads hold what "x" does, under the same handle words, as those of one process do; behind it, the endpoint with
SEND, and all notifications. So nothing is added but what leads from one of them to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import tyrne.linux
from tyrne.abi import CapKind, Rights
from tyrne.linux.start import FIRST, KEEPER
from tyrne.system import limits
from tyrne.system.described import TaskDescription, name_error
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.parts import NOTHING_GIVEN, BuildOptions, Cap, Supervisor

_FOLDER: Final = Path(tyrne.linux.__file__).parent
_KEEPER_PROGRAM, _PLACE_PROGRAM = _FOLDER / "keeper.c", _FOLDER / "place.S"
FAULTS: Final = 0x100
"""In the badge of what the kernel tells of a thread, added to its number (keeper.c)."""
_OVER_THREADS: Final = Rights.CONFIGURE | Rights.CONTROL | Rights.INSPECT | Rights.MODIFY
_MOST: Final = (("task", limits.TASKS), ("endpoint", limits.ENDPOINTS), ("notification", limits.NOTIFICATIONS))


def with_threads(
    mistakes: Mistakes, tasks: Sequence[TaskDescription], names: Mapping[str, list[str]]
) -> tuple[TaskDescription, ...]:
    """The tasks, and behind them those of their threads. What is made is added to the names."""
    own, made = list(tasks), []
    for index, task in enumerate(tasks):
        threads = task.given.threads or 1
        here = ("task", index, "threads")
        if threads == 1 or not _fits(mistakes, here, task, threads):
            continue
        kept = {kind: len(names[kind]) for kind, _ in _MOST}
        for kind, name in _made(task.name, threads):
            if wrong := name_error(name):
                mistakes.add(here, f"threads makes a {kind} for it, and {wrong}")
            elif name in names[kind]:
                mistakes.add(here, f'threads makes a {kind} "{name}", and there is one; give that another name')
            names[kind].append(name)
        for kind, most in _MOST:
            if kept[kind] <= most < len(names[kind]):
                what = f"{len(names[kind])} {kind}s with those that threads makes; a system has at most {most}"
                mistakes.add(here, f"{what}, lower it")
        family = _Family(task, index, threads, kept["task"], kept["endpoint"], kept["notification"])
        own[index] = family.thread(1)
        made += [*map(family.thread, range(2, threads + 1)), family.keeper()]
    return (*own, *made)


def _fits(mistakes: Mistakes, here: Where, task: TaskDescription, threads: int) -> bool:
    """Whether what a task has leaves room for its threads."""
    count = len(task.caps) + 1 + threads
    if task.supervisor is not None:
        mistakes.add(here, "threads have a supervisor of their own, their keeper; remove supervisor, or threads")
    elif any(cap.kind is CapKind.INTERRUPT for cap in task.caps):
        mistakes.add(here, "a device is driven by one task, and threads hold the same; remove the device, or threads")
    elif count > limits.CAPS:
        what = f"{threads} threads take {1 + threads} of the {limits.CAPS} capabilities that a task may have"
        mistakes.add(here, f"{what}, and it has {len(task.caps)}; lower threads, or remove some")
    else:
        return True
    return False


def _made(name: str, threads: int) -> Iterator[tuple[str, str]]:
    """The kinds and names of what is made for a task."""
    for number in range(2, threads + 1):
        yield "task", f"{name}.{number}"
    yield "task", f"{name}.keeper"
    yield "endpoint", f"{name}.keeper"
    for number in range(1, threads + 1):
        yield "notification", f"{name}.{number}"


class _Family:
    """The threads of one task, counted from 1, and their keeper; `others`, `endpoint` and `first` are the numbers of
    the first task, the endpoint and the first notification that are made for them."""

    def __init__(
        self, task: TaskDescription, number: int, threads: int, others: int, endpoint: int, first: int
    ) -> None:
        self._task = task
        self._numbers = (number, *range(others, others + threads - 1))
        self._threads = range(1, threads + 1)
        self._endpoint = endpoint
        self._first = first

    def thread(self, number: int) -> TaskDescription:
        task, word = self._task, len(self._task.caps)
        caps = [*task.caps, Cap(self._endpoint, Rights.SEND, number)]
        for other in self._threads:
            rights = Rights.NOTIFY | Rights.WAIT if other == number else Rights.NOTIFY
            caps.append(Cap(self._first + other - 1, rights, kind=CapKind.NOTIFICATION))
        supervisor = Supervisor(self._endpoint, FAULTS + number)
        handles = (*task.handles, (KEEPER, word), (FIRST, word + 1))
        if number == 1:
            return replace(task, caps=tuple(caps), supervisor=supervisor, handles=handles)
        return replace(
            task,
            name=f"{task.name}.{number}",
            program=_PLACE_PROGRAM,
            stack_pages=1,
            caps=tuple(caps),
            supervisor=supervisor,
            mappings=(),
            held=True,
            serves=True,
            given=NOTHING_GIVEN,
            thread_of=task.name,
        )

    def keeper(self) -> TaskDescription:
        task = self._task
        over = (Cap(number, _OVER_THREADS, kind=CapKind.TASK) for number in self._numbers)
        space = Cap(self._numbers[0], Rights.BIND | Rights.MAP, kind=CapKind.ADDRESS_SPACE)
        quota = Cap(0, Rights.CREATE, kind=CapKind.QUOTA)
        return TaskDescription(
            f"{task.name}.keeper",
            _KEEPER_PROGRAM,
            None,
            (Cap(self._endpoint, Rights.RECV), space, *over, quota),
            task.place,
            task.priority,
            options=BuildOptions(define=(f"THREADS={len(self._threads)}",)),
            handles=(("requests", 0), ("space", 1), ("first", 2), ("quota", 2 + len(self._threads))),
            serves=True,
            keeper_of=task.name,
        )
