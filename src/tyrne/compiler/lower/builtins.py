"""Functions that the language itself gives a meaning: casts, lengths, wrapping arithmetic, the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mypy import nodes as n

from tyrne.compiler.lower.evaluate import bytes_of, lower, operands, truth
from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.narrowing import to
from tyrne.compiler.lower.types import (
    BOOL,
    BYTES,
    LITERAL,
    U8,
    U16,
    U32,
    U64,
    VOID,
    Array,
    Enumeration,
    Int,
    Place,
    Reference,
    Type,
    Value,
    is_number,
    show,
)
from tyrne.compiler.lower.value import Val, literal

Handler = Callable[[Function, n.CallExpr], Val]
INTEGERS: Final = "tyrne.lang.integers."
MACHINE: Final = "tyrne.lang.machine."


def _positional(e: n.CallExpr, count: int) -> None:
    if len(e.args) != count or any(name is not None for name in e.arg_names):
        raise reject(f"{getattr(e.callee, 'name', 'this')} takes {count} arguments by position; write them so", e)


# -- casts


def _cast(t: Int) -> Handler:
    def handler(f: Function, e: n.CallExpr) -> Val:
        _positional(e, len(e.args[:1]))
        if not e.args:
            return literal(0, t)
        return cast(lower(f, e.args[0]), t, e)

    return handler


def cast(v: Val, t: Int, e: n.Context) -> Val:
    """`u16(x)`: traps when x does not fit."""
    flags = isinstance(v.type, Enumeration) and v.type.is_flag
    if v.type == LITERAL and v.const is not None:
        if not 0 <= v.const < 1 << t.bits:
            raise reject(f"{t.name}({v.const}) always traps; write one from 0 to {(1 << t.bits) - 1}", e)
        return literal(v.const, t)
    if isinstance(v.type, Enumeration) and not flags:
        raise reject(f"{t.name}({show(v.type)}); write {t.name}(x.value)", e)
    if not is_number(v.type) and v.type != BOOL and not flags:
        raise reject(f"{t.name}({show(v.type)}); cast a number, a bool or flags", e)
    if v.type == t:
        return v
    largest = 1 if v.type == BOOL else (1 << 32) - 1 if flags and v.const is None else v.largest()
    if largest < 1 << t.bits:
        return Val(f"({t.name}){v.operand}", t, True, v.const, v.stable, v.effect, limit=largest, hint=v.hint)
    return Val(f"to_{t.name}({v.code})", t, effect=v.effect, hint=v.hint)


def _bool(f: Function, e: n.CallExpr) -> Val:
    _positional(e, 1)
    return truth(lower(f, e.args[0]), e)


def _length(f: Function, e: n.CallExpr) -> Val:
    _positional(e, 1)
    v = lower(f, e.args[0])
    if isinstance(v.type, Array):
        assert v.type.length is not None
        if v.effect:
            f.body.temporary(v)
        return literal(v.type.length)
    if v.type == BYTES:
        return Val(f"{v.operand}.length", LITERAL, stable=v.stable, effect=v.effect, hint="length")
    raise reject(f"len of {show(v.type)}; only an Array and bytes have a length", e)


# -- arithmetic by name


def _widths(name: str, count: int) -> Handler:
    def handler(f: Function, e: n.CallExpr) -> Val:
        _positional(e, count)
        got = operands(f, e.args)
        t = next((v.type for v in got if isinstance(v.type, Int)), None)
        if not isinstance(t, Int):
            raise reject(f"{name} of plain ints; name the width: {name}(u64(…), …)", e)
        for v, argument in zip(got, e.args, strict=True):
            if v.type == LITERAL:
                raise reject(f"{name} with a plain int; name its width: {t.name}(…)", argument)
            if v.type != t:
                raise reject(f"{name} of {t.name} and {show(v.type)}; cast one of them", e)
        code = f"{name}_{t.name}({', '.join(v.code for v in got)})"
        return Val(code, t, stable=all(v.stable for v in got), effect=any(v.effect for v in got))

    return handler


# -- the machine


def _machine(name: str, parameters: tuple[Type, ...], result: Type) -> Handler:
    """An inline function of kp.h of the same name."""

    def handler(f: Function, e: n.CallExpr) -> Val:
        _positional(e, len(parameters))
        typed = {id(a): t for a, t in zip(e.args, parameters, strict=True)}
        got = operands(f, e.args, lambda f, a: to(f, lower(f, a), typed[id(a)], a))
        return Val(f"{name}({', '.join(v.code for v in got)})", result, effect=True)

    return handler


def _named_operation(name: str, others: tuple[Type, ...], result: Type) -> Handler:
    """An instruction that a literal enum member names; the member's value is its assembler text."""

    def handler(f: Function, e: n.CallExpr) -> Val:
        _positional(e, 1 + len(others))
        member = e.args[0]
        node = member.expr.node if isinstance(member, n.MemberExpr) and isinstance(member.expr, n.RefExpr) else None
        if not isinstance(member, n.MemberExpr) or not isinstance(node, n.TypeInfo) or not node.is_enum:
            raise reject(f"{name} of something that is no literal member; name the member", e)
        text = f.program.registry.runtime(node)[member.name].value
        typed = {id(a): t for a, t in zip(e.args[1:], others, strict=True)}
        got = operands(f, e.args[1:], lambda f, a: to(f, lower(f, a), typed[id(a)], a))
        arguments = [f'"{text}"', *(v.code for v in got)]
        return Val(f"{name}({', '.join(arguments)})", result, effect=True)

    return handler


def _address_of(f: Function, e: n.CallExpr) -> Val:
    _positional(e, 1)
    v = lower(f, e.args[0])
    if not isinstance(v.type, Place | Array | Reference):
        raise reject(f"address_of a {show(v.type)}; only places and arrays have an address", e)
    if isinstance(v.type, Reference):
        raise reject("address_of what may be None; test it first", e)
    return Val(f"(u64){v.operand}", U64, stable=v.stable, effect=v.effect, hint="address")


def _symbol_address(f: Function, e: n.CallExpr) -> Val:
    _positional(e, 1)
    name = e.args[0]
    if not isinstance(name, n.BytesExpr) or not name.value.isidentifier():
        raise reject("symbol_address of something that is no literal name; write b\"name\"", e)
    f.program.symbols.add(bytes_of(name).decode())
    return Val(f"symbol_address({name.value})", U64, stable=True, hint=name.value)


def _source_name(f: Function, e: n.CallExpr) -> Val:
    f.program.uses_source_names = True
    return _machine("kp_source_name", (U32, U64), U8)(f, e)


def _supervisor_call(f: Function, e: n.CallExpr) -> Val:
    result = f.type_of(e)
    assert isinstance(result, Value)
    f.program.supervisor_call = result
    return _machine("supervisor_call", (U64,) * 7, result)(f, e)


def _irange(f: Function, e: n.CallExpr) -> Val:
    raise reject("irange is for a `for` loop; write `for i in irange(…):`", e)


TABLE: Final[dict[str, Handler]] = {
    **{f"{INTEGERS}{t.name}": _cast(t) for t in (U8, U16, U32, U64)},
    "builtins.bool": _bool,
    "builtins.len": _length,
    "builtins.min": _widths("min", 2),
    "builtins.max": _widths("max", 2),
    **{
        f"{INTEGERS}{kind}_{name}": _widths(f"{kind}_{name}", 2)
        for kind in ("wrapping", "saturating")
        for name in ("add", "sub", "mul")
    },
    f"{INTEGERS}bit_not": _widths("bit_not", 1),
    f"{INTEGERS}leading_zeros": _widths("leading_zeros", 1),
    f"{INTEGERS}trailing_zeros": _widths("trailing_zeros", 1),
    "tyrne.lang.arrays.irange": _irange,
    **{
        f"{MACHINE}read{t.bits}": _machine(f"read{t.bits}", (U64,), t) for t in (U8, U16, U32, U64)
    },
    **{
        f"{MACHINE}write{t.bits}": _machine(f"write{t.bits}", (U64, t), VOID) for t in (U8, U16, U32, U64)
    },
    f"{MACHINE}copy_bytes": _machine("copy_bytes", (U64, U64, U64), VOID),
    f"{MACHINE}zero_bytes": _machine("zero_bytes", (U64, U64), VOID),
    f"{MACHINE}address_of": _address_of,
    f"{MACHINE}symbol_address": _symbol_address,
    f"{MACHINE}source_name": _source_name,
    f"{MACHINE}read_register": _named_operation("read_register", (), U64),
    f"{MACHINE}write_register": _named_operation("write_register", (U64,), VOID),
    f"{MACHINE}execute": _named_operation("execute", (), VOID),
    f"{MACHINE}operate": _named_operation("operate", (U64,), VOID),
    f"{MACHINE}semihosting": _machine("semihosting", (U64, U64), U64),
    f"{MACHINE}supervisor_call": _supervisor_call,
}
