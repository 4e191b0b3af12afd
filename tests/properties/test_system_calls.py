"""Random system calls on a whole kernel: no registers stop it, a failed call changes nothing, authority shrinks."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.support import (
    BASE,
    NULL,
    PAGE,
    STORE_FAULT,
    FakeBoard,
    booted,
    current,
    held,
    kernel_state,
    system_call,
    task_record,
)
from properties.system import authority, check_system
from tyrne.hal.frame import Call, Vector
from tyrne.kernel.abi import Rights, pack_handle
from tyrne.kernel.capability import Capability
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.system_calls import Reschedule, Resume, Terminate, dispatch
from tyrne.lang import u64
from tyrne.system.parts import CONSOLE_CAP, Cap

EVERYTHING = Rights(0x3F)
STATUSES = {0, 1, 2, 3, *range(0x101, 0x108), *range(0x201, 0x208)}

ODD = [0, 1, NULL, NULL - 1, 1 << 63, 1 << 48, 0xFFFF, 1 << 16, 0x3F, 64]
POINTERS = [BASE - 1, BASE, BASE + 1, BASE + PAGE - 2, BASE + PAGE, BASE + 2 * PAGE - 1, BASE + 2 * PAGE, *ODD]
LENGTHS = [0, 1, 2, 4, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, NULL]


class Walk:
    """A task of random habits: mostly handles that it holds, sometimes stale, forged or foreign ones."""

    def __init__(self, seed: int, kernel: Kernel[FakeBoard]) -> None:
        self.random = random.Random(seed)
        self.kernel = kernel

    def handle(self) -> int:
        live = [int(pack_handle(cap)) for cap in held(current(self.kernel).capabilities)]
        if live and self.random.random() < 0.8:
            return self.random.choice(live)
        forged = self.random.randrange(6) | self.random.randrange(3) << 16
        return self.random.choice([forged, forged | 0xABCD << 48, *ODD])

    def word(self) -> int:
        return self.random.choice([*ODD, self.random.getrandbits(64)])

    def call(self) -> tuple[int, ...]:
        """A number and its arguments."""
        match self.random.choices(range(6), [2, 40, 40, 20, 1, 20])[0]:
            case 1:
                gift = self.handle() if self.random.random() < 0.5 else NULL
                return 1, self.handle(), self.word(), self.word(), self.word(), self.word(), gift
            case 2:
                return 2, self.handle()
            case 5:
                return 5, self.handle(), self.random.choice(POINTERS), self.random.choice(LENGTHS)
            case 0:
                return tuple(self.word() for _ in range(7))
            case number:
                return number, self.word()


def system() -> Kernel[FakeBoard]:
    one = task_record("one", CONSOLE_CAP, Cap(0, EVERYTHING), Cap(1, EVERYTHING))
    two = task_record("two", Cap(0, EVERYTHING), Cap(1, Rights.SEND | Rights.TRANSFER), CONSOLE_CAP)
    return booted(one, two, task_record("three", Cap(0, Rights.RECV)), slots=3)


def within(later: list[Capability], earlier: list[Capability]) -> bool:
    """Whether every capability was there before, as often: system calls 1 to 5 make none."""
    return not Counter(map(repr_of, later)) - Counter(map(repr_of, earlier))


def repr_of(capability: Capability) -> tuple[int, object]:
    return int(capability.rights), capability.object


@pytest.mark.parametrize("seed", range(8))
def test_random_calls_leave_the_system_whole_and_a_failed_call_changes_nothing(seed: int) -> None:
    kernel = system()
    walk = Walk(seed, kernel)
    for _ in range(200):
        if kernel.scheduler.current is None:
            break
        caps, call = authority(kernel), walk.call()
        before, emitted = kernel_state(kernel), len(kernel.board.console)
        reply = system_call(kernel, *call)
        if call[0] not in (3, 4):
            assert reply[0] in STATUSES
            if reply[0] != 0:
                assert reply[1:] == (0,) * 7
                assert kernel_state(kernel) == before
            assert len(kernel.board.console) - emitted == (reply[1] if call[0] == 5 else 0)
        assert within(authority(kernel), caps)
        check_system(kernel)


@pytest.mark.parametrize("seed", range(6))
def test_every_task_can_always_be_ended_and_then_everything_is_free(seed: int) -> None:
    kernel = system()
    walk = Walk(100 + seed, kernel)
    for _ in range(100):
        if kernel.scheduler.current is not None:
            system_call(kernel, *walk.call())
    while kernel.scheduler.current is not None:
        kernel.trap(Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(BASE))
    check_system(kernel)
    assert kernel.frames.stats().allocated == 1
    assert kernel.spaces.population == 1


word = st.integers(0, NULL) | st.sampled_from(POINTERS) | st.integers(0, 6)


@settings(max_examples=400)
@given(st.integers(0, 7) | word, st.tuples(word, word, word, word, word, word), st.integers(0, 7), st.booleans())
def test_any_registers_end_in_an_effect_whatever_is_missing_of_the_context(
    number: int, arguments: tuple[int, ...], missing: int, debug_console: bool
) -> None:
    kernel = KERNELS[debug_console]
    task = kernel.tasks.items[0]
    space, table, window = BINDINGS[debug_console]
    task.space = None if missing & 1 else space
    task.table = None if missing & 2 else table
    task.window = None if missing & 4 else window
    effect = dispatch(kernel, Call(u64(number), *map(u64, arguments)))
    assert isinstance(effect, (Resume, Reschedule, Terminate))
    if missing:
        assert isinstance(effect, Resume) and effect.status in (0x1, 0x102, 0x201)
    if isinstance(effect, Resume):
        assert effect.status in STATUSES
        assert effect.status == 0 or effect == Resume(effect.status)
    assert debug_console or number != 5 or effect == Resume(u64(1))


KERNELS = {debug: booted(task_record("one", CONSOLE_CAP), debug_console=debug) for debug in (True, False)}
BINDINGS = {
    debug: (kernel.tasks.items[0].space, kernel.tasks.items[0].table, kernel.tasks.items[0].window)
    for debug, kernel in KERNELS.items()
}
