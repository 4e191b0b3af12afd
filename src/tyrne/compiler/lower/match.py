"""`match`: a switch where each case is one tag or number, a chain of conditions otherwise."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from mypy import nodes as n

from tyrne.compiler.lower.body import Line
from tyrne.compiler.lower.evaluate import raw
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.narrowing import restrict, to
from tyrne.compiler.lower.operators import condition
from tyrne.compiler.lower.patterns import Test, lower_pattern
from tyrne.compiler.lower.statements import HANDLERS, block_after
from tyrne.compiler.lower.types import (
    Reference,
    Union,
    alternatives,
    declare,
    is_open,
)
from tyrne.compiler.lower.value import Val


@dataclass
class Case:
    test: Test
    guard: n.Expression | None
    body: n.Block
    line: int
    tested: Val


def _match(f: Function, s: n.MatchStmt) -> None:
    if f.is_unreachable(s.subject):
        raise Unreachable
    subject = raw(f, s.subject)
    tested = subject
    subject = f.once(subject) if subject.const is None else subject
    cases = []
    for pattern, guard, body in zip(s.patterns, s.guards, s.bodies, strict=True):
        test, lines = f.body.capture(lambda pattern=pattern: lower_pattern(f, pattern, subject))  # type: ignore[misc]
        if lines:
            raise reject("this pattern needs statements of its own; bind the part and test it with `if`", pattern)
        if guard is not None and test.captures:
            _check_fresh(f, s, test)
        cases.append(Case(test, guard, body, pattern.line, tested))
        if guard is None and test.always:
            break
    if _is_switch(f, s, cases):
        _switch(f, subject, cases)
    else:
        _chain(f, cases)


def _check_fresh(f: Function, s: n.MatchStmt, test: Test) -> None:
    """A capture is bound even when its guard fails: nobody else may look at that name."""
    node = next(x for x in f.nodes if isinstance(x, ast.Match) and x.lineno == s.line)
    inside = {id(x) for x in ast.walk(node)}
    for name, _ in test.captures:
        for x in f.nodes:
            elsewhere = isinstance(x, ast.Name) and x.id == name.name and id(x) not in inside
            elsewhere = elsewhere or (isinstance(x, ast.arg) and x.arg == name.name)
            if elsewhere:
                raise reject(f"{name.name} is bound under a guard and used elsewhere; use a name of its own", name)


# -- the two forms


def _is_switch(f: Function, s: n.MatchStmt, cases: list[Case]) -> bool:
    """Whether every case is labels of one switch, and none leaves a loop by `break` (C's would leave the switch)."""
    if any(c.guard is not None or (c.test.labels is None and not c.test.always) for c in cases):
        return False
    labels = [label for c in cases for label in c.test.labels or []]
    if len(labels) < 2 or len(set(labels)) != len(labels):
        return False
    node = next(x for x in f.nodes if isinstance(x, ast.Match) and x.lineno == s.line)
    return not any(breaks(x) for case in node.cases for x in case.body)


def breaks(node: ast.AST) -> bool:
    """Whether a statement holds a `break` of a loop around it."""
    if isinstance(node, ast.Break):
        return True
    if isinstance(node, ast.For | ast.While):
        return False
    return any(breaks(x) for x in ast.iter_child_nodes(node))


_JUMPS = ("return", "continue;", "kp_unreachable(")


def _switch(f: Function, subject: Val, cases: list[Case]) -> None:
    text = f"{subject.operand}.tag" if isinstance(subject.type, Union) else subject.code
    f.body.emit(f"switch ({text}) {{")
    for case in cases:
        f.body.line = case.line
        labels = case.test.labels
        if case.test.always or labels is None:
            f.body.emit("default: {")
        else:
            for label in labels[:-1]:
                f.body.emit(f"case {label}:")
            f.body.emit(f"case {labels[-1]}: {{")
        start = len(f.body.lines)
        with f.body.block():
            _case_body(f, case)
            if len(f.body.lines) == start or not f.body.lines[-1].text.startswith(_JUMPS):
                f.body.emit("break;", 0)
        if any(line.local is not None or line.declares for line in f.body.lines[start:]):
            f.body.emit("}", 0)
        else:
            f.body.lines[start - 1].text = f.body.lines[start - 1].text.removesuffix(" {")
    if not cases[-1].test.always:
        f.body.emit("default:", 0)
        with f.body.block():
            f.body.emit("break;", 0)
    f.body.emit("}", 0)


def _case_body(f: Function, case: Case) -> None:
    for name, v in case.test.captures:
        _capture(f, name, v)
    block_after(f, case.tested, case.body)


def _capture(f: Function, name: n.NameExpr, v: Val) -> None:
    node = name.node
    if not isinstance(node, n.Var) or node.type is None:
        raise reject(f"{name.name} has no type here; annotate it before", name)
    if not _is_used(f, name.name):
        return
    t = f.program.registry.of(node.type, f.env)
    local = f.body.local(name.name, v.type if is_open(t) else t)
    if isinstance(v.type, Union | Reference) and not all(q in alternatives(local.type) for q in alternatives(v.type)):
        shown = [q for q in alternatives(v.type) if q in alternatives(local.type)]
        v = restrict(f, v, f.program.registry.union(shown))
    f.body.assign(local, to(f, v, local.type, name).code)


def _is_used(f: Function, name: str) -> bool:
    return any(isinstance(x, ast.Name) and x.id == name for x in f.nodes)


def _chain(f: Function, cases: list[Case]) -> None:
    """if … else if … else …; a guard sees its captures, which become locals in the body."""
    opened = 0
    keyword = "if"
    for case in cases:
        f.body.line = case.line
        guard, lines, acts = _guard(f, case)
        bound: list[Line] = []
        if acts and case.test.captures:
            case, bound = _bound_before(f, case)
            guard, lines, _ = _guard(f, case)
        tests = [t for t in (case.test.condition() if case.test.tests else "", guard) if t]
        text = " && ".join(f"({t})" if "||" in t and len(tests) > 1 else t for t in tests)
        if lines or bound:
            if keyword != "if":
                f.body.emit("} else {", 0)
                opened += 1
            for _, v in case.test.captures if bound else []:
                f.body.emit(f"{declare(v.type, v.code)} = {{}};")
                f.body.lines[-1].declares = True
            name = f.body.fresh("matches")
            f.body.emit(f"bool {name} = {case.test.condition()};")
            with f.body.braces(f"if ({name})"):
                f.body.add(bound + lines)
                f.body.emit(f"{name} = {guard};")
            text = name
            f.body.emit(f"if ({text}) {{")
        elif text and text != "true":
            f.body.emit(f"{keyword} ({text}) {{")
        elif keyword == "if":
            f.body.emit("{")
        else:
            f.body.emit("} else {")
        with f.body.block():
            _case_body(f, case)
        keyword = "} else if"
        if not text or text == "true":
            break
    for _ in range(opened + 1):
        f.body.emit("}", 0)


def _bound_before(f: Function, case: Case) -> tuple[Case, list[Line]]:
    """The case with its captures in variables of their own: its guard may change what they were read from."""
    captures = [(name, Val(f.body.fresh(name.name), v.type, stable=True)) for name, v in case.test.captures]

    def bind() -> None:
        with f.body.block():
            for (_, held), (_, v) in zip(captures, case.test.captures, strict=True):
                f.body.emit(f"{held.code} = {v.code};")

    _, lines = f.body.capture(bind)
    return replace(case, test=replace(case.test, captures=captures)), lines


def _guard(f: Function, case: Case) -> tuple[str, list[Line], bool]:
    """The guard's text, the statements that it needs, and whether it may change memory.

    The names that the pattern binds stand for what they are bound to.
    """
    if case.guard is None:
        return "", [], False
    saved = dict(f.body.locals)
    for name, v in case.test.captures:
        local = f.body.parameter(name.name, v.type)
        local.name = v.operand
    try:
        guard = case.guard
        v, lines = f.body.capture(lambda: condition(f, guard))
    finally:
        f.body.locals = saved
    return v.code if v.atom or "||" not in v.code else f"({v.code})", lines, v.effect or bool(lines)


HANDLERS["MatchStmt"] = _match
