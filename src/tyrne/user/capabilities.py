"""Capabilities as such, whatever they name: copies and children, revocation, moves, and what a handle is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from tyrne.abi import NULL_HANDLE, CallNumber, CapKind, Rights, Status, rights_from_word
from tyrne.lang import Array, u64
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import Handle, TaskCap

H = TypeVar("H", bound=Handle)


class KindTable:
    """Every kind of object."""

    def __init__(self) -> None:
        self.known: Array[CapKind] = Array(list(CapKind))


KINDS: Final = KindTable()


@dataclass(frozen=True)
class CapInfo:
    """What a handle names."""

    kind: CapKind
    rights: Rights
    badge: u64
    """What tells an endpoint's receiver who sends; 0 without one."""
    depth: u64
    """Steps of derivation from the capability that the system began with."""
    pages: u64
    """The size of a memory region; 0 for other kinds."""
    address: u64
    """Where a memory region is mapped; 0 if it is not."""
    place: u64
    """Its physical address, for a device, if the capability allows to know it; else 0."""


def decode_kind(word: u64) -> CapKind:
    """The kind that a word names. A word that the kernel's table does not have traps."""
    found: CapKind | None = None
    for kind in KINDS.known:
        if u64(kind.value) == word:
            found = kind
            break
    assert found is not None, "unknown kind"
    return found


def cap_copy(source: H, rights: Rights) -> H | Status:
    """A peer of a capability, with at most its rights: whoever revokes the parent takes both back."""
    reply = request(CallNumber.CAP_COPY, source.word, u64(rights))
    if not is_ok(reply):
        return status_of(reply)
    return source.named(reply.x1)


def cap_derive(source: H, rights: Rights, badge: u64 = u64(0)) -> H | Status:
    """A child of a capability, with at most its rights: `cap_revoke` of the source takes it back.

    The child of an endpoint without a badge can be given one.
    """
    reply = request(CallNumber.CAP_DERIVE, source.word, u64(rights), badge)
    if not is_ok(reply):
        return status_of(reply)
    return source.named(reply.x1)


def cap_revoke(source: Handle) -> Status:
    """Take back everything that was derived from a capability, wherever it is; the capability itself stays."""
    return status_of(request(CallNumber.CAP_REVOKE, source.word))


def cap_drop(cap: Handle) -> Status:
    """Give a capability up. Refused while something is derived from it."""
    return status_of(request(CallNumber.CAP_DROP, cap.word))


def cap_move(cap: H) -> H | Status:
    """Put a capability into another slot of this task's table: the old handle is stale afterwards."""
    reply = request(CallNumber.CAP_MOVE, cap.word, NULL_HANDLE)
    if not is_ok(reply):
        return status_of(reply)
    return cap.named(reply.x1)


def cap_give(cap: Handle, task: TaskCap) -> u64 | Status:
    """Put a capability into another task's table; the handle word by which that task names it."""
    reply = request(CallNumber.CAP_MOVE, cap.word, task.word)
    if not is_ok(reply):
        return status_of(reply)
    return reply.x1


def cap_query(cap: Handle) -> CapInfo | Status:
    """What a handle of this task names."""
    reply = request(CallNumber.CAP_QUERY, cap.word)
    if not is_ok(reply):
        return status_of(reply)
    return CapInfo(decode_kind(reply.x1), rights_from_word(reply.x2), reply.x3, reply.x4, reply.x5, reply.x6, reply.x7)
