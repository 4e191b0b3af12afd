"""What happens in a run, as its recorder and its record have it: system calls, faults, and interrupts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tyrne.abi import CALLS, CallNumber, Status
from tyrne.hal.aarch64.syndrome import fault_kind
from tyrne.hal.interrupt import Interrupt
from tyrne.lang import u64

_CALL_NAMES: Final = {number.value: number.name.lower() for number in CallNumber}
_ARGUMENTS: Final = {layout.number.value: len(layout.arguments) for layout in CALLS}
_RESULTS: Final = {layout.number.value: len(layout.results) for layout in CALLS}
_NO_REFUSALS: Final = (Status.OK.value, Status.TIMED_OUT.value, Status.ABORTED.value)
_STATUS_NAMES: Final = {status.value: status.name for status in Status}


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A system call: x8 and x0 to x5 as they came in, x0 to x7 as they went back, None if it never returns. `pc` is
    where the task goes on, behind the call, on a machine that tells it."""

    task: int
    number: int
    arguments: tuple[int, ...]
    results: tuple[int, ...] | None
    pc: int | None = field(default=None, compare=False)

    @property
    def name(self) -> str | None:
        """The call's name; None for a number that no call has."""
        return _CALL_NAMES.get(self.number)

    @property
    def text(self) -> str:
        """The call with its arguments: `create(0x1, 0x6, 0x5)`."""
        words = ", ".join(hex(word) for word in self.arguments[: _ARGUMENTS.get(self.number, len(self.arguments))])
        return f"{self.name or self.number}({words})"

    @property
    def outcome(self) -> str:
        """How the call returned: the name of its status, and what else it gave: `OK (0x5)`."""
        if self.results is None:
            return "does not return"
        words = self.results[1 : 1 + _RESULTS.get(self.number, 0)]
        payload = f" ({', '.join(map(hex, words))})" if words and self.refusal is None else ""
        return f"{self.refusal or Status.OK.name}{payload}"

    @property
    def refusal(self) -> str | None:
        """The name of the status, unless it is OK or the call never returns."""
        if self.results is None or self.results[0] == Status.OK.value:
            return None
        return _STATUS_NAMES.get(self.results[0], hex(self.results[0]))

    @property
    def was_refused(self) -> bool:
        """Whether it returned with a refusal. A wait that ended without what it waited for was none: the call was right
        when it was made."""
        return self.results is not None and self.results[0] not in _NO_REFUSALS


@dataclass(frozen=True)
class FaultEvent:
    """A task was ended: ESR_EL1, FAR_EL1 (0 where the class has none), ELR_EL1, and x30: where a function that was
    called, such as one at a wrong address, returns to."""

    task: int
    syndrome: int
    address: int
    pc: int
    link: int = 0

    @property
    def kind(self) -> str:
        return fault_kind(u64(self.syndrome)).name.lower()


@dataclass(frozen=True, slots=True)
class InterruptEvent:
    """An interrupt came after so many synchronous traps from EL0, and so many instructions since the last of them (or
    since the start), the one that trapped not counted. Between two steps of the kernel's long work it came after so
    many `steps` since that trap; at EL0 they are 0. `line` is that of a device, else 0."""

    traps: int
    instructions: int
    kind: Interrupt
    steps: int = 0
    line: int = 0
