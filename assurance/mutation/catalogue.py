"""All mutants of a source file, in the order of its text.

Only bodies of functions are changed: what a module does when it is imported is data, made before there is a kernel.
An `assert` is negated and never weakened: it states what cannot fail, so the same kernel without it is as good.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from assurance.mutation import operators
from assurance.mutation.categories import EFFECT, INVARIANT, STATUS, category
from assurance.mutation.mutant import Mutant
from assurance.mutation.source import Source, enumerations, files_of

PARTS: Final = ("hal", "abi", "kernel", "boot")
"""Where the enumerations are that the kernel names."""
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Around:
    """Where a node is: in which function, and in which check or simple statement."""

    function: str
    boolean: bool = False
    """Whether the function returns a truth value."""
    head: tuple[int, int] = (0, 0)
    lines: tuple[int, int] = (0, 0)
    leads: int = 0
    """The line to which a condition leads, or the one on what was just found: slot = authorise(…), then its refusal."""
    counted: bool = False
    """Whether numbers here are part of a comparison or of arithmetic."""


class Catalogue:
    """The mutants of one file; `enumerations` are the members of every enumeration that it may name."""

    def __init__(self, source: Source, enumerations: dict[str, list[str]]) -> None:
        self._source = source
        self._enumerations = enumerations

    def mutants(self) -> list[Mutant]:
        found: list[Mutant] = []
        seen: Counter[tuple[str, str, str]] = Counter()
        spans: set[tuple[int, int, str]] = set()
        for mutant in self._functions(self._source.tree.body, ""):
            span = (mutant.start, mutant.end, mutant.text)
            if span in spans:
                continue
            spans.add(span)
            key = (mutant.function, mutant.check, mutant.changed)
            found.append(replace(mutant, occurrence=seen[key]))
            seen[key] += 1
        return found

    def _functions(self, body: list[ast.stmt], prefix: str) -> Iterator[Mutant]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from self._functions(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, FUNCTION):
                returns = node.returns is not None and ast.unparse(node.returns) == "bool"
                yield from self._body(node.body, Around(prefix + node.name, returns))

    def _body(self, body: list[ast.stmt], around: Around) -> Iterator[Mutant]:
        for node, following in zip(body, [*body[1:], None], strict=True):
            yield from self._statement(node, around, following)

    def _statement(self, node: ast.stmt, around: Around, following: ast.stmt | None) -> Iterator[Mutant]:
        here = self._within(around, node)
        if isinstance(node, ast.Assign) and isinstance(following, ast.If):
            found = {name.id for name in ast.walk(following.test) if isinstance(name, ast.Name)}
            if any(isinstance(target, ast.Name) and target.id in found for target in node.targets):
                here = replace(here, leads=following.body[0].lineno)
        match node:
            case ast.If() | ast.While():
                head = replace(self._within(around, node.test), leads=node.body[0].lineno)
                yield from self._condition(node.test, head)
                yield from self._body(node.body + node.orelse, around)
            case ast.For():
                yield from self._expression(node.iter, self._within(around, node.iter))
                yield from self._body(node.body + node.orelse, around)
            case ast.Match():
                yield from self._expression(node.subject, self._within(around, node.subject))
                for case in node.cases:
                    yield from self._case(case, around)
            case ast.Assert():
                head, text = self._within(around, node.test), f"not ({self._source.text(node.test)})"
                yield self._mutant(head, node.test, "assertion negated", text, INVARIANT)
            case ast.Return() if node.value is not None:
                if around.boolean:
                    yield from self._condition(node.value, here)
                else:
                    yield from self._expression(node.value, here)
            case ast.Assign() | ast.AugAssign() | ast.Expr():
                for change, text in operators.statement(self._source, node):
                    yield self._mutant(here, node, change, text, EFFECT)
                counted = replace(here, counted=isinstance(node, ast.AugAssign))
                yield from self._expression(node.value, counted)
            case ast.AnnAssign() if node.value is not None:
                yield from self._expression(node.value, here)

    def _case(self, case: ast.match_case, around: Around) -> Iterator[Mutant]:
        pattern, guard = case.pattern, case.guard
        end = guard if guard is not None else pattern
        start, stop = self._source.span(pattern)[0], self._source.span(end)[1]
        head = replace(around, head=(start, stop), lines=(pattern.lineno, case.body[0].end_lineno or pattern.lineno))
        if guard is None:
            if not isinstance(pattern, ast.MatchAs) or pattern.pattern is not None:
                for change, text in operators.case(self._source, pattern):
                    yield self._mutant(head, pattern, change, text)
        else:
            yield from self._condition(guard, head)
        for value in ast.walk(pattern):
            if isinstance(value, ast.MatchValue):
                yield from self._expression(value.value, replace(head, counted=True))
        yield from self._body(case.body, around)

    def _condition(self, node: ast.expr, around: Around) -> Iterator[Mutant]:
        """A condition, and what it is made of."""
        for change, text in operators.condition(node):
            yield self._mutant(around, node, change, text)
        yield from self._expression(node, around, True)

    def _expression(self, node: ast.expr, around: Around, within: bool = False) -> Iterator[Mutant]:
        """All changes in an expression; `within` a condition whose whole has been changed already."""
        if operators.is_boolean(node) and not within:
            yield from self._condition(node, around)
            return
        source = self._source
        changes: operators.Changes = []
        inner = around
        match node:
            case ast.BoolOp():
                changes = operators.operands(source, node)
            case ast.Compare():
                changes = operators.comparison(source, node)
                inner = replace(around, counted=True)
            case ast.UnaryOp(op=ast.Not()):
                changes = [("negation dropped", f"({source.text(node.operand)})")]
            case ast.BinOp():
                changes = operators.arithmetic(source, node)
                inner = replace(around, counted=True)
            case ast.Constant(value=bool()) if not within:
                changes = [("truth value", str(not node.value))]
            case ast.Constant(value=int()) if around.counted and not isinstance(node.value, bool):
                changes = operators.number(node)
            case ast.Attribute():
                changes = operators.member(node, self._enumerations)
            case ast.IfExp():
                yield from self._condition(node.test, around)
                yield from self._expression(node.body, around)
                yield from self._expression(node.orelse, around)
                return
            case ast.Lambda():
                return
        for change, text in changes:
            yield self._mutant(around, node, change, text, STATUS if change == "status swapped" else None)
        deeper = within and isinstance(node, ast.BoolOp | ast.UnaryOp)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from self._expression(child, inner, deeper)
            elif isinstance(child, ast.keyword):
                yield from self._expression(child.value, inner)

    def _within(self, around: Around, head: ast.expr | ast.stmt) -> Around:
        return replace(around, head=self._source.span(head), lines=(head.lineno, head.end_lineno or head.lineno))

    def _mutant(
        self, around: Around, node: ast.expr | ast.stmt | ast.pattern, change: str, text: str, about: str | None = None
    ) -> Mutant:
        start, end = self._source.span(node)
        first, last = around.head
        content = self._source.content
        check = _one_line(content[first:last].decode())
        changed = _one_line((content[first:start] + text.encode() + content[end:last]).decode())
        found = about if about is not None else category(self._source.name, check)
        where = (self._source.name, around.function, node.lineno, around.lines, around.leads)
        return Mutant(*where, start, end, text, change, found, check, changed, 0)


def all_mutants(files: Sequence[str]) -> list[Mutant]:
    """The mutants of some files of src/tyrne, in their order."""
    known = enumerations([name for part in PARTS for name in files_of(part)])
    return [mutant for name in files for mutant in Catalogue(Source(name), known).mutants()]


def _one_line(text: str) -> str:
    return " ".join(text.split())
