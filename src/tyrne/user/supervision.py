"""What a supervisor is told: faults and ends of tasks, as messages from the kernel at its endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import Notice
from tyrne.lang import u64
from tyrne.user.messages import Arrival


@dataclass(frozen=True)
class Exited:
    """A task has ended with this code."""

    code: u64


@dataclass(frozen=True)
class Faulted:
    """A task has faulted, and stands still: an answer to the message lets it try again.

    ESR_EL1, FAR_EL1 (0 where the class has none) and the address of the instruction.
    """

    syndrome: u64
    address: u64
    pc: u64


def read_notice(arrival: Arrival) -> Exited | Faulted:
    """The kernel's message in words. The badge of the arrival, which the supervisor chose, says which task it is of."""
    if arrival.label == u64(Notice.FAULTED.value):
        return Faulted(arrival.word0, arrival.word1, arrival.word2)
    return Exited(arrival.word0)
