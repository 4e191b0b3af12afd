"""The systems that are explored. Between them they make every call, tick, fault and end."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.system.parts import Cap, Quota, Supervisor
from tyrne.testing.board import PAGE
from tyrne.testing.explore.alphabet import Fewer, Gift, Template, Words
from tyrne.testing.explore.driver_models import DRIVEN
from tyrne.testing.explore.interrupted_models import INTERRUPTED
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.parts import (
    ALL_RIGHTS,
    ANY,
    CONSOLE,
    ENDPOINT,
    EXIT,
    FAMILY,
    MEMORY,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
    QUOTA,
    REPLY,
    SOMETHING,
    SPACE,
    TALK,
    TASK,
    YIELD,
    endpoint,
    over,
)  # fmt: skip
from tyrne.testing.explore.timed_models import TIMED
from tyrne.testing.kernels import BASE

PAIR = Model(
    "pair",
    "two tasks and an endpoint: messages, answers, what travels in them, and the end of either",
    tasks=(Holder((endpoint(badge=1),)), Holder((endpoint(),))),
    calls=(*TALK, Template(C.CAP_DROP, (ENDPOINT,)), YIELD, EXIT),
    slots=2,
    endpoints=1,
)

RENDEZVOUS = Model(
    "rendezvous",
    "three tasks and an endpoint: queues of senders and receivers, answers, and what travels in messages",
    tasks=(
        Holder((endpoint(badge=1), endpoint(without=Rights.RECV))),
        Holder((endpoint(badge=2),)),
        Holder((endpoint(),)),
    ),
    calls=(*TALK, Template(C.CAP_DROP, (ENDPOINT,)), YIELD),
    slots=3,
    endpoints=1,
)

CROSSING = Model(
    "crossing",
    "three tasks and two endpoints: waiting at one while holding, offering or losing the other",
    tasks=(Holder((endpoint(badge=1), endpoint(1))), Holder((endpoint(badge=2),)), Holder((endpoint(),))),
    calls=(*TALK, Template(C.CAP_DROP, (ENDPOINT,)), YIELD),
    slots=3,
    endpoints=2,
)

REVOCATION = Model(
    "revocation",
    "two tasks that copy, narrow, move, revoke and drop capabilities over one endpoint, in tables of 3",
    tasks=(Holder((endpoint(),)), Holder((endpoint(),))),
    calls=(*FAMILY, YIELD),
    slots=3,
    endpoints=1,
)

HANDING_ON = Model(
    "handing-on",
    "two tasks that copy, narrow, move, send, revoke and drop capabilities over one endpoint, in tables of 2",
    tasks=(Holder((endpoint(),)), Holder((endpoint(),))),
    calls=(*FAMILY, Template(C.SEND, (ENDPOINT, *MESSAGE, Gift())), Template(C.RECV, (ENDPOINT,)), YIELD),
    slots=2,
    endpoints=1,
)

BADGES = Model(
    "badges",
    "two tasks: one derives badged capabilities, calls by them, and revokes them; the other answers, or does not",
    tasks=(Holder((endpoint(),)), Holder((endpoint(without=Rights.SEND),))),
    calls=(
        Template(C.CAP_DERIVE, (ENDPOINT, Fewer((Rights.SEND,)), Words((0, 1)))),
        Template(C.CAP_REVOKE, (ENDPOINT,)),
        Template(C.CAP_DROP, (ANY,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        YIELD,
    ),
    slots=3,
    endpoints=1,
)

GRANTS = Model(
    "grants",
    "a server that gives away badged capabilities to call it by, and revokes them while the client waits by one",
    tasks=(
        Holder((endpoint(), endpoint(1, without=Rights.RECV))),
        Holder((endpoint(1, without=Rights.SEND),)),
    ),
    calls=(
        Template(C.CAP_DERIVE, (ENDPOINT, Words((int(Rights.SEND | Rights.TRANSFER),)), Words((1,)))),
        Template(C.CAP_REVOKE, (ENDPOINT,)),
        Template(C.SEND, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.RECV, (ENDPOINT,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        YIELD,
    ),
    slots=3,
    endpoints=2,
)

POLLS = Model(
    "polls",
    "two tasks that poll an endpoint, copy, narrow, move, revoke and drop what they poll by, and send to each other",
    tasks=(Holder((endpoint(),)), Holder((endpoint(),))),
    calls=(
        *FAMILY[:-1],
        Template(C.SEND, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.RECV, (ENDPOINT,)),
        Template(C.CANCEL, (ENDPOINT,)),
        YIELD,
    ),
    slots=2,
    endpoints=1,
)

ROOM = Model(
    "room",
    "two clients that send what they hold to a server with one free slot, which it fills, frees, or gives answers by",
    tasks=(
        Holder((endpoint(without=Rights.SEND),)),
        Holder((endpoint(badge=1, without=Rights.RECV), SOMETHING)),
        Holder((endpoint(badge=2, without=Rights.RECV), SOMETHING)),
    ),
    calls=(
        Template(C.SEND, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.RECV, (ENDPOINT,)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, Gift())),
        Template(C.CAP_DROP, (CONSOLE,)),
        YIELD,
    ),
    slots=2,
    endpoints=1,
)

LIVES = Model(
    "lives",
    "a task that begins another anew, while that owes answers and repairs, polls, or has passed them on",
    tasks=(
        Holder((over(CapKind.TASK, 1), over(CapKind.ADDRESS_SPACE, 1), endpoint(without=Rights.SEND))),
        Holder((endpoint(without=Rights.SEND),)),
        Holder((endpoint(badge=2, without=Rights.RECV),), supervisor=Supervisor(0, 3)),
    ),
    calls=(
        Template(C.TASK_CONFIGURE, (TASK, SPACE, Words((BASE,)), Words((BASE,)), Words((BASE + PAGE,)))),
        Template(C.TASK_RESUME, (TASK,)),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.CAP_MOVE, (REPLY, TASK)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.RECV, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        YIELD,
    ),
    slots=4,
    endpoints=1,
    faults=True,
)

LIFECYCLE = Model(
    "lifecycle",
    "a task that holds another with all rights: configures, supervises, stops, starts, repairs and ends it",
    tasks=(
        Holder((over(CapKind.TASK, 1), over(CapKind.ADDRESS_SPACE, 1), endpoint())),
        Holder((endpoint(badge=1),), supervisor=Supervisor(0, 2)),
    ),
    calls=(
        Template(C.TASK_CONFIGURE, (TASK, SPACE, Words((BASE,)), Words((BASE,)), Words((BASE + PAGE,)))),
        Template(C.TASK_SUPERVISE, (TASK, ENDPOINT)),
        Template(C.TASK_SUPERVISE, (TASK, NOTHING)),
        Template(C.TASK_PRIORITY, (TASK, Words((7, 8, 9, 16)))),
        Template(C.TASK_RESUME, (TASK,)),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_READ, (TASK, Words((0, 34)))),
        Template(C.TASK_WRITE, (TASK, Words((5, 33)), Words((0x8000_0000,)))),
        Template(C.TASK_END, (TASK, Words((3,)))),
        Template(C.TASK_STATE, (TASK,)),
        Template(C.CAP_MOVE, (ENDPOINT, TASK)),
        Template(C.CAP_DROP, (REPLY,)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        YIELD,
        EXIT,
    ),
    slots=5,
    endpoints=1,
    faults=True,
)

SIGNALS = Model(
    "signals",
    "two tasks, a notification and an endpoint that may be bound to it: signals while nobody, one or both wait",
    tasks=(
        Holder((over(CapKind.NOTIFICATION), endpoint())),
        Holder((over(CapKind.NOTIFICATION), endpoint())),
    ),
    calls=(
        Template(C.NOTIFY, (NOTIFICATION, Words((0, 1)))),
        Template(C.POLL, (NOTIFICATION,)),
        Template(C.WAIT, (NOTIFICATION,)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.BIND, (ENDPOINT, NOTIFICATION)),
        Template(C.BIND, (ENDPOINT, NOTHING)),
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.CAP_MOVE, (ANY, NOTHING)),
        Template(C.CAP_DROP, (ANY,)),
        Template(C.CAP_DERIVE, (NOTIFICATION, Fewer((Rights.WAIT,)), Words((0,)))),
        Template(C.CAP_REVOKE, (NOTIFICATION,)),
        YIELD,
    ),
    slots=3,
    endpoints=1,
    notifications=1,
)

QUOTAS = Model(
    "quotas",
    "two tasks with quotas: objects made and gone, claims moved, quotas within quotas",
    tasks=(
        Holder((over(CapKind.QUOTA),), quota=Quota(endpoints=1, notifications=1, quotas=1)),
        Holder((over(CapKind.QUOTA),), quota=Quota(endpoints=1)),
    ),
    calls=(
        Template(C.CREATE, (QUOTA, Words((2, 3, 7, 8)))),
        Template(C.QUOTA_MOVE, (QUOTA, QUOTA, Words((2, 9)), Words((1,)))),
        Template(C.CAP_COPY, (QUOTA, ALL_RIGHTS)),
        Template(C.CAP_REVOKE, (ANY,)),
        Template(C.CAP_DROP, (ANY,)),
        YIELD,
    ),
    slots=4,
)

OFFSPRING = Model(
    "offspring",
    "a task that makes another and gives it up, ended or not",
    tasks=(Holder((over(CapKind.QUOTA), over(CapKind.ADDRESS_SPACE)), quota=Quota(tasks=1)),),
    calls=(
        Template(C.CREATE, (QUOTA, Words((4,)))),
        Template(C.TASK_CONFIGURE, (TASK, SPACE, Words((BASE,)), Words((BASE,)), Words((BASE + PAGE,)))),
        Template(C.TASK_RESUME, (TASK,)),
        Template(C.TASK_END, (TASK, Words((0,)))),
        Template(C.CAP_MOVE, (ANY, TASK)),
        Template(C.CAP_COPY, (TASK, ALL_RIGHTS)),
        Template(C.CAP_DROP, (ANY,)),
        Template(C.CAP_REVOKE, (QUOTA,)),
        YIELD,
        EXIT,
    ),
    slots=3,
)

PAGES = Model(
    "memory",
    "a task that maps, protects, unmaps, divides and drops memory in its own address space and in others that it makes",
    tasks=(
        Holder(
            (over(CapKind.ADDRESS_SPACE, 0), over(CapKind.MEMORY, 0), over(CapKind.QUOTA)),
            quota=Quota(spaces=1, memory=1, frames=7),
        ),
    ),
    calls=(
        Template(C.MAP, (SPACE, MEMORY, Words((0x100_0000, 0x11F_F000, 0x100_0800)), Words((1, 3)))),
        Template(C.UNMAP, (SPACE, MEMORY)),
        Template(C.PROTECT, (SPACE, MEMORY, Words((0, 2)))),
        Template(C.MEMORY_DERIVE, (MEMORY, Fewer((Rights.WRITE,)), Words((1,)), Words((1,)))),
        Template(C.CREATE, (QUOTA, Words((5, 6)), Words((1,)))),
        Template(C.CAP_MOVE, (MEMORY, NOTHING)),
        Template(C.CAP_REVOKE, (ANY,)),
        Template(C.CAP_DROP, (ANY,)),
    ),
    slots=4,
    memory=(2,),
    ticks=False,
    ram=True,
)

SPEECH = Model(
    "console",
    "a task with the debug console and one without",
    tasks=(Holder((Cap(0, Rights.CONSOLE_WRITE, kind=CapKind.DEBUG_CONSOLE),)), Holder(())),
    calls=(
        Template(C.CONSOLE_WRITE, (CONSOLE, Words((BASE, BASE - 1, BASE + 2 * PAGE - 1)), Words((0, 1, 2, 4097)))),
        Template(C.CAP_DROP, (CONSOLE,)),
        YIELD,
        EXIT,
    ),
    slots=2,
)

HAND_OVER = Model(
    "hand-over",
    "a server whose priority changes, and two clients of one priority: who goes on after a call or an answer",
    tasks=(
        Holder((endpoint(without=Rights.SEND),), priority=7),
        Holder((endpoint(badge=1, without=Rights.RECV), over(CapKind.TASK, 0))),
        Holder((endpoint(badge=2, without=Rights.RECV),)),
    ),
    calls=(
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        Template(C.TASK_PRIORITY, (TASK, Words((7, 9)))),
        YIELD,
    ),
    slots=3,
    endpoints=1,
    worn=True,
)

GIFTS = Model(
    "gifts",
    "a client that gives with its calls whatever it holds, the capability that it calls by among it; and the server",
    tasks=(
        Holder((endpoint(without=Rights.SEND),)),
        Holder((endpoint(badge=1), endpoint(without=Rights.TRANSFER), SOMETHING)),
    ),
    calls=(
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.RECV, (ENDPOINT,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        Template(C.CAP_DERIVE, (ENDPOINT, ALL_RIGHTS, Words((0,)))),
        YIELD,
    ),
    slots=4,
    endpoints=1,
    worn=True,
)

PRESENTS = Model(
    "presents",
    "a client that gives away what it has bound, a server whose priority changes, and another client",
    tasks=(
        Holder((endpoint(without=Rights.SEND),), priority=7),
        Holder((endpoint(badge=1), over(CapKind.NOTIFICATION), over(CapKind.TASK, 0))),
        Holder((endpoint(badge=2, without=Rights.RECV),)),
    ),
    calls=(
        Template(C.BIND, (ENDPOINT, NOTIFICATION)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        Template(C.TASK_PRIORITY, (TASK, Words((7, 9)))),
        YIELD,
    ),
    slots=5,
    endpoints=1,
    notifications=1,
    worn=True,
)

RELAY = Model(
    "relay",
    "an urgent server calls a less urgent one in its client's turn, and gives what it holds, or wakes a third",
    tasks=(
        Holder((endpoint(without=Rights.SEND), endpoint(1, badge=1), over(CapKind.NOTIFICATION)), priority=7),
        Holder((over(CapKind.NOTIFICATION, without=Rights.NOTIFY),), priority=8),
        Holder((endpoint(1, without=Rights.SEND),), priority=9),
        Holder((endpoint(badge=2, without=Rights.RECV), endpoint(1, without=Rights.SEND)), priority=9),
    ),
    calls=(
        Template(C.WAIT, (ANY,)),
        Template(C.NOTIFY, (NOTIFICATION, Words((1,)))),
        Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
    ),
    slots=5,
    endpoints=2,
    notifications=1,
    ticks=False,
    worn=True,
)

BOUND = Model(
    "bound",
    "a server bound to a notification, and two clients that call, send and signal while it answers",
    tasks=(
        Holder((endpoint(without=Rights.SEND), over(CapKind.NOTIFICATION, without=Rights.NOTIFY))),
        Holder((endpoint(badge=1, without=Rights.RECV), over(CapKind.NOTIFICATION, without=Rights.WAIT))),
        Holder((endpoint(badge=2, without=Rights.RECV), over(CapKind.NOTIFICATION, without=Rights.WAIT))),
    ),
    calls=(
        Template(C.BIND, (ENDPOINT, NOTIFICATION)),
        Template(C.WAIT, (ANY,)),
        Template(C.POLL, (NOTIFICATION,)),
        Template(C.NOTIFY, (NOTIFICATION, Words((0, 1)))),
        Template(C.SEND, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        YIELD,
    ),
    slots=4,
    endpoints=1,
    notifications=1,
    worn=True,
)

REPAIRS = Model(
    "repairs",
    "a task that faults and calls, and the supervisor that lets it go on and waits for the next of either",
    tasks=(
        Holder((endpoint(without=Rights.SEND),), priority=7),
        Holder((endpoint(badge=1, without=Rights.RECV), over(CapKind.TASK, 0)), supervisor=Supervisor(0, 5)),
    ),
    calls=HAND_OVER.calls,
    slots=3,
    endpoints=1,
    faults=True,
    worn=True,
)

ALL_MODELS = (
    SPEECH, HAND_OVER, REPAIRS, BOUND, RELAY, OFFSPRING, REVOCATION, PAIR, BADGES, HANDING_ON, QUOTAS, LIFECYCLE, PAGES,
    POLLS, ROOM, LIVES, SIGNALS, GIFTS, PRESENTS, GRANTS, RENDEZVOUS, CROSSING, *INTERRUPTED, *TIMED, *DRIVEN,
)  # fmt: skip
MODELS = {model.name: model for model in ALL_MODELS}
"""By name, the quickest first."""
