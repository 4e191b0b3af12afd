"""No function calls itself, directly or through others: the stack has a bound that the build can tell."""

from __future__ import annotations

from collections.abc import Mapping

from tyrne.compiler.front.reject import Errors
from tyrne.compiler.lower.function import Instance


def check_recursion(instances: Mapping[str, Instance], errors: Errors) -> None:
    """Refuse each cycle of calls once, at one of its calls. `instances` are by C name."""
    done: set[str] = set()
    for start in instances:
        path: list[str] = []
        on_path: set[str] = set()
        # Each entry is a function to enter, or (with a leading "-") one to leave.
        stack = [start]
        while stack:
            name = stack.pop()
            if name.startswith("-"):
                on_path.discard(path.pop())
                continue
            if name in on_path:
                _report(instances, [*path[path.index(name) :], name], errors)
                continue
            if name in done or name not in instances:
                continue
            done.add(name)
            path.append(name)
            on_path.add(name)
            stack.append(f"-{name}")
            stack += reversed(instances[name].callees)


def _report(instances: Mapping[str, Instance], cycle: list[str], errors: Errors) -> None:
    caller = instances[cycle[-2]]
    names = " → ".join(instances[name].shown for name in cycle)
    errors.add(caller.module.path, caller.callees[cycle[-1]], f"recursion: {names}; write a loop")
