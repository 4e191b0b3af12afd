"""Patterns of `match`: the condition under which one matches, and what it binds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mypy import nodes as n
from mypy import patterns as p

from tyrne.compiler.image.snapshot import number, tag
from tyrne.compiler.lower.calls import alternative_named, is_one_of, positional_fields
from tyrne.compiler.lower.comparisons import compare
from tyrne.compiler.lower.evaluate import lower
from tyrne.compiler.lower.expressions import field_of
from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.narrowing import restrict
from tyrne.compiler.lower.types import (
    BOOL,
    NONE,
    Class,
    Enumeration,
    Int,
    Reference,
    Type,
    Union,
    Value,
    alternatives,
    is_int_like,
    show,
)
from tyrne.compiler.lower.value import Val


@dataclass
class Test:
    """When a pattern matches: all of `tests` (none: always). `labels` are switch labels that say the same."""

    tests: list[str] = field(default_factory=list)
    captures: list[tuple[n.NameExpr, Val]] = field(default_factory=list)
    labels: list[str] | None = None

    @property
    def always(self) -> bool:
        return not self.tests

    def condition(self) -> str:
        return " && ".join(f"({t})" if "||" in t and len(self.tests) > 1 else t for t in self.tests) or "true"


def lower_pattern(f: Function, pattern: p.Pattern, v: Val) -> Test:
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
    test = lower_pattern(f, pattern.pattern, v)
    if pattern.name is not None:
        inner = v
        if isinstance(pattern.pattern, p.ClassPattern):
            inner = _inner(f, v, _class_type(pattern.pattern, v.type))
        test.captures.append((pattern.name, inner))
    return test


def _or(f: Function, pattern: p.OrPattern, v: Val) -> Test:
    got = [lower_pattern(f, q, v) for q in pattern.patterns]
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
        return Test([t.code], [], _label(f, v, NONE)) if t.const is None else Test()
    if v.type != BOOL:
        raise reject(f"a bool pattern for {show(v.type)}; test it with isinstance first", pattern)
    return Test([v.operand if pattern.value else f"!{v.operand}"])


def _value(f: Function, pattern: p.ValuePattern, v: Val) -> Test:
    w = lower(f, pattern.expr)
    if isinstance(v.type, Union | Reference):
        ints = [q for q in alternatives(v.type) if is_int_like(q)]
        if is_int_like(w.type) and len(ints) > 1:
            raise reject(f"a value pattern for {show(v.type)}: several compare equal; match the class first", pattern)
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


def _label(f: Function, v: Val, t: Type) -> list[str] | None:
    """The label of an alternative in a switch over tags, where there are tags."""
    return [tag(t)] if isinstance(v.type, Union) and f.program.image.niche(v.type) is None else None


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
        test.labels = _label(f, v, t)
    inner = _inner(f, v, t)
    if isinstance(t, Int | Enumeration) or t == BOOL:
        return _number_class(f, pattern, inner, test)
    assert isinstance(t, Class)
    names = positional_fields(f.program.registry.runtime(t.info)) if isinstance(t, Value) else []
    named = zip(pattern.keyword_keys, pattern.keyword_values, strict=True)
    parts = [*zip(names, pattern.positionals, strict=False), *named]
    if len(pattern.positionals) > len(names):
        raise reject(f"{show(t)} has no such positional fields; name them: {t.info.name}(field=…)", pattern)
    for name, sub in parts:
        item = field_of(f, inner, name, sub)
        part = lower_pattern(f, sub, replace(item, stable=True))
        test.tests += part.tests
        test.captures += part.captures
        if part.tests:
            test.labels = None
    return test


def _number_class(f: Function, pattern: p.ClassPattern, v: Val, test: Test) -> Test:
    """`case u64(x)` and `case CapError()`: the whole may be captured, and that is all."""
    if pattern.keyword_keys or len(pattern.positionals) > 1:
        raise reject(f"fields of {show(v.type)}; write `case {v.type.name}() as x`", pattern)
    for sub in pattern.positionals:
        if not isinstance(sub, p.AsPattern) or sub.pattern is not None or isinstance(v.type, Enumeration):
            raise reject(f"{v.type.name}(…) as a pattern of a value; write the plain value", pattern)
        if sub.name is not None:
            test.captures.append((sub.name, v))
    return test
