"""A search finds every state of a model once, whoever does the work, and goes on where it was stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tyrne.testing.explore import MODELS, Checkpoint, Report, Serial, explore
from tyrne.testing.explore.checkpoint import CheckpointMismatchError

SMALL = replace(MODELS["pair"], name="small", calls=MODELS["pair"].calls[:5])


@pytest.fixture(scope="module")
def whole() -> Report:
    return explore(SMALL, Serial())


def counts(report: Report) -> tuple[object, ...]:
    progress = report.progress
    return report.states, progress.transitions, progress.refusals, progress.depth, progress.met, report.exhausted


def test_a_small_system_is_explored_to_the_last_state(whole: Report) -> None:
    assert whole.exhausted
    assert whole.violation is None
    assert whole.states == whole.progress.expanded > 200
    assert whole.progress.refusals > whole.states


def test_a_search_that_is_stopped_between_levels_arrives_at_the_same(whole: Report, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "k")
    for states in (10, 50, 120):
        report = explore(SMALL, Serial(), checkpoint=checkpoint, max_states=states)
        assert report.progress.expanded == states
        assert not report.exhausted
    assert counts(explore(SMALL, Serial(), checkpoint=checkpoint)) == counts(whole)


def test_a_search_that_dies_within_a_level_repeats_the_level(whole: Report, tmp_path: Path) -> None:
    class Dies(Serial):
        def run(self, model, chunks):  # type: ignore[no-untyped-def]
            for done, result in enumerate(super().run(model, chunks)):
                if done == 2:
                    raise KeyboardInterrupt
                yield result

    with pytest.raises(KeyboardInterrupt):
        explore(SMALL, Dies(), checkpoint=Checkpoint(tmp_path, "k"))
    with (tmp_path / "small" / "keys").open("ab") as keys:
        keys.write(b"half a key")
    assert counts(explore(SMALL, Serial(), checkpoint=Checkpoint(tmp_path, "k"))) == counts(whole)


def test_a_checkpoint_of_another_kernel_is_refused(tmp_path: Path) -> None:
    explore(SMALL, Serial(), checkpoint=Checkpoint(tmp_path, "old"), max_states=10)
    with pytest.raises(CheckpointMismatchError, match="remove it"):
        explore(SMALL, Serial(), checkpoint=Checkpoint(tmp_path, "new"))
