"""Systems with deadlines: what comes first, what was waited for or the time, and what is left of the other."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.system.parts import Supervisor
from tyrne.testing.board import PAGE
from tyrne.testing.explore.alphabet import Gift, Template, Words
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.parts import (
    ALL_RIGHTS,
    ANY,
    CLOCK,
    ENDPOINT,
    EXIT,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
    REPLY,
    SIGNAL_AT,
    SOMETHING,
    SPACE,
    TASK,
    TIME_OUT,
    YIELD,
    endpoint,
    over,
)
from tyrne.testing.kernels import BASE

THE_CLOCK = over(CapKind.CLOCK)
READ = Template(C.CLOCK_READ, (CLOCK,))

PATIENCE = Model(
    "patience",
    "a client that waits for an answer until a time, and a server that answers, gives, polls, or does not",
    tasks=(
        Holder((endpoint(badge=1, without=Rights.RECV), THE_CLOCK)),
        Holder((endpoint(without=Rights.SEND), SOMETHING)),
    ),
    calls=(
        TIME_OUT,
        READ,
        Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.SEND_WAIT, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.RECV, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, Gift())),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        YIELD,
    ),
    slots=3,
    endpoints=1,
    worn=True,
)

IMPATIENT = Model(
    "impatient",
    "a server that waits for calls until a time, and two clients of other priorities that call it",
    tasks=(
        Holder((endpoint(without=Rights.SEND), THE_CLOCK), priority=7),
        Holder((endpoint(badge=1, without=Rights.RECV), over(CapKind.TASK, 0))),
        Holder((endpoint(badge=2, without=Rights.RECV), THE_CLOCK), priority=9),
    ),
    calls=(
        TIME_OUT,
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        Template(C.TASK_PRIORITY, (TASK, Words((7, 9)))),
    ),
    slots=3,
    endpoints=1,
    worn=True,
    turns=True,
)

CALLED_OFF = Model(
    "called-off",
    "a task that waits for signals until a time, or has some made then; another signals, stops, starts or ends it",
    tasks=(
        Holder((over(CapKind.NOTIFICATION), THE_CLOCK)),
        Holder((over(CapKind.NOTIFICATION, without=Rights.WAIT), over(CapKind.TASK, 0))),
    ),
    calls=(
        TIME_OUT,
        SIGNAL_AT,
        Template(C.WAIT, (NOTIFICATION,)),
        Template(C.NOTIFY, (NOTIFICATION, Words((0, 1)))),
        Template(C.CAP_DROP, (ANY,)),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_RESUME, (TASK,)),
        Template(C.TASK_END, (TASK, Words((3,)))),
        YIELD,
        EXIT,
    ),
    slots=2,
    notifications=1,
)

TAKEN_BACK = Model(
    "taken-back",
    "a task that has a deadline by a clock, which another has given it and takes back",
    tasks=(
        Holder((over(CapKind.TASK, 1), THE_CLOCK)),
        Holder((over(CapKind.NOTIFICATION),)),
    ),
    calls=(
        TIME_OUT,
        SIGNAL_AT,
        Template(C.WAIT, (NOTIFICATION,)),
        Template(C.CAP_DERIVE, (CLOCK, ALL_RIGHTS, Words((0,)))),
        Template(C.CAP_MOVE, (CLOCK, TASK)),
        Template(C.CAP_REVOKE, (CLOCK,)),
        YIELD,
    ),
    slots=3,
    notifications=1,
)

UNHEARD = Model(
    "unheard",
    "a task whose deadline signals to a notification, which another has given it and takes back",
    tasks=(
        Holder((over(CapKind.TASK, 1), over(CapKind.NOTIFICATION))),
        Holder((THE_CLOCK,)),
    ),
    calls=(
        TIME_OUT,
        SIGNAL_AT,
        Template(C.WAIT, (NOTIFICATION,)),
        Template(C.CAP_DERIVE, (NOTIFICATION, ALL_RIGHTS, Words((0,)))),
        Template(C.CAP_MOVE, (NOTIFICATION, TASK)),
        Template(C.CAP_REVOKE, (NOTIFICATION,)),
        YIELD,
    ),
    slots=3,
    notifications=1,
)

REMINDERS = Model(
    "reminders",
    "two tasks with deadlines that signal to a notification, which may be bound to where one of them receives",
    tasks=(
        Holder((endpoint(without=Rights.SEND), over(CapKind.NOTIFICATION), THE_CLOCK)),
        Holder((endpoint(badge=1, without=Rights.RECV), over(CapKind.NOTIFICATION, without=Rights.WAIT), THE_CLOCK)),
    ),
    calls=(
        SIGNAL_AT,
        TIME_OUT,
        Template(C.BIND, (ENDPOINT, NOTIFICATION)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.POLL, (NOTIFICATION,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        YIELD,
    ),
    slots=4,
    endpoints=1,
    notifications=1,
    worn=True,
)

SLEEPERS = Model(
    "sleepers",
    "three tasks of two priorities that sleep until times of which several may be the same, or signal then",
    tasks=(
        Holder((over(CapKind.NOTIFICATION), THE_CLOCK), priority=7),
        Holder((over(CapKind.NOTIFICATION), THE_CLOCK)),
        Holder((over(CapKind.NOTIFICATION, without=Rights.NOTIFY),)),
    ),
    calls=(TIME_OUT, SIGNAL_AT, Template(C.WAIT, (NOTIFICATION,)), YIELD),
    slots=2,
    notifications=1,
    turns=True,
)

LATE_REPAIRS = Model(
    "late-repairs",
    "a task with a deadline that faults, and the supervisor that repairs it, stops it, or begins it anew",
    tasks=(
        Holder((endpoint(without=Rights.SEND), over(CapKind.TASK, 1), over(CapKind.ADDRESS_SPACE, 1))),
        Holder((over(CapKind.NOTIFICATION), THE_CLOCK), supervisor=Supervisor(0, 5)),
    ),
    calls=(
        TIME_OUT,
        SIGNAL_AT,
        Template(C.WAIT, (ANY,)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_RESUME, (TASK,)),
        Template(C.TASK_CONFIGURE, (TASK, SPACE, Words((BASE,)), Words((BASE,)), Words((BASE + PAGE,)))),
        YIELD,
    ),
    slots=4,
    endpoints=1,
    notifications=1,
    faults=True,
)

SERVICE = Model(
    "service",
    "a task that serves, and one that keeps the run going: both may have deadlines, and end",
    tasks=(
        Holder((endpoint(without=Rights.SEND), THE_CLOCK), priority=7, serves=True),
        Holder((endpoint(badge=1, without=Rights.RECV), THE_CLOCK)),
    ),
    calls=(
        TIME_OUT,
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        Template(C.CAP_DROP, (REPLY,)),
        YIELD,
        EXIT,
    ),
    slots=3,
    endpoints=1,
    turns=True,
)

STOPPING = Model(
    "stopping",
    "a task that has a deadline and stops itself, or the other, which starts it again",
    tasks=(
        Holder((over(CapKind.TASK, 0), over(CapKind.TASK, 1), over(CapKind.NOTIFICATION), THE_CLOCK)),
        Holder((over(CapKind.TASK, 0), over(CapKind.NOTIFICATION, without=Rights.WAIT))),
    ),
    calls=(
        TIME_OUT,
        SIGNAL_AT,
        Template(C.WAIT, (NOTIFICATION,)),
        Template(C.NOTIFY, (NOTIFICATION, Words((1,)))),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_RESUME, (TASK,)),
    ),
    slots=4,
    notifications=1,
    turns=True,
)

CROWDED = Model(
    "crowded",
    "a server that has no room for what one of its clients gives, and answers the other in its turn",
    tasks=(
        Holder((endpoint(without=Rights.SEND), SOMETHING)),
        Holder((endpoint(badge=1, without=Rights.RECV),)),
        Holder((endpoint(badge=2, without=Rights.RECV), SOMETHING, THE_CLOCK)),
    ),
    calls=(
        TIME_OUT,
        Template(C.CALL, (ENDPOINT, *MESSAGE, Gift())),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
    ),
    slots=3,
    endpoints=1,
    turns=True,
)

NARROWED = Model(
    "narrowed",
    "a task that sets a deadline by capabilities some of which do not allow it, and moves or drops them",
    tasks=(
        Holder((
            over(CapKind.CLOCK, without=Rights.ARM),
            over(CapKind.NOTIFICATION, without=Rights.NOTIFY),
            THE_CLOCK,
            over(CapKind.NOTIFICATION),
        )),
    ),
    calls=(
        TIME_OUT,
        SIGNAL_AT,
        Template(C.POLL, (NOTIFICATION,)),
        Template(C.CAP_MOVE, (ANY, NOTHING)),
        Template(C.CAP_DROP, (ANY,)),
    ),
    slots=5,
    notifications=1,
)

TIMED = (
    NARROWED, CROWDED, SERVICE, STOPPING, PATIENCE, IMPATIENT, CALLED_OFF, REMINDERS, SLEEPERS, LATE_REPAIRS,
    TAKEN_BACK, UNHEARD,
)  # fmt: skip
"""The quickest first."""
