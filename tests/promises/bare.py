"""Holds nothing: computes, tries every call with every handle, yields, and exits with the number of calls that did
more than it may."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.user import NULL_HANDLE, CallNumber, system_call

LAST: Final = u64(len(CallNumber))
STEP: Final = u64(21)
"""From one handle that is tried to the next: 0, 21, 42, 63, which is the last of a table, and 84, which is none."""
WORDS: Final = u64(0x80_0000)
"""Good as an address, as rights, and as anything else that a word may be."""


def is_its_own(number: u64) -> bool:
    """Whether a call is about nothing but the task's own time and life."""
    return number == u64(CallNumber.TASK_YIELD.value) or number == u64(CallNumber.TASK_EXIT.value)


def attempts(number: u64, handle: u64) -> u64:
    """How often a call succeeds with a handle in each place where there may be one."""
    done = u64(0)
    if system_call(number, handle, WORDS, u64(1), u64(1), u64(1), NULL_HANDLE).x0 == 0:
        done += 1
    if system_call(number, handle, handle, u64(1), u64(1), u64(1), handle).x0 == 0:
        done += 1
    return done


@export
def main() -> u64:
    wrong, sum = u64(0), u64(0)
    for number in irange(LAST + 5):
        for i in irange(5):
            if not is_its_own(number):
                wrong += attempts(number, i * STEP)
                wrong += attempts(number, i * STEP | u64(1 << 16))
    for i in irange(100):
        sum += i * i
    if sum != 328350:
        wrong += 1
    if system_call(u64(CallNumber.TASK_YIELD.value), u64(0), u64(0), u64(0), u64(0), u64(0), u64(0)).x0 != 0:
        wrong += 1
    return wrong
