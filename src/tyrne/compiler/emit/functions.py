"""Functions as C text that says, line by line, which Python line it comes from."""

from __future__ import annotations

from collections.abc import Iterable

from tyrne.compiler.lower.body import Line
from tyrne.compiler.lower.function import Instance

GAP = 2
"""Python lines without code that blank lines stand for; a larger gap takes a #line."""


def grouped(instances: Iterable[Instance]) -> dict[str, list[Instance]]:
    """Functions by the path of their file, in the order of their lines."""
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.module.path, []).append(instance)
    return {path: sorted(found, key=lambda i: (i.node.line, i.c_name)) for path, found in groups.items()}


def prototypes(groups: dict[str, list[Instance]]) -> str:
    return "\n".join(f"{instance.head()};" for found in groups.values() for instance in found)


def text(instance: Instance, is_first: bool) -> str:
    """One function. The first of a file names it for the debugger."""
    line = instance.node.line
    directive = f'#line {line} "{instance.module.path}"' if is_first else f"#line {line}"
    out = [directive, f"{instance.head()} {{"]
    at = line + 1
    for item in instance.lines:
        at = _move(out, item, at)
        out.append("    " * item.depth + item.text)
        at += 1
    out.append("}")
    return "\n".join(out)


def _move(out: list[str], item: Line, at: int) -> int:
    """Make the next line count as the item's Python line."""
    if item.line == 0 or item.line == at:
        return at
    if at < item.line <= at + GAP:
        out.extend([""] * (item.line - at))
    else:
        out.append(f"#line {item.line}")
    return item.line
