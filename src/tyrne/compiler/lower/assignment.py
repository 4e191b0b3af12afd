"""Assignment: the right side first, then the target, each once."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import TypeGuard

from mypy import nodes as n

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.lower.evaluate import extend, lower, settle
from tyrne.compiler.lower.expressions import element, field_of
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.narrowing import lower_to, to
from tyrne.compiler.lower.operators import arithmetic
from tyrne.compiler.lower.statements import HANDLERS
from tyrne.compiler.lower.types import LITERAL, NONE, Array, Place, Type, Union, Value, declare, is_open, show
from tyrne.compiler.lower.value import Val


def _assignment(f: Function, s: n.AssignmentStmt) -> None:
    if len(s.lvalues) != 1:
        raise reject("several targets in one assignment; write one statement for each", s)
    target = s.lvalues[0]
    if isinstance(s.rvalue, n.TempNode):
        return  # An annotation without a value: the first assignment declares.
    if isinstance(target, n.TupleExpr):
        _unpack(f, target, s)
        return
    if f.is_unreachable(s.rvalue):
        raise Unreachable
    if isinstance(target, n.NameExpr):
        _assign(f, target, s)
        return
    got: list[Val] = []
    extend(f, got, s.rvalue)
    place = _target(f, got, target)
    v = to(f, got[0], place.type, s)
    f.body.emit(f"{place.code} = {v.code};")


def _assign(f: Function, target: n.NameExpr, s: n.AssignmentStmt) -> None:
    local = f.body.locals.get(target.name)
    declared = getattr(target.node, "type", None) if target.kind == n.LDEF else None
    t = local.type if local is not None else None
    if t is None and declared is not None:
        with suppress(Reject):  # The value itself is refused with better words.
            t = f.program.registry.of(declared, f.env)
    v = lower(f, s.rvalue) if t is None or not isinstance(t, Union) else lower_to(f, s.rvalue, t)
    assign_name(f, target, v, s)


def _unpack(f: Function, target: n.TupleExpr, s: n.AssignmentStmt) -> None:
    """`a, b = x, y`: all of the right side first."""
    values = s.rvalue
    if not isinstance(values, n.TupleExpr) or len(values.items) != len(target.items):
        raise reject("unpacking is outside the language; return a frozen dataclass and read its fields", s)
    if not all(isinstance(item, n.NameExpr) for item in target.items):
        raise reject("several targets that are no plain names; write one statement for each", s)
    names = {item.name for item in target.items if isinstance(item, n.NameExpr)}
    swaps = any(names & _read_names(node.value) for node in f.nodes if _is_at(node, s.line))
    got: list[tuple[n.NameExpr, Val]] = []
    for name, item in zip(target.items, values.items, strict=True):
        assert isinstance(name, n.NameExpr)
        v = lower(f, item)
        if swaps:
            got.append((name, v if v.const is not None else f.body.temporary(v)))
        else:
            assign_name(f, name, v, s)
    for name, v in got:
        assign_name(f, name, v, s)


def _is_at(node: ast.AST, line: int) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and node.lineno == line


def _read_names(node: ast.AST) -> set[str]:
    return {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}


def assign_name(f: Function, target: n.NameExpr, v: Val, s: n.Context) -> None:
    local = f.body.locals.get(target.name)
    if target.kind != n.LDEF or (local is None and not isinstance(target.node, n.Var)):
        raise reject(f"{target.name} is a module-level name; assign a field of a module-level place", s)
    if local is None:
        local = f.body.local(target.name, _local_type(f, target, v, s))
    f.body.assign(local, to(f, v, local.type, s).code)


def _local_type(f: Function, target: n.NameExpr, v: Val, s: n.Context) -> Type:
    node = target.node
    assert isinstance(node, n.Var)
    declared = f.program.registry.of(node.type, f.env) if node.type is not None else v.type
    if is_open(declared):
        declared = v.type
    if declared == LITERAL:
        raise reject(f"{target.name} would be a plain int; name its width: u64(…)", s)
    if declared == NONE or v.type.name in ("void", "noreturn"):
        raise reject(f"{target.name} would always be None; annotate what else it can be, or drop it", s)
    return declared


def _target(f: Function, got: list[Val], target: n.Expression) -> Val:
    """The field or element that is assigned, evaluated after the values in `got`."""
    if isinstance(target, n.MemberExpr):
        extend(f, got, target.expr)
        settle(f, got)
        if len(got) == 2 and isinstance(got[0].type, Value | Union) and not got[1].stable:
            got[0] = f.once(got[0])  # C may look for the target of a struct before it makes the struct.
        base = got[-1]
        if isinstance(base.type, Value):
            raise reject(f"{show(base.type)} is a value, and values do not change; make a new one", target)
        if not isinstance(base.type, Place):
            raise reject(f"a field of {show(base.type)} is assigned; test which place it is first", target)
        place = field_of(f, base, target.name, target)
        if not place.lvalue:
            raise reject(f"{target.name} is {_fixed(place.type)}, which is not replaced; assign what is in it", target)
        return place
    if isinstance(target, n.IndexExpr):
        extend(f, got, target.base)
        extend(f, got, target.index)
        settle(f, got)
        early = got[0].effect or isinstance(got[0].type, Value | Union)
        if len(got) == 3 and early and not (got[1].stable and got[2].const is not None):
            got[0] = f.once(got[0])  # The value first, then the check of the index.
        place = element(f, got[-2], got[-1], target)
        if not place.lvalue:
            raise reject(f"the element is {_fixed(place.type)}, which is not replaced; assign what is in it", target)
        return place
    raise reject("this target of an assignment is outside the language; assign a name, a field or an element", target)


def _fixed(t: Type) -> str:
    if isinstance(t, Place):
        return f"a place ({show(t)})"
    return "an Array" if isinstance(t, Array) else "a constant"


def _augmented(f: Function, s: n.OperatorAssignmentStmt) -> None:
    """`x op= y`: the target is read before y is evaluated, and evaluated once."""
    if isinstance(s.lvalue, n.NameExpr):
        old = lower(f, s.lvalue)
        local = f.body.locals.get(s.lvalue.name)
        if local is None:
            raise reject(f"{s.lvalue.name} is a module-level name; assign a field of a module-level place", s)
        got = [old]
        extend(f, got, s.rvalue)
        f.body.assign(local, to(f, arithmetic(f, s.op, *_settled(f, got), s), local.type, s).code)
        return
    got = []
    place = _target(f, got, s.lvalue)
    if not all(v.stable for v in got):
        pointer = f.body.temporary(Val(f"&{place.code}", Type(f"{declare(place.type, '*').strip()}"), hint="target"))
        place = Val(f"*{pointer.code}", place.type, atom=False, lvalue=True, hint=place.hint)
    got = [place]
    extend(f, got, s.rvalue)
    result = arithmetic(f, s.op, *_settled(f, got), s)
    f.body.emit(f"{place.code} = {to(f, result, place.type, s).code};")


def _settled(f: Function, got: list[Val]) -> tuple[Val, Val]:
    settle(f, got)
    return got[0], got[1]


HANDLERS.update({"AssignmentStmt": _assignment, "OperatorAssignmentStmt": _augmented})
