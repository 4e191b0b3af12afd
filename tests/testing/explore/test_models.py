"""The models between them make everything happen that can."""

from __future__ import annotations

from collections import Counter

import pytest

from tyrne.abi import CallNumber
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import u16, u64
from tyrne.rows import check_rows
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore import MODELS, Serial, explore, models
from tyrne.testing.explore.alphabet import Call
from tyrne.testing.explore.expansion import Stepper

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
    succeeded = {call for call, status in answered if status == "0"}
    check_rows(models.__file__, "MODELS", succeeded | {CallNumber.TASK_EXIT}, CallNumber)
    never_refused = {CallNumber.TASK_EXIT, CallNumber.TASK_YIELD}
    assert {call for call, status in answered if status != "0"} == set(CallNumber) - never_refused


def test_a_capability_of_another_kind_is_tried_in_every_register_that_must_hold_one_of_one_kind() -> None:
    stepper = Stepper(MODELS["lifecycle"])
    refused = [action for action in stepper.actions() if isinstance(action, Call) and action.refused]
    moves = {call.words for call in refused if call.number == CallNumber.CAP_MOVE.value}
    task, space, endpoint = 0, 1, 2
    assert (endpoint, space) in moves
    assert (space, task) not in moves


def test_a_refused_call_that_tells_the_machine_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = Stepper(MODELS["console"])
    before = stepper.snapshot.save()
    refused = next(action for action in stepper.actions() if isinstance(action, Call) and action.refused)
    assert stepper.step(refused, before)[2] == []
    general_call = Kernel.general_call

    def tells(kernel: Kernel[MemoryBoard], task: Task) -> Task | None:
        kernel.board.activate(u64(0), u16(0))
        return general_call(kernel, task)

    monkeypatch.setattr(Kernel, "general_call", tells)
    assert "told the machine" in stepper.step(refused, before)[2][0]
