"""The models between them make everything happen that can."""

from __future__ import annotations

from collections import Counter

from tyrne.kernel.calls import CallNumber
from tyrne.testing.explore import MODELS, Serial, explore

NEAR = 40
FAR = {"lifecycle": 110, "pair": 300}
"""States from which everything happens once: two or three steps from the first, four for an answer to an answer."""


def test_between_them_every_call_succeeds_and_is_refused_and_there_are_ticks_faults_and_ends() -> None:
    met: Counter[str] = Counter()
    for model in MODELS.values():
        report = explore(model, Serial(), max_states=FAR.get(model.name, NEAR))
        assert report.violation is None
        met += report.progress.met
    assert met["tick"] and met["fault made"]
    assert {"exit", "end", "fault"} <= met.keys()
    parts = [what.partition(":") for what in met if ":" in what]
    answered = [(CallNumber(int(number)), status) for number, _, status in parts]
    assert {call for call, status in answered if status == "0"} == set(CallNumber) - {CallNumber.TASK_EXIT}
    never_refused = {CallNumber.TASK_EXIT, CallNumber.TASK_YIELD}
    assert {call for call, status in answered if status != "0"} == set(CallNumber) - never_refused
