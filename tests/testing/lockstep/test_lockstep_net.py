"""What two kernels in lock step are compared in: each kind of difference is found, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tyrne.abi import CallNumber, CapKind, Rights, Status, TaskState, rights_over
from tyrne.hal.frame import Vector
from tyrne.kernel.task import Task
from tyrne.lang import u32, u64
from tyrne.system.manifest import System, encode
from tyrne.system.parts import Cap
from tyrne.testing.kernels import NULL, task_record
from tyrne.testing.lockstep.pair import DisagreementError, ForbiddenChangeError, Pair, PanicError, UnfairError, the_pair
from tyrne.testing.lockstep.player import Player
from tyrne.testing.lockstep.prospects import has, word_of
from tyrne.testing.lockstep.random_systems import random_manifest
from tyrne.testing.lockstep.sides import NO_TASK
from tyrne.testing.lockstep.step import Step

SVC = 0x5600_0000
QUERY = Step(1, {8: CallNumber.CAP_QUERY.value, 0: 0}, Vector.SYNCHRONOUS, SVC, 0)
YIELD = Step(1, {8: CallNumber.TASK_YIELD.value}, Vector.SYNCHRONOUS, SVC, 0)


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A system that has just started."""
    found = the_pair(True)
    found.start(random_manifest(Random(1)))
    yield found


def test_start_again_is_as_a_start(pair: Pair) -> None:
    manifest = random_manifest(Random(1))
    before = pair.records
    pair.take(QUERY)
    pair.start(manifest)
    assert pair.records == before
    pair.compare_all()


def test_word_of_ram_that_only_the_compiled_kernel_writes_is_found(pair: Pair) -> None:
    pair.native.ram.bytes[-1] ^= 1
    with pytest.raises(DisagreementError, match="RAM differs first at 0x401fffff"):
        pair.compare_all()


def test_field_that_only_the_compiled_kernel_changes_is_found(pair: Pair) -> None:
    pair.native.native.library.lib.KERNEL.lives += 1
    with pytest.raises(DisagreementError, match=r"KERNEL\.lives"):
        pair.compare_all()


def test_field_that_only_cpython_changes_is_found(pair: Pair) -> None:
    pair.python.kernel.endpoints.items[15].badge += 1
    with pytest.raises(DisagreementError, match=r"endpoints\.items\[15\]\.badge"):
        pair.compare_all()


def test_register_of_a_task_that_does_not_run_is_found(pair: Pair) -> None:
    other = (pair.current + 1) % 16
    pair.native.set_registers(other, {30: 77})
    with pytest.raises(DisagreementError, match=f"registers of task {other}"):
        pair.compare_all()


def test_other_result_is_found_at_its_step(pair: Pair) -> None:
    pair.native.set_registers(pair.current, {19: 5})
    with pytest.raises(DisagreementError, match="registers of task"):
        pair.take(QUERY)


def test_panic_of_one_kernel_is_a_difference(pair: Pair) -> None:
    pair.native.native.library.lib.KERNEL.scheduler.core.current = pair.native.native.library.ffi.NULL
    with pytest.raises(DisagreementError, match="result:"):
        pair.take(YIELD)


def test_panic_of_both_kernels_is_found(pair: Pair) -> None:
    pair.python.kernel.scheduler.core.current = None
    pair.native.native.library.lib.KERNEL.scheduler.core.current = pair.native.native.library.ffi.NULL
    with pytest.raises(PanicError, match=r"assertion at kernel\.py"):
        pair.take(YIELD)


def test_task_that_runs_before_a_more_urgent_one_is_found(pair: Pair) -> None:
    pair.start(encode(System("alone", 1, (task_record("one"),))))
    scheduler, library = pair.python.kernel.scheduler, pair.native.native.library
    scheduler.core.levels = type(scheduler.core.levels)(scheduler.core.levels | 1)
    library.lib.KERNEL.scheduler.core.levels |= 1
    with pytest.raises(UnfairError, match="is ready, and does not run"):
        pair.take(QUERY)


def test_a_change_of_state_that_the_table_has_not_is_found(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    become = Task.become

    def by_a_way_round(task: Task, state: TaskState) -> None:
        become(task, TaskState.FAULTED)
        become(task, state)

    monkeypatch.setattr(Task, "become", by_a_way_round)
    with pytest.raises(ForbiddenChangeError, match="a task was FAULTED and became EXITED by TASK_EXIT"):
        pair.take(Step(1, {8: CallNumber.TASK_EXIT.value}, Vector.SYNCHRONOUS, SVC, 0))


def test_ticks_that_come_elsewhere_in_one_kernel_are_found(pair: Pair) -> None:
    random = Random(3)
    pair.start(random_manifest(random), ticks=1)
    pair.python.draw_ticks(2)
    player = Player(random, pair)
    with pytest.raises(DisagreementError):
        while not pair.stopped:
            pair.take(player.next_step())


def test_steps_of_long_work_are_counted_by_their_kind(pair: Pair) -> None:
    """Two derived capabilities go in a step each."""
    table = pair.python.tasks[pair.current].capabilities
    slot = next(slot for slot in table.slots if slot.capability is not None and has(slot, Rights.REVOKE))
    for call in (CallNumber.CAP_DERIVE, CallNumber.CAP_DERIVE, CallNumber.CAP_REVOKE):
        registers = {8: call.value, 0: word_of(slot), 1: int(slot.held().rights), 2: 0}
        pair.take(Step(1, registers, Vector.SYNCHRONOUS, SVC, 0))
    assert pair.work.steps["Revocation"] == 2
    assert not pair.work.preempted
    pair.take(QUERY)
    assert not pair.work.steps


CLOCK, DOOR = 0, 1


@pytest.fixture
def alone() -> Iterator[Pair]:
    """A task that has the clock and an endpoint, and that waits at that until a time."""
    caps = Cap(0, rights_over(CapKind.CLOCK), kind=CapKind.CLOCK), Cap(0, rights_over(CapKind.ENDPOINT))
    found = the_pair(True)
    found.start(encode(System("alone", 1, (task_record("one", *caps),))))
    found.take(_call(CallNumber.CLOCK_ARM, CLOCK, 1600, NULL, 0))
    found.take(_call(CallNumber.WAIT, DOOR))
    assert found.current == NO_TASK
    yield found


def _call(number: CallNumber, *words: int) -> Step:
    return Step(1, {**dict(enumerate(words)), 8: number.value}, Vector.SYNCHRONOUS, SVC, 0)


def test_while_nobody_is_ready_time_goes_on_to_the_deadline(alone: Pair) -> None:
    assert not alone.stopped
    left = alone.until_interrupt()
    assert left == 1600 - alone.python.board.instructions
    alone.take(YIELD)  # there is nobody to yield
    assert alone.python.registers(alone.current)[0] == Status.TIMED_OUT.value
    assert alone.python.board.instructions == 1600
    alone.compare_all()


def test_an_interrupt_before_the_deadline_wakes_nobody(alone: Pair) -> None:
    alone.take(Step(5, {}, Vector.IRQ, 0, 0))
    assert alone.current == NO_TASK and not alone.stopped
    player = Player(Random(1), alone)
    while alone.current == NO_TASK:
        alone.take(player.next_step())
    assert alone.python.board.instructions == 1600


def test_a_game_is_over_when_nobody_is_ready_and_nothing_is_to_come(alone: Pair) -> None:
    alone.take(YIELD)
    alone.take(_call(CallNumber.CLOCK_ARM, CLOCK, (1 << 64) - 2, NULL, 0))
    alone.take(_call(CallNumber.WAIT, DOOR))
    assert alone.stopped  # it would take centuries


def test_a_deadline_that_comes_elsewhere_in_one_kernel_is_found(alone: Pair) -> None:
    alone.python.board.deadlines.arm_alarm(u64(1584))
    with pytest.raises(DisagreementError, match="in the journal"):
        alone.take(YIELD)


def test_a_start_mends_what_was_wrong(pair: Pair) -> None:
    pair.python.kernel.lives = u32(9)
    pair.python.kernel.frames.taken[0] = u64(1)
    pair.native.ram.bytes[5] = 1
    pair.start(random_manifest(Random(2)))
    pair.compare_all()
