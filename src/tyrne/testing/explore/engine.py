"""Where the work of a search is done: in this process, in one process for each core, or on a Dask cluster.

An engine is given pieces of work that do not depend on each other, and yields their results as they come.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from typing import Any, Protocol

from tyrne.system.errors import RequestError
from tyrne.testing.explore.expansion import Expander, Expansion, Trace, expand, expand_with
from tyrne.testing.explore.model import Model

Chunk = list[Trace]


class EngineMissingError(RequestError):
    """The engine that was asked for is not there; says how to get it."""


class WorkerLostError(RequestError):
    """A process that expanded states is gone, and what it was to find with it."""


class Engine(Protocol):
    """Expands chunks of states; the results come in any order."""

    workers: int
    """How many chunks it works on at once."""

    def run(self, model: Model, chunks: Iterable[Chunk]) -> Iterator[Expansion]: ...

    def close(self) -> None: ...


class Serial:
    """This process, which can be looked into, and in which the kernel may be another than on disk."""

    workers = 1

    def __init__(self) -> None:
        self._expanders: dict[Model, Expander] = {}

    def run(self, model: Model, chunks: Iterable[Chunk]) -> Iterator[Expansion]:
        if model not in self._expanders:
            self._expanders[model] = Expander(model)
        return (expand_with(self._expanders[model], chunk) for chunk in chunks)

    def close(self) -> None:
        pass


class Processes:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker)

    def run(self, model: Model, chunks: Iterable[Chunk]) -> Iterator[Expansion]:
        """No more chunks are handed out than keep every process busy, so that a search can stop at once."""
        left = deque(chunks)
        running: set[Future[Expansion]] = set()
        try:
            while left or running:
                while left and len(running) < 2 * self.workers:
                    running.add(self._pool.submit(expand, model, left.popleft()))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from [future.result() for future in done]
        except BrokenProcessPool:  # of a process that is lost while it works, or before it is given work
            raise WorkerLostError("a worker was killed, or crashed; see how with --workers 1") from None

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def _begin_worker() -> None:
    """Ctrl-C reaches every process of a terminal; the one that searches ends the others. And what a transition makes
    is gone when it is over: looking for cycles after each few hundred objects took a tenth of the time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(50_000)


class Cluster:
    """A Dask cluster: the address of its scheduler, or a client that is connected to one."""

    def __init__(self, client: Any) -> None:
        try:
            self._dask: Any = import_module("distributed")
        except ImportError:
            raise EngineMissingError("--cluster needs Dask: pip install 'tyrne[explore]'") from None
        self._own = isinstance(client, str)
        self._client: Any = self._dask.Client(client) if self._own else client
        self.workers = max(1, sum(self._client.nthreads().values()))

    def run(self, model: Model, chunks: Iterable[Chunk]) -> Iterator[Expansion]:
        left = deque(chunks)
        first = [self._submit(model, left.popleft()) for _ in range(min(len(left), 2 * self.workers))]
        running = self._dask.as_completed(first)
        for future in running:
            if left:
                running.add(self._submit(model, left.popleft()))
            try:
                yield future.result()
            except self._dask.KilledWorker:
                raise WorkerLostError("the workers of the cluster die of a chunk; see how with --workers 1") from None

    def _submit(self, model: Model, chunk: Chunk) -> Any:
        return self._client.submit(expand, model, chunk, pure=False)

    def close(self) -> None:
        if self._own:
            self._client.close()
