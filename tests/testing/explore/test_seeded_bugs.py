"""Exploration finds a bug in each of these places, by a shortest trace that is a test of its own."""

from __future__ import annotations

import io

import pytest
from seeded_bugs import BUGS, Bug

from tyrne.testing.explore import Serial, explore, write_test

MOST_STATES = 1000


@pytest.mark.parametrize("bug", BUGS, ids=[bug.place.replace(": ", ":") for bug in BUGS])
def test_a_seeded_bug_is_found_by_a_shortest_trace(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        bug.plant(patch)
        report = explore(bug.model, Serial(), max_states=MOST_STATES)
        assert report.violation is not None
        assert bug.said in "\n".join(report.violation.what)
        assert len(report.violation.trace) == bug.steps
        written = io.StringIO()
        write_test(written, bug.model, report.violation, "seeded_bugs")
        test = runnable(written.getvalue())
        with pytest.raises(AssertionError):
            test()
    test()  # without the bug nothing is wrong


def runnable(text: str):  # type: ignore[no-untyped-def]
    """The test function of a file that was written."""
    names: dict[str, object] = {}
    exec(compile(text, "written", "exec"), names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    return test


def test_the_bugs_are_in_ten_files_at_least() -> None:
    assert len({bug.place.split(":")[0] for bug in BUGS}) >= 10
