"""Starts a task, and starts it anew each time it crashes, until it ends well.

The kernel stops a task that faults and tells its supervisor. What happens then is the supervisor's affair.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import (
    SP,
    EndpointCap,
    Exited,
    Faulted,
    SpaceCap,
    TaskCap,
    done,
    granted,
    print_bytes,
    print_decimal,
    print_hex,
    read_notice,
    task_configure,
    task_read,
    task_resume,
    wait,
)

NOTICES: Final = EndpointCap(handle("notices"))
CHILD: Final = TaskCap(handle("crasher"))
CHILD_SPACE: Final = SpaceCap(handle("crasher_space"))


@export
def main() -> u64:
    first = granted(task_read(CHILD, SP))  # it has not run yet: these are where it starts
    stack_top = first.r0
    entry = first.r1
    done(task_resume(CHILD))
    while True:
        match read_notice(granted(wait(NOTICES))):
            case Faulted(address=address):
                print_bytes(b"supervisor: the child faulted at ")
                print_hex(address)
                print_bytes(b"; starts it again\n")
                done(task_configure(CHILD, CHILD_SPACE, entry, entry, stack_top))
                done(task_resume(CHILD))
            case Exited(code):
                print_bytes(b"supervisor: the child ended with ")
                print_decimal(code)
                print_bytes(b"\n")
                return code
