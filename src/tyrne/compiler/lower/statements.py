"""Statements, but for `match`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, TypeGuard

from mypy import nodes as n

from tyrne.compiler.lower.body import mark
from tyrne.compiler.lower.evaluate import extend, lower, raw, settle
from tyrne.compiler.lower.expressions import element, field_of
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.narrowing import to
from tyrne.compiler.lower.operators import arithmetic, condition
from tyrne.compiler.lower.types import (
    LITERAL,
    NONE,
    U64,
    Array,
    Place,
    Type,
    Value,
    declare,
    is_number,
    is_open,
    show,
)
from tyrne.compiler.lower.value import Val, literal
from tyrne.compiler.rules.constructs import STATEMENTS

IRANGE: Final = "tyrne.lang.arrays.irange"
JUMPS: Final = (n.ReturnStmt, n.BreakStmt, n.ContinueStmt)


def block(f: Function, b: n.Block) -> None:
    """The statements of a block, up to one that is never reached by the types."""
    for s in b.body:
        f.body.line = s.line
        try:
            statement(f, s)
        except Unreachable:
            if f.unchecked:
                raise
            f.body.emit("kp_unreachable(KP_SITE);")
            return
        if isinstance(s, JUMPS):
            return


def statement(f: Function, s: n.Statement) -> None:
    kind = type(s).__name__
    handler = HANDLERS.get(kind)
    if handler is None:
        raise reject(STATEMENTS.get(kind, f"{kind} is outside the language; see docs/language.md"), s)
    handler(f, s)


def block_after(f: Function, test: Val, b: n.Block) -> None:
    """A block behind a test. One that mypy has left out is trusted to be dead only if the test reads no memory."""
    if test.stable or f.unchecked or not is_dead(f, b):
        block(f, b)
        return
    with f.doubtful(b):
        block(f, b)


def is_dead(f: Function, b: n.Block) -> bool:
    """Whether mypy has left a block out: by the types, it is never reached."""
    for s in b.body:
        parts = [getattr(s, name, None) for name in ("expr", "rvalue", "subject")]
        expressions = [e for part in parts for e in (part if isinstance(part, list) else [part])]
        typed = [e for e in expressions if isinstance(e, n.Expression) and not isinstance(e, n.TempNode | n.StrExpr)]
        if typed:
            return f.is_unreachable(typed[0])
    return False


def _pass(f: Function, s: n.Statement) -> None:
    pass


def _break(f: Function, s: n.BreakStmt) -> None:
    f.body.emit("break;")


def _continue(f: Function, s: n.ContinueStmt) -> None:
    f.body.emit("continue;")


def _expression(f: Function, s: n.ExpressionStmt) -> None:
    if isinstance(s.expr, n.StrExpr | n.EllipsisExpr):
        return
    if f.is_unreachable(s.expr):
        raise Unreachable
    v = lower(f, s.expr)
    if v.effect:
        f.body.emit(f"{v.code};")
    elif not v.stable:
        f.body.emit(f"(void)({v.code});")


def _return(f: Function, s: n.ReturnStmt) -> None:
    if s.expr is None:
        f.body.emit("return;")
        return
    if f.is_unreachable(s.expr):
        raise Unreachable
    if f.returns_nothing:
        v = lower(f, s.expr)
        if v.effect:
            f.body.emit(f"{v.code};")
        f.body.emit("return;")
        return
    v = to(f, lower(f, s.expr), f.instance.result, s)
    f.body.emit(f"return {v.code};")


def _assert(f: Function, s: n.AssertStmt) -> None:
    if f.is_unreachable(s.expr):
        raise Unreachable
    v = condition(f, s.expr)
    if v.const is None:
        f.body.emit(f"check({v.code});")
    elif not v.const:
        f.body.emit("kp_assertion(KP_SITE);")


# -- assignment


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
        assign_name(f, target, lower(f, s.rvalue), s)
        return
    got: list[Val] = []
    extend(f, got, s.rvalue)
    place = _target(f, got, target)
    v = to(f, got[0], place.type, s)
    f.body.emit(f"{place.code} = {v.code};")


def _unpack(f: Function, target: n.TupleExpr, s: n.AssignmentStmt) -> None:
    """`a, b = x, y`: all of the right side first."""
    values = s.rvalue
    if not isinstance(values, n.TupleExpr) or len(values.items) != len(target.items):
        raise reject("unpacking is outside the language; return a frozen dataclass and read its fields", s)
    if not all(isinstance(item, n.NameExpr) for item in target.items):
        raise reject("several targets that are no plain names; write one statement for each", s)
    names = {item.name for item in target.items if isinstance(item, n.NameExpr)}
    swaps = any(names & _read_names(node.value) for node in ast.walk(f.source) if _is_at(node, s.line))
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
        if len(got) == 3 and got[0].effect and got[2].const is None:
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


# -- branches and loops


def _if(f: Function, s: n.IfStmt) -> None:
    _branch(f, s, "if")


def _branch(f: Function, s: n.IfStmt, keyword: str) -> None:
    """`if` and what hangs on it. A condition that is known at build time leaves only the branch that is taken."""
    test = condition(f, s.expr[0])
    if test.const is not None and keyword == "if":
        taken = s.body[0] if test.const else s.else_body
        if taken is not None:
            block(f, taken)
        return
    f.body.emit(f"{keyword} ({test.code}) {{")
    with f.body.block():
        block_after(f, test, s.body[0])
    _else(f, test, s.else_body)


def _else(f: Function, previous: Val, b: n.Block | None) -> None:
    if b is None or not b.body:
        f.body.emit("}", 0)
        return
    first = b.body[0]
    if len(b.body) == 1 and isinstance(first, n.IfStmt) and not f.is_unreachable(first.expr[0]):
        test, lines = f.body.capture(lambda: _trial(f, first))
        if not lines and test.const is None:
            f.body.line = first.line
            _branch(f, first, "} else if")
            return
    f.body.emit("} else {", 0)
    with f.body.block():
        block_after(f, previous, b)
    f.body.emit("}", 0)


def _trial(f: Function, s: n.IfStmt) -> Val:
    f.body.line = s.line
    return condition(f, s.expr[0])


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
    if not isinstance(s.index, n.NameExpr):
        raise reject("a loop over several names; write one name and read its fields", s)
    callee = s.expr.callee if isinstance(s.expr, n.CallExpr) else None
    if isinstance(callee, n.RefExpr) and callee.fullname == IRANGE:
        assert isinstance(s.expr, n.CallExpr)
        _for_range(f, s, s.index, s.expr)
        return
    if f.is_unreachable(s.expr):
        raise Unreachable
    if isinstance(callee, n.RefExpr):
        lower(f, s.expr)  # Most are refused, with what to write instead.
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
    return next(node for node in ast.walk(f.source) if isinstance(node, ast.For) and node.lineno == s.line)


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
    loops = [x for x in ast.walk(f.source) if isinstance(x, ast.For) and _is_name(x.target, name)]
    inside = {id(x) for one in loops for b in one.body for x in ast.walk(b)}
    if any(id(one) in inside for one in loops):
        return False
    for x in ast.walk(f.source):
        if isinstance(x, ast.Name) and x.id == name:
            is_target = any(x is one.target for one in loops)
            if isinstance(x.ctx, ast.Store) and not is_target:
                return False
            if isinstance(x.ctx, ast.Load) and id(x) not in inside:
                return False
    return not any(isinstance(x, ast.MatchAs) and x.name == name for x in ast.walk(f.source)) and not any(
        x.arg == name for x in ast.walk(f.source) if isinstance(x, ast.arg)
    )


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


HANDLERS: Final[dict[str, Callable[[Function, Any], None]]] = {
    "PassStmt": _pass,
    "BreakStmt": _break,
    "ContinueStmt": _continue,
    "ExpressionStmt": _expression,
    "ReturnStmt": _return,
    "AssertStmt": _assert,
    "AssignmentStmt": _assignment,
    "OperatorAssignmentStmt": _augmented,
    "IfStmt": _if,
    "WhileStmt": _while,
    "ForStmt": _for,
}
"""By the class name of mypy's statement. `lower.match` adds its own."""
