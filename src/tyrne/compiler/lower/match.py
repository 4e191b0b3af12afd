"""`match`: a switch where each case is one tag or number, a chain of conditions otherwise."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from mypy import nodes as n
from mypy import patterns as p

from tyrne.compiler.image.snapshot import number, tag
from tyrne.compiler.lower.body import Line
from tyrne.compiler.lower.calls import alternative_named, is_one_of
from tyrne.compiler.lower.comparisons import compare
from tyrne.compiler.lower.evaluate import lower, raw
from tyrne.compiler.lower.expressions import field_of
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.narrowing import restrict, to
from tyrne.compiler.lower.operators import condition
from tyrne.compiler.lower.statements import HANDLERS, block_after
from tyrne.compiler.lower.types import (
    BOOL,
    NONE,
    Class,
    Enumeration,
    Int,
    Reference,
    Type,
    Union,
    alternatives,
    is_int_like,
    show,
)
from tyrne.compiler.lower.value import Val


@dataclass
class Test:
    """When a pattern matches: all of `tests` (none: always). `labels` are switch labels that say the same, if any do."""

    tests: list[str] = field(default_factory=list)
    captures: list[tuple[n.NameExpr, Val]] = field(default_factory=list)
    labels: list[str] | None = None

    @property
    def always(self) -> bool:
        return not self.tests

    def condition(self) -> str:
        return " && ".join(f"({t})" if "||" in t and len(self.tests) > 1 else t for t in self.tests) or "true"


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
        test, lines = f.body.capture(lambda pattern=pattern: _pattern(f, pattern, subject))  # type: ignore[misc]
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
    node = next(x for x in ast.walk(f.source) if isinstance(x, ast.Match) and x.lineno == s.line)
    inside = {id(x) for x in ast.walk(node)}
    for name, _ in test.captures:
        for x in ast.walk(f.source):
            elsewhere = isinstance(x, ast.Name) and x.id == name.name and id(x) not in inside
            elsewhere = elsewhere or (isinstance(x, ast.arg) and x.arg == name.name)
            if elsewhere:
                raise reject(f"{name.name} is bound by a case with a guard and used elsewhere; use a name of its own", name)


# -- the two forms


def _is_switch(f: Function, s: n.MatchStmt, cases: list[Case]) -> bool:
    """Whether every case is labels of one switch, and none leaves a loop by `break` (C's would leave the switch)."""
    if any(c.guard is not None or (c.test.labels is None and not c.test.always) for c in cases):
        return False
    labels = [label for c in cases for label in c.test.labels or []]
    if len(labels) < 2 or len(set(labels)) != len(labels):
        return False
    node = next(x for x in ast.walk(f.source) if isinstance(x, ast.Match) and x.lineno == s.line)
    return not any(_breaks(x) for case in node.cases for x in case.body)


def _breaks(node: ast.AST) -> bool:
    if isinstance(node, ast.Break):
        return True
    if isinstance(node, ast.For | ast.While):
        return False
    return any(_breaks(x) for x in ast.iter_child_nodes(node))


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
        with f.body.block():
            _case_body(f, case)
            f.body.emit("break;", 0)
        f.body.emit("}", 0)
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
    local = f.body.local(name.name, t)
    if isinstance(v.type, Union | Reference) and not all(q in alternatives(local.type) for q in alternatives(v.type)):
        shown = [q for q in alternatives(v.type) if q in alternatives(local.type)]
        v = restrict(f, v, f.program.registry.union(shown))
    f.body.assign(local, to(f, v, local.type, name).code)


def _is_used(f: Function, name: str) -> bool:
    return any(isinstance(x, ast.Name) and x.id == name for x in ast.walk(f.source))


def _chain(f: Function, cases: list[Case]) -> None:
    """if … else if … else …; a guard sees its captures, which become locals in the body."""
    opened = 0
    keyword = "if"
    for case in cases:
        f.body.line = case.line
        guard, lines = _guard(f, case)
        tests = [t for t in (case.test.condition() if case.test.tests else "", guard) if t]
        text = " && ".join(f"({t})" if "||" in t and len(tests) > 1 else t for t in tests)
        if lines:
            if keyword != "if":
                f.body.emit("} else {", 0)
                opened += 1
            name = f.body.fresh("matches")
            f.body.emit(f"bool {name} = {case.test.condition()};")
            with f.body.braces(f"if ({name})"):
                f.body.add(lines)
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


def _guard(f: Function, case: Case) -> tuple[str, list[Line]]:
    """The guard's text; the names that the pattern binds stand for what they are bound to."""
    if case.guard is None:
        return "", []
    saved = dict(f.body.locals)
    for name, v in case.test.captures:
        local = f.body.parameter(name.name, v.type)
        local.name = v.code
    try:
        guard = case.guard
        v, lines = f.body.capture(lambda: condition(f, guard))
    finally:
        f.body.locals = saved
    return v.code if v.atom or "||" not in v.code else f"({v.code})", lines


# -- patterns


def _pattern(f: Function, pattern: p.Pattern, v: Val) -> Test:
    if isinstance(pattern, p.AsPattern):
        return _as(f, pattern, v)
    if isinstance(pattern, p.OrPattern):
        return _or(f, pattern, v)
    if isinstance(pattern, p.SingletonPattern):
        return _singleton(f, pattern, v)
    if isinstance(pattern, p.ValuePattern):
        return _value(f, pattern, v)
    if isinstance(pattern, p.ClassPattern):
        return _class(f, pattern, v)
    what = {"SequencePattern": "sequence", "MappingPattern": "mapping", "StarredPattern": "starred"}
    kind = what.get(type(pattern).__name__, "this kind of")
    raise reject(f"{kind} patterns are outside the language; match a class and its fields", pattern)


def _as(f: Function, pattern: p.AsPattern, v: Val) -> Test:
    if pattern.pattern is None:
        return Test([], [] if pattern.name is None else [(pattern.name, v)])
    test = _pattern(f, pattern.pattern, v)
    if pattern.name is not None:
        inner = v
        if isinstance(pattern.pattern, p.ClassPattern):
            inner = _inner(f, v, _class_type(pattern.pattern, v.type))
        test.captures.append((pattern.name, inner))
    return test


def _or(f: Function, pattern: p.OrPattern, v: Val) -> Test:
    got = [_pattern(f, q, v) for q in pattern.patterns]
    if any(t.captures for t in got):
        raise reject("captures inside `|`; write one case for each", pattern)
    if any(t.always for t in got):
        return Test()
    labels = [label for t in got for label in t.labels or []] if all(t.labels is not None for t in got) else None
    parts = [f"({t.condition()})" if len(t.tests) > 1 else t.condition() for t in got]
    return Test([" || ".join(parts)], [], labels)


def _singleton(f: Function, pattern: p.SingletonPattern, v: Val) -> Test:
    if pattern.value is None:
        t = is_one_of(f, v, [NONE], pattern) if NONE in alternatives(v.type) else None
        if t is None:
            raise reject(f"{show(v.type)} is never None; drop the case", pattern)
        return Test([t.code], [], [tag(NONE)] if isinstance(v.type, Union) else None) if t.const is None else Test()
    if v.type != BOOL:
        raise reject(f"a bool pattern for {show(v.type)}; test it with isinstance first", pattern)
    return Test([v.operand if pattern.value else f"!{v.operand}"])


def _value(f: Function, pattern: p.ValuePattern, v: Val) -> Test:
    w = lower(f, pattern.expr)
    if isinstance(v.type, Union | Reference):
        ints = [q for q in alternatives(v.type) if is_int_like(q)]
        if is_int_like(w.type) and len(ints) > 1:
            raise reject(f"a value pattern for {show(v.type)}: several of these compare equal; match the class first", pattern)
        part = ints[0] if is_int_like(w.type) and ints else w.type
        if part not in alternatives(v.type):
            raise reject(f"{show(v.type)} is never {show(w.type)}; drop the case", pattern)
        inner = _inner(f, v, part)
        return Test([is_one_of(f, v, [part], pattern).code, compare(f, "==", inner, w, pattern).code])
    test = compare(f, "==", v, w, pattern)
    if test.const is not None:
        return Test() if test.const else Test(["false"])
    simple = w.const is not None and isinstance(v.type, Int | Enumeration)
    label = number(w.const) if isinstance(v.type, Int) and w.const is not None else w.code
    return Test([test.code], [], [label] if simple else None)


def _class_type(pattern: p.ClassPattern, t: Type) -> Type:
    node = pattern.class_ref.node
    if isinstance(node, n.TypeAlias):
        node = getattr(node.target, "type", None)
    if not isinstance(node, n.TypeInfo):
        raise reject("a class pattern with something that is no class; name a class", pattern)
    return alternative_named(t, node, pattern)


def _inner(f: Function, v: Val, t: Type) -> Val:
    """The alternative `t` of a union that is known to be it."""
    return restrict(f, v, t) if isinstance(v.type, Union | Reference) and v.type != t else v


def _class(f: Function, pattern: p.ClassPattern, v: Val) -> Test:
    t = _class_type(pattern, v.type)
    test = Test()
    if v.type != t:
        shown = is_one_of(f, v, [t], pattern)
        test.tests.append(shown.code)
        test.labels = [tag(t)] if isinstance(v.type, Union) else None
    inner = _inner(f, v, t)
    if isinstance(t, Int | Enumeration) or t == BOOL:
        return _number_class(f, pattern, inner, test)
    assert isinstance(t, Class)
    names = list(f.program.image.fields(t))
    parts = [*zip(names, pattern.positionals, strict=False), *zip(pattern.keyword_keys, pattern.keyword_values, strict=True)]
    if len(pattern.positionals) > len(names) or (pattern.positionals and not hasattr(f.program.registry.runtime(t.info), "__match_args__")):
        raise reject(f"{show(t)} has no such positional fields; name them: {t.info.name}(field=…)", pattern)
    for name, sub in parts:
        item = field_of(f, inner, name, sub)
        part = _pattern(f, sub, replace(item, stable=True))
        test.tests += part.tests
        test.captures += part.captures
        if part.tests:
            test.labels = None
    return test


def _number_class(f: Function, pattern: p.ClassPattern, v: Val, test: Test) -> Test:
    """`case u64(x)` and `case CapError()`: the whole may be captured, and that is all."""
    if pattern.keyword_keys or len(pattern.positionals) > 1:
        raise reject(f"fields of {show(v.type)}; write `case {pattern.class_ref.name}() as x`", pattern)
    for sub in pattern.positionals:
        if not isinstance(sub, p.AsPattern) or sub.pattern is not None or isinstance(v.type, Enumeration):
            raise reject(f"{pattern.class_ref.name}(…) as a pattern of a value; write the plain value", pattern)
        if sub.name is not None:
            test.captures.append((sub.name, v))
    return test


HANDLERS["MatchStmt"] = _match
