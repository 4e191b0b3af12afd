"""Functions as C text that says, line by line, which Python line it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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


def text(instance: Instance, file: str | None) -> str:
    """One function. The first of a file names it for the debugger."""
    line = instance.node.line
    directive = f"#line {line}"
    if file is not None:
        escaped = file.replace("\\", "\\\\").replace('"', '\\"')
        directive += f' "{escaped}"'
    out = [directive, f"{instance.head()} {{"]
    at = line + 1
    for item in without_braces(instance.lines):
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


def without_braces(lines: list[Line]) -> list[Line]:
    """Leave the braces of `if`, `for` and `while` out where every branch is one statement."""
    out: list[Line] = []
    at = 0
    while at < len(lines):
        end = _simple_branches(lines, at)
        if end == at:
            out.append(lines[at])
            at += 1
            continue
        for line in lines[at : end - 1]:
            text = line.text.removesuffix(" {").removeprefix("} ") if line.text.endswith("{") else line.text
            out.append(replace(line, text=text))
        at = end
    return out


def _simple_branches(lines: list[Line], at: int) -> int:
    """The index behind a statement all of whose branches are one simple line; `at` if it is none."""
    if not (lines[at].text.startswith(("if (", "for (", "while (")) and lines[at].text.endswith(" {")):
        return at
    depth = lines[at].depth
    end = at
    while end + 2 < len(lines) and lines[end].text.endswith("{"):
        body, after = lines[end + 1], lines[end + 2]
        if body.depth != depth + 1 or body.declares or not body.text.endswith(";") or after.depth != depth:
            return at
        end += 2
        if after.text == "}":
            return end + 1
    return at
