"""A booted kernel without machine code: its tasks make the calls that a test says.

    world = World(2)
    door = world.endpoint()
    client, server = world.give(0, door, badge=7), world.give(1, door)
    world.blocks(1, CallNumber.WAIT, server)
    world.ok(0, CallNumber.SEND_WAIT, client, 1, 2, 3, 4, NULL)
    assert world.x(1) == (0, 7, 1, 2, 3, 4, NULL, NULL)

Tasks are named by their place in the arena, which is their number for those that are there from the start. Objects are
named by their origin, the slot that all capabilities over them descend from; capabilities by their handle word. After
each trap every invariant of the kernel is checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from tyrne.abi import CallNumber, CapHandle, CapKind, Rights, Status, TaskState, pack_handle, rights_over, unpack_handle
from tyrne.boot.first_system import line_of
from tyrne.hal.aarch64.syndrome import cause_of
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, Clock, DebugConsole, InterruptHandle, kind_of
from tyrne.kernel.creation import begin_life, make_object, new_region
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import FRAMES, Quota
from tyrne.kernel.task import Task
from tyrne.lang import u32, u64
from tyrne.system.parts import Quota as Claims
from tyrne.testing.board import MemoryBoard
from tyrne.testing.invariants import check_system, demand
from tyrne.testing.invariants.task_states import StateChanges, call_made, changes_are_in_the_table
from tyrne.testing.invariants.transitions import (
    a_failed_call_changes_nothing,
    a_new_life_owes_nothing,
    a_pending_poll_found_nothing,
    handles_keep_their_meaning,
    holdings,
    revocation_leaves_no_descendant,
    slot_named,
    table_of_a_life,
)
from tyrne.testing.kernels import (
    ALL,
    STORE_FAULT,
    SVC,
    ScarceFrames,
    boot,
    handle,
    registers,
    run,
    slim_kernel,
    task_record,
    trap,
)
from tyrne.testing.state import kernel_state

PLENTY = Claims(tasks=2, endpoints=2, notifications=2, spaces=2, memory=4, quotas=2, frames=40)
"""Of every kind some for each of four tasks, and some left for what tests make."""


LINE = 48
"""An interrupt line."""


class World:
    """`tasks` configured tasks of one priority, all ready, the first of them current. None holds anything.

    `arena` is how many tasks there may be at once, `slots` how many capabilities each may hold (the first task:
    `first_slots`), `pages` how much RAM there is. `held` are the tasks that are not started, `serves` those that
    serve; `slice` is in instructions, 0 for no tick. With `strict` each refused call is checked to have left everything
    as it was, byte for byte; that takes some 15 ms.
    """

    def __init__(
        self,
        tasks: int = 2,
        *,
        arena: int | None = None,
        slots: int = 16,
        first_slots: int | None = None,
        pages: int = 256,
        priorities: Sequence[int] = (),
        quota: Claims = PLENTY,
        held: Sequence[int] = (),
        serves: Sequence[int] = (),
        slice: int = 0,
        debug_console: bool = True,
        strict: bool = False,
    ) -> None:
        self.strict = strict
        self.board = MemoryBoard(pages)
        self.kernel = slim_kernel(self.board, arena or tasks * (1 + quota.tasks) + 2, slots, debug_console)
        if first_slots is not None:
            self.kernel.tasks.items[0].capabilities = CapTable(first_slots)
        records = [
            task_record(
                f"t{i}",
                quota=quota,
                priority=priorities[i] if i < len(priorities) else 8,
                held=i in held,
                serves=i in serves,
            )
            for i in range(tasks)
        ]
        boot(self.kernel, *records, endpoints=0, slice=slice)
        self.changes = StateChanges(self.kernel)
        """Those of the last trap, until it is checked."""
        self.quotas = [self.kernel.quotas.items[i + 1] for i in range(tasks)]
        """The quota of each task."""

    # --- objects

    def make(self, kind: CapKind, pages: int = 0) -> CapSlot:
        """An object at the kernel's own expense; its origin."""
        payer = self.kernel.bootstrap_table.resolve(handle(0))
        assert payer is not None and kind_of(payer.held().object) is CapKind.QUOTA
        made = make_object(self.kernel, payer, self.kernel.quotas.items[0], kind, u64(pages))
        assert isinstance(made, CapSlot), made
        return made

    def endpoint(self) -> CapSlot:
        """A new endpoint; its origin."""
        return self.make(CapKind.ENDPOINT)

    def notification(self) -> CapSlot:
        """A new notification; its origin."""
        return self.make(CapKind.NOTIFICATION)

    def memory(self, pages: int = 1) -> CapSlot:
        """A new memory region of so many pages; its origin."""
        return self.make(CapKind.MEMORY, pages)

    def registers(self, address: int, pages: int = 1) -> CapSlot:
        """A new region over the registers of a device; its origin."""
        payer, quota = self.kernel.bootstrap_table.slots[0], self.kernel.quotas.items[0]
        quota.take(u64(CapKind.MEMORY.value), u64(1))
        named = new_region(self.kernel, u64(pages))
        named.at.lie_at(u64(address))
        named.at.device = True
        named.at.cleared = u64(pages)
        return begin_life(named, payer, quota)

    def space_of(self, task: int) -> CapSlot:
        """The origin of the address space that a task lives in."""
        origin = self.task(task).home.parent
        assert origin is not None
        return origin

    def quota_of(self, task: int) -> CapSlot:
        """The origin of a task's quota."""
        return self.quotas[task].life.origin

    def task(self, number: int) -> Task:
        """The kernel's own object."""
        return self.kernel.tasks.items[number]

    # --- what a word names

    def slot(self, task: int, word: int) -> CapSlot:
        """Where a task keeps what a handle word names; it must name something."""
        found = self.task(task).capabilities.resolve(unpack_handle(u64(word)))
        assert found is not None, f"task {task} holds nothing at {word:#x}"
        return found

    def holds(self, task: int, word: int) -> bool:
        """Whether a handle word names anything in a task's table."""
        return self.task(task).capabilities.resolve(unpack_handle(u64(word))) is not None

    def endpoint_at(self, origin: CapSlot) -> Endpoint:
        """The kernel's own object."""
        return origin.held().object.at  # type: ignore[union-attr, return-value]

    def notification_at(self, origin: CapSlot) -> Notification:
        """The kernel's own object."""
        return origin.held().object.at  # type: ignore[union-attr, return-value]

    def region_at(self, origin: CapSlot) -> Region:
        """The kernel's own object."""
        return origin.held().object.at  # type: ignore[union-attr, return-value]

    # --- authority

    def give(self, task: int, origin: CapSlot, rights: Rights | None = None, badge: int = 0) -> int:
        """A capability over an object for a task; by default with all rights over it. Its handle word."""
        named = origin.held().object
        granted = rights_over(kind_of(named)) if rights is None else rights
        made = self.task(task).capabilities.insert(Capability(granted, named, u64(badge)), origin)
        assert isinstance(made, CapHandle)
        return int(pack_handle(made))

    def give_quota(self, task: int) -> int:
        """A capability over a task's own quota, for that task; its handle word."""
        return self.give(task, self.quota_of(task))

    def give_task(self, holder: int, task: int, rights: Rights | None = None) -> int:
        """A capability over a task; its handle word."""
        return self.give(holder, self.task(task).life.origin, rights)

    def give_space(self, holder: int, task: int, rights: Rights | None = None) -> int:
        """A capability over the address space that a task lives in; its handle word."""
        return self.give(holder, self.space_of(task), rights)

    def give_console(self, task: int, rights: Rights = ALL) -> int:
        """A capability over the debug console; its handle word."""
        made = self.task(task).capabilities.insert(Capability(rights, DebugConsole()), None)
        assert isinstance(made, CapHandle)
        return int(pack_handle(made))

    def give_clock(self, task: int, rights: Rights = ALL) -> int:
        """A capability over the clock; its handle word."""
        made = self.task(task).capabilities.insert(Capability(rights, Clock()), None)
        assert isinstance(made, CapHandle)
        return int(pack_handle(made))

    def give_interrupt(self, task: int, line: int = LINE, rights: Rights = ALL) -> int:
        """A capability over an interrupt line; its handle word."""
        named = Capability(rights, InterruptHandle(line_of(self.kernel, u32(line))))
        made = self.task(task).capabilities.insert(named, None)
        assert isinstance(made, CapHandle)
        return int(pack_handle(made))

    def supervise(self, task: int, origin: CapSlot, badge: int = 0) -> None:
        """Let an endpoint hear of a task's faults and end."""
        slot = self.task(task).supervisor
        slot.fill(Capability(Rights.SEND, origin.held().object, u64(badge)), origin, origin.depth)

    def fill_table(self, task: int, leave: int = 0) -> None:
        """Leave so many free slots in a task's table."""
        table = self.task(task).capabilities
        room = sum(table.has_room(u64(n)) for n in range(1, len(table.slots) + 1))
        for _ in range(room - leave):
            made = table.insert(Capability(Rights.NONE, DebugConsole()), None)
            assert isinstance(made, CapHandle)

    # --- traps

    def enter(self, vector: Vector, syndrome: int, address: int) -> Task | None:
        """One transition of the task that runs, after which every invariant holds. Who runs next; None for nobody.

        `syndrome` and `address` are ESR_EL1 and FAR_EL1.
        """
        before = holdings(self.kernel)
        made = call_made(self.kernel, cause_of(vector, u64(syndrome)))
        self.changes.take()
        following = trap(self.kernel, vector, u64(syndrome), u64(address))
        check_system(self.kernel)
        demand(changes_are_in_the_table(self.changes.take(), made))
        demand(handles_keep_their_meaning(before))
        return following

    def call(self, task: int, number: CallNumber, *arguments: int) -> tuple[int, ...] | None:
        """A system call of a task, which is given the CPU for it: x0 to x7, or None when it waits or has stopped."""
        return self.call_number(task, number.value, *arguments)

    def call_number(self, task: int, number: int, *arguments: int) -> tuple[int, ...] | None:
        """As `call`, with any word in x8. A revoke that succeeds has left no descendant when it is done."""
        caller = self.task(task)
        run(self.kernel, caller)
        everything = kernel_state(self.kernel) if self.strict else None
        revokes = number == CallNumber.CAP_REVOKE.value
        before = holdings(self.kernel) if revokes else []
        word = arguments[0] if arguments else 0
        configures = number == CallNumber.TASK_CONFIGURE.value
        former = table_of_a_life(self.kernel, caller.capabilities, word) if configures else None
        for register, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
            caller.frame.x[register] = u64(value)
        caller.frame.x[6] = caller.frame.x[7] = u64(0x5EC4E7)  # ignored, but rewritten
        caller.frame.x[8] = u64(number)
        self.enter(Vector.SYNCHRONOUS, SVC, 0)
        if caller.state is not TaskState.READY:
            return None
        answer = registers(caller)
        assert caller.frame.x[8] == number, f"x8 is {caller.frame.x[8]:#x} after call {number:#x}"
        if answer[0] != Status.OK.value and self.strict:
            demand(a_failed_call_changes_nothing(everything, kernel_state(self.kernel, caller.frame)))
        if answer[0] == Status.OK.value:
            demand(a_new_life_owes_nothing(self.kernel, former))
        if number == CallNumber.RECV.value and answer[:2] == (Status.OK.value, 1):
            demand(a_pending_poll_found_nothing(self.kernel, caller.capabilities, word))
        if answer[0] == Status.OK.value and revokes and caller.work is None:
            demand(revocation_leaves_no_descendant(before, slot_named(before, caller.capabilities, word)))
        return answer

    def preempted(self, task: int, steps: int, number: CallNumber, *arguments: int) -> tuple[int, ...] | None:
        """As `call`, when a tick comes after so many steps of its long work."""
        self.board.tick_after = self.board.steps + steps
        answer = self.call(task, number, *arguments)
        assert self.board.steps >= self.board.tick_after, f"{number.name} takes {self.board.steps} steps"
        self.board.tick_after = 0
        return answer

    def ok(self, task: int, number: CallNumber, *arguments: int) -> int:
        """x1 of a call that must succeed at once."""
        answer = self.call(task, number, *arguments)
        assert answer is not None and answer[0] == 0, f"{number.name}: {answer}"
        return answer[1]

    def status(self, task: int, number: CallNumber, *arguments: int) -> Status:
        """The status of a call that must return at once; without payload unless it is Ok."""
        answer = self.call(task, number, *arguments)
        assert answer is not None, f"{number.name} did not return"
        assert answer[0] == 0 or answer[1:] == (0,) * 7, f"a refusal with payload: {answer}"
        return Status(answer[0])

    def refused(self, task: int, number: CallNumber, *arguments: int) -> Status:
        """The status of a call that must be refused and leave everything as it was, byte for byte."""
        run(self.kernel, self.task(task))
        before = kernel_state(self.kernel)
        status = self.status(task, number, *arguments)
        assert status is not Status.OK, f"{number.name} was not refused"
        demand(a_failed_call_changes_nothing(before, kernel_state(self.kernel)))
        return status

    def blocks(self, task: int, number: CallNumber, *arguments: int) -> None:
        """A call that must wait."""
        answer = self.call(task, number, *arguments)
        assert answer is None, f"{number.name} did not wait: {answer}"

    def fault(self, task: int, syndrome: int = STORE_FAULT, address: int = 0x1234_5678) -> None:
        """A task, which is given the CPU for it, does what the processor refuses: by default a store."""
        run(self.kernel, self.task(task))
        self.enter(Vector.SYNCHRONOUS, syndrome, address)

    def tick(self) -> Task | None:
        """The turn of the task that runs is over; who runs next."""
        self.board.interrupt = Interrupt.TICK
        return self.enter(Vector.IRQ, 0, 0)

    def alarm(self, at: int | None = None) -> Task | None:
        """The counter reaches a value, by default the one at which the kernel wants to be interrupted, and the alarm is
        raised, once; who runs next."""
        board = self.board
        assert board.alarm_at is not None, "no alarm is set"
        board.time = max(board.time, board.alarm_at if at is None else at)
        assert board.time >= board.alarm_at, f"the alarm is set to {board.alarm_at}"
        board.alarm_at = None
        board.interrupt = Interrupt.ALARM
        return self.enter(Vector.IRQ, 0, 0)

    def device(self, line: int = LINE) -> Task | None:
        """A device raises its line, which the kernel lets interrupt; who runs next."""
        self.board.raise_line(line)
        return self.enter(Vector.IRQ, 0, 0)

    # --- what is so

    def x(self, task: int) -> tuple[int, ...]:
        """x0 to x7 of a task."""
        return registers(self.task(task))

    def state(self, task: int) -> TaskState:
        """Where a task is in its life."""
        return self.task(task).state

    def current(self) -> int | None:
        """The number of the task that runs."""
        task = self.kernel.scheduler.core.current
        return None if task is None else int(task.number)

    def ready(self, priority: int = 8) -> list[int]:
        """The numbers of the tasks that wait for their turn."""
        found = []
        at = self.kernel.scheduler.core.ready[priority].head
        while at is not None:
            found.append(int(at.number))
            at = at.next
        return found

    def scarce(self, frames: int) -> None:
        """Let single frames run out after so many more."""
        assert isinstance(self.kernel.frames, ScarceFrames)
        self.kernel.frames.left = frames

    def claims(self, task: int) -> dict[str, int]:
        """What a task's quota still has."""
        return claims(self.quotas[task])


def claims(quota: Quota) -> dict[str, int]:
    """What a quota may still make: how many objects of each kind, by its name, and FRAMES; nothing that is 0."""
    named = {kind.name: int(quota.claims[kind.value]) for kind in CapKind if quota.claims[kind.value]}
    return {**named, **({"FRAMES": int(quota.claims[FRAMES])} if quota.claims[FRAMES] else {})}
