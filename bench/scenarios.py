"""What runs on QEMU to be counted: systems of a few small programs, and which readings of theirs make a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tyrne.abi import CapKind, Rights
from tyrne.system.parts import DEFAULT_PRIORITY, NO_QUOTA, Cap, Quota, Supervisor

URGENT: Final = DEFAULT_PRIORITY - 1


@dataclass(frozen=True)
class Role:
    """One task: its program, programs/<name>.S, and what it holds beside the region of samples (handle words 1, …)."""

    program: str
    caps: tuple[Cap, ...] = ()
    priority: int = DEFAULT_PRIORITY
    supervisor: Supervisor | None = None
    quota: Quota = NO_QUOTA
    address: int = 0
    """Of its program, which then has 64 pages; 0: where it is built for, and what it takes."""


@dataclass(frozen=True)
class Scenario:
    """A system with slices so long that none ends while it is measured. Each role has an address space of its own; they
    start in this order, and behind them, unless the path is about who is alone, an equal that is ready all the time.

    Region 0 of a scenario is that of the samples, region 1 has `pages` pages. `defines` stand in front of every
    program. `status` is that of a run that went as it should.
    """

    name: str
    roles: tuple[Role, ...]
    defines: Mapping[str, str] = field(default_factory=dict)
    endpoints: int = 0
    notifications: int = 0
    equal: bool = True
    pages: int = 1
    device: int = 0
    """Where region 1 lies, if it is the registers of a device."""
    status: int = 0


@dataclass(frozen=True)
class Figure:
    """A row of the table: the sum over `spans`, each from one reading of a sample to another.

    `sel4` is the figure of the same path of seL4 16 with its fastpath on the same QEMU, `budget` what this kernel may
    take; None where there is none. `among` is how many things share the sum: the figure is that of one.
    """

    name: str
    scenario: Scenario
    spans: tuple[tuple[int, int], ...] = ((0, 1),)
    sel4: int | None = None
    budget: int | None = None
    among: int = 1


def _single(
    name: str, number: str, argument: str = "0", answer: str = "OK", caps: tuple[Cap, ...] = (), equal: bool = True
) -> Scenario:
    defines = {"NUMBER": number, "ARGUMENT": argument, "ANSWER": f"TYRNE_STATUS_{answer}"}
    return Scenario(name, (Role("single", caps),), defines, notifications=1, equal=equal)


_SEND: Final = Cap(0, Rights.SEND)
_RECV: Final = Cap(0, Rights.RECV)
_SIGNALS: Final = Cap(0, Rights.NOTIFY | Rights.WAIT, kind=CapKind.NOTIFICATION)
_GIFT: Final = Cap(0, Rights.NOTIFY | Rights.TRANSFER, kind=CapKind.NOTIFICATION)
_SPACE: Final = Cap(0, Rights.MAP | Rights.BIND, kind=CapKind.ADDRESS_SPACE)
_PAGE: Final = Cap(1, Rights.READ | Rights.WRITE | Rights.EXECUTE, kind=CapKind.MEMORY)
_QUOTA: Final = Cap(0, Rights.CREATE, kind=CapKind.QUOTA)
_CLOCK: Final = Cap(0, Rights.READ | Rights.ARM, kind=CapKind.CLOCK)
_FAULTER: Final = Cap(1, Rights.MODIFY, kind=CapKind.TASK)
_COPIED: Final = Cap(1, Rights.READ | Rights.DUPLICATE, kind=CapKind.MEMORY)

EQUAL: Final = Role("equal")
"""The task that is ready while others are measured."""
EMPTY: Final = Scenario("empty", (Role("empty"),), equal=False)
"""Two readings with nothing between them: what each span has to give back."""

_REJECTED: Final = _single("rejected", "63", answer="BAD_SYSCALL_NUMBER")
_NULL: Final = _single("null", "TYRNE_CALL_CALL", "TYRNE_NULL_HANDLE", "STALE_HANDLE")
_POLL: Final = _single("poll", "TYRNE_CALL_POLL", "1", caps=(_SIGNALS,))
_ALONE: Final = _single("alone", "TYRNE_CALL_TASK_YIELD", equal=False)
_SWITCH: Final = Scenario("switch", (Role("yield_from"), Role("yield_to")), equal=False)
_CALLER: Final = (Role("server", (_RECV,)), Role("client", (_SEND,)))
_CALL: Final = Scenario("call", _CALLER, endpoints=1)
_FLOATING: Final = Scenario("floating", _CALLER, {"FLOATING": "1"}, endpoints=1)
_GRANT: Final = Scenario(
    "grant",
    (Role("grant_server", (_RECV,)), Role("client", (_SEND, _GIFT))),
    {"CAP": "2"},
    endpoints=1,
    notifications=1,
)
_FAULT: Final = Scenario(
    "fault",
    (Role("supervisor", (_RECV, _FAULTER)), Role("faulter", supervisor=Supervisor(0, 1))),
    endpoints=1,
)
_SIGNAL: Final = Scenario(
    "signal", (Role("waiter", (_SIGNALS,), priority=URGENT), Role("notifier", (_SIGNALS,))), notifications=1
)

_READ: Final = _single("clock", "TYRNE_CALL_CLOCK_READ", "1", caps=(_CLOCK,))
_SLEEP: Final = Scenario("sleep", (Role("sleeper", (_CLOCK, _SIGNALS), priority=URGENT),), notifications=1)


_REGISTERS: Final = Cap(1, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
_LINE: Final = Cap(34, Rights.BIND | Rights.ACK, kind=CapKind.INTERRUPT)
_INTERRUPT: Final = Scenario(
    "interrupt",
    (
        Role("driver", (_SPACE, _REGISTERS, _LINE, _SIGNALS), priority=URGENT, quota=Quota(frames=2)),
        Role("device", (replace(_SPACE, object=1), _REGISTERS), quota=Quota(frames=2)),
    ),
    {"ADDRESS": "0x20000000"},
    notifications=1,
    device=0x0901_0000,
)
"""The real-time clock of the board, and its line."""


def _mapped(name: str, address: str, tables: int, pages: int = 1, access: str = "READ_WRITE") -> Scenario:
    role = Role("map", (_SPACE, _PAGE), quota=Quota(frames=tables))
    return Scenario(name, (role,), {"ADDRESS": address, "ACCESS": f"TYRNE_ACCESS_{access}"}, pages=pages)


_MAP: Final = _mapped("map", "0x101ff000", 2)
_NEW: Final = "0x40000000"
"""Where nothing is mapped for 1 GiB: a mapping makes two tables there."""
_TABLES: Final = _mapped("tables", _NEW, 2)
_MANY: Final = {pages: _mapped(f"map{pages}", _NEW, 2, pages) for pages in (2, 8, 64, 256, 512)}
_APART: Final = _mapped("apart", hex((1 << 39) - (256 << 12)), 6, 512)
"""Half of the pages on either side of the border of a root's entries: six tables."""
_CODE: Final = _mapped("code", _NEW, 2, 512, "READ_EXECUTE")
_REGION: Final = {
    pages: Scenario(
        f"region{pages}", (Role("region", (_QUOTA,), quota=Quota(memory=1, frames=pages)),), {"PAGES": str(pages)}
    )
    for pages in (1, 64, 512)
}
_SPARSE: Final = Scenario(
    "sparse",
    (Role("sparse", (_COPIED, _QUOTA), quota=Quota(spaces=1, frames=1 + 3 * 40)),),
    {"SPARSE": "40", "EVERY": "1"},
)
_REVOKED: Final = Cap(0, Rights.NOTIFY | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER, kind=CapKind.NOTIFICATION)
_REVOKE: Final = {
    many: Scenario(
        f"revoke{many}",
        (Role("revoke", (_REVOKED, _QUOTA), quota=Quota(tasks=8)),),
        {"MANY": str(many)},
        notifications=1,
    )
    for many in (1, 8, 64, 500)
}
_LIFE: Final = Scenario("life", (Role("life", (_SPACE, _QUOTA), quota=Quota(tasks=1)),))

_LIVES: Final = ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))

FIGURES: Final = (
    Figure("rejected call", _REJECTED, sel4=219, budget=75),
    Figure("call on a null capability", _NULL, sel4=390, budget=150),
    Figure("poll of an idle notification", _POLL, sel4=219, budget=150),
    Figure("yield, nothing else to run", _ALONE, sel4=309, budget=100),
    Figure("yield switch, two address spaces", _SWITCH, sel4=277, budget=135),
    Figure("4-word call, one way", _CALL, ((0, 1),), sel4=217),
    Figure("4-word reply and wait, one way", _CALL, ((2, 3),), sel4=238),
    Figure("4-word call → reply, round trip", _CALL, ((0, 1), (2, 3)), sel4=455, budget=330),
    Figure("the same, threads with FP/SIMD", _FLOATING, ((0, 1), (2, 3)), sel4=560, budget=450),
    Figure("4 words + 1 capability, one way", _GRANT, ((0, 1),), sel4=1041, budget=270),
    Figure("fault → supervisor", _FAULT, ((0, 1),), sel4=546, budget=260),
    Figure("answer → faulted task goes on", _FAULT, ((2, 3),)),
    Figure("fault round trip, without the repair", _FAULT, ((0, 1), (2, 3)), sel4=1258, budget=440),
    Figure("signal → waiter", _SIGNAL, budget=250),
    Figure("interrupt → driver", _INTERRUPT),
    Figure("acknowledge an interrupt", _INTERRUPT, ((2, 3),)),
    Figure("read the clock", _READ),
    Figure("set a deadline", _SLEEP, ((0, 1),)),
    Figure("deadline → the sleeper has read the clock", _SLEEP, ((2, 3),)),
    Figure("map a page", _MAP, ((0, 1),), budget=500),
    Figure("unmap a page", _MAP, ((2, 3),), budget=450),
    Figure("protect a page", _MAP, ((4, 5),)),
    Figure("map a page, with two new tables", _TABLES, ((0, 1),)),
    Figure("unmap it, and free the tables", _TABLES, ((2, 3),)),
    *(Figure(f"map {pages} pages, with two new tables", many, ((0, 1),)) for pages, many in _MANY.items()),
    *(Figure(f"unmap {pages} pages, and free the tables", many, ((2, 3),)) for pages, many in _MANY.items()),
    *(Figure(f"protect {pages} pages", many, ((4, 5),)) for pages, many in _MANY.items()),
    Figure("map 512 pages, with six new tables", _APART, ((0, 1),), budget=12_000),
    Figure("unmap 512 pages, and free six tables", _APART, ((2, 3),), budget=8_000),
    Figure("protect 512 pages in two tables", _APART, ((4, 5),)),
    Figure("map 512 pages of code, with two new tables", _CODE, ((0, 1),)),
    *(Figure(f"create memory of {pages} pages", made, ((0, 1),)) for pages, made in _REGION.items()),
    *(Figure(f"drop memory of {pages} pages", made, ((2, 3),)) for pages, made in _REGION.items()),
    Figure("end of a space of 121 tables", _SPARSE),
    *(Figure(f"revoke {many} descendants", revoked, ((0, 1),)) for many, revoked in _REVOKE.items()),
    Figure("revoke, each descendant of 500", _REVOKE[500], ((0, 1),), budget=60, among=500),
    Figure("task: create", _LIFE, (_LIVES[0],)),
    Figure("task: configure", _LIFE, (_LIVES[1],)),
    Figure("task: resume", _LIFE, (_LIVES[2],)),
    Figure("task: end", _LIFE, (_LIVES[3],)),
    Figure("task: drop, and so destroy", _LIFE, (_LIVES[4],)),
    Figure("task: create … destroy, all five", _LIFE, _LIVES, budget=3000),
)
