"""Programs that try to hold the kernel with interrupts masked for as long as they can in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scenarios import FIGURES, Role, Scenario

from tyrne.abi import CapKind, Rights
from tyrne.hal.exit_status import TASK_FAILED
from tyrne.system import limits
from tyrne.system.parts import DEFAULT_PRIORITY, Cap, Quota, Supervisor


@dataclass(frozen=True)
class Trial:
    """A row of the table: the longest stretch between two readings of a sample, of `rounds` samples."""

    name: str
    scenario: Scenario
    spans: tuple[tuple[int, int], ...] = ((0, 1),)
    rounds: int = 2


_LATER: Final = DEFAULT_PRIORITY + 1
_LAST: Final = DEFAULT_PRIORITY + 2

_SOURCE: Final = Cap(
    0, Rights.NOTIFY | Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER, kind=CapKind.NOTIFICATION
)
_QUOTA: Final = Cap(0, Rights.CREATE, kind=CapKind.QUOTA)
_SPACE: Final = Cap(0, Rights.MAP, kind=CapKind.ADDRESS_SPACE)
_COPIED: Final = Cap(1, Rights.READ | Rights.DUPLICATE, kind=CapKind.MEMORY)
_PAGES: Final = Cap(1, Rights.READ | Rights.DERIVE | Rights.REVOKE, kind=CapKind.MEMORY)

_FRESH: Final = Scenario("fresh", (Role("fresh", (_SPACE, _QUOTA), quota=Quota(memory=1, frames=514)),))
_DEEP: Final = Scenario("deep", (Role("deep", (_SOURCE,)),), notifications=1)
_MAPPED: Final = Scenario(
    "mapped", (Role("mapped", (_SPACE, _PAGES), quota=Quota(frames=57)),), {"MANY": "56"}, pages=512
)
_PAYER: Final = Scenario(
    "payer",
    (Role("payer", (_QUOTA,), quota=Quota(12, 12, 12, 12, 12, 1, 24)),),
    {"MANY": "12"},
)
_HOLDER: Final = Scenario(
    "holder",
    (Role("holder", (_SOURCE, _QUOTA), quota=Quota(tasks=14)), Role("heir", priority=_LAST)),
    {"TASKS": "14"},
    notifications=1,
    equal=False,
)
_FULL: Final = Scenario(
    "full",
    (
        *(Role("full_receiver", (_SOURCE, Cap(0, Rights.RECV))) for _ in range(15)),
        Role("full_caller", (Cap(0, Rights.SEND),), priority=_LATER),
    ),
    endpoints=1,
    notifications=1,
    equal=False,
)
_OWING: Final = Scenario(
    "owing",
    (
        Role("owing", (Cap(0, Rights.RECV | Rights.DUPLICATE),)),
        *(Role("asker", (Cap(0, Rights.SEND),)) for _ in range(14)),
        Role(
            "renewer",
            (
                Cap(0, Rights.CONFIGURE | Rights.CONTROL, kind=CapKind.TASK),
                Cap(0, Rights.BIND, kind=CapKind.ADDRESS_SPACE),
            ),
            priority=_LATER,
        ),
    ),
    {"CALLS": "14"},
    endpoints=1,
    equal=False,
)
_STUCK: Final = Scenario(
    "stuck",
    (
        *(Role("stuck", (_SOURCE,), supervisor=Supervisor(0, 1)) for _ in range(14)),
        Role("leaver", (Cap(0, Rights.RECV),), priority=_LATER),
        Role("heir", priority=_LAST),
    ),
    endpoints=1,
    notifications=1,
    equal=False,
    status=int(TASK_FAILED),
)
_FAR: Final = Scenario(
    "far",
    (
        Role(
            "sparse",
            (_COPIED, _QUOTA),
            quota=Quota(spaces=1, frames=4),
        ),
    ),
    {"SPARSE": "1", "EVERY": "512"},
)
"""One page, the last of all."""
_HIGH: Final = Scenario(
    "high",
    (Role("leaver", address=limits.USER_VA_LIMIT - (10 << 20) - 64 * limits.PAGE), Role("heir", priority=_LAST)),
    equal=False,
)
"""The last 64 entries of the last table whose pages may be a program's."""
_BEHIND: Final = Scenario(
    "behind", (Role("region", (_QUOTA,), quota=Quota(memory=1, frames=2)),), {"PAGES": "2"}, pages=19_968
)
"""The most that a description gives to its regions: so many frames are taken in front of the first free ones."""
_CLOCK: Final = Cap(0, Rights.READ | Rights.ARM, kind=CapKind.CLOCK)
_CHORUS: Final = Scenario(
    "chorus",
    (
        *(Role("chorus", (_CLOCK, Cap(0, Rights.WAIT, kind=CapKind.NOTIFICATION))) for _ in range(15)),
        Role("listener", (_CLOCK,), priority=_LATER),
    ),
    {"TIME": "6000000"},
    notifications=1,
    equal=False,
)

_PATHS: Final = {figure.name: figure.scenario for figure in FIGURES}

TRIALS: Final = (
    Trial("create memory of 512 pages, map, drop", _FRESH, ((0, 1), (2, 3), (4, 5))),
    Trial("create memory of 2 pages behind 19,968", _BEHIND),
    Trial("map, unmap, protect 512 pages, six tables", _PATHS["map 512 pages, with six new tables"], ((0, 5),)),
    Trial("map 512 pages of code", _PATHS["map 512 pages of code, with two new tables"]),
    Trial("revoke 500 descendants", _PATHS["revoke 500 descendants"]),
    Trial("revoke 16 deep, the deepest with peers", _DEEP),
    Trial("revoke 56 mappings of 512 pages", _MAPPED),
    Trial("revoke a quota that paid for 60 objects", _PAYER),
    Trial("end of a space of 121 tables", _PATHS["end of a space of 121 tables"]),
    Trial("end of a space of one page, the last", _FAR),
    Trial("exit of a program of 64 pages, the highest", _HIGH, rounds=1),
    Trial("exit with 62 capabilities, 896 derived", _HOLDER, rounds=1),
    Trial("call 15 receivers with full tables", _FULL, rounds=1),
    Trial("suspend, configure who owes 14 answers", _OWING, ((0, 1), (2, 3)), rounds=1),
    Trial("exit of who supervises 14 that wait", _STUCK, rounds=1),
    Trial("15 deadlines at one time", _CHORUS, rounds=1),
)
