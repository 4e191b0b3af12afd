"""Machine access has no machine behind it under CPython: every intrinsic traps, none does something else."""

from __future__ import annotations

import inspect

import pytest

from tyrne.lang import Trap, machine

INTRINSICS = [
    function
    for name, function in inspect.getmembers(machine, inspect.isfunction)
    if function.__module__ == machine.__name__ and not name.startswith("_") and name != "dataclass"
]


@pytest.mark.parametrize("intrinsic", INTRINSICS, ids=lambda function: function.__name__)
def test_every_intrinsic_traps(intrinsic: object) -> None:
    assert callable(intrinsic)
    with pytest.raises(Trap, match="no machine under CPython"):
        intrinsic(*[None] * len(inspect.signature(intrinsic).parameters))


def test_there_are_intrinsics() -> None:
    assert len(INTRINSICS) >= 15
