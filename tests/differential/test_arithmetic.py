"""Arithmetic of the language: every operator, width and cast at its edges, in CPython and compiled."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from arithmetic import HEADER, Case, expression_cases, operands, operator_cases

from tyrne.compiler.build import build_host_library
from tyrne.testing.lockstep.agreement import WIDTHS, differences, load_module, watchdog

SEED = 20


def calls(case: Case, choose: random.Random, limit: int) -> Iterator[tuple[int, ...]]:
    """Arguments for a case: all pairs of edges, with random ones mixed in, or as many of them as `limit`."""
    pools = [[WIDTHS[width](value) for value in operands(choose, width, 6)] for width in case.parameters]
    every = list(itertools.product(*pools)) if len(pools) < 3 else []
    if every:
        return iter(every if len(every) <= limit else choose.sample(every, limit))
    return (tuple(choose.choice(pool) for pool in pools) for _ in range(limit))


@pytest.mark.parametrize("family", ["operators", "expressions"])
def test_arithmetic_agrees(family: str, tmp_path: Path) -> None:
    cases = list(operator_cases() if family == "operators" else expression_cases(200, SEED))
    source = tmp_path / f"arithmetic_{family}.py"
    source.write_text("\n\n".join([HEADER, *(case.text for case in cases)]))
    library, module = build_host_library(source), load_module(source)
    choose = random.Random(SEED)
    evaluated, found = 0, []
    with watchdog(120):
        for case in cases:
            arguments = list(calls(case, choose, 500 if family == "operators" else 160))
            evaluated += len(arguments)
            found += list(differences(library, case.name, getattr(module, case.name), iter(arguments)))
    assert not found, "\n".join([f"{len(found)} of {evaluated} differ", *found[:20]])
    assert evaluated > (100_000 if family == "operators" else 30_000)
