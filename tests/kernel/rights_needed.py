"""Each call that takes a capability, ready to succeed, with the rights over that capability cut down."""

from __future__ import annotations

from dataclasses import replace

from properties.scenarios import FAR, ME, SCENARIOS, Scenario
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.kernel.capability import EndpointHandle
from tyrne.testing.world import World


def wait_for_signals(w: World) -> tuple[C, tuple[int, ...]]:
    return C.WAIT, (w.give(ME, w.notification()),)


def map_to_be_executed(w: World) -> tuple[C, tuple[int, ...]]:
    space = w.ok(ME, C.CREATE, w.give_quota(ME), CapKind.ADDRESS_SPACE.value)
    return C.MAP, (space, w.give(ME, w.memory(1)), FAR, 2)


def protect(w: World, flags: int) -> tuple[C, tuple[int, ...]]:
    """Of pages that were mapped to be read, which needs no right but READ."""
    space, memory = w.give_space(ME, ME), w.give(ME, w.memory(2))
    w.ok(ME, C.MAP, space, memory, FAR, 0)
    return C.PROTECT, (space, memory, flags)


def cap_revoke(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_REVOKE, (w.give(ME, w.endpoint()),)


CASES: dict[str, Scenario] = {
    **SCENARIOS,
    "wait_for_signals": wait_for_signals,
    "map_to_be_executed": map_to_be_executed,
    "protect_to_be_executed": lambda w: protect(w, 2),
    "protect_to_be_written": lambda w: protect(w, 1),
    "cap_revoke": cap_revoke,
}


def prepared(name: str, at: int, rights: Rights) -> tuple[World, C, tuple[int, ...]]:
    """A world where a call would succeed, but that the caller has at most these rights over one of its capabilities."""
    w = World(3, slots=10, pages=192)
    number, arguments = CASES[name](w)
    slot = w.slot(ME, arguments[at])
    named = slot.held().object
    if isinstance(named, EndpointHandle) and Rights.RECV in slot.held().rights and Rights.RECV not in rights:
        named.at.receivable -= 1
    slot.capability = replace(slot.held(), rights=slot.held().rights & rights)
    return w, number, arguments
