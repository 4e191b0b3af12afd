"""What is done to one node of a check: each operator gives the texts that may stand in its place.

The result of an operator is a list of (name of the change, text). Texts that stand for an expression are in parentheses
where they need them.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from assurance.mutation.source import Source

Changes = list[tuple[str, str]]

COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
"""How an operator is written, and what takes its place."""
ARITHMETIC: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
NEIGHBOUR: Final[dict[type[ast.cmpop], int]] = {ast.Lt: -1, ast.LtE: +1, ast.Gt: +1, ast.GtE: -1}
"""By how much a bound moves so that the check is not the one that the changed comparison makes: x < n-1, x <= n+1."""
UNNOTICED: Final = ("log_", "trace_")
"""Calls by which the kernel talks about itself; no check, and undone by nobody."""


def is_boolean(node: ast.expr) -> bool:
    """Whether an expression is a condition by its form."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    return isinstance(node, ast.Compare | ast.BoolOp)


def condition(node: ast.expr) -> Changes:
    """A whole condition: always true, never true."""
    if isinstance(node, ast.Constant):
        return [("condition never true" if node.value else "condition always true", str(not node.value))]
    return [("condition always true", "True"), ("condition never true", "False")]


def operands(source: Source, node: ast.BoolOp) -> Changes:
    """Each operand of `and` and `or` dropped."""
    word = " and " if isinstance(node.op, ast.And) else " or "
    texts = [_atom(source, value) for value in node.values]
    rests = [word.join(texts[:i] + texts[i + 1 :]) for i in range(len(texts))]
    return [("operand dropped", f"({rest})" if len(texts) > 2 else rest) for rest in rests]


def comparison(source: Source, node: ast.Compare) -> Changes:
    """Each comparison of a chain by its opposite at the bound, or its negation; each constant moved the other way."""
    found: Changes = []
    for i, operator in enumerate(node.ops):
        found.append(("comparison", _compared(source, node, i, COMPARISONS[type(operator)][1], None)))
        right = node.comparators[i]
        if type(operator) in NEIGHBOUR and isinstance(right, ast.Name) and right.id.isupper():
            bound = f"({right.id} {'+' if NEIGHBOUR[type(operator)] > 0 else '-'} 1)"
            found.append(("bound moved", _compared(source, node, i, None, bound)))
    return found


def _compared(source: Source, node: ast.Compare, at: int, operator: str | None, bound: str | None) -> str:
    """A comparison with another operator or another right side at one place of its chain."""
    text = _atom(source, node.left)
    for i, (op, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
        word = operator if operator is not None and i == at else COMPARISONS[type(op)][0]
        side = bound if bound is not None and i == at else _atom(source, right)
        text += f" {word} {side}"
    return f"({text})"


def number(node: ast.Constant) -> Changes:
    """A number in a comparison or a mask: one more, one less; nothing is less than 0."""
    assert isinstance(node.value, int)
    found = [("number", str(node.value + 1))]
    return [*found, ("number", str(node.value - 1))] if node.value > 0 else found


def arithmetic(source: Source, node: ast.BinOp) -> Changes:
    """A sum by a difference, a mask by a union, a shift by the opposite one."""
    if type(node.op) not in ARITHMETIC:
        return []
    return [("arithmetic", f"({_atom(source, node.left)} {ARITHMETIC[type(node.op)][1]} {_atom(source, node.right)})")]


def member(node: ast.Attribute, enumerations: dict[str, list[str]]) -> Changes:
    """A member of an enumeration by the next; a right by none as well."""
    if not isinstance(node.value, ast.Name) or node.attr not in enumerations.get(node.value.id, ()):
        return []
    name, members = node.value.id, enumerations[node.value.id]
    others = [members[(members.index(node.attr) + 1) % len(members)]]
    if name in ("Rights", "MappingFlags"):
        others = ["NONE" if node.attr != "NONE" else members[1], *(other for other in others if other != "NONE")]
        others = list(dict.fromkeys(others))
    label = {"Rights": "right swapped", "Status": "status swapped"}.get(name, "member swapped")
    return [(label, f"{name}.{other}") for other in others]


def case(source: Source, pattern: ast.pattern) -> Changes:
    """A case that never matches; an alternative of it left out."""
    text = source.text(pattern)
    found = [("case removed", f"{text} if False")]
    if isinstance(pattern, ast.MatchOr):
        texts = [source.text(one) for one in pattern.patterns]
        found += [("alternative dropped", " | ".join(texts[:i] + texts[i + 1 :])) for i in range(len(texts))]
    return found


def statement(source: Source, node: ast.stmt) -> Changes:
    """What changes the kernel's state left out: a store into an object, a call for its effect."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        return [] if name.startswith(UNNOTICED) else [("statement removed", "pass")]
    targets: Sequence[ast.expr] = node.targets if isinstance(node, ast.Assign) else ()
    if isinstance(node, ast.AugAssign):
        word = ARITHMETIC[type(node.op)][1] if type(node.op) in ARITHMETIC else None
        found = [("statement removed", "pass")]
        if word is not None:
            found.append(("arithmetic", f"{source.text(node.target)} {word}= {source.text(node.value)}"))
        return found
    if any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets):
        return [("statement removed", "pass")]
    return []


def _atom(source: Source, node: ast.expr) -> str:
    """The text of an operand, in parentheses unless it binds closer than every operator."""
    text = source.text(node)
    close = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Constant | ast.Subscript)
    return text if close else f"({text})"
