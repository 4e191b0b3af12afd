"""Each system call where it succeeds: a world in which it was prepared, and its arguments."""

from __future__ import annotations

from collections.abc import Callable

from tyrne.abi import KNOWN_RIGHTS, CapKind
from tyrne.abi import CallNumber as C
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.world import World

K = CapKind
ME, OTHER, THIRD = 0, 1, 2
ALL_RIGHTS = int(KNOWN_RIGHTS)
FAR = 0x80_0000_0000
"""An address whose mapping takes three tables."""
SOME = Quota(tasks=2, endpoints=2, notifications=2, spaces=2, memory=3, quotas=2, frames=24)


def world() -> World:
    return World(3, slots=10, quota=SOME, pages=192)


Scenario = Callable[[World], tuple[C, tuple[int, ...]]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(make: Scenario) -> Scenario:
    SCENARIOS[make.__name__] = make
    return make


def gift(w: World) -> int:
    return w.give_console(ME)


@scenario
def send(w: World) -> tuple[C, tuple[int, ...]]:
    return C.SEND, (w.give(ME, w.endpoint()), 1, 2, 3, 4, gift(w))


@scenario
def recv(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.ok(OTHER, C.SEND, w.give(OTHER, end), 1, 2, 3, 4, w.give_console(OTHER))
    return C.RECV, (w.give(ME, end),)


@scenario
def recv_from_a_sender_that_waits(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.blocks(OTHER, C.SEND_WAIT, w.give(OTHER, end), 1, 2, 3, 4, w.give_console(OTHER))
    return C.RECV, (w.give(ME, end),)


@scenario
def task_yield(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_YIELD, ()


@scenario
def task_exit(w: World) -> tuple[C, tuple[int, ...]]:
    w.supervise(ME, w.endpoint())
    return C.TASK_EXIT, (3,)


@scenario
def console_write(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CONSOLE_WRITE, (w.give_console(ME), BASE, 4)


@scenario
def cap_copy(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_COPY, (w.give_console(ME), 0)


@scenario
def cap_derive(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_DERIVE, (w.give(ME, w.endpoint()), 0, 9)


@scenario
def cap_revoke(w: World) -> tuple[C, tuple[int, ...]]:
    root = w.give(ME, w.memory())
    w.ok(ME, C.MAP, w.give_space(ME, ME), w.ok(ME, C.CAP_DERIVE, root, ALL_RIGHTS & 0xE0F, 0), FAR, 0)
    return C.CAP_REVOKE, (root,)


@scenario
def cap_drop(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_DROP, (w.give(ME, w.memory()),)


@scenario
def cap_move(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_MOVE, (w.give_console(ME), NULL)


@scenario
def cap_move_to_another(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_MOVE, (w.give_console(ME), w.give_task(ME, OTHER))


@scenario
def cap_query(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CAP_QUERY, (w.give_console(ME),)


@scenario
def send_wait(w: World) -> tuple[C, tuple[int, ...]]:
    return C.SEND_WAIT, (w.give(ME, w.endpoint()), 1, 2, 3, 4, gift(w))


@scenario
def send_wait_to_a_receiver(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.blocks(OTHER, C.WAIT, w.give(OTHER, end))
    return C.SEND_WAIT, (w.give(ME, end), 1, 2, 3, 4, gift(w))


@scenario
def call_a_receiver(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.blocks(OTHER, C.WAIT, w.give(OTHER, end))
    return C.CALL, (w.give(ME, end), 1, 2, 3, 4, gift(w))


@scenario
def wait(w: World) -> tuple[C, tuple[int, ...]]:
    return C.WAIT, (w.give(ME, w.endpoint()),)


@scenario
def wait_for_what_is_parked(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.ok(OTHER, C.SEND, w.give(OTHER, end), 1, 2, 3, 4, w.give_console(OTHER))
    return C.WAIT, (w.give(ME, end),)


@scenario
def wait_for_a_call_with_a_capability(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.blocks(OTHER, C.CALL, w.give(OTHER, end), 1, 2, 3, 4, w.give_console(OTHER))
    return C.WAIT, (w.give(ME, end),)


@scenario
def wait_for_a_fault(w: World) -> tuple[C, tuple[int, ...]]:
    end = w.endpoint()
    w.supervise(OTHER, end)
    w.fault(OTHER)
    return C.WAIT, (w.give(ME, end),)


def asked(w: World) -> tuple[int, int]:
    """An endpoint at which OTHER has called, and the capability that answers it."""
    end = w.endpoint()
    mine = w.give(ME, end)
    w.blocks(OTHER, C.CALL, w.give(OTHER, end), 1, 2, 3, 4, NULL)
    w.ok(ME, C.WAIT, mine)
    return mine, w.x(ME)[7]


@scenario
def reply(w: World) -> tuple[C, tuple[int, ...]]:
    return C.REPLY, (asked(w)[1], 1, 2, 3, 4, gift(w))


@scenario
def reply_wait(w: World) -> tuple[C, tuple[int, ...]]:
    end, answer = asked(w)
    return C.REPLY_WAIT, (answer, 1, 2, 3, 4, end)


@scenario
def reply_wait_for_a_call_with_a_capability(w: World) -> tuple[C, tuple[int, ...]]:
    _, answer = asked(w)
    end = w.endpoint()
    w.blocks(THIRD, C.CALL, w.give(THIRD, end), 1, 2, 3, 4, w.give_console(THIRD))
    return C.REPLY_WAIT, (answer, 1, 2, 3, 4, w.give(ME, end))


@scenario
def cancel(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CANCEL, (w.give(ME, w.endpoint()),)


@scenario
def notify(w: World) -> tuple[C, tuple[int, ...]]:
    return C.NOTIFY, (w.give(ME, w.notification()), 5)


@scenario
def poll(w: World) -> tuple[C, tuple[int, ...]]:
    return C.POLL, (w.give(ME, w.notification()),)


@scenario
def bind(w: World) -> tuple[C, tuple[int, ...]]:
    return C.BIND, (w.give(ME, w.endpoint()), w.give(ME, w.notification()))


def creation(kind: CapKind, pages: int = 0) -> None:
    def create(w: World) -> tuple[C, tuple[int, ...]]:
        return C.CREATE, (w.give_quota(ME), kind.value, pages)

    SCENARIOS[f"create {kind.name.lower()}"] = create


for made in (K.TASK, K.ENDPOINT, K.NOTIFICATION, K.ADDRESS_SPACE, K.QUOTA):
    creation(made)
creation(K.MEMORY, 3)


@scenario
def quota_move(w: World) -> tuple[C, tuple[int, ...]]:
    return C.QUOTA_MOVE, (w.give_quota(ME), w.give(ME, w.quota_of(OTHER)), K.TASK.value, 1)


@scenario
def quota_move_frames(w: World) -> tuple[C, tuple[int, ...]]:
    return C.QUOTA_MOVE, (w.give_quota(ME), w.give(ME, w.quota_of(OTHER)), 0, 3)


@scenario
def memory_derive(w: World) -> tuple[C, tuple[int, ...]]:
    return C.MEMORY_DERIVE, (w.give(ME, w.memory(3)), 0, 1, 2)


@scenario
def map(w: World) -> tuple[C, tuple[int, ...]]:
    """In a space of the caller's own, whose tables its quota pays."""
    space = w.ok(ME, C.CREATE, w.give_quota(ME), K.ADDRESS_SPACE.value)
    return C.MAP, (space, w.give(ME, w.memory(2)), FAR, 1)


@scenario
def map_across_two_tables(w: World) -> tuple[C, tuple[int, ...]]:
    space = w.ok(ME, C.CREATE, w.give_quota(ME), K.ADDRESS_SPACE.value)
    return C.MAP, (space, w.give(ME, w.memory(2)), FAR + 0x20_0000 - PAGE, 0)


def mapped(w: World) -> tuple[int, int]:
    space, memory = w.give_space(ME, ME), w.give(ME, w.memory(2))
    w.ok(ME, C.MAP, space, memory, FAR, 1)
    return space, memory


@scenario
def unmap(w: World) -> tuple[C, tuple[int, ...]]:
    return C.UNMAP, mapped(w)


@scenario
def protect(w: World) -> tuple[C, tuple[int, ...]]:
    return C.PROTECT, (*mapped(w), 2)


def child(w: World) -> int:
    return w.ok(ME, C.CREATE, w.give_quota(ME), K.TASK.value)


@scenario
def task_configure(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_CONFIGURE, (child(w), w.give_space(ME, ME), BASE, BASE, BASE + PAGE)


@scenario
def task_supervise(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_SUPERVISE, (child(w), w.give(ME, w.endpoint()))


@scenario
def task_priority(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_PRIORITY, (child(w), 9)


@scenario
def task_resume(w: World) -> tuple[C, tuple[int, ...]]:
    task = child(w)
    w.ok(ME, C.TASK_CONFIGURE, task, w.give_space(ME, ME), BASE, BASE, BASE + PAGE)
    return C.TASK_RESUME, (task,)


@scenario
def task_suspend(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_SUSPEND, (w.give_task(ME, OTHER),)


@scenario
def task_read(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_READ, (child(w), 30)


@scenario
def task_write(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_WRITE, (child(w), 3, 5)


@scenario
def task_end(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_END, (w.give_task(ME, OTHER), 4)


@scenario
def task_state(w: World) -> tuple[C, tuple[int, ...]]:
    return C.TASK_STATE, (w.give_task(ME, OTHER),)


@scenario
def clock_read(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CLOCK_READ, (w.give_clock(ME),)


@scenario
def clock_arm(w: World) -> tuple[C, tuple[int, ...]]:
    return C.CLOCK_ARM, (w.give_clock(ME), 1000, w.give(ME, w.notification()), 4)


@scenario
def interrupt_bind(w: World) -> tuple[C, tuple[int, ...]]:
    return C.INTERRUPT_BIND, (w.give_interrupt(ME), w.give(ME, w.notification()), 4)


@scenario
def interrupt_ack(w: World) -> tuple[C, tuple[int, ...]]:
    w.ok(ME, C.INTERRUPT_BIND, w.give_interrupt(ME), w.give(ME, w.notification()), 4)
    return C.INTERRUPT_ACK, (w.give_interrupt(ME),)
