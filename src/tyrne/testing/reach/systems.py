"""Random small systems for `reach`: a few tasks that hold capabilities of every kind with few or many rights."""

from __future__ import annotations

from random import Random
from typing import Final

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, rights_over
from tyrne.system.parts import Cap, Quota, Supervisor
from tyrne.testing.explore.alphabet import Fewer, Gift, Template, Words
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.parts import (
    ANY,
    CLOCK,
    CONSOLE,
    ENDPOINT,
    INTERRUPT,
    MEMORY,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
    QUOTA,
    REPLY,
    SPACE,
    TASK,
    TIME,
    YIELD,
)
from tyrne.testing.kernels import BASE

PAGE: Final = 4096
KINDS: Final = (*(CapKind(value) for value in (2, 2, 2, 3, 4, 4, 5, 6, 6, 7, 7, 9, 10)),)
"""Of capabilities that tasks hold at the start, as often as they come."""
LINE: Final = 48
SLOTS: Final = 10
GIVEN: Final = (C.SEND, C.SEND_WAIT, C.CALL)
_LESS: Final = Fewer((Rights.TRANSFER, Rights.RECV | Rights.WAIT, Rights.SEND | Rights.WRITE | Rights.CONFIGURE))
_FLAGS: Final = Words((0, 1, 2))
_BITS: Final = Words((1, 2, 4))

EVERYTHING: Final = (
    *(Template(call, (ENDPOINT, *MESSAGE, Gift())) for call in GIVEN),
    Template(C.RECV, (ENDPOINT,)),
    Template(C.WAIT, (ENDPOINT,)),
    Template(C.WAIT, (NOTIFICATION,)),
    Template(C.REPLY, (REPLY, *MESSAGE, Gift())),
    Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
    Template(C.CANCEL, (ENDPOINT,)),
    Template(C.NOTIFY, (NOTIFICATION, _BITS)),
    Template(C.POLL, (NOTIFICATION,)),
    Template(C.BIND, (ENDPOINT, NOTIFICATION)),
    Template(C.BIND, (ENDPOINT, NOTHING)),
    Template(C.CAP_COPY, (ANY, _LESS)),
    Template(C.CAP_DERIVE, (ANY, _LESS, Words((0, 0, 5)))),
    Template(C.CAP_REVOKE, (ANY,)),
    Template(C.CAP_DROP, (ANY,)),
    Template(C.CAP_MOVE, (ANY, NOTHING)),
    Template(C.CAP_MOVE, (ANY, TASK)),
    Template(C.CAP_QUERY, (ANY,)),
    Template(C.CREATE, (QUOTA, Words((2, 3, 4, 5, 6, 7)), Words((1,)))),
    Template(C.QUOTA_MOVE, (QUOTA, QUOTA, Words((0, 2, 3, 4, 5, 6, 7)), Words((1,)))),
    Template(C.MEMORY_DERIVE, (MEMORY, _LESS, Words((0,)), Words((1,)))),
    Template(C.MAP, (SPACE, MEMORY, Words((0x100_0000, 0x100_1000)), _FLAGS)),
    Template(C.UNMAP, (SPACE, MEMORY)),
    Template(C.PROTECT, (SPACE, MEMORY, _FLAGS)),
    Template(C.TASK_CONFIGURE, (TASK, SPACE, Words((BASE,)), Words((BASE,)), Words((BASE + PAGE,)))),
    Template(C.TASK_SUPERVISE, (TASK, ENDPOINT)),
    Template(C.TASK_PRIORITY, (TASK, Words((8,)))),
    Template(C.TASK_RESUME, (TASK,)),
    Template(C.TASK_SUSPEND, (TASK,)),
    Template(C.TASK_READ, (TASK, Words((0, 6)))),
    Template(C.TASK_WRITE, (TASK, Words((1,)), Words((0,)))),
    Template(C.TASK_END, (TASK, Words((0,)))),
    Template(C.TASK_STATE, (TASK,)),
    Template(C.CLOCK_READ, (CLOCK,)),
    Template(C.CLOCK_ARM, (CLOCK, TIME, NOTIFICATION, _BITS)),
    Template(C.INTERRUPT_BIND, (INTERRUPT, NOTIFICATION, _BITS)),
    Template(C.INTERRUPT_ACK, (INTERRUPT,)),
    Template(C.CONSOLE_WRITE, (CONSOLE, Words((BASE,)), Words((1,)))),
    YIELD,
    Template(C.TASK_EXIT, (Words((0,)),)),
)
"""Every call there is."""


GIVING: Final = (
    Template(C.SEND, (ENDPOINT, *MESSAGE, Gift())),
    Template(C.RECV, (ENDPOINT,)),
    Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
    Template(C.WAIT, (ENDPOINT,)),
    Template(C.REPLY, (REPLY, *MESSAGE, Gift())),
    Template(C.CAP_MOVE, (ANY, TASK)),
    Template(C.TASK_RESUME, (TASK,)),
    YIELD,
)
"""All by which a capability comes from one table into another."""


def _about(*calls: C) -> tuple[Template, ...]:
    """All by which capabilities come into other tables, and all of some other calls."""
    return (*GIVING, *(template for template in EVERYTHING if template.call in calls))


_GIVING_KINDS: Final = (CapKind.ENDPOINT, CapKind.ENDPOINT, CapKind.TASK)
THEMES: Final = (
    (KINDS, EVERYTHING, 8),
    ((*_GIVING_KINDS, CapKind.QUOTA, CapKind.QUOTA, CapKind.QUOTA), _about(C.CREATE, C.QUOTA_MOVE, C.CAP_DROP), 2),
    ((*_GIVING_KINDS, CapKind.ADDRESS_SPACE, CapKind.MEMORY), _about(C.MAP, C.UNMAP, C.PROTECT, C.MEMORY_DERIVE), 1),
    ((*_GIVING_KINDS, CapKind.TASK, CapKind.ADDRESS_SPACE), _about(C.TASK_CONFIGURE, C.TASK_SUPERVISE, C.TASK_END), 1),
)
"""What systems are about: kinds of capabilities, calls, and how often."""


def random_system(random: Random) -> Model:
    """Two to four tasks, one of which may have to be started by another; what each holds, few others hold too."""
    tasks, endpoints, notifications, memory = random.randint(2, 4), random.randint(1, 3), random.randint(1, 2), 2
    counts = {CapKind.ENDPOINT: endpoints, CapKind.NOTIFICATION: notifications, CapKind.TASK: tasks,
              CapKind.ADDRESS_SPACE: tasks, CapKind.MEMORY: memory}  # fmt: skip
    kinds, calls, _ = random.choices(THEMES, [theme[2] for theme in THEMES])[0]
    keen = random.choice((0.3, 0.5, 0.8))
    return Model(
        "random",
        "a random system",
        tasks=tuple(
            Holder(
                tuple(_cap(random, kinds, counts, keen) for _ in range(random.randint(1, 5))),
                supervisor=Supervisor(random.randrange(endpoints), 3) if random.random() < 0.3 else None,
                held=number > 0 and random.random() < 0.2,
                quota=_quota(random),
            )
            for number in range(tasks)
        ),
        calls=calls,
        slots=SLOTS,
        endpoints=endpoints,
        notifications=notifications,
        memory=(1,) * memory,
        faults=True,
        ram=True,
        kept_spaces=random.random() < 0.5,
    )


def _cap(random: Random, kinds: tuple[CapKind, ...], counts: dict[CapKind, int], keen: float) -> Cap:
    """`keen` is the share of rights that it has."""
    kind = random.choice(kinds)
    rights = Rights.NONE
    for right in rights_over(kind):
        if random.random() < keen:
            rights |= right
    badge = random.choice((0, 0, 1)) if kind is CapKind.ENDPOINT else 0
    number = LINE if kind is CapKind.INTERRUPT else random.randrange(counts.get(kind, 1))
    return Cap(number, rights, badge, kind)


def _quota(random: Random) -> Quota:
    kinds = ("tasks", "endpoints", "notifications", "spaces", "memory", "quotas")
    if random.random() < 0.4:
        return Quota()
    return Quota(**{kind: int(random.random() < 0.4) for kind in kinds}, frames=random.choice((0, 8)))


_TALKING: Final = (CapKind.ENDPOINT, CapKind.ENDPOINT)
TINY: Final = (
    ((*_TALKING, CapKind.TASK, CapKind.NOTIFICATION), GIVING, False),
    ((*_TALKING, CapKind.QUOTA, CapKind.MEMORY), (*GIVING, Template(C.CREATE, (QUOTA, Words((2,))))), False),
    ((*_TALKING, CapKind.TASK, CapKind.TASK), _about(C.TASK_SUPERVISE), True),
    ((*_TALKING, CapKind.ADDRESS_SPACE, CapKind.TASK), _about(C.TASK_CONFIGURE), False),
    ((*_TALKING, CapKind.NOTIFICATION), (*GIVING, Template(C.CAP_DERIVE, (ANY, _LESS, Words((0,))))), False),
)
"""What tiny systems are about: kinds of capabilities, calls, and whether tasks fault."""


def tiny_system(random: Random) -> Model:
    """Two or three tasks with so little that every state of them can be seen."""
    kinds, calls, faults = random.choice(TINY)
    tasks, endpoints = random.choice((2, 2, 3)), random.choice((1, 2))
    counts = {CapKind.ENDPOINT: endpoints, CapKind.TASK: tasks, CapKind.ADDRESS_SPACE: tasks}
    derives = any(template.call is C.CAP_DERIVE for template in calls)
    caps = [[_few(random, random.choice(kinds), counts, derives)] for _ in range(tasks)]
    for number in range(5 - tasks - derives):
        caps[number % tasks].append(_few(random, random.choice(kinds), counts, derives))
    holders = tuple(
        Holder(
            tuple(own),
            held=number > 0 and random.random() < 0.2,
            supervisor=Supervisor(random.randrange(endpoints)) if faults and random.random() < 0.5 else None,
            quota=Quota(endpoints=1) if CapKind.QUOTA in kinds and random.random() < 0.5 else Quota(),
        )
        for number, own in enumerate(caps)
    )
    return Model("tiny", "a tiny system", holders, calls, slots=4 if derives else 6, endpoints=endpoints,
                 notifications=1, memory=(1,), faults=faults)  # fmt: skip


def _few(random: Random, kind: CapKind, counts: dict[CapKind, int], derives: bool) -> Cap:
    """Without the rights to copy and to revoke, which make states and no authority; and to derive, if nobody does."""
    rights = rights_over(kind) & ~(Rights.DUPLICATE | Rights.REVOKE)
    if not derives:
        rights &= ~Rights.DERIVE
    for right in tuple(rights):
        if random.random() < 0.3:
            rights &= ~right
    return Cap(random.randrange(counts.get(kind, 1)), rights, 0, kind)
