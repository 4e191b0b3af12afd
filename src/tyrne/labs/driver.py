"""Lab 5, a driver: the tests. Each takes the work and runs it; MissingError has what is not as it has to be."""

from __future__ import annotations

import re
from typing import Final

from tyrne.labs.words import wrote
from tyrne.labs.work import MissingError, Work
from tyrne.testing import Run, Status

WAITS: Final = (1, 2, 1)
"""What the client asks for, in seconds."""
INSTRUCTIONS: Final = 20_000_000_000
"""Twenty seconds, in which hardly anybody runs."""
CALLS: Final = 200
"""More than a driver makes that waits."""
_WOKEN: Final = re.compile(r"client: asked for (\d+) s, was woken after (\d+) s\n")


def _run(work: Work) -> Run:
    return work.run(max_instructions=INSTRUCTIONS)


def _woken(work: Work) -> list[tuple[int, int]]:
    """What was asked for, and what it took."""
    return [(int(asked), int(took)) for asked, took in _WOKEN.findall(_run(work).console_of("client"))]


def the_first_alarm_comes(work: Work) -> None:
    """The client is woken after the second that it asks for first"""
    woken = _woken(work)
    if not woken:
        raise MissingError(
            f"the client was never woken{work.why(_run(work))}. Bind the interrupt to the bell, set MATCH and MASK, "
            "and wait for the bell"
        )
    if woken[0][1] < 1:
        raise MissingError(
            f"it was woken after {woken[0][1]} s: a client that asks WAKE is answered when the alarm has come"
        )


def the_next_alarms_come(work: Work) -> None:
    """So it is the second and the third time"""
    woken, run = _woken(work), _run(work)
    if len(woken) < len(WAITS):
        raise MissingError(
            f"it was woken {len(woken)} times of {len(WAITS)}{work.why(run)}. An interrupt that has come is masked "
            "until interrupt_ack"
        )
    for asked, took in woken[: len(WAITS)]:
        if not asked <= took <= asked + 1:
            raise MissingError(
                f"it asked for {asked} s and was woken after {took} s. The device holds its line up until CLEAR is "
                "written, so the same interrupt comes again; and an interrupt may come for nothing: look at the clock"
            )


def numbers_that_cannot_be_are_refused(work: Work) -> None:
    """0 and 61 seconds are refused"""
    run = _run(work)
    written = run.console_of("client")
    for asked in (0, 61):
        if f"client: asked for {asked} s, was refused\n" not in written:
            raise MissingError(
                f"a client that asks for {asked} s is to be answered with BAD: {wrote(written)}{work.why(run)}"
            )


def nobody_polls(work: Work) -> None:
    """The driver waits for the interrupt, and does not ask the clock again and again"""
    run = _run(work)
    calls, heard = run.calls(task="driver"), run.calls(task="driver", name="interrupt_ack", status=Status.OK)
    if len(heard) < len(WAITS) or len(calls) > CALLS:
        raise MissingError(
            f"the driver made {len(calls)} calls, and acknowledged {len(heard)} interrupts of {len(WAITS)} alarms: it "
            "has to rest until the interrupt comes"
        )


CHECKS: Final = (the_first_alarm_comes, the_next_alarms_come, numbers_that_cannot_be_are_refused, nobody_polls)
