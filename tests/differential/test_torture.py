"""Control flow, order of evaluation, copies, narrowing and match: in CPython and compiled, with all state compared."""

from __future__ import annotations

import importlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torture
import torture_world
from random_programs import program

from first_of import first_of
from tyrne.compiler.build import HostLibrary, build_host_library
from tyrne.compiler.build.compare import Comparer
from tyrne.lang import u64
from tyrne.testing.lockstep.agreement import compiled, interpreted, load_module, watchdog


def words(choose: random.Random) -> tuple[u64, u64]:
    """Two numbers, small ones more often than large ones."""
    magnitudes = (12, 300, 1 << 16, 1 << 64)
    a, b = (u64(choose.randrange(choose.choice(magnitudes))) for _ in range(2))
    return a, b


def functions_of(*modules: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions of two numbers that the modules define."""
    for module in modules:
        for name, value in vars(module).items():
            if getattr(value, "__module__", "") == module.__name__ and hasattr(value, "__code__"):
                code = value.__code__
                if code.co_varnames[: code.co_argcount] == ("a", "b"):
                    yield name, value


def run(
    library: HostLibrary, comparer: Comparer, name: str, function: Callable[..., Any], choose: random.Random, count: int
) -> None:
    """Calls in a row, from one state into the next; the first difference fails."""
    other = library.function(name)
    for step in range(count):
        a, b = words(choose)
        here, there = interpreted(function, a, b), compiled(other, a, b)
        assert here == there, f"{name}({int(a)}, {int(b)}), step {step}: CPython {here}, compiled {there}"
        assert (found := comparer.difference()) is None, f"{name}, step {step}: {found}"


@pytest.fixture(autouse=True)
def fresh_world() -> None:
    """WORLD as it is when compiled code starts."""
    for module in (torture_world, *torture.MODULES, torture):
        importlib.reload(module)


def test_written_functions_agree() -> None:
    library = build_host_library(Path(torture.__file__))
    library.reset()
    comparer = Comparer(library)
    choose = random.Random(3)
    listed = list(functions_of(*torture.MODULES))
    assert len(listed) > 50
    with watchdog(120):
        for name, function in listed:
            run(library, comparer, name, function, choose, 150)


@first_of("seed", [1, 2])
def test_random_programs_agree(seed: int, tmp_path: Path) -> None:
    source = tmp_path / f"random_program_{seed}.py"
    world = tmp_path / f"random_world_{seed}.py"
    shutil.copy(torture_world.__file__, world)
    source.write_text(program(seed, 40, world.stem))
    load_module(world)
    library, module = build_host_library(source), load_module(source)
    library.reset()
    comparer = Comparer(library)
    choose = random.Random(seed)
    with watchdog(120):
        for name, function in functions_of(module):
            run(library, comparer, name, function, choose, 150)
