"""What is left over in a free place of an arena: whoever takes it next writes it first, but for what must be empty."""

from __future__ import annotations

from tyrne.abi import TaskState
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.endpoint import Endpoint, EndpointState
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Offer, Task


def is_clean(thing: object, room: int) -> bool:
    """Whether all that must be empty in a free place is. `room` are the free slots of its table, if it is a task's."""
    match thing:
        case Task():
            clean = thing.queue is None and thing.next is None and not thing.spent and thing.reply is None
            clean = clean and thing.through is None and thing.context is None and thing.offer is Offer.NOTHING
            clean = clean and thing.work is None and thing.state is not TaskState.ENDING
            clean = clean and thing.deadline is None and thing.urgency != NOT_AT_ONCE
            return clean and thing.state is not TaskState.READY and room == len(thing.capabilities.slots)
        case Endpoint():
            clean = thing.senders.head is None and thing.receivers.head is None and thing.receivable == 0
            clean = clean and thing.senders.tail is None and thing.receivers.tail is None
            clean = clean and thing.bound is None and thing.asked_by is None
            return clean and thing.state is EndpointState.IDLE and thing.badge == 0
        case Notification():
            clean = thing.waiters.head is None and thing.waiters.tail is None and thing.word == 0
            return clean and thing.bound is None and thing.bound_at is None and thing.bound_by is None
        case AddressSpace():
            return thing.root == 0 and thing.frames == 0
        case Quota():
            return not any(thing.claims)
        case _:
            return True
