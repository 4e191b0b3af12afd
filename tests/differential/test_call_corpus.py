"""The games that fuzzing has kept: both kernels still agree on them, and they still lead through the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne.testing.lockstep.agreement import watchdog
from tyrne.testing.lockstep.corpus import load
from tyrne.testing.lockstep.coverage import Meter
from tyrne.testing.lockstep.game import Game, replay
from tyrne.testing.lockstep.pair import the_pair
from tyrne.testing.lockstep.smallest import edges_of

FOLDER = Path(__file__).parents[1] / "corpus" / "calls"
GAMES = load(FOLDER)
LEAST_SHARE = 0.80
"""Of the edges of the kernel. Edges come and go with its source, so that none is asked for by itself."""


@pytest.mark.parametrize("game", GAMES, ids=[path.stem for path in sorted(FOLDER.glob("*.game"))])
def test_kernels_agree_on_a_kept_game(game: Game) -> None:
    with watchdog(120):
        cause = replay(game)
    assert cause is None, f"{type(cause).__name__}: {cause}"


def test_kept_games_lead_through_most_of_the_kernel() -> None:
    meter = Meter(the_pair(True, counting=True).library)
    reached = 0
    for game in GAMES:
        reached |= edges_of(game)
    assert reached.bit_count() >= LEAST_SHARE * len(meter.counted)
    taken = {meter.edges[number].function for number in meter.counted if reached >> number & 1}
    assert {"Kernel_trap", "revoke", "destroy", "map_memory", "fault_task"} <= taken, sorted(taken)


def test_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1 << 20
