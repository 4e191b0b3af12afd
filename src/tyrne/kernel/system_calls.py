"""From a number to its handler. Each handler has one shape: (kernel, caller, call) -> Effect.

A handler checks in the order of the interface's specification, then commits; it never blocks and never switches.
The kernel applies the effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CallNumber, Status, decode_call_number
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.kernel import capability_calls, clock, console, creation, interrupts, mapping, messages, signals, task_calls
from tyrne.kernel.effects import Effect, refuse

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def dispatch(kernel: Kernel[B], call: Call) -> Effect:
    """Decode the number, take the caller's context, and run the handler; any register values end in an effect."""
    number = decode_call_number(call.number, kernel.debug_console)
    if number is None:
        return refuse(Status.BAD_SYSCALL_NUMBER)
    caller = kernel.context()
    match number:
        case CallNumber.SEND: return messages.send(kernel, caller, call)
        case CallNumber.RECV: return messages.recv(kernel, caller, call)
        case CallNumber.TASK_YIELD: return task_calls.task_yield(kernel, caller, call)
        case CallNumber.TASK_EXIT: return task_calls.task_exit(kernel, caller, call)
        case CallNumber.CONSOLE_WRITE: return console.console_write(kernel, caller, call)
        case CallNumber.CAP_COPY: return capability_calls.copy(kernel, caller, call)
        case CallNumber.CAP_DERIVE: return capability_calls.derive(kernel, caller, call)
        case CallNumber.CAP_REVOKE: return capability_calls.revoke(kernel, caller, call)
        case CallNumber.CAP_DROP: return capability_calls.drop(kernel, caller, call)
        case CallNumber.CAP_MOVE: return capability_calls.move(kernel, caller, call)
        case CallNumber.CAP_QUERY: return capability_calls.query(kernel, caller, call)
        case CallNumber.SEND_WAIT: return messages.send_wait(kernel, caller, call)
        case CallNumber.WAIT: return messages.wait(kernel, caller, call)
        case CallNumber.CALL: return messages.call_endpoint(kernel, caller, call)
        case CallNumber.REPLY: return messages.reply(kernel, caller, call)
        case CallNumber.REPLY_WAIT: return messages.reply_wait(kernel, caller, call)
        case CallNumber.CANCEL: return messages.cancel(kernel, caller, call)
        case CallNumber.NOTIFY: return signals.notify(kernel, caller, call)
        case CallNumber.POLL: return signals.poll(kernel, caller, call)
        case CallNumber.BIND: return signals.bind(kernel, caller, call)
        case CallNumber.CREATE: return creation.create(kernel, caller, call)
        case CallNumber.QUOTA_MOVE: return creation.quota_move(kernel, caller, call)
        case CallNumber.MEMORY_DERIVE: return mapping.memory_derive(kernel, caller, call)
        case CallNumber.MAP: return mapping.map_call(kernel, caller, call)
        case CallNumber.UNMAP: return mapping.unmap_call(kernel, caller, call)
        case CallNumber.PROTECT: return mapping.protect_call(kernel, caller, call)
        case CallNumber.TASK_CONFIGURE: return task_calls.configure(kernel, caller, call)
        case CallNumber.TASK_SUPERVISE: return task_calls.supervise(kernel, caller, call)
        case CallNumber.TASK_PRIORITY: return task_calls.prioritise(kernel, caller, call)
        case CallNumber.TASK_RESUME: return task_calls.resume(kernel, caller, call)
        case CallNumber.TASK_SUSPEND: return task_calls.suspend(kernel, caller, call)
        case CallNumber.TASK_READ: return task_calls.read_registers(kernel, caller, call)
        case CallNumber.TASK_WRITE: return task_calls.write_register(kernel, caller, call)
        case CallNumber.TASK_END: return task_calls.end(kernel, caller, call)
        case CallNumber.TASK_STATE: return task_calls.state(kernel, caller, call)
        case CallNumber.CLOCK_READ: return clock.read(kernel, caller, call)
        case CallNumber.CLOCK_ARM: return clock.arm(kernel, caller, call)
        case CallNumber.INTERRUPT_BIND: return interrupts.bind(kernel, caller, call)
        case CallNumber.INTERRUPT_ACK: return interrupts.acknowledge(kernel, caller, call)
