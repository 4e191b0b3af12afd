"""What holds of tasks, queues and messages between any two traps. Each yields a sentence for each violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tyrne.abi import Rights, TaskState
from tyrne.inspect.slots import object_of
from tyrne.kernel.capability import EndpointHandle, NotificationHandle, ReplyHandle
from tyrne.kernel.deletion import owner_of
from tyrne.kernel.endpoint import EndpointState
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Offer, Task, TaskQueue

Violations = Iterator[str]


def queues(kernel: Kernel[Any]) -> Iterator[tuple[str, TaskQueue]]:
    """Every queue of tasks there can be."""
    for priority, queue in enumerate(kernel.scheduler.core.ready):
        yield f"ready {priority}", queue
    for i, endpoint in enumerate(kernel.endpoints.items):
        yield f"senders of endpoint {i}", endpoint.senders
        yield f"receivers of endpoint {i}", endpoint.receivers
    for i, notification in enumerate(kernel.notifications.items):
        yield f"waiters of notification {i}", notification.waiters


def members(kernel: Kernel[Any], queue: TaskQueue) -> list[Task]:
    """The tasks of a queue in order; cut off when they form a ring."""
    found: list[Task] = []
    at = queue.head
    while at is not None and len(found) <= len(kernel.tasks.items):
        found.append(at)
        at = at.next
    return found


def tasks(kernel: Kernel[Any]) -> Iterator[tuple[str, Task, bool]]:
    """Every task that could be: its name, itself, and whether it exists."""
    for i, (task, alive) in enumerate(zip(kernel.tasks.items, kernel.tasks.occupied, strict=True)):
        yield f"task {i}", task, alive


def queues_are_whole(kernel: Kernel[Any]) -> Violations:
    """Each ends at its tail; each task is in the one queue that it names, and links nowhere when in none."""
    seen: dict[int, str] = {}
    for name, queue in queues(kernel):
        found = members(kernel, queue)
        if len(found) > len(kernel.tasks.items) or queue.tail is not (found[-1] if found else None):
            yield f"{name}: a ring, or its tail is not its end"
        for task in found:
            if task.queue is not queue or id(task) in seen:
                yield f"{name}: holds a task that says otherwise, or that is in {seen.get(id(task))}"
            seen[id(task)] = name
    for name, task, _ in tasks(kernel):
        if id(task) not in seen and (task.queue is not None or task.next is not None):
            yield f"{name}: links to a queue that does not hold it"


def the_ready_are_queued_by_priority(kernel: Kernel[Any]) -> Violations:
    """All but the current one, which is the most urgent; the bitmap says which queues have tasks."""
    scheduler = kernel.scheduler
    current = scheduler.core.current
    for priority, queue in enumerate(scheduler.core.ready):
        found = members(kernel, queue)
        if bool((scheduler.core.levels >> priority) & 1) is not bool(found):
            yield f"ready {priority}: {len(found)} tasks, bitmap {int(scheduler.core.levels):#x}"
        if any(task.priority != priority or task.state not in (TaskState.READY, TaskState.ENDING) for task in found):
            yield f"ready {priority}: holds a task that should not be there"
        if found and not kernel.limit_reached and (current is None or current.priority > priority):
            yield f"ready {priority}: has tasks, and a less urgent one or none runs"
    for name, task, _ in tasks(kernel):
        if task.state is TaskState.READY and (task is current) is (task.queue is not None):
            yield f"{name}: ready, and neither runs nor is queued, or both"
        if task is current and task.state is not TaskState.READY:
            yield f"{name}: runs in state {task.state}"
    if scheduler.core.levels >> len(scheduler.core.ready) != 0:
        yield "the bitmap has bits for no queue"
    if current is not None and scheduler.core.left is not None:
        yield "the turn of the task that runs has not begun"


def each_task_waits_for_what_it_says(kernel: Kernel[Any]) -> Violations:
    """State, offer, queue, the capability by which it waits and the one by which it is answered fit together."""
    for name, task, alive in tasks(kernel):
        found = (task.offer, task.queue is not None, task.through is not None, task.reply is not None)
        match task.state:
            case TaskState.READY:
                expected = [(Offer.NOTHING, task is not kernel.scheduler.core.current, False, False)]
                if kernel.limit_reached:
                    expected.append((Offer.NOTHING, False, False, False))
            case TaskState.SENDING:
                expected = [(offer, True, True, False) for offer in (Offer.MESSAGE, Offer.CALL, Offer.FAULT)]
            case TaskState.RECEIVING:
                expected = [(Offer.NOTHING, True, True, False)]
            case TaskState.CALLING:
                expected = [(offer, False, True, True) for offer in (Offer.CALL, Offer.FAULT)]
            case TaskState.ENDING:
                queued = task.queue is not None
                expected = [(offer, queued, False, False) for offer in (Offer.NOTHING, Offer.EXIT)]
                if queued and task.queue is not kernel.scheduler.core.ready[task.priority]:
                    yield f"{name}: has ended, and waits"
            case TaskState.EXITED:
                expected = [(Offer.NOTHING, False, False, False), (Offer.EXIT, True, True, False)]
            case _:
                expected = [(Offer.NOTHING, False, False, False)]
        if found not in expected:
            yield f"{name}: {task.state} with offer, queue, through, reply {found}"
        elif task.through is not None:
            yield from _waits_rightly(kernel, name, task)
        if (task.offer is Offer.FAULT) and task.fault is None:
            yield f"{name}: reports a fault that it does not have"
        if not alive and task.queue is not None:
            yield f"{name}: does not exist, and is queued"


def _waits_rightly(kernel: Kernel[Any], name: str, task: Task) -> Violations:
    """It waits by a capability of its own, in the queue of what that names; its reply capability names it."""
    through = task.through
    assert through is not None
    if through.capability is None:
        yield f"{name}: waits by an empty slot"
        return
    notice = task.offer is Offer.FAULT or task.offer is Offer.EXIT
    if (through is task.supervisor) != notice or (not notice and through.table is not task.capabilities):
        yield f"{name}: waits by a capability that is not its own"
    if owner_of(kernel, through) is not task:
        yield f"{name}: the capability by which it waits does not lead to it"
    named, rights = through.held().object, through.held().rights
    place = object_of(kernel, named)
    receives = task.state is TaskState.RECEIVING
    expected: TaskQueue | None = None
    match named:
        case EndpointHandle() if place is not None:
            right = Rights.RECV if receives else Rights.SEND
            expected = place.receivers if receives else place.senders
        case NotificationHandle() if place is not None:
            right = Rights.WAIT
            expected = place.waiters
        case _:
            yield f"{name}: waits by a capability to no living endpoint or notification"
            return
    if task.state is TaskState.CALLING:
        expected = None
        reply = task.reply
        answer = None if reply is None or reply.capability is None else reply.capability.object
        if not isinstance(answer, ReplyHandle) or object_of(kernel, answer) is not task:
            yield f"{name}: the capability that answers it does not name it"
    if task.queue is not expected:
        yield f"{name}: waits in the wrong queue"
    if right not in rights:
        yield f"{name}: waits without {right!r}"


def nobody_waits_for_what_is_there(kernel: Kernel[Any]) -> Violations:
    """No receiver waits beside a sender, a message or signals; what is bound is bound both ways."""
    for i, endpoint in enumerate(kernel.endpoints.items):
        name, alive = f"endpoint {i}", kernel.endpoints.occupied[i]
        receives, sends = endpoint.receivers.head is not None, endpoint.senders.head is not None
        bound = endpoint.bound
        signalled = bound is not None and bound.word != 0
        if receives and (sends or endpoint.holds_message() or signalled):
            yield f"{name}: a receiver waits beside senders {sends}, {endpoint.state}, signals {signalled}"
        if bound is not None and (bound.bound is not endpoint or bound not in _living(kernel.notifications)):
            yield f"{name}: bound to a notification that is not bound to it"
        if endpoint.parked.capability is not None and not endpoint.holds_message():
            yield f"{name}: a capability is parked without a message"
        left = receives or sends or bound is not None or endpoint.state is not EndpointState.IDLE
        if not alive and left:
            yield f"{name}: does not exist, and is in use"
    for i, notification in enumerate(kernel.notifications.items):
        name, alive = f"notification {i}", kernel.notifications.occupied[i]
        waited = notification.waiters.head is not None
        if notification.word != 0 and waited:
            yield f"{name}: bits {int(notification.word):#x} while somebody waits for them"
        bound_to = notification.bound
        if bound_to is not None and (bound_to.bound is not notification or bound_to not in _living(kernel.endpoints)):
            yield f"{name}: bound to an endpoint that is not bound to it"
        for slot, place, right in (
            (notification.bound_at, bound_to, Rights.RECV),
            (notification.bound_by, notification, Rights.WAIT),
        ):
            if (slot is None) is not (bound_to is None):
                yield f"{name}: a binding without a capability, or a capability without a binding"
            elif slot is not None and slot.capability is None:
                yield f"{name}: bound by a capability that is gone"
            elif slot is not None and (
                object_of(kernel, slot.held().object) is not place or right not in slot.held().rights
            ):
                yield f"{name}: bound by a capability that does not allow it"
        if not alive and (waited or notification.word != 0 or bound_to is not None):
            yield f"{name}: does not exist, and is in use"


def a_poll_stands_by_a_living_capability(kernel: Kernel[Any]) -> Violations:
    """A receiver is registered by a capability to receive there, in the table of a task that has a life; only so."""
    holders = {id(task.capabilities): task for _, task, alive in tasks(kernel) if alive}
    for i, endpoint in enumerate(kernel.endpoints.items):
        name, by = f"endpoint {i}", endpoint.asked_by
        if (by is not None) is not (endpoint.state is EndpointState.RECV_WAITING):
            yield f"{name}: {endpoint.state}, and a poll registered {by is not None}"
        if by is None:
            continue
        holder = holders.get(id(by.table))
        if by.capability is None or object_of(kernel, by.held().object) is not endpoint:
            yield f"{name}: polled by a capability that is gone, or is over something else"
        elif Rights.RECV not in by.held().rights:
            yield f"{name}: polled by a capability that does not allow it"
        if holder is None or holder.state is TaskState.INACTIVE or (holder.has_ended() and not holder.spent):
            yield f"{name}: polled by nobody who lives"


def _living(arena: Any) -> list[Any]:
    return [thing for thing, alive in zip(arena.items, arena.occupied, strict=True) if alive]


def tasks_are_bound_whole(kernel: Kernel[Any]) -> Violations:
    """Each lives in the space it keeps; what ended holds nothing, and what does not exist not even a supervisor."""
    numbers: set[int] = set()
    for name, task, alive in tasks(kernel):
        context = task.context
        held = sum(slot.capability is not None for slot in task.capabilities.slots)
        home = task.home.capability
        ending = task.state is TaskState.ENDING
        if (None if home is None or ending else home.object) != (None if context is None else context.space):
            yield f"{name}: keeps another space than it lives in"
        if home is not None and owner_of(kernel, task.home) is not task:
            yield f"{name}: the capability to live in its space does not lead to it"
        if (task.spent and not ending) or (ending and not alive):
            yield f"{name}: what it held is not given back"
        if ((task.has_ended() and not ending) or not alive) and (context is not None or held or home is not None):
            yield f"{name}: {task.state}, alive {alive}, and holds {held} capabilities, home {home}"
        if not alive and (task.supervisor.capability is not None or task.state is TaskState.READY):
            yield f"{name}: does not exist, and has a supervisor or is ready"
        if alive and (task.number in numbers or task.number >= kernel.lives):
            yield f"{name}: number {task.number} of {kernel.lives} lives"
        if alive:
            numbers.add(int(task.number))
            if kernel.tasks.items[task.life.index] is not task:
                yield f"{name}: thinks that it is in slot {task.life.index}"


def the_cpu_holds_the_current_task(kernel: Kernel[Any]) -> Violations:
    """Its thread state and its address space; without a task or its space, the empty one. Nothing is left undone."""
    task = kernel.scheduler.core.current
    if task is not None and task.work is not None:
        yield "the current task goes on, and has work left"
    if task is not None and kernel.scheduler.core.entered is not task:
        yield "the CPU holds another task's thread state"
    if task is None and kernel.scheduler.core.entered is not None and kernel.waits():
        yield "nobody is ready, and the CPU holds a thread"
    context = None if task is None else task.context
    space = None if context is None else object_of(kernel, context.space)
    if kernel.scheduler.core.active is not (kernel.bootstrap_space() if space is None else space):
        yield "the CPU translates through another space"
    table = kernel.empty_table
    if not table.is_full() or any(slot.capability is not None for slot in table.slots):
        yield "the empty table has room or holds something"
