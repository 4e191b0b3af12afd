"""The system calls about tasks: the caller's own time and life, and the lives of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import NULL_HANDLE, CapKind, Rights, Status, TaskState
from tyrne.hal.board import B
from tyrne.hal.frame import REGISTERS, Answer, Call
from tyrne.kernel.authority import authorise, message_status, task_of
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.config import PRIORITIES
from tyrne.kernel.deadline import set_deadline
from tyrne.kernel.deletion import delete, end_life
from tyrne.kernel.effects import Effect, Reschedule, Return, SyscallContext, Terminate, done, refuse
from tyrne.kernel.ending import call_off, end_task
from tyrne.kernel.rendezvous import release
from tyrne.kernel.task import Fault, Task
from tyrne.kernel.work import Reaping
from tyrne.lang import u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def task_yield(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """Let the other ready tasks of the same priority run."""
    return Reschedule() if caller.has_current_task else refuse(Status.INVALID_HANDLE)


def task_exit(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 code; does not return."""
    return Terminate(call.a0) if caller.has_current_task else refuse(Status.INVALID_HANDLE)


def configure(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task, a1 address space, a2 base of the window, a3 entry, a4 stack top.

    The task keeps its capabilities, but for the answers that the life before owed. One that is INACTIVE had none.
    """
    task = task_of(caller.table, call.a0, Rights.CONFIGURE)
    if isinstance(task, Status):
        return refuse(task)
    slot = authorise(caller.table, call.a1, CapKind.ADDRESS_SPACE, Rights.BIND)
    if isinstance(slot, Status):
        return refuse(slot)
    named = slot.held().object
    if call.a4 % 16 != 0 or not isinstance(named, AddressSpaceHandle):
        return refuse(Status.BAD_ARGUMENT)
    if task.state is TaskState.ENDING or not (task.stands_still() or task.has_ended()):
        return refuse(Status.BAD_STATE)
    if slot.is_being_revoked():
        return refuse(Status.BEING_REVOKED)
    call_off(kernel, task)
    if task.state is not TaskState.INACTIVE:
        end_life(kernel, task)
        if task.deadline is not None:
            set_deadline(kernel, task, None)
    delete(kernel, task.home)
    task.home.fill(slot.held(), slot.parent, slot.depth)
    task.bind(named, call.a2, call.a3, call.a4, task.capabilities)
    return done()


def supervise(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task, a1 endpoint, or null for nobody."""
    task = task_of(caller.table, call.a0, Rights.CONFIGURE)
    if isinstance(task, Status):
        return refuse(task)
    slot: CapSlot | None = None
    if call.a1 != NULL_HANDLE:
        named = authorise(caller.table, call.a1, CapKind.ENDPOINT, Rights.SEND)
        if isinstance(named, Status):
            return refuse(message_status(named))
        slot = named
    if task.through is task.supervisor:
        return refuse(Status.BAD_STATE)
    refused = None if slot is None else slot.child_refused()
    if refused is not None:
        return refuse(refused)
    delete(kernel, task.supervisor)
    if slot is not None:
        task.supervisor.fill(slot.held(), slot, slot.depth + 1)
    return done()


def prioritise(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task, a1 priority."""
    task = task_of(caller.table, call.a0, Rights.CONFIGURE)
    if isinstance(task, Status):
        return refuse(task)
    current = kernel.scheduler.core.current
    if call.a1 >= PRIORITIES:
        return refuse(Status.BAD_ARGUMENT)
    if current is None or call.a1 < current.priority:
        return refuse(Status.INSUFFICIENT_RIGHTS)
    queued = task.queue is kernel.scheduler.core.ready[task.priority]
    if queued:
        kernel.scheduler.withdraw(task)
    task.set_priority(call.a1)
    if queued:
        kernel.scheduler.core.enqueue(task)
    return done()


def resume(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task."""
    task = task_of(caller.table, call.a0, Rights.CONTROL)
    if isinstance(task, Status):
        return refuse(task)
    stopped = task.state is TaskState.INACTIVE or task.state is TaskState.SUSPENDED
    if not stopped or task.context is None:
        return refuse(Status.BAD_STATE)
    task.fault = None
    kernel.scheduler.make_ready(task)
    return done()


def suspend(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task. What it waits for is called off; a fault that waits for repair happens again when it is resumed."""
    task = task_of(caller.table, call.a0, Rights.CONTROL)
    if isinstance(task, Status):
        return refuse(task)
    if task.has_ended() or task.state is TaskState.INACTIVE or task.state is TaskState.SUSPENDED:
        return refuse(Status.BAD_STATE)
    waits = task.waits()
    call_off(kernel, task)
    if waits:
        release(kernel, task, Answer(u64(Status.ABORTED.value)))
    task.become(TaskState.SUSPENDED)
    if task.work is not None:
        kernel.scheduler.owe(Reaping())  # what the task has left of it
    return done()


def end(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task, a1 exit code. The caller itself ends by `task_exit`."""
    task = task_of(caller.table, call.a0, Rights.CONTROL)
    if isinstance(task, Status):
        return refuse(task)
    if task.has_ended() or task is kernel.scheduler.core.current:
        return refuse(Status.BAD_STATE)
    kernel.board.trace_end(task.number, call.a1)
    end_task(kernel, task, TaskState.EXITED, call.a1)
    return done()


def state(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task -> r1 state, r2 exit code, r3 to r5 what its fault was, at which address and PC, or 0."""
    task = task_of(caller.table, call.a0, Rights.INSPECT)
    if isinstance(task, Status):
        return refuse(task)
    ok = u64(Status.OK.value)
    fault = Fault(u64(0), u64(0), u64(0)) if task.fault is None else task.fault
    return Return(Answer(ok, u64(task.state.value), task.exit_code, fault.what, fault.address, fault.pc))


def task_with_register(kernel: Kernel[B], caller: SyscallContext, call: Call, right: Rights) -> Task | Status:
    """The task a0, if a1 is one of its registers and they stay as they are until somebody resumes it."""
    task = task_of(caller.table, call.a0, right)
    if isinstance(task, Status):
        return task
    if call.a1 >= REGISTERS:
        return Status.BAD_ARGUMENT
    return task if task.stands_still() else Status.BAD_STATE


def read_registers(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task, a1 first register -> r1 to r7 registers."""
    task = task_with_register(kernel, caller, call, Rights.INSPECT)
    if isinstance(task, Status):
        return refuse(task)
    return Return(task.frame.registers_from(call.a1))


def write_register(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 task, a1 register, a2 value."""
    task = task_with_register(kernel, caller, call, Rights.MODIFY)
    if isinstance(task, Status):
        return refuse(task)
    task.frame.set_register(call.a1, call.a2)
    return done()
