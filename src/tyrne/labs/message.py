"""Lab 2, a message: the tests. Each takes the work and runs it; MissingError has what is not as it has to be."""

from __future__ import annotations

from typing import Final

from tyrne.labs.words import quoted, wrote
from tyrne.labs.work import MissingError, Work

ANSWERS: Final = {
    "carla": "carla: 0, 100\ncarla: 0, 70\ncarla: 1, 70\n",
    "dora": "dora: 1, 0\ndora: 0, 5\ndora: 0, 0\n",
    "emil": "emil: 0, 7\nemil: 2, 7\n",
}
"""What each client prints of a right bank: labels and balances."""


def _compare(work: Work, client: str, hint: str) -> None:
    run = work.run()
    wanted, written = ANSWERS[client], run.console_of(client)
    if written != wanted:
        raise MissingError(f"{wrote(written)}, and of a right bank it is {quoted(wanted)}{work.why(run)}. {hint}")


def an_account_is_kept(work: Work) -> None:
    """Carla has 100, takes 30, and does not get 71 of the 70 that are left"""
    _compare(work, "carla", "Labels and balances are said in bank.py; a withdrawal that is too large changes nothing")


def each_client_has_its_own(work: Work) -> None:
    """Dora has nothing but what she has put in herself"""
    _compare(work, "dora", "Whose account it is says the badge of the message, and nothing that the client sends")


def the_bank_outlives_the_rude(work: Work) -> None:
    """The bank goes on when somebody sends it capabilities and wants no answer"""
    run = work.run()
    if run.console_of("rude") != "rude: has sent 80 messages\n" or run.task("bank").state == "exited":
        raise MissingError(
            f"the rude client has stopped the bank{work.why(run)}. Each capability that comes with a message takes "
            "one of the bank's 64 places; drop those that it does not want"
        )


def what_is_no_request_changes_nothing(work: Work) -> None:
    """Emil, who comes last, is served, and a label that means nothing is answered so"""
    _compare(work, "emil", "What has another label than DEPOSIT and WITHDRAW is answered with UNKNOWN and the balance")


CHECKS: Final = (
    an_account_is_kept,
    each_client_has_its_own,
    the_bank_outlives_the_rude,
    what_is_no_request_changes_nothing,
)
