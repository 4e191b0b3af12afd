"""Systems in which long work of each kind is interrupted, and others act on what it is about before it goes on."""

from __future__ import annotations

from tyrne.abi import FULL_CONTROL, CapKind, Rights
from tyrne.abi import CallNumber as C
from tyrne.system.parts import Quota, Supervisor
from tyrne.testing.board import PAGE
from tyrne.testing.explore.alphabet import Template, Words
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.parts import (
    ALL_RIGHTS,
    ANY,
    ENDPOINT,
    EXIT,
    MEMORY,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
    QUOTA,
    REPLY,
    SPACE,
    TASK,
    YIELD,
    endpoint,
    over,
)
from tyrne.testing.kernels import BASE

PLACE = Words((0x100_0000,))
DERIVE = Template(C.CAP_DERIVE, (ENDPOINT, ALL_RIGHTS, Words((0,))))
REVOKE = Template(C.CAP_REVOKE, (ENDPOINT,))
END = Template(C.TASK_END, (TASK, Words((3,))))
CONFIGURE = Template(C.TASK_CONFIGURE, (TASK, SPACE, Words((BASE,)), Words((BASE,)), Words((BASE + PAGE,))))

REVOKERS = Model(
    "revokers",
    "two tasks that derive from one another's capabilities, and revoke, copy, move and drop them, one above the other",
    tasks=(
        Holder((endpoint(), over(CapKind.TASK, 1))),
        Holder((over(CapKind.TASK, 0),)),
    ),
    calls=(
        DERIVE,
        REVOKE,
        Template(C.CAP_MOVE, (ENDPOINT, TASK)),
        Template(C.CAP_COPY, (ENDPOINT, ALL_RIGHTS)),
        Template(C.CAP_DROP, (ENDPOINT,)),
        YIELD,
    ),
    slots=3,
    endpoints=1,
)

HEARERS = Model(
    "hearers",
    "a task that revokes the endpoint from which another's comes, while that lets it hear of a third",
    tasks=(
        Holder((endpoint(), over(CapKind.TASK, 1))),
        Holder((over(CapKind.TASK, 2),)),
        Holder((), held=True),
    ),
    calls=(
        DERIVE,
        REVOKE,
        Template(C.CAP_MOVE, (ENDPOINT, TASK)),
        Template(C.TASK_SUPERVISE, (TASK, ENDPOINT)),
        YIELD,
    ),
    slots=3,
    endpoints=1,
)

STOPS = Model(
    "stops",
    "a task that revokes, and another that stops, starts, configures and ends it while it has that to do",
    tasks=(
        Holder((over(CapKind.TASK, 1), over(CapKind.ADDRESS_SPACE, 1))),
        Holder((endpoint(),)),
    ),
    calls=(
        DERIVE,
        REVOKE,
        CONFIGURE,
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_RESUME, (TASK,)),
        END,
        YIELD,
        EXIT,
    ),
    slots=3,
    endpoints=1,
)

ENDS = Model(
    "ends",
    "a server that ends with what it gave away, while a client waits for its answer and a supervisor for its end",
    tasks=(
        Holder((endpoint(without=Rights.SEND | FULL_CONTROL), over(CapKind.TASK, 1))),
        Holder((endpoint(1, without=Rights.SEND), over(CapKind.TASK, 2)), supervisor=Supervisor(0, 2)),
        Holder((endpoint(1, without=Rights.RECV),)),
    ),
    calls=(
        DERIVE,
        Template(C.CAP_MOVE, (ENDPOINT, TASK)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.REPLY, (REPLY, *MESSAGE, NOTHING)),
        END,
        YIELD,
        EXIT,
    ),
    slots=3,
    endpoints=2,
)

OWING = Model(
    "owing",
    "a server that ends while it owes an answer, or could be called, while a third task goes on",
    tasks=(
        Holder((endpoint(badge=1, without=Rights.RECV),)),
        Holder((endpoint(without=Rights.SEND),), supervisor=Supervisor(0, 2)),
        Holder((endpoint(badge=3, without=Rights.RECV), over(CapKind.TASK, 1))),
    ),
    calls=(
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.WAIT, (ENDPOINT,)),
        END,
        YIELD,
        EXIT,
    ),
    slots=2,
    endpoints=1,
    faults=True,
)

HEIRS = Model(
    "heirs",
    "two tasks that end each other, a third whose capabilities come from theirs, and nobody else who knows them",
    tasks=(
        Holder((over(CapKind.TASK, 1), endpoint(badge=1))),
        Holder((over(CapKind.TASK, 2), endpoint(badge=2))),
        Holder((over(CapKind.TASK, 0),)),
    ),
    calls=(
        DERIVE,
        Template(C.CAP_MOVE, (ENDPOINT, TASK)),
        Template(C.CAP_DROP, (TASK,)),
        Template(C.TASK_SUSPEND, (TASK,)),
        END,
        YIELD,
        EXIT,
    ),
    slots=2,
    endpoints=1,
    faults=True,
)

CLEARING = Model(
    "clearing",
    "a task that makes memory, maps it before it is cleared and gives it away, and another that stops or ends it then",
    tasks=(
        Holder(
            (over(CapKind.QUOTA), over(CapKind.ADDRESS_SPACE), over(CapKind.TASK, 1)), quota=Quota(memory=1, frames=3)
        ),
        Holder((over(CapKind.ADDRESS_SPACE), over(CapKind.TASK, 0))),
    ),
    calls=(
        Template(C.CREATE, (QUOTA, Words((CapKind.MEMORY.value,)), Words((2,)))),
        Template(C.MAP, (SPACE, MEMORY, Words((0x100_0000, 0x101_0000)), Words((1, 2)))),
        Template(C.UNMAP, (SPACE, MEMORY)),
        Template(C.CAP_COPY, (MEMORY, ALL_RIGHTS)),
        Template(C.CAP_MOVE, (MEMORY, TASK)),
        Template(C.CAP_REVOKE, (QUOTA,)),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_RESUME, (TASK,)),
        END,
        YIELD,
    ),
    slots=4,
    ram=True,
)

CLEANING = Model(
    "cleaning",
    "a task that maps memory as data or code, and another that maps, revokes, stops or ends it",
    tasks=(
        Holder((over(CapKind.ADDRESS_SPACE, 0), over(CapKind.MEMORY, 0)), quota=Quota(frames=2)),
        Holder((over(CapKind.ADDRESS_SPACE, 0), over(CapKind.MEMORY, 0), over(CapKind.TASK, 0))),
    ),
    calls=(
        Template(C.MAP, (SPACE, MEMORY, Words((0x100_0000, 0x120_0000)), Words((1, 2)))),
        Template(C.UNMAP, (SPACE, MEMORY)),
        Template(C.PROTECT, (SPACE, MEMORY, Words((0, 2)))),
        Template(C.CAP_DROP, (MEMORY,)),
        Template(C.TASK_SUSPEND, (TASK,)),
        Template(C.TASK_RESUME, (TASK,)),
        END,
        YIELD,
    ),
    slots=3,
    memory=(2,),
    ram=True,
)

PARTS = Model(
    "parts",
    "a task that maps a part of another's memory as code, while that revokes it or maps all of it",
    tasks=(
        Holder((over(CapKind.ADDRESS_SPACE, 0), over(CapKind.MEMORY, 0), over(CapKind.TASK, 1)), quota=Quota(frames=1)),
        Holder((over(CapKind.ADDRESS_SPACE, 1),), quota=Quota(frames=1)),
    ),
    calls=(
        Template(C.MAP, (SPACE, MEMORY, PLACE, Words((1, 2)))),
        Template(C.MEMORY_DERIVE, (MEMORY, ALL_RIGHTS, Words((1,)), Words((2,)))),
        Template(C.CAP_MOVE, (MEMORY, TASK)),
        Template(C.CAP_REVOKE, (MEMORY,)),
        YIELD,
    ),
    slots=4,
    memory=(3,),
    ram=True,
)

SPACES = Model(
    "spaces",
    "a task that makes an address space, maps memory there and gives it up, and another that ends it meanwhile",
    tasks=(
        Holder((over(CapKind.QUOTA), over(CapKind.MEMORY)), quota=Quota(spaces=1, frames=4)),
        Holder((over(CapKind.TASK, 0), over(CapKind.MEMORY))),
    ),
    calls=(
        Template(C.CREATE, (QUOTA, Words((CapKind.ADDRESS_SPACE.value,)))),
        Template(C.MAP, (SPACE, MEMORY, PLACE, Words((0,)))),
        Template(C.CAP_DROP, (ANY,)),
        Template(C.CAP_REVOKE, (QUOTA,)),
        END,
        YIELD,
    ),
    slots=3,
    memory=(1,),
    ram=True,
)

PAYERS = Model(
    "payers",
    "two tasks with quotas: objects at the expense of a quota that goes, while another takes its place",
    tasks=(
        Holder((over(CapKind.QUOTA),), quota=Quota(endpoints=1, quotas=1)),
        Holder((over(CapKind.QUOTA),), quota=Quota(notifications=1, quotas=1)),
    ),
    calls=(
        Template(C.CREATE, (QUOTA, Words((CapKind.ENDPOINT.value, CapKind.NOTIFICATION.value, CapKind.QUOTA.value)))),
        Template(C.QUOTA_MOVE, (QUOTA, QUOTA, Words((CapKind.ENDPOINT.value,)), Words((1,)))),
        Template(C.CAP_REVOKE, (QUOTA,)),
        Template(C.CAP_DROP, (ENDPOINT,)),
        YIELD,
    ),
    slots=3,
)

URGENT = Model(
    "urgent",
    "a revocation that lets a more urgent task go on, whose wait it ends",
    tasks=(
        Holder((over(CapKind.NOTIFICATION, without=Rights.NOTIFY),), priority=7),
        Holder((endpoint(), over(CapKind.TASK, 0), over(CapKind.NOTIFICATION, without=Rights.WAIT))),
        Holder(()),
    ),
    calls=(
        DERIVE,
        REVOKE,
        Template(C.CAP_MOVE, (ENDPOINT, TASK)),
        Template(C.NOTIFY, (NOTIFICATION, Words((1,)))),
        Template(C.WAIT, (NOTIFICATION,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        YIELD,
    ),
    slots=5,
    endpoints=1,
    notifications=1,
)

EXPENSES = Model(
    "expenses",
    "a task that revokes the quota from which another's comes, while that makes objects at its expense",
    tasks=(
        Holder((over(CapKind.QUOTA), over(CapKind.TASK, 1)), quota=Quota(endpoints=1)),
        Holder(()),
    ),
    calls=(
        Template(C.CAP_DERIVE, (QUOTA, ALL_RIGHTS, Words((0,)))),
        Template(C.CAP_MOVE, (QUOTA, TASK)),
        Template(C.CAP_REVOKE, (QUOTA,)),
        Template(C.CREATE, (QUOTA, Words((CapKind.ENDPOINT.value,)))),
        YIELD,
    ),
    slots=3,
)

HOMES = Model(
    "homes",
    "a task that revokes the address space from which another's comes, while that lets a third live there",
    tasks=(
        Holder((over(CapKind.ADDRESS_SPACE, 2), over(CapKind.TASK, 1))),
        Holder((over(CapKind.TASK, 2),)),
        Holder((), held=True),
    ),
    calls=(
        Template(C.CAP_DERIVE, (SPACE, ALL_RIGHTS, Words((0,)))),
        Template(C.CAP_MOVE, (SPACE, TASK)),
        Template(C.CAP_REVOKE, (SPACE,)),
        CONFIGURE,
        YIELD,
    ),
    slots=3,
)

INTERRUPTED = (
    EXPENSES, STOPS, SPACES, CLEANING, REVOKERS, PARTS, OWING, PAYERS, HOMES, CLEARING, HEARERS, URGENT, ENDS, HEIRS,
)  # fmt: skip
"""The quickest first."""
