"""Fixtures and a mark for pytest. A conftest.py takes them in: `pytest_plugins = ["tyrne.testing.plugin"]`

| | |
|---|---|
| `run_system(source, machine, …)` | `tyrne.testing.run_system` |
| `hosted_system(source, …)` | `tyrne.testing.boot_system` |
| `world(tasks, …)` | `tyrne.testing.World`, strict unless said otherwise; checked again after the test |
| `@pytest.mark.qemu` | the test boots QEMU: it is skipped where that is missing, and with `--no-qemu` |

Relative paths of systems and programs start at the folder of the test's file.

There is no entry point by which pytest would find this: it rewrites the assertions of every module of a package that
has one, and the kernel under test is to be the kernel that boots, down to its checks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tyrne.system.errors import RequestError
from tyrne.system.qemu import find_emulator
from tyrne.testing.invariants import check_system
from tyrne.testing.live import LiveSystem, boot_system
from tyrne.testing.systems import Run
from tyrne.testing.systems import run_system as run
from tyrne.testing.world import World

LEFT_OUT = "--no-qemu: tests that boot QEMU are left out"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("tyrne").addoption("--no-qemu", action="store_true", help="leave out the tests that boot QEMU")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "qemu: boots the compiled kernel on QEMU; skipped where QEMU is missing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reason = LEFT_OUT if config.getoption("--no-qemu") else _what_is_missing()
    if reason is not None:
        for item in items:
            if item.get_closest_marker("qemu"):
                item.add_marker(pytest.mark.skip(reason=reason))


def _what_is_missing() -> str | None:
    """How to install QEMU; None where it is."""
    try:
        find_emulator()
    except RequestError as error:
        return str(error)
    return None


@pytest.fixture
def run_system(request: pytest.FixtureRequest) -> Callable[..., Run]:
    """Runs a system to its end; takes what `tyrne.testing.run_system` takes."""
    return functools.partial(run, folder=request.path.parent)


@pytest.fixture
def hosted_system(request: pytest.FixtureRequest) -> Callable[..., LiveSystem]:
    """Boots a system that the test steps; takes what `tyrne.testing.boot_system` takes."""
    return functools.partial(boot_system, folder=request.path.parent)


@pytest.fixture
def world() -> Iterator[Callable[..., World]]:
    """Makes small kernels; takes what `tyrne.testing.World` takes."""
    made: list[World] = []

    def make(*arguments: Any, **terms: Any) -> World:
        made.append(World(*arguments, **{"strict": True, **terms}))
        return made[-1]

    yield make
    for one in made:
        check_system(one.kernel)
