"""A search comes to the same whoever does the work: this process, others, or a Dask cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from tyrne.testing.explore import MODELS, Cluster, Processes, Report, Serial, explore
from tyrne.testing.explore.engine import Engine, EngineMissingError, WorkerLostError

SMALL = replace(MODELS["pair"], name="small", calls=MODELS["pair"].calls[2:5])


def outcome(engine: Engine) -> tuple[object, ...]:
    report: Report = explore(SMALL, engine)
    return report.states, report.exhausted, report.progress


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of a cluster in this process; nobody can reach it from elsewhere."""
    dask = import_module("distributed")
    with (
        dask.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="inproc://"
        ) as cluster,
        dask.Client(cluster) as client,
    ):
        yield client


def test_a_dask_cluster_finds_the_same_as_this_process(client: Any) -> None:
    assert outcome(Cluster(client)) == outcome(Serial())


def test_processes_find_the_same_as_this_one() -> None:
    engine = Processes(2)
    try:
        assert outcome(engine) == outcome(Serial())
    finally:
        engine.close()


def test_a_worker_that_is_lost_is_said_to_be() -> None:
    engine = Processes(1)
    try:
        os.kill(engine._pool.submit(os.getpid).result(), signal.SIGKILL)
        with pytest.raises(WorkerLostError, match="--workers 1"):
            outcome(engine)
    finally:
        engine.close()


def test_a_worker_that_was_lost_before_it_got_work_is_said_to_be() -> None:
    engine = Processes(1)
    try:
        worker = engine._pool.submit(os.getpid).result()
        never = engine._pool.submit(signal.pause)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(BrokenProcessPool):
            never.result()
        with pytest.raises(WorkerLostError, match="--workers 1"):
            outcome(engine)
    finally:
        engine.close()


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineMissingError, match="pip install"):
        Cluster("tcp://127.0.0.1:8786")
