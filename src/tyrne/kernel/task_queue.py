"""Queues of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tyrne.kernel.task import Task


class TaskQueue:
    """First in, first out, linked through the tasks. A task is in one queue at most, and knows in which."""

    def __init__(self) -> None:
        self.head: Task | None = None
        self.tail: Task | None = None

    def push(self, task: Task) -> None:
        """Put a task behind all others."""
        tail = self.tail
        if tail is None:
            self.head = task
        else:
            tail.next = task
        self.tail = task
        task.queue = self

    def push_front(self, task: Task) -> None:
        """Put a task before all others."""
        task.next = self.head
        self.head = task
        if self.tail is None:
            self.tail = task
        task.queue = self

    def pop(self) -> Task | None:
        """Take the first task out; None when there is none."""
        task = self.head
        if task is not None:
            self.head = task.next
            if task.next is None:
                self.tail = None
            task.next = None
            task.queue = None
        return task

    def remove(self, task: Task) -> None:
        """Take a task of this queue out, wherever it stands."""
        assert task.queue is self
        before: Task | None = None
        at = self.head
        while at is not task:
            assert at is not None
            before = at
            at = at.next
        if before is None:
            self.head = task.next
        else:
            before.next = task.next
        if self.tail is task:
            self.tail = before
        task.next = None
        task.queue = None
