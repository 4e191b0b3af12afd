"""Who holds nothing can do nothing, wherever it stands; and what is held is given by the description, or handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from properties.driver import Driver, busy_system
from running import on_each_machine
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.inspect.slots import occupied
from tyrne.kernel.capability import MemoryHandle, kind_of
from tyrne.kernel.kernel import Kernel
from tyrne.system.parts import Cap
from tyrne.testing.kernels import booted, current, system_call, task_record
from tyrne.testing.systems import Run
from tyrne.testing.world import World


@pytest.mark.promise(
    "There is no user identity, no privileged task, no global name to open",
    "A task that starts without capabilities can compute, yield and exit",
    "Only what the capabilities in its own table allow",
    "handles: guessing one gains nothing that the table does not hold",
)
@on_each_machine
def test_a_task_without_capabilities_computes_yields_and_exits_and_has_no_other_call_granted(
    machine: str, run_system: Callable[..., Run]
) -> None:
    """The first task of a system and the last: 800 calls each, of which none succeeds."""
    tasks = [{"name": name, "program": "bare.py"} for name in ("first", "last")]
    run = run_system({"system": {"name": "bare"}, "task": tasks}, machine)
    run.assert_success()
    assert len(run.calls()) == 2 * ((len(C) + 3) * 20 + 2)
    assert {call.name for call in run.calls(status=Status.OK)} <= {"task_yield", "task_exit"}


@pytest.mark.promise(
    "From then on authority only moves and shrinks, except that a quota lets its holder make new objects, and that a "
    "call, or a fault, lets who receives it answer once"
)
@pytest.mark.parametrize("seed", range(4))
def test_whatever_tasks_do_none_comes_to_hold_what_nobody_held(seed: int) -> None:
    kernel = busy_system()
    drive = Driver(9000 + seed, kernel)
    held = authority(kernel)
    for _ in range(300):
        caller = kernel.scheduler.core.current
        if caller is None or not drive.step():
            break
        now = authority(kernel)
        gained = {one for one in now - held if one[0] is not CapKind.REPLY}
        if gained:
            assert drive.said.startswith(f"task {caller.number}: call {C.CREATE.value} "), f"{drive.said}: {gained}"
            objects = {getattr(named, "at", named[0] if isinstance(named, tuple) else None) for _, named, _ in gained}
            assert len(objects) == 1, "one object is made by a call"
        held = now


def authority(kernel: Kernel[Any]) -> set[tuple[CapKind, object, Rights]]:
    """What the tasks hold between them, and the messages on their way: each right over each object, of memory over each
    page."""
    found: set[tuple[CapKind, object, Rights]] = set()
    for name, slot in occupied(kernel):
        if slot.table is kernel.bootstrap_table or (slot.table is None and "parked" not in name):
            continue
        capability = slot.held()
        named = capability.object
        what: list[object] = [named]
        if isinstance(named, MemoryHandle):
            what = [(named.at, int(named.first) + page) for page in range(int(named.pages))]
        found |= {(kind_of(named), one, right) for one in what for right in capability.rights}
    return found


@pytest.mark.promise(
    "Capabilities that a description gives to several tasks over one object are peers: none of these tasks can revoke "
    "another's"
)
def test_what_a_description_gives_to_several_tasks_none_of_them_takes_from_another() -> None:
    full = Rights(0x3F)
    kernel = booted(task_record("one", Cap(0, full)), task_record("two", Cap(0, full)))
    assert system_call(kernel, C.CAP_REVOKE.value, 0)[0] == 0
    assert system_call(kernel, C.TASK_YIELD.value)[0] == 0
    assert current(kernel) is kernel.tasks.items[1]
    assert system_call(kernel, C.SEND.value, 0, 1, 2, 3, 4, 2**64 - 1)[:2] == (0, 1)
    system_call(kernel, C.TASK_EXIT.value, 0)
    assert system_call(kernel, C.RECV.value, 0)[:3] == (0, 0, 1), "nor by its end"


@pytest.mark.promise(
    "Of a task's PSTATE others can write the condition flags only: nothing makes a task run above EL0"
)
@pytest.mark.parametrize("still", ["inactive", "suspended", "faulted and waiting for repair"])
def test_no_word_written_to_any_register_of_a_task_takes_it_above_el0_or_masks_an_interrupt(still: str) -> None:
    w = World(2, held=(1,))
    it, watch = w.give_task(0, 1), w.endpoint()
    if still != "inactive":
        w.ok(0, C.TASK_RESUME, it)
    if still == "suspended":
        w.ok(0, C.TASK_SUSPEND, it)
    elif still != "inactive":
        w.supervise(1, watch)
        w.fault(1)
    for word in (*(1 << bit for bit in (0, 2, 3, 4, 6, 7, 8, 9, 20, 21, 22, 28, 32)), 0x3C5, 2**64 - 1):
        w.ok(0, C.TASK_WRITE, it, 33, word)
        assert w.task(1).frame.pstate == word & 0xF000_0000
    for register in (*range(31), 31, 32):
        w.ok(0, C.TASK_WRITE, it, register, 0x3C5)
    assert w.task(1).frame.pstate == 0xF000_0000
    assert w.refused(0, C.TASK_WRITE, it, 34, 0x3C5) is Status.BAD_ARGUMENT
