"""A search finds every state of a model once, whoever does the work, and goes on where it was stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tyrne.abi import Status
from tyrne.testing.explore import MODELS, Checkpoint, Model, Report, Serial, explore
from tyrne.testing.explore.checkpoint import CheckpointMismatchError
from tyrne.testing.explore.engine import Chunk
from tyrne.testing.explore.expansion import Expansion, Trace, Violation

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


DAMAGE = [("progress", "{"), ("progress", "[]"), ("keys", "few"), ("frontier-1", "?")]


@pytest.mark.parametrize(("name", "content"), DAMAGE)
def test_a_checkpoint_that_is_damaged_is_refused(tmp_path: Path, name: str, content: str) -> None:
    checkpoint = Checkpoint(tmp_path, "k")
    explore(SMALL, Serial(), checkpoint=checkpoint, max_states=2)
    (tmp_path / "small" / name).write_text(content)
    with pytest.raises(CheckpointMismatchError, match="is damaged; remove it"):
        checkpoint.load(SMALL)


def test_a_checkpoint_of_another_kernel_is_refused(tmp_path: Path) -> None:
    explore(SMALL, Serial(), checkpoint=Checkpoint(tmp_path, "old"), max_states=10)
    with pytest.raises(CheckpointMismatchError, match="remove it"):
        explore(SMALL, Serial(), checkpoint=Checkpoint(tmp_path, "new"))


def test_calls_that_are_refused_are_those_of_the_current_task_alone() -> None:
    """Who is woken because the wait is aborted, or finds no room, has not been refused anything."""
    progress = explore(MODELS["pair"], Serial(), max_states=300).progress
    answers = Counter({what: n for what, n in progress.met.items() if ":" in what and not what.endswith(":0")})
    assert any(what.endswith(f":{Status.ABORTED.value:x}") for what in answers)
    assert 0 < progress.refusals < answers.total()


class Tells(Serial):
    """Finds violations of its own, and expands nothing."""

    def __init__(self, found: dict[Trace, Trace]) -> None:
        super().__init__()
        self.found = found

    def run(self, model: Model, chunks: Iterable[Chunk]) -> Iterator[Expansion]:
        for chunk in chunks:
            result = Expansion(found=[(bytes([i]), (i,)) for i in range(9)] if chunk == [()] else [])
            for trace in chunk:
                if trace in self.found and result.violation is None:
                    result.violation = Violation(self.found[trace], ("wrong",))
            result.states = len(chunk)
            yield result


def test_a_shortest_trace_is_found_although_only_so_many_states_were_to_be_expanded() -> None:
    report = explore(SMALL, Tells({(0,): (0, 5), (8,): (8,)}), max_states=3)
    assert report.violation is not None
    assert report.violation.trace == (8,)
