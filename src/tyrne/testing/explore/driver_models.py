"""Systems with drivers of devices: who hears an interrupt, once for each acknowledgement, and how that ends."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.testing.explore.alphabet import Template, Words
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.parts import (
    ALL_RIGHTS,
    ENDPOINT,
    EXIT,
    INTERRUPT,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
    REPLY,
    SIGNAL_AT,
    TASK,
    YIELD,
    endpoint,
    over,
)

LINE, OTHER = 48, 56
ACK = Template(C.INTERRUPT_ACK, (INTERRUPT,))
BIND = Template(C.INTERRUPT_BIND, (INTERRUPT, NOTIFICATION, Words((1,))))
UNBIND = Template(C.INTERRUPT_BIND, (INTERRUPT, NOTHING, Words((0,))))
WAIT = Template(C.WAIT, (NOTIFICATION,))
POLL = Template(C.POLL, (NOTIFICATION,))

DRIVERS = Model(
    "drivers",
    "two drivers of two devices of which one can hear both, and a task less urgent than they",
    tasks=(
        Holder((over(CapKind.INTERRUPT, LINE), over(CapKind.INTERRUPT, OTHER), over(CapKind.NOTIFICATION)), priority=7),
        Holder((over(CapKind.INTERRUPT, OTHER), over(CapKind.NOTIFICATION)), priority=7),
        Holder((over(CapKind.NOTIFICATION, without=Rights.WAIT),)),
    ),
    calls=(BIND, UNBIND, ACK, WAIT, POLL, YIELD),
    slots=3,
    notifications=1,
    turns=True,
)

DEVICE_SERVERS = Model(
    "device-servers",
    "a driver that hears its device where its clients call it, and answers when the device has been heard",
    tasks=(
        Holder((endpoint(without=Rights.SEND), over(CapKind.NOTIFICATION), over(CapKind.INTERRUPT, LINE)), priority=7),
        Holder((endpoint(badge=1, without=Rights.RECV),)),
    ),
    calls=(
        BIND,
        ACK,
        Template(C.BIND, (ENDPOINT, NOTIFICATION)),
        WAIT,
        Template(C.WAIT, (ENDPOINT,)),
        Template(C.CALL, (ENDPOINT, *MESSAGE, NOTHING)),
        Template(C.REPLY_WAIT, (REPLY, *MESSAGE, ENDPOINT)),
        EXIT,
    ),
    slots=4,
    endpoints=1,
    notifications=1,
    worn=True,
)

LENT_LINES = Model(
    "lent-lines",
    "a task that lends a driver the interrupt of a device, takes it back, or ends the driver",
    tasks=(
        Holder((over(CapKind.INTERRUPT, LINE), over(CapKind.TASK, 1), over(CapKind.NOTIFICATION))),
        Holder((over(CapKind.NOTIFICATION),)),
    ),
    calls=(
        BIND,
        ACK,
        WAIT,
        Template(C.CAP_DERIVE, (INTERRUPT, ALL_RIGHTS, Words((0,)))),
        Template(C.CAP_MOVE, (INTERRUPT, TASK)),
        Template(C.CAP_REVOKE, (INTERRUPT,)),
        Template(C.CAP_DROP, (INTERRUPT,)),
        Template(C.CAP_DROP, (NOTIFICATION,)),
        Template(C.TASK_END, (TASK, Words((0,)))),
        YIELD,
    ),
    slots=3,
    notifications=1,
    worn=True,
)

TIMELY_DRIVERS = Model(
    "timely-drivers",
    "a driver that waits for its device until a time, which the same notification tells",
    tasks=(
        Holder((over(CapKind.INTERRUPT, LINE), over(CapKind.NOTIFICATION), over(CapKind.CLOCK)), priority=7),
        Holder((over(CapKind.NOTIFICATION, without=Rights.WAIT), over(CapKind.CLOCK))),
    ),
    calls=(BIND, ACK, WAIT, SIGNAL_AT, YIELD),
    slots=3,
    notifications=1,
)

DRIVEN = (TIMELY_DRIVERS, DRIVERS, DEVICE_SERVERS, LENT_LINES)
