"""One function being lowered: what its names mean, and what mypy knows about its expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mypy import nodes as n

from tyrne.compiler.front.modules import Module, nodes_of
from tyrne.compiler.front.reject import Reject
from tyrne.compiler.lower.body import Body, Line
from tyrne.compiler.lower.types import NORETURN, VOID, Enumeration, Environment, Type, declare
from tyrne.compiler.lower.value import Val
from tyrne.compiler.rules.marks import APART, COLD, INLINE

if TYPE_CHECKING:
    from tyrne.compiler.lower.program import Program


class Unreachable(Exception):  # noqa: N818
    """mypy has no type for an expression: by the types, it is never evaluated."""


IN_C: Final = {INLINE: "KP_MARK_INLINE ", APART: "KP_MARK_APART ", COLD: "KP_MARK_COLD "}
"""Marks as words of kp.h before a function. Where @hot stands, the unit ends a part that is compiled for size."""


@dataclass
class Instance:
    """A function, specialised: one C function."""

    c_name: str
    fullname: str
    node: n.FuncDef
    module: Module
    self_type: Type | None
    env: Environment
    parameters: list[tuple[str, Type]]
    result: Type
    is_exported: bool = False
    marks: tuple[str, ...] = ()
    """How it is compiled: some of `COMPILED` (rules/marks.py)."""
    changes: tuple[str, ...] | None = None
    """The registers that an extern changes, where it says so."""
    callees: dict[str, int] = field(default_factory=dict)
    """C names of the functions that it calls, and the line of one call."""
    parameter_names: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def head(self) -> str:
        """The C declaration, without a semicolon."""
        names = self.parameter_names or [name for name, _ in self.parameters]
        parts = [declare(t, name) for name, (_, t) in zip(names, self.parameters, strict=True)]
        attributes = "" if self.is_exported else "static "
        for mark in self.marks:
            attributes = IN_C.get(mark, "") + attributes
        if self.result == NORETURN:
            attributes += "_Noreturn "
        signature = f"{self.c_name}({', '.join(parts) or 'void'})"
        return attributes + declare(self.result, signature)

    @property
    def shown(self) -> str:
        return self.fullname.removeprefix(self.module.name + ".")


class Function:
    """Where the lowering of one instance keeps what it needs."""

    def __init__(self, program: Program, instance: Instance, source: ast.FunctionDef) -> None:
        self.program = program
        self.instance = instance
        self.source = source
        self.nodes = nodes_of(source)
        """Every node of the source."""
        self.env = instance.env
        self.body = Body(self.nodes)
        self.keep: n.Expression | None = None
        """The expression whose declared type is wanted, whatever mypy has narrowed it to."""
        self.wanted: tuple[n.Expression, Type] | None = None
        """An expression, and the type that it is about to be turned into."""
        self.unchecked = False
        """The code here has no types: mypy has left it out because of a test that may be stale. See `doubtful`."""
        self.relies_on_types = False
        """Something is left out because by the types it is never reached."""
        self._flags_tested: dict[Enumeration, dict[int, int]] = {}
        """Members of flags that something is compared with, and the line."""

    def type_of(self, e: n.Expression) -> Type:
        """The type that mypy gives an expression here, in the types of this instance."""
        found = self.program.checked.types.get(e)
        if found is None:
            raise Unreachable
        try:
            return self.program.registry.of(found, self.env)
        except Reject as reject:
            raise Reject(reject.what, reject.line or e.line, reject.path) from None

    def is_unreachable(self, e: n.Expression) -> bool:
        """Whether mypy has no type for an expression: by the types, it is never evaluated."""
        missing = not self.unchecked and e not in self.program.checked.types
        self.relies_on_types |= missing
        return missing

    def test_flags(self, t: Enumeration, value: int, line: int) -> None:
        """Remember that flags are compared with a constant."""
        self._flags_tested.setdefault(t, {})[value] = line

    def check_flags(self) -> None:
        """mypy takes the members of flags for all that there is: what it leaves out then can be reached."""
        for t, tested in self._flags_tested.items():
            if self.relies_on_types and tested.keys() >= set(t.members.values()):
                raise Reject(
                    f"{t.info.name} is compared with each member, and mypy forgets that flags combine; test bits by &",
                    max(tested.values()),
                )

    def is_untyped(self, e: n.Expression) -> bool:
        return self.unchecked and e not in self.program.checked.types

    @contextmanager
    def doubtful(self, node: n.Context) -> Iterator[None]:
        """Lower code that mypy has left out because of a test of memory, which a call may have changed since.

        Declared types have to do; where they do not, the code is refused.
        """
        saved, self.unchecked = self.unchecked, True
        try:
            yield
        except (Reject, Unreachable):
            if saved:
                raise
            raise reject(
                "by the types this is never reached, but what the test reads may change; read it into a local first",
                node,
            ) from None
        finally:
            self.unchecked = saved

    def once(self, v: Val) -> Val:
        """A form of `v` whose text may be used several times."""
        return v if v.stable else self.body.temporary(v)

    def calls(self, c_name: str, line: int) -> None:
        self.instance.callees.setdefault(c_name, line)

    @property
    def returns_nothing(self) -> bool:
        return self.instance.result in (VOID, NORETURN)


def reject(what: str, node: n.Context) -> Reject:
    """A refusal at a node: `raise reject(…)`."""
    return Reject(what, node.line)
