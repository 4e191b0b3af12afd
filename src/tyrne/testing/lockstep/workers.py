"""A campaign in this process, or several in processes of their own; each has its share of the calls, and its seed."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tyrne.testing.lockstep.agreement import watchdog
from tyrne.testing.lockstep.campaign import Campaign, Reached
from tyrne.testing.lockstep.corpus import Entry
from tyrne.testing.lockstep.game import Game, GameError
from tyrne.testing.lockstep.tally import Tally

CALLS_A_REPORT: Final = 2000
SECONDS_A_REPORT: Final = 900
"""Longer than that a few games never take: then one kernel does not come back, and the process ends with a trace."""
SECONDS_A_LOOK: Final = 2.0
"""Without a message; then whether every process still lives."""


class WorkerLostError(Exception):
    """A worker's process has ended before it was done; its trace is on stderr."""


@dataclass(frozen=True)
class Work:
    """What is asked for."""

    calls: int
    seed: int
    workers: int = 1
    guided: bool = True
    known: Sequence[Game] = ()


@dataclass(frozen=True)
class Report:
    """What one worker has reached since it began; `error` is what ended it."""

    worker: int
    reached: Reached
    error: GameError | None = None
    entries: Sequence[Entry] = ()
    """What it has kept, in its last report."""


def reports(work: Work) -> Iterator[Report]:
    """The reports of all workers, as they come, until all are done or one has found something.

    WorkerLostError where one of several does not come so far: a kernel that does not come back, or an exception that is
    no failed check.
    """
    if work.workers == 1:
        yield from _one(work, 0)
    else:
        yield from _several(work)


def together(reports: Sequence[Report]) -> Reached:
    """What several workers have reached, by the last report of each."""
    total = Reached(Tally(), Tally(), 0, set(), 0)
    for report in reports:
        total.add(report.reached)
    return total


def _one(work: Work, worker: int) -> Iterator[Report]:
    campaign = Campaign(work.seed + worker, work.guided, work.known)
    share = work.calls // work.workers + (worker < work.calls % work.workers)
    while campaign.tally.calls.total() < share:
        try:
            with watchdog(SECONDS_A_REPORT):
                campaign.play_until(min(campaign.tally.calls.total() + CALLS_A_REPORT, share))
        except GameError as error:
            yield Report(worker, campaign.reached(), error)
            return
        done = campaign.tally.calls.total() >= share
        yield Report(worker, campaign.reached(), entries=campaign.corpus.entries if done else ())


def _several(work: Work) -> Iterator[Report]:
    fresh = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    inbox: Any = fresh.Queue()
    shares = [(work, worker, inbox) for worker in range(work.workers)]
    processes = [fresh.Process(target=_serve, args=share, daemon=True) for share in shares]
    for process in processes:
        process.start()
    left = len(processes)
    try:
        while left:
            try:
                message = inbox.get(timeout=SECONDS_A_LOOK)
            except queue.Empty:
                _check_alive(processes)
                continue
            if message is None:
                left -= 1
                continue
            yield message
            if message.error is not None:
                return
    finally:
        for process in processes:
            process.terminate()


def _check_alive(processes: Sequence[Any]) -> None:
    for number, process in enumerate(processes):
        if process.exitcode not in (None, 0):
            raise WorkerLostError(f"worker {number} ended with exit status {process.exitcode} before it was done")


def _serve(work: Work, worker: int, outbox: Any) -> None:
    """One worker's process; its last message is None. An interrupt from the terminal is for the process that reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for report in _one(work, worker):
        outbox.put(report)
    outbox.put(None)
