"""The statements of one C function, while it is being lowered: lines, blocks, locals and temporaries."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from tyrne.compiler.lower.names import RESERVED, is_reserved, snake
from tyrne.compiler.lower.types import Type, declare
from tyrne.compiler.lower.value import Val

R = TypeVar("R")
_MARKED = re.compile("\x01(\\w+)\x02")
_WORD = re.compile(r"(?<![.\w>])[A-Za-z_]\w*")
Scope = tuple[int, ...]


@dataclass
class Local:
    """A variable of the function. `uses` are the order and the block of each mention."""

    name: str
    type: Type
    uses: list[tuple[int, Scope]] = field(default_factory=list)
    is_parameter: bool = False


@dataclass
class Line:
    """One line of C. `line` is the Python line that it comes from (0: none), `local` what it assigns from `value`."""

    text: str
    line: int
    depth: int
    declares: bool = False
    local: Local | None = None
    value: str = ""
    order: int = 0
    scope: Scope = ()


class Body:
    """Collects lines. A local is declared where it is first assigned, when every use lies in that block.

    Until `finish`, the text marks the names of variables: only then is it known which names of the file it uses.
    """

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self.lines: list[Line] = []
        self.locals: dict[str, Local] = {}
        self.line = 0
        self._depth = 1
        self._scope: Scope = ()
        self._blocks = 0
        self._order = 0
        self._taken = {node.id for node in nodes if isinstance(node, ast.Name)}
        self._taken |= {node.arg for node in nodes if isinstance(node, ast.arg)}

    # -- lines

    def emit(self, text: str, line: int | None = None) -> None:
        self.lines.append(Line(text, self.line if line is None else line, self._depth))

    @contextmanager
    def block(self) -> Iterator[None]:
        """Lines one level deeper, in a C block of their own."""
        self._blocks += 1
        saved = self._scope
        self._scope = (*saved, self._blocks)
        self._depth += 1
        try:
            yield
        finally:
            self._scope = saved
            self._depth -= 1

    @contextmanager
    def braces(self, head: str) -> Iterator[None]:
        """`head { … }`"""
        self.emit(f"{head} {{")
        try:
            with self.block():
                yield
        finally:
            self.emit("}", 0)

    def capture(self, build: Callable[[], R]) -> tuple[R, list[Line]]:
        """What `build` returns, and the lines that it emitted, which are not added here."""
        saved, self.lines = self.lines, []
        try:
            result = build()
            return result, self.lines
        finally:
            self.lines = saved

    def add(self, lines: list[Line]) -> None:
        self.lines += lines

    # -- variables

    def parameter(self, name: str, t: Type) -> Local:
        local = Local(mark(name), t, is_parameter=True)
        self.locals[name] = local
        return local

    def local(self, name: str, t: Type) -> Local:
        """The local of a Python name, made at its first assignment."""
        if name not in self.locals:
            self.locals[name] = Local(mark(name), t)
        return self.locals[name]

    def mention(self, local: Local) -> str:
        """Use a local; its C name."""
        self._order += 1
        local.uses.append((self._order, self._scope))
        return local.name

    def assign(self, local: Local, value: str) -> None:
        name = self.mention(local)
        self.lines.append(
            Line(
                f"{name} = {value};",
                self.line,
                self._depth,
                local=local,
                value=value,
                order=self._order,
                scope=self._scope,
            )
        )

    def fresh(self, hint: str) -> str:
        """A variable's name that the function does not use, marked."""
        base = snake(hint).strip("_") or "value"
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return mark(name)

    def temporary(self, value: Val) -> Val:
        """Evaluate now, into a variable of its own."""
        name = self.fresh(value.hint)
        self.emit(f"{declare(value.type, name)} = {value.code};")
        self.lines[-1].declares = True
        return Val(name, value.type, stable=True, hint=value.hint, limit=value.limit)

    def finish(self) -> list[Line]:
        """All lines, with the declarations in place."""
        seen: set[int] = set()
        for line in self.lines:
            if line.local is not None and id(line.local) not in seen:
                seen.add(id(line.local))
                if not line.local.is_parameter and _can_declare(line):
                    line.text = f"{declare(line.local.type, line.local.name)} = {line.value};"
                    line.declares = True
                    line.local.is_parameter = True
        first = [
            Line(f"{declare(local.type, local.name)};", 0, 1)
            for local in self.locals.values()
            if not local.is_parameter and id(local) in seen
        ]
        lines = first + self.lines
        self._name_variables(lines)
        return lines

    def _name_variables(self, lines: list[Line]) -> None:
        """Take the marks away. A variable that would hide something that the function uses gets an underscore."""
        words = {word for line in lines for word in _WORD.findall(_MARKED.sub(" ", line.text))}
        parameters = [local.name for local in self.locals.values()]
        marked = dict.fromkeys(m[1] for text in [*parameters, *(x.text for x in lines)] for m in _MARKED.finditer(text))
        clear = {name for name in marked if name not in words and not is_reserved(name)}
        given = {name: name for name in clear}
        words |= clear
        for name in marked:
            if name not in given:
                given[name] = _free(name, words)
                words.add(given[name])

        def name_of(match: re.Match[str]) -> str:
            return given[match[1]]

        for line in lines:
            line.text = _MARKED.sub(name_of, line.text)
        for local in self.locals.values():
            local.name = _MARKED.sub(name_of, local.name)


def _free(name: str, taken: set[str]) -> str:
    """A name made longer until nothing else has it."""
    name = f"{name}_"
    while name in taken or name in RESERVED:
        name = f"{name}_"
    return name


def mark(name: str) -> str:
    """The name of a variable, until it is known whether it is free."""
    return f"\x01{name}\x02"


def _can_declare(line: Line) -> bool:
    """Whether the first assignment of a local comes before all its uses, and its block encloses them."""
    assert line.local is not None
    depth = len(line.scope)
    return all(
        order >= line.order and scope[:depth] == line.scope for order, scope in line.local.uses
    )
