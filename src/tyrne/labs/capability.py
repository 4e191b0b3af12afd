"""Lab 1, a capability: the tests.

Each test takes the work, looks at a run of it or at the system before its first instruction, and raises MissingError
with what is not as it has to be.
"""

from __future__ import annotations

from typing import Final

from tyrne.labs.words import wrote
from tyrne.labs.work import MissingError, Work
from tyrne.testing import Rights

TASKS: Final = ("desk", "anna", "ben", "visitor")
NEEDED: Final = {
    ("desk", "console"): Rights.CONSOLE_WRITE,
    ("desk", "reports"): Rights.RECV,
    ("desk", "board"): Rights.READ | Rights.WRITE,
    ("anna", "reports"): Rights.SEND,
    ("ben", "reports"): Rights.SEND,
    ("visitor", "console"): Rights.CONSOLE_WRITE,
    ("visitor", "board"): Rights.READ,
}
"""The rights that a task needs over an object to do its work; nobody needs others."""


def can_be_built(work: Work) -> None:
    """The description fits its programs"""
    tasks = tuple(work.run().names.tasks)
    if tasks != TASKS:
        raise MissingError(
            f"the tasks are {', '.join(tasks)}; leave them as they were, {', '.join(TASKS)}: only caps change"
        )


def the_desk_hears_both(work: Work) -> None:
    """The desk hears both reporters, and can tell them apart"""
    can_be_built(work)
    run = work.run()
    written = run.console_of("desk")
    for badge in (1, 2):
        if f"desk: reporter {badge} counts 21\n" not in written:
            raise MissingError(
                f"the desk has not heard reporter {badge}: {wrote(written)}{work.why(run)}. A reporter sends, the desk "
                "receives, and the badge of a reporter's capability is its number"
            )


def the_visitor_reads_the_board(work: Work) -> None:
    """The visitor reads on the board what the desk has written"""
    can_be_built(work)
    run = work.run()
    written = run.console_of("visitor")
    if written != "visitor: the board says 42\n":
        raise MissingError(
            f"the visitor has not read 42: {wrote(written)}{work.why(run)}. Both have to share one page of memory, "
            "each with it mapped where its program says"
        )


def nobody_holds_more(work: Work) -> None:
    """Nobody holds more than its program needs"""
    can_be_built(work)
    system = work.boot()
    for task in TASKS:
        for held in system.capabilities(task):
            needed = NEEDED.get((task, held.object))
            if needed is None:
                raise MissingError(f"{task} holds {held.text}, and its program uses no such thing")
            more = held.rights & ~needed
            if more:
                names = ", ".join(right.name or "" for right in more)
                raise MissingError(
                    f"{task} holds {held.object} with {names}, which its program never uses: name its rights"
                )


CHECKS: Final = (can_be_built, the_desk_hears_both, the_visitor_reads_the_board, nobody_holds_more)
