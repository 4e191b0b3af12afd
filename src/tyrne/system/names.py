"""What a description calls the objects of its system."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """What the description calls its objects, each kind in the order of the kernel's numbers."""

    tasks: tuple[str, ...]
    endpoints: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()

    def task(self, number: int) -> str:
        """The name of a task by its number; one that was made while the system ran is `task N`."""
        return self.tasks[number] if number < len(self.tasks) else f"task {number}"

    def number(self, task: str) -> int:
        """The number of a task by its name; a KeyError names those there are."""
        if task in self.tasks:
            return self.tasks.index(task)
        word, _, number = task.partition(" ")
        if word == "task" and number.isdecimal():
            return int(number)
        raise KeyError(f"no task {task!r}; the tasks are {', '.join(self.tasks)}")


def called(known: tuple[str, ...], number: int, generation: int = 0) -> str:
    """How an object is told: the first one in its place by the name that the description gives it, in quotes; else by
    its number."""
    return f'"{known[number]}"' if generation == 0 and number < len(known) else str(number)
