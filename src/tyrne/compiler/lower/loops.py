"""Loops: over a condition, a range of numbers, the elements of an array."""

from __future__ import annotations

import ast
from typing import Final

from mypy import nodes as n

from tyrne.compiler.lower.assignment import assign_name
from tyrne.compiler.lower.body import mark
from tyrne.compiler.lower.evaluate import extend, raw, settle
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.operators import condition
from tyrne.compiler.lower.statements import HANDLERS, block, block_after
from tyrne.compiler.lower.types import U64, Array, Place, is_number, show
from tyrne.compiler.lower.value import Val, literal
from tyrne.compiler.rules.constructs import FUNCTIONS

IRANGE: Final = "tyrne.lang.arrays.irange"


def _while(f: Function, s: n.WhileStmt) -> None:
    if s.else_body is not None:
        raise reject("`else` of a loop is outside the language; set a bool before `break`", s)
    with f.body.block():
        test, lines = f.body.capture(lambda: condition(f, s.expr))
    if test.const == 0:
        return
    if not lines:
        with f.body.braces(f"while ({test.code})"):
            block_after(f, test, s.body)
        return
    with f.body.braces("while (true)"):
        f.body.add(lines)
        f.body.emit(f"if (!{test.operand})")
        with f.body.block():
            f.body.emit("break;")
        block_after(f, test, s.body)


def _for(f: Function, s: n.ForStmt) -> None:
    if s.else_body is not None:
        raise reject("`else` of a loop is outside the language; set a bool before `break`", s)
    callee = s.expr.callee if isinstance(s.expr, n.CallExpr) else None
    if isinstance(callee, n.RefExpr) and callee.fullname in FUNCTIONS:
        raise reject(f"{callee.fullname.rpartition('.')[2]}() is outside the language; {FUNCTIONS[callee.fullname]}", s)
    if isinstance(s.expr, n.RefExpr) and isinstance(s.expr.node, n.TypeInfo):
        raise reject(f"a loop over the members of {s.expr.node.name}; write a statement for each, or a `match`", s)
    if not isinstance(s.index, n.NameExpr):
        raise reject("a loop over several names; write one name and read its fields", s)
    if isinstance(callee, n.RefExpr) and callee.fullname == IRANGE:
        assert isinstance(s.expr, n.CallExpr)
        _for_range(f, s, s.index, s.expr)
        return
    if f.is_unreachable(s.expr):
        raise Unreachable
    _for_array(f, s, s.index)


def _for_range(f: Function, s: n.ForStmt, index: n.NameExpr, call: n.CallExpr) -> None:
    got: list[Val] = []
    for argument in call.args:
        extend(f, got, argument)
    settle(f, got)
    bounds = [_bound(v, a) for v, a in zip(got, call.args, strict=True)]
    start, stop = bounds if len(bounds) == 2 else (literal(0, U64), bounds[0])
    loop = _loop_node(f, s)
    if not stop.stable or _is_changed(f, stop, loop):
        if not start.stable:
            start = f.body.temporary(Val(start.code, U64, hint="start"))
        stop = f.body.temporary(Val(stop.code, U64, hint="stop"))
    own = _is_own_index(f, loop, index.name)
    name = mark(index.name) if own else f.body.fresh(index.name)
    head = f"for (u64 {name} = {start.code}; {name} < {stop.operand}; {name}++)"
    _loop(f, s, index, head, Val(name, U64, stable=True), name if own else "")


def _bound(v: Val, e: n.Context) -> Val:
    if not is_number(v.type):
        raise reject(f"irange of {show(v.type)}; write numbers", e)
    if v.const is not None and v.const < 0:
        raise reject(f"irange from or to {v.const}; write numbers from 0 on", e)
    if v.const is not None and v.const >= 1 << 64:
        raise reject(f"irange from or to {v.const:#x}; write numbers of 64 bits", e)
    return v


def _for_array(f: Function, s: n.ForStmt, index: n.NameExpr) -> None:
    v = raw(f, s.expr)
    if not isinstance(v.type, Array):
        raise reject(f"a loop over {show(v.type)}; loop over an Array or irange(…)", s)
    array = v.type
    v = f.once(v)
    loop = _loop_node(f, s)
    if _is_changed(f, v, loop):
        v = f.body.temporary(v)
    counter = f.body.fresh("i")
    head = f"for (u64 {counter} = 0; {counter} < {array.length}; {counter}++)"
    code = f"{v.operand}[{counter}]"
    if isinstance(array.element, Place):
        code = f"&{code}"
    _loop(f, s, index, head, Val(code, array.element, atom=False), "")


def _loop(f: Function, s: n.ForStmt, index: n.NameExpr, head: str, item: Val, own: str) -> None:
    """The loop; `own` names the index when it is the C loop's variable, else the index is assigned in each turn."""
    before = f.body.locals.get(index.name)
    with f.body.braces(head):
        if own:
            local = f.body.parameter(index.name, U64)
            local.name = own
        else:
            assign_name(f, index, item, s)
        block(f, s.body)
    if own:
        del f.body.locals[index.name]
        if before is not None:
            f.body.locals[index.name] = before


def _loop_node(f: Function, s: n.ForStmt) -> ast.For:
    return next(node for node in f.nodes if isinstance(node, ast.For) and node.lineno == s.line)


def _stored_names(node: ast.AST) -> set[str]:
    return {x.id for x in ast.walk(node) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)} | {
        x.name for x in ast.walk(node) if isinstance(x, ast.MatchAs) and x.name is not None
    }


def _is_changed(f: Function, v: Val, loop: ast.For) -> bool:
    """Whether the loop assigns a local that the text of `v` reads."""
    changed = {f.body.locals[name].name for name in _stored_names(loop) if name in f.body.locals}
    return any(name in v.code for name in changed)


def _is_own_index(f: Function, loop: ast.For, name: str) -> bool:
    """Whether an index lives in its loops only, and no loop assigns it but as its index."""
    loops = [x for x in f.nodes if isinstance(x, ast.For) and _is_name(x.target, name)]
    inside = {id(x) for one in loops for b in one.body for x in ast.walk(b)}
    if any(id(one) in inside for one in loops):
        return False
    for x in f.nodes:
        if isinstance(x, ast.Name) and x.id == name:
            is_target = any(x is one.target for one in loops)
            if isinstance(x.ctx, ast.Store) and not is_target:
                return False
            if isinstance(x.ctx, ast.Load) and id(x) not in inside:
                return False
    return not any(isinstance(x, ast.MatchAs) and x.name == name for x in f.nodes) and not any(
        x.arg == name for x in f.nodes if isinstance(x, ast.arg)
    )


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


HANDLERS.update({"WhileStmt": _while, "ForStmt": _for})
