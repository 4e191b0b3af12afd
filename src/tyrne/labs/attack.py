"""Lab 6, an attack: the tests. Each takes the work and runs it; MissingError has what is not as it has to be.

The secret is another one each time, so a thief cannot know it. Three systems are run: the learner's thief with the
lender as the lab has it, the lender of the learner's with the harmless thief, and both of the learner's.
"""

from __future__ import annotations

import secrets
from functools import cache
from typing import Final

from tyrne.labs.words import wrote
from tyrne.labs.work import MissingError, Work

SECRET: Final = "secret.bin"
THIEF: Final = ("thief.py",)
LENDER: Final = ("lender.py",)


@cache
def secret() -> bytes:
    """Eight bytes, the last of which is not 0: as a number it has 16 digits."""
    return secrets.token_bytes(7) + bytes([0x10 | secrets.randbelow(0x70)])


def digits() -> str:
    """As a program prints it."""
    return hex(int.from_bytes(secret(), "little"))


def the_thief_gets_the_secret(work: Work) -> None:
    """The thief prints the secret of the notary, with the lender as it was"""
    run = work.run(THIEF, {SECRET: secret()})
    written = run.console_of("thief")
    if digits() not in written:
        raise MissingError(
            f"the secret was {digits()}, another one each time, and of the thief {wrote(written)}{work.why(run)}. "
            "What can who has given the page back still do with it?"
        )


def the_notary_is_served(work: Work) -> None:
    """The notary can still work with your lender, and the lender lives"""
    run = work.run(LENDER, {SECRET: secret()})
    if run.console_of("notary") != "notary: the work is done\n" or run.task("lender").state != "waiting":
        raise MissingError(
            f"the notary did not come to its end: {wrote(run.console_of('notary'))}{work.why(run)}. A lender that "
            "lends to nobody is no mend"
        )


def the_thief_gets_nothing_any_more(work: Work) -> None:
    """The same thief gets nothing with your lender"""
    if digits() not in work.run(THIEF, {SECRET: secret()}).console_of("thief"):
        raise MissingError("first the attack: without a thief that succeeds nothing can be said of the mend")
    run = work.run(THIEF + LENDER, {SECRET: secret()})
    if digits() in run.console_of("thief"):
        raise MissingError(
            f"the thief still prints {digits()}. To revoke a capability takes back what was derived from it; a copy "
            "is its peer, and stays"
        )
    if run.task("lender").state != "waiting":
        raise MissingError(f"the thief has stopped your lender{work.why(run)}")


def who_gave_it_back_has_it_no_more(work: Work) -> None:
    """Who has given the page back holds nothing over it any more"""
    the_notary_is_served(work)
    system = work.boot(LENDER, {SECRET: secret()})
    system.until(console="notary: the work is done\n")
    held = [held.text for held in system.capabilities("notary") if held.object == "buffer"]
    if held:
        raise MissingError(
            f"the notary has given the page back and still holds {held[0]}: the lender has to take it away"
        )


def nothing_is_left_in_the_page(work: Work) -> None:
    """Who borrows the page next finds nothing in it"""
    run = work.run(LENDER, {SECRET: secret()})
    written = run.console_of("curious")
    if written != "curious: found 0x0\n":
        raise MissingError(
            f"the curious one, who borrows last, looks what is in the page: {wrote(written)}{work.why(run)}. Memory "
            "keeps what was written to it until somebody writes something else"
        )


CHECKS: Final = (
    the_thief_gets_the_secret,
    the_notary_is_served,
    the_thief_gets_nothing_any_more,
    who_gave_it_back_has_it_no_more,
    nothing_is_left_in_the_page,
)
