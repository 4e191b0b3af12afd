"""Running something in a child of this process, several at a time, with a limit on each child's processor time."""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
MEMORY: Final = 6 << 30
"""The most bytes of address space that a child may have: a loop that makes things ends here."""
BROKEN: Final = 3
"""The exit status of a child in which this tool itself failed."""


class Slate:
    """One number that a child writes and its parent reads, also when the child was ended."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    def write(self, number: int) -> None:
        self._shared[:] = struct.pack("q", number)

    def read(self) -> int:
        (number,) = struct.unpack("q", self._shared[:])
        return int(number)


@dataclass(frozen=True)
class Ended(Generic[T]):
    """How a child ended: its exit status, or minus the number of the signal that ended it, and what it wrote last."""

    task: T
    status: int
    slate: int


def limit_time(seconds: float) -> None:
    """End this process when it has used so much more processor time; 0 lifts the limit."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def each(tasks: Iterable[T], run: Callable[[T, Slate], int], workers: int) -> Iterator[Ended[T]]:
    """Do each task in a child of its own, whose exit status is what `run` returns, as they end."""
    running: dict[int, tuple[T, Slate]] = {}
    gc.collect()
    gc.freeze()  # children share what there is now, untouched by their collections
    try:
        for task in tasks:
            while len(running) >= workers:
                yield _wait(running)
            slate = Slate()
            child = os.fork()
            if child == 0:
                _run(task, run, slate)
            running[child] = (task, slate)
        while running:
            yield _wait(running)
    finally:
        for child in running:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        gc.unfreeze()


def _wait(running: dict[int, tuple[T, Slate]]) -> Ended[T]:
    child, status = os.waitpid(-1, 0)
    task, slate = running.pop(child)
    return Ended(task, os.waitstatus_to_exitcode(status), slate.read())


def _run(task: T, run: Callable[[T, Slate], int], slate: Slate) -> None:
    """In the child: quiet, and never back into the parent's code."""
    status = BROKEN
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        if "TYRNE_MUTATION_DEBUG" not in os.environ:
            os.dup2(nowhere, 2)
        status = run(task, slate)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)
