"""Builds three tasks, one after the other, out of its own quota: each runs a copy of this very program.

A child has its own address space and its own copy of the image, so what it finds in `WORK` is what stood there when it
was copied. It has one capability: an endpoint that leads back here. Revoking the quota's capability takes back all that
was made with it, so that the next child can be built.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import copy_bytes
from tyrne.user import (
    Access,
    EndpointCap,
    Exited,
    MemoryCap,
    Message,
    QuotaCap,
    Rights,
    SpaceCap,
    cap_derive,
    cap_give,
    cap_revoke,
    create_endpoint,
    create_memory,
    create_space,
    create_task,
    data_start,
    done,
    granted,
    image_end,
    image_start,
    map_memory,
    memory_derive,
    print_bytes,
    print_decimal,
    read_notice,
    send_wait,
    stack_start,
    task_configure,
    task_resume,
    task_supervise,
    unmap_memory,
    wait,
)

QUOTA: Final = QuotaCap(handle("quota"))
OWN_SPACE: Final = SpaceCap(handle("builder_space"))
HERE: Final = u64(0x1000_0000)
"""Where a child's memory is mapped while it is written."""
PAGE: Final = u64(4096)
CHILDREN: Final = 3

RESULT: Final = u64(0xCAFE)


class Work:
    """What the child is to square, 0 in the builder itself; and how the child names the endpoint that leads back."""

    def __init__(self) -> None:
        self.number: u64 = u64(0)
        self.parent: EndpointCap = EndpointCap(u64(0))


WORK: Final = Work()


def child() -> u64:
    """The life of a child."""
    done(send_wait(WORK.parent, Message(RESULT, WORK.number * WORK.number)))
    return u64(0)


def copied_image(number: u64) -> MemoryCap:
    """A memory region with a copy of this program that has work to do, and behind it a page for a stack."""
    size = image_end() - image_start()
    memory = granted(create_memory(QUOTA, size // PAGE + 1))
    done(map_memory(OWN_SPACE, memory, HERE, Access.READ_WRITE))
    WORK.number = number
    copy_bytes(HERE, image_start(), size)
    WORK.number = u64(0)
    done(unmap_memory(OWN_SPACE, memory))
    return memory


def build(space: SpaceCap, memory: MemoryCap) -> u64:
    """Map the copy where the original is, and a stack where the original has its own; the top of the stack."""
    code_pages = (data_start() - image_start()) // PAGE
    data_pages = (image_end() - data_start()) // PAGE
    code = granted(memory_derive(memory, Rights.READ | Rights.EXECUTE, u64(0), code_pages))
    data = granted(memory_derive(memory, Rights.READ | Rights.WRITE, code_pages, data_pages))
    stack = granted(memory_derive(memory, Rights.READ | Rights.WRITE, code_pages + data_pages, u64(1)))
    done(map_memory(space, code, image_start(), Access.READ_EXECUTE))
    done(map_memory(space, data, data_start(), Access.READ_WRITE))
    done(map_memory(space, stack, stack_start(), Access.READ_WRITE))
    return stack_start() + PAGE


def run_child(number: u64) -> None:
    """Build a child, start it, and wait for its result and its end."""
    reports = granted(create_endpoint(QUOTA))
    task = granted(create_task(QUOTA))
    space = granted(create_space(QUOTA))
    way_back = granted(cap_derive(reports, Rights.SEND | Rights.TRANSFER))
    WORK.parent = EndpointCap(granted(cap_give(way_back, task)))
    stack_top = build(space, copied_image(number))
    done(task_supervise(task, reports))
    done(task_configure(task, space, image_start(), image_start(), stack_top))
    done(task_resume(task))
    result = granted(wait(reports))
    print_bytes(b"builder: the child says ")
    print_decimal(result.word0)
    match read_notice(granted(wait(reports))):
        case Exited(code):
            print_bytes(b", and ends with ")
            print_decimal(code)
        case _:
            print_bytes(b", and crashes")
    print_bytes(b"\n")


@export
def main() -> u64:
    if WORK.number != 0:
        return child()
    for number in irange(1, CHILDREN + 1):
        run_child(number)
        done(cap_revoke(QUOTA))
    return u64(0)
