"""Lab 3, a page fault: the tests. Each takes the work and runs it; MissingError has what is not as it has to be."""

from __future__ import annotations

from typing import Final

from tyrne.labs.words import wrote
from tyrne.labs.work import MissingError, Work
from tyrne.testing import Status

SUMS: Final = {"walker": "walker: the sum is 10\n", "runner": "runner: the sum is 303\n"}
TOUCHED: Final = 7
"""Pages: four of the walker's, three of the runner's."""
BEHIND: Final = 0x2000_4000


def the_stray_is_ended(work: Work) -> None:
    """The stray, who reaches behind its heap, is ended, and the pager lives on"""
    run = work.run()
    pager, stray = run.task("pager"), run.task("stray")
    if (pager.state, pager.exit_code) != ("exited", 0):
        raise MissingError(
            f"the pager has not come to its end{work.why(run)}. It has to look whether an address lies in the heap "
            "before it does anything with it"
        )
    if stray.state != "faulted" or stray.fault is None or stray.fault.address != BEHIND:
        raise MissingError(
            f"the stray was not ended by its fault at {BEHIND:#x}{work.why(run)}. To drop the reply capability of its "
            "notice ends it"
        )


def the_walker_has_its_heap(work: Work) -> None:
    """The walker finds in its four pages what it wrote there"""
    _compare(work, "walker")


def the_runner_has_its_own(work: Work) -> None:
    """The runner has a heap of its own, that nobody else writes to"""
    _compare(work, "runner")


def _compare(work: Work, client: str) -> None:
    run = work.run()
    written = run.console_of(client)
    if written == SUMS[client]:
        return
    if written:
        raise MissingError(
            f"{wrote(written)}, and its own numbers make {SUMS[client].split()[-1]}. Walker and runner share pages: "
            "give each a part of the store of its own"
        )
    raise MissingError(
        f"the {client} did not come to its sum{work.why(run)}. Map a page of the store where it has touched its "
        "heap, and answer the notice"
    )


def a_page_is_mapped_when_it_is_touched(work: Work) -> None:
    """A page is mapped when it is touched, and not before"""
    made = work.run().calls(task="pager", name="map", status=Status.OK)
    if len(made) != TOUCHED:
        raise MissingError(
            f"{len(made)} mappings were made, and {TOUCHED} pages were touched: map one page for each fault"
        )


CHECKS: Final = (
    the_walker_has_its_heap,
    the_runner_has_its_own,
    the_stray_is_ended,
    a_page_is_mapped_when_it_is_touched,
)
