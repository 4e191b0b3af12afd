"""What `reach` reasons about: objects, authority over them, and facts that may come about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tyrne.abi import CapKind, Rights, includes, rights_over
from tyrne.inspect.held import kind_word


@dataclass(frozen=True)
class Thing:
    """An object of the start; or all that are ever made of one kind from one quota, and from quotas made from that.

    `kind` is the word of `tyrne caps`; an `answer` is the right to answer a task's call, a `repair` that to let a task
    go on after a fault. `place` is where it is in the kernel: that of the task to be answered, the number of a line,
    that of the quota from which it is made. `name` is only shown.
    """

    kind: str
    place: int
    name: str
    made: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Once: facts are looked up a hundred thousand times."""
        return hash((self.kind, self.place, self.made))

    @cached_property
    def text(self) -> str:
        """`endpoint door`, `endpoint made from quota client`, `answer to task client`, `clock`."""
        if self.kind in ("answer", "repair"):
            of = "answer to" if self.kind == "answer" else "repair of"
            return f"{of} {self.of_kind('task').text}"
        if self.made:
            return f"{self.kind} made from quota {self.name.removeprefix('quota ')}"
        if self.kind == self.name or self.name.startswith(f"{self.kind} "):
            return self.name
        return f"{self.kind} {self.name}"

    def of_kind(self, kind: str) -> Thing:
        """What has another kind in the same place: the answer to a task."""
        return Thing(kind, self.place, self.name, self.made)

    def source(self) -> Thing:
        """The quota from which something is made."""
        return Thing("quota", self.place, self.name)


@dataclass(frozen=True)
class Authority:
    """A capability, or what may be derived from one: at most these rights over a thing.

    A badge of 0 is none: who may derive can set any then.
    """

    thing: Thing
    rights: Rights
    badge: int = 0

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.thing, self._bits, self.badge))

    @cached_property
    def _bits(self) -> int:
        return int(self.rights)

    @cached_property
    def text(self) -> str:
        """`endpoint door, SEND|TRANSFER, badge 0x1`."""
        badge = f", badge {self.badge:#x}" if self.badge else ""
        return f"{self.thing.text}, {rights_text(self.rights, self.thing.kind)}{badge}"

    def allows(self, right: Rights) -> bool:
        return self._bits & right._value_ == right._value_

    def may_become(self, thing: Thing, rights: Rights, badge: int) -> bool:
        """Whether a capability may be this one, or derived from it."""
        if thing != self.thing or not self.allows(rights):
            return False
        return badge == self.badge or (self.badge == 0 and self.allows(Rights.DERIVE))


KINDS: Final = {kind_word(kind): kind for kind in CapKind} | {"answer": CapKind.REPLY, "repair": CapKind.REPLY}
"""By their words."""


def rights_text(rights: Rights, kind: str) -> str:
    """`SEND|TRANSFER`; `all rights` over things of the kind; `no rights`."""
    everything = rights_over(KINDS[kind])
    if includes(rights, everything) and kind not in ("answer", "repair"):
        more = rights & ~everything
        return f"all rights|{rights_text(more, 'reply')}" if more else "all rights"
    return "|".join(right.name or "" for right in rights) or "no rights"


@dataclass(frozen=True)
class Acts:
    """A task may run."""

    task: Thing


@dataclass(frozen=True)
class Holds:
    """A capability may be in a task's table."""

    task: Thing
    authority: Authority


@dataclass(frozen=True)
class Offered:
    """A capability may travel in a message to an endpoint."""

    endpoint: Thing
    authority: Authority


@dataclass(frozen=True)
class Lives:
    """A task may live in an address space."""

    task: Thing
    space: Thing


@dataclass(frozen=True)
class Heard:
    """An endpoint may be told of a task's faults and end."""

    task: Thing
    endpoint: Thing


@dataclass(frozen=True)
class Mapped:
    """Pages of a region may be mapped in a space, so as these rights over it allow: READ, WRITE, EXECUTE."""

    space: Thing
    region: Thing
    rights: Rights


@dataclass(frozen=True)
class Touches:
    """The program of a task may read a region, and write or execute it as the rights say."""

    task: Thing
    region: Thing
    rights: Rights


@dataclass(frozen=True)
class Bound:
    """Who receives at an endpoint may take a notification's signals."""

    endpoint: Thing
    notification: Thing


@dataclass(frozen=True)
class Claim:
    """A quota may have a claim on objects of a kind; on frames for `frames`."""

    quota: Thing
    kind: str


Fact = Acts | Holds | Offered | Lives | Heard | Mapped | Touches | Bound | Claim
