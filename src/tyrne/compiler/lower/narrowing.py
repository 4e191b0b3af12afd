"""Unions: into one, out of one, and back to what a test has shown.

A local cannot change behind a test, so its member is simply read. A field or an element can, under a call: reading
it as what a test has shown checks the tag again.
"""

from __future__ import annotations

from mypy import nodes as n

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.image.measure import Image
from tyrne.compiler.image.snapshot import part_test, tag
from tyrne.compiler.lower.evaluate import lower
from tyrne.compiler.lower.function import Function, Unreachable
from tyrne.compiler.lower.names import member_name
from tyrne.compiler.lower.types import (
    LITERAL,
    NONE,
    NORETURN,
    Array,
    Int,
    Reference,
    Type,
    Union,
    alternatives,
    declare,
    is_open,
    part_of,
    show,
)
from tyrne.compiler.lower.value import INVERSE, NULL, Val, literal


def narrow(f: Function, v: Val, e: n.Expression) -> Val:
    """`v` has the declared type of `e`; give it the type that mypy has shown it to have here."""
    if not isinstance(v.type, Union | Reference) or f.keep is e or f.is_untyped(e):
        return v
    known = f.type_of(e)
    if known == NORETURN:
        raise Unreachable
    if is_open(known) or part_of(v.type, known):
        return v
    shown = [p for p in alternatives(v.type) if p in alternatives(known)]
    if not shown:
        raise Unreachable
    return restrict(f, v, f.program.registry.union(shown))


def restrict(f: Function, v: Val, t: Type) -> Val:
    """A union or nullable reference as the part of it that it is."""
    if isinstance(v.type, Reference):
        if t == NONE:
            return _checked_none(f, v)
        return Val(v.code, t, v.atom, stable=True, hint=v.hint) if v.stable else Val(
            f"not_none({v.code})", t, effect=v.effect, hint=v.hint
        )
    assert isinstance(v.type, Union)
    union = v.type
    if isinstance(t, Union | Reference) or t == NONE:
        if not v.stable:
            v = f.body.temporary(v)
            f.body.emit(f"if (unlikely(!({has_tag(f, v, alternatives(t))})))")
            with f.body.block():
                f.body.emit("kp_narrowing(KP_SITE);")
        if t == NONE:
            return NULL
        name = f.program.conversion_name(v.type, t)
        return Val(f"{name}({v.code})", t, stable=True, hint=v.hint, origin=v)
    member = member_name(t.name)
    if v.stable:
        return _member(f"{v.operand}.{member}", t, True, v.hint)
    if not v.lvalue:
        v = f.body.temporary(v)
        left, sign, right = part_test(f.program.image, v.code, union, t)
        f.body.emit(f"if (unlikely({left} {INVERSE[sign]} {right}))")
        with f.body.block():
            f.body.emit("kp_narrowing(KP_SITE);")
        return _member(f"{v.code}.{member}", t, True, v.hint)
    niche = f.program.image.niche(union)
    if niche is not None:
        return _member(f"narrowed_some({v.code}, {niche.name}, {niche.nothing}, {member})", t, False, v.hint)
    return _member(f"narrowed({v.code}, {tag(t)}, {member})", t, False, v.hint)


def _member(code: str, t: Type, stable: bool, hint: str) -> Val:
    return Val(code, t, stable=stable, hint=hint)


def _checked_none(f: Function, v: Val) -> Val:
    if not v.stable:
        f.body.emit(f"if (unlikely({v.operand} != NULL))")
        with f.body.block():
            f.body.emit("kp_narrowing(KP_SITE);")
    return NULL


def has_tag(f: Function, v: Val, parts: tuple[Type, ...]) -> str:
    """The C condition that a union is one of some parts."""
    assert isinstance(v.type, Union)
    return " || ".join(" ".join(part_test(f.program.image, v.operand, v.type, p)) for p in parts)


def lower_to(f: Function, e: n.Expression, t: Type) -> Val:
    """An expression as a value of a type."""
    saved, f.wanted = f.wanted, (e, t)
    try:
        v = lower(f, e)
    finally:
        f.wanted = saved
    return to(f, v, t, e)


def to(f: Function, v: Val, t: Type, node: n.Context) -> Val:
    """`v` as a value of type `t`: a constant gets its width, a part of a union its tag."""
    if v.type == t or v.type == NORETURN:
        return v
    if isinstance(t, Array) and isinstance(v.type, Array) and t.element == v.type.element and t.length is None:
        return v
    if v.type == LITERAL:
        return _sized(f, v, t, node)
    if isinstance(t, Reference):
        if v.type in (t.place, NONE):
            return v.typed(t)
    elif isinstance(t, Union) and part_of(v.type, t):
        if isinstance(v.type, Union | Reference):
            source = v.origin if v.origin is not None else v
            if source.type == t:
                return source
            name = f.program.conversion_name(source.type, t)
            return Val(f"{name}({source.code})", t, stable=v.stable, effect=v.effect, hint=v.hint)
        return tagged(f, v, t)
    raise Reject(f"{show(v.type)} where {show(t)} is needed; {_instead(v.type, t)}", node.line)


def tagged(f: Function, v: Val, t: Union) -> Val:
    """A part of a union as that union."""
    member = "" if v.type == NONE else f" made.{member_name(v.type.name)} = {v.code};"
    code = f"({{ {t.name} made;{_mark(f.program.image, 'made', t, v.type)}{member} made; }})"
    return Val(code, t, stable=v.stable, effect=v.effect, hint=v.hint)


def _sized(f: Function, v: Val, t: Type, node: n.Context) -> Val:
    if isinstance(t, Int) and v.const is not None:
        if not 0 <= v.const < 1 << t.bits:
            raise Reject(f"{v.const} does not fit {t.name}; write one from 0 to {(1 << t.bits) - 1}", node.line)
        return literal(v.const, t)
    if isinstance(t, Union):
        raise Reject(f"a plain int where {show(t)} is needed; name its width: u64(…)", node.line)
    width = t.name if isinstance(t, Int) else "u64"
    raise Reject(f"a plain int where {show(t)} is needed; name its width: {width}(…)", node.line)


def _instead(have: Type, want: Type) -> str:
    if isinstance(want, Int) and isinstance(have, Int):
        return f"cast it: {want.name}(…)"
    if isinstance(have, Reference | Union):
        return "test it first: `is None`, isinstance or match"
    return "write a value of that type"


def _mark(image: Image, name: str, t: Union, part: Type) -> str:
    """The statement that says which alternative a new union is; none where the alternative itself says it."""
    niche = image.niche(t)
    if niche is None:
        return f" {name}.tag = {tag(part)};"
    return f" {name}.{niche.name} = {niche.nothing};" if part == NONE else ""


def convert_function(image: Image, source: Type, target: Type, name: str) -> str:
    """The C function that turns one union (or nullable reference) into another that shares alternatives with it."""
    parts = [p for p in alternatives(source) if p in alternatives(target)]
    signature = f"{name}({declare(source, 'from')})"
    head = f"static inline {declare(target, signature)} {{"
    if isinstance(source, Reference) and isinstance(target, Union):
        place = f"({target.name}){{.tag = {tag(source.place)}, .{member_name(source.place.name)} = from}}"
        return f"{head}\n    return from != NULL ? {place} : ({target.name}){{.tag = {tag(NONE)}}};\n}}"
    assert isinstance(source, Union)
    if isinstance(target, Reference):
        member = member_name(target.place.name)
        return f"{head}\n    return from.tag == {tag(target.place)} ? from.{member} : NULL;\n}}"
    assert isinstance(target, Union)
    if image.niche(source) is not None or image.niche(target) is not None:
        return _convert_niche(image, source, target, head)
    lines = [head, f"    {target.name} to; to.tag = from.tag;", "    switch (from.tag) {"]
    for part in parts:
        if part != NONE and not is_empty(part):
            member = member_name(part.name)
            lines.append(f"    case {tag(part)}: to.{member} = from.{member}; break;")
    return "\n".join([*lines, "    default: break;", "    }", "    return to;", "}"])


def _convert_niche(image: Image, source: Union, target: Union, head: str) -> str:
    """The conversion where one of the two is a value or None without a tag: nothing else can be common to both."""
    niche = image.niche(source) or image.niche(target)
    assert niche is not None
    member = member_name(niche.value.name)
    test = " ".join(part_test(image, "from", source, niche.value))
    some = f"{_mark(image, 'to', target, niche.value)} to.{member} = from.{member};".strip()
    lines = [head, f"    {target.name} to;", f"    if ({test}) {{", f"        {some}", "    } else {"]
    return "\n".join([*lines, f"        {_mark(image, 'to', target, NONE).strip()}", "    }", "    return to;", "}"])


def is_empty(t: Type) -> bool:
    """Whether a type holds no data."""
    return t == NONE
