"""Random system calls on a whole kernel: no registers stop it, a failed call changes nothing, authority shrinks."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.support import BASE, NULL, PAGE, STORE_FAULT, FakeBoard, booted, kernel_state, system_call, task_record
from properties.system import authority, check_system
from tyrne.hal.frame import Call, Vector
from tyrne.kernel.abi import Rights
from tyrne.kernel.capability import Capability
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.system_calls import Reschedule, Resume, Terminate, dispatch
from tyrne.lang import u64
from tyrne.system.description import CONSOLE_CAP, Cap

EVERYTHING = Rights(0x3F)
STATUSES = {0, 1, 2, 3, *range(0x101, 0x108), *range(0x201, 0x208)}

handles = st.integers(0, 6) | st.integers(0, 6).map(lambda i: i | 1 << 16) | st.sampled_from([NULL, 0xFFFF, 1 << 47])
pointers = st.integers(BASE - 2, BASE + 2) | st.integers(BASE + 2 * PAGE - 2, BASE + 2 * PAGE + 2)
lengths = st.integers(0, 3) | st.sampled_from([PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, NULL])
anything = st.integers(0, NULL) | st.sampled_from([0, 1, NULL, 1 << 63, 1 << 48])
transfers = handles | st.just(NULL)

calls = st.one_of(
    st.tuples(st.just(1), handles, anything, anything, anything, anything, transfers),
    st.tuples(st.just(2), handles),
    st.tuples(st.just(3)),
    st.tuples(st.just(5), handles, pointers, lengths),
    st.tuples(st.integers(0, 8) | anything, anything, anything, anything, anything, anything, anything),
)
steps = st.lists(st.tuples(st.integers(0, 24), calls), min_size=1, max_size=30)


def system() -> Kernel[FakeBoard]:
    one = task_record("one", CONSOLE_CAP, Cap(0, EVERYTHING), Cap(1, EVERYTHING))
    two = task_record("two", Cap(0, EVERYTHING), Cap(1, Rights.SEND | Rights.TRANSFER), CONSOLE_CAP)
    return booted(one, two, task_record("three", Cap(0, Rights.RECV)), slots=4)


def within(later: list[Capability], earlier: list[Capability]) -> bool:
    """Whether every capability was there before, as often: system calls 1 to 5 make none."""
    return not Counter(map(repr_of, later)) - Counter(map(repr_of, earlier))


def repr_of(capability: Capability) -> tuple[int, object]:
    return int(capability.rights), capability.object


@settings(max_examples=60)
@given(steps)
def test_random_calls_leave_the_system_whole_and_a_failed_call_changes_nothing(
    steps: list[tuple[int, tuple[int, ...]]],
) -> None:
    kernel = system()
    for kind, call in steps:
        if kernel.scheduler.current is None:
            break
        held = authority(kernel)
        if kind == 0:
            kernel.trap(Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(BASE))
        else:
            before, emitted = kernel_state(kernel), len(kernel.board.console)
            reply = system_call(kernel, *call)
            if call[0] not in (3, 4):
                assert reply[0] in STATUSES
                if reply[0] != 0:
                    assert reply[1:] == (0,) * 7
                    assert kernel_state(kernel) == before
                written = len(kernel.board.console) - emitted
                assert written == (reply[1] if call[0] == 5 else 0)
        assert within(authority(kernel), held)
        check_system(kernel)


@settings(max_examples=20)
@given(steps)
def test_every_task_can_always_be_ended_and_then_everything_is_free(steps: list[tuple[int, tuple[int, ...]]]) -> None:
    kernel = system()
    for _, call in steps:
        if kernel.scheduler.current is not None:
            system_call(kernel, *call)
    while kernel.scheduler.current is not None:
        kernel.trap(Vector.SERROR, u64(0xBE00_0000), u64(0))
    check_system(kernel)
    assert kernel.frames.stats().allocated == 1
    assert kernel.spaces.population == 1


word = anything | handles | pointers


@settings(max_examples=400)
@given(st.integers(0, 7) | anything, st.tuples(word, word, word, word, word, word), st.integers(0, 7), st.booleans())
def test_any_registers_end_in_an_effect_whatever_is_missing_of_the_context(
    number: int, arguments: tuple[int, ...], missing: int, debug_console: bool
) -> None:
    kernel = KERNELS[debug_console]
    task = kernel.tasks.items[0]
    space, table, window = BINDINGS[debug_console]
    task.space = None if missing & 1 else space
    task.table = None if missing & 2 else table
    task.window = None if missing & 4 else window
    effect = dispatch(kernel, kernel.context(), Call(u64(number), *map(u64, arguments)))
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
