"""Models with devices: they are small enough to be explored to the last state, and find what a line about interrupts
that is wrong comes to."""

from __future__ import annotations

import pytest
from test_interrupted import Fault, find, find_by_what_is_written

from tyrne.testing.explore import Model, Serial, explore
from tyrne.testing.explore.driver_models import DRIVEN

MOST_STATES = 2_000

FAULTS = (
    Fault("line", "open_line", "line.open = True", "pass", "drivers", "open False; not True, True"),
    Fault("line", "open_line", "kernel.board.unmask_line(line.number)", "pass", "drivers", "lets [] through"),
    Fault("line", "close_line", "line.bound = None", "pass", "drivers", "and was to be"),
    Fault("line", "close_line", "line.open = False", "pass", "drivers", "open True; not False, False"),
    Fault("line", "close_line", "kernel.board.mask_line(line.number)", "pass", "drivers", "and open are"),
    Fault("line", "unbind_lines", "bound.by is slot or bound.signals is slot", "bound.signals is slot", "lent-lines",
          "open True; not False, False"),
    Fault("line", "unbind_lines", "bound.by is slot or bound.signals is slot", "bound.by is slot", "lent-lines",
          "open True; not False, False"),
    Fault("rendezvous", "disarm", "unbind_lines(kernel, slot)", "pass", "lent-lines", "open True; not False, False"),
    Fault("interrupts", "bind", "by.armed = True", "pass", "drivers", "not armed"),
    Fault("interrupts", "bind", "signals.armed = True", "pass", "drivers", "not armed"),
    Fault("interrupts", "deliver", "line.open = False", "pass", "drivers", "open True; not True, False"),
    Fault("interrupts", "deliver", "signal(kernel, notification_at(bound.signals), bound.bits)", "pass", "drivers",
          "its bits have not come"),
    Fault("interrupts", "deliver", "line.number == raised and ", "", "drivers", "open False; not True, True"),
    Fault("interrupts", "acknowledge", "line.bound is None", "False", "drivers", "open for nobody"),
    Fault("interrupts", "acknowledge", "open_line(kernel, line)", "pass", "drivers", "open False; not True, True"),
    Fault("interrupts", "bind", "open_line(kernel, line)", "pass", "drivers", "open False; not True, True"),
    Fault("interrupts", "is_awaited", "line.open and ", "", "device-servers", "the processor rests True"),
    Fault("signals", "is_heard", "notification.waiters.head is not None or ", "", "device-servers",
          "the processor rests False"),
    Fault("signals", "is_heard", " or (bound is not None and bound.receivers.head is not None)", "", "device-servers",
          "the processor rests False"),
    Fault("interrupts", "is_awaited", "return True", "return False", "device-servers", "the processor rests False"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_without_a_line_about_interrupts_something_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    find(fault, monkeypatch, MOST_STATES)


@pytest.mark.parametrize("model", DRIVEN, ids=str)
def test_a_small_system_with_devices_is_explored_to_the_last_state(model: Model) -> None:
    report = explore(model, Serial())
    assert report.violation is None and report.exhausted


def test_a_violation_at_an_interrupt_is_written_as_a_test_that_has_the_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = next(fault for fault in FAULTS if fault.old.startswith("signal("))
    find_by_what_is_written(fault, fault.model, monkeypatch, MOST_STATES, "replay.device(48)", "have not come")
