"""What the models are made of: arguments, calls that belong together, and what tasks hold at the start."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, rights_over
from tyrne.system.parts import Cap
from tyrne.testing.explore.alphabet import NULL, Fewer, Gift, Own, Template, Time, Words

ANY = Own(None)
ENDPOINT, NOTIFICATION = Own(CapKind.ENDPOINT), Own(CapKind.NOTIFICATION)
TASK, SPACE, MEMORY = Own(CapKind.TASK), Own(CapKind.ADDRESS_SPACE), Own(CapKind.MEMORY)
QUOTA, REPLY, CONSOLE = Own(CapKind.QUOTA), Own(CapKind.REPLY), Own(CapKind.DEBUG_CONSOLE)
CLOCK, TIME = Own(CapKind.CLOCK), Time()
INTERRUPT = Own(CapKind.INTERRUPT)
NOTHING = Words((NULL,))
MESSAGE = (Words((1,)), Words((0,)), Words((0,)), Words((0,)))
ALL_RIGHTS = Fewer()
EXIT = Template(C.TASK_EXIT, (Words((0,)),))
YIELD = Template(C.TASK_YIELD)
TIME_OUT = Template(C.CLOCK_ARM, (CLOCK, TIME, NOTHING, Words((0,))))
SIGNAL_AT = Template(C.CLOCK_ARM, (CLOCK, TIME, NOTIFICATION, Words((1,))))


def over(kind: CapKind, number: int = 0, *, badge: int = 0, without: Rights = Rights.NONE) -> Cap:
    """A capability with all rights over an object, or without some."""
    return Cap(number, rights_over(kind) & ~without, badge, kind)


def endpoint(number: int = 0, *, badge: int = 0, without: Rights = Rights.NONE) -> Cap:
    return over(CapKind.ENDPOINT, number, badge=badge, without=without)


SOMETHING = Cap(0, Rights.TRANSFER, kind=CapKind.DEBUG_CONSOLE)
"""To be given away."""

TALK = (
    Template(C.SEND, (ENDPOINT, *MESSAGE, Gift())),
    Template(C.RECV, (ENDPOINT,)),
    Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, Gift())),
    Template(C.WAIT, (ENDPOINT,)),
    Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
    Template(C.REPLY, (REPLY, *MESSAGE, Gift())),
    Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
    Template(C.CANCEL, (ENDPOINT,)),
)
"""Everything about messages."""

FAMILY = (
    Template(C.CAP_COPY, (ENDPOINT, ALL_RIGHTS)),
    Template(C.CAP_DERIVE, (ENDPOINT, Fewer((Rights.RECV,)), Words((0,)))),
    Template(C.CAP_REVOKE, (ENDPOINT,)),
    Template(C.CAP_MOVE, (ENDPOINT, NOTHING)),
    Template(C.CAP_DROP, (ENDPOINT,)),
    Template(C.CAP_QUERY, (ENDPOINT,)),
)
"""Everything about capabilities that come from one another."""
