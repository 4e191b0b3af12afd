"""The systems that are explored. Between them they make every call, tick, fault and end."""

from __future__ import annotations

from tyrne.kernel.abi import FULL_CONTROL, CapKind, Rights, rights_over
from tyrne.kernel.calls import CallNumber as C
from tyrne.system.parts import Cap, Quota, Supervisor
from tyrne.testing.explore.alphabet import NULL, Fewer, Gift, Own, Template, Words
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.kernels import BASE

ENDPOINT, NOTIFICATION = Own(CapKind.ENDPOINT), Own(CapKind.NOTIFICATION)
TASK, SPACE, MEMORY = Own(CapKind.TASK), Own(CapKind.ADDRESS_SPACE), Own(CapKind.MEMORY)
QUOTA, REPLY, CONSOLE = Own(CapKind.QUOTA), Own(CapKind.REPLY), Own(CapKind.DEBUG_CONSOLE)
MESSAGE = (Words((1,)), Words((0,)), Words((0,)), Words((0,)))
ALL_RIGHTS = Fewer()
END = Template(C.TASK_EXIT, (Words((0,)),))
YIELD = Template(C.TASK_YIELD)


def _over(kind: CapKind, number: int = 0, *, badge: int = 0, without: Rights = Rights.NONE) -> Cap:
    """A capability with all rights over an object, or without some."""
    return Cap(number, rights_over(kind) & ~without, badge, kind)


def _endpoint(number: int = 0, *, badge: int = 0, without: Rights = Rights.NONE) -> Cap:
    return _over(CapKind.ENDPOINT, number, badge=badge, without=without)


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

PAIR = Model(
    "pair",
    "two tasks and an endpoint: messages, answers, what travels in them, and the end of either",
    tasks=(Holder((_endpoint(badge=1),)), Holder((_endpoint(),))),
    calls=(*TALK, Template(C.CAP_DROP, (ENDPOINT,)), YIELD, END),
    slots=2,
    endpoints=1,
)

RENDEZVOUS = Model(
    "rendezvous",
    "three tasks and an endpoint: queues of senders and receivers, answers, what travels in messages, and ends",
    tasks=(Holder((_endpoint(badge=1),)), Holder((_endpoint(badge=2),)), Holder((_endpoint(),))),
    calls=(*TALK, Template(C.CAP_DROP, (ENDPOINT,)), YIELD, END),
    slots=3,
    endpoints=1,
)

MODELS = {model.name: model for model in (PAIR, RENDEZVOUS)}
_ = (FULL_CONTROL, Quota, Supervisor, NULL, BASE)
