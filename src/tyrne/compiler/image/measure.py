"""Walking the objects of a program: what each place contains, how long its arrays are, which fields are constants.

A place has one container, or a name of its own at module level. All instances of a (specialised) class agree on the
lengths of their arrays and on the values of their Final fields, so both belong to the class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MemberDescriptorType
from typing import Any, Final

from mypy import nodes as n

from tyrne.compiler.front.reject import Errors, Reject
from tyrne.compiler.image.load import runtime
from tyrne.compiler.image.niche import Niche, find_niche
from tyrne.compiler.lower.names import Names, field_name
from tyrne.compiler.lower.registry import Registry
from tyrne.compiler.lower.types import (
    BYTES,
    LITERAL,
    NONE,
    Array,
    Class,
    Enumeration,
    Environment,
    Int,
    Literal,
    Open,
    Place,
    Reference,
    Type,
    Union,
    Value,
    show,
)
from tyrne.lang.arrays import Array as RuntimeArray

UNSET: Final = object()


@dataclass(frozen=True)
class Field:
    """A field of a class. `constant` is its value in every instance, or UNSET where it is stored."""

    name: str
    type: Type
    constant: Any

    @property
    def c_name(self) -> str:
        return field_name(self.name)

    @property
    def is_stored(self) -> bool:
        return self.constant is UNSET


@dataclass
class Global:
    """A place or an array that a module names. `path` is the C expression of it."""

    fullname: str
    type: Type
    value: Any
    line: int = 0
    source: str = ""
    path: str = ""


@dataclass
class Image:
    """The measured objects of a program."""

    registry: Registry
    names: Names
    errors: Errors
    globals: dict[str, Global] = field(default_factory=dict)
    top: list[Global] = field(default_factory=list)
    """What nothing contains: one C object each."""
    initial_parts: Counter[Type] = field(default_factory=Counter)
    """How often an alternative of a union is what a field or an element starts with."""
    _container: dict[int, tuple[int, str]] = field(default_factory=dict)
    _measured: dict[tuple[Type, str], Type] = field(default_factory=dict)
    _constants: dict[tuple[Type, str], Any] = field(default_factory=dict)
    _fields: dict[Type, dict[str, Field]] = field(default_factory=dict)
    _niches: dict[Union, Niche | None] = field(default_factory=dict)
    _declared: dict[Class, list[tuple[str, n.Var, Type]]] = field(default_factory=dict)
    _visited: dict[int, Any] = field(default_factory=dict)
    _pending: list[tuple[Place, Any, str]] = field(default_factory=list)
    _paths: dict[int, str] = field(default_factory=dict)

    def collect(self, trees: Mapping[str, n.MypyFile], paths: Mapping[str, str]) -> None:
        """Measure every Final place and array of the given modules (name → path)."""
        for module, path in paths.items():
            for variable in _final_variables(trees[module]):
                try:
                    self._collect_one(module, variable, path)
                except Reject as reject:
                    self.errors.add_reject(reject, path, variable.line)
        self.errors.raise_any()
        self._visit_references()
        self.errors.raise_any()
        self._name_tops()

    def _collect_one(self, module: str, variable: n.Var, path: str) -> None:
        if variable.type is None:
            return
        try:
            t = self.registry.of(variable.type, {})
        except Reject:
            return  # Data of another kind: whoever uses it in a function is refused there.
        value = runtime(variable.fullname, module)
        if isinstance(t, Array):
            t = self._concrete(t, value, variable.name)
        if isinstance(t, Place | Array):
            self._visit(t, value, variable.name)
            self.globals[variable.fullname] = Global(variable.fullname, t, value, variable.line, path)

    def _visit_references(self) -> None:
        """Measure what only references lead to; it gets a C object named after the first reference."""
        while self._pending:
            t, value, where = self._pending.pop()
            if id(value) not in self._visited:
                try:
                    self._visit(t, value, where)
                except Reject as reject:
                    self.errors.add_reject(reject, "", 0)
                if id(value) not in self._container:
                    self.globals[where] = Global(where, t, value)

    def _name_tops(self) -> None:
        for item in self.globals.values():
            if id(item.value) not in self._container and id(item.value) not in self._paths:
                module, _, name = item.fullname.rpartition(".")
                plain = "".join(c if c.isalnum() else "_" for c in name)
                item.path = self.names.give(("global", item.fullname), plain, f"{module.rpartition('.')[2]}_{plain}")
                self._paths[id(item.value)] = item.path
                self.top.append(item)
        for item in self.globals.values():
            item.path = self.path_of(item.value)

    def path_of(self, value: Any) -> str:
        """The C expression of a place or an array that has been measured."""
        if id(value) not in self._paths:
            container, suffix = self._container[id(value)]
            self._paths[id(value)] = self.path_of(self._visited[container]) + suffix
        return self._paths[id(value)]

    def is_known(self, value: Any) -> bool:
        return id(value) in self._visited

    # -- walking

    def _visit(self, t: Type, value: Any, where: str) -> None:
        if isinstance(t, Place):
            self._visit_place(t, value, where)
        elif isinstance(t, Array) and id(value) not in self._visited:
            self._visited[id(value)] = value
            for i, element in enumerate(value):
                self._visit_stored(t.element, element, value, f"[{i}]", f"{where}[{i}]")

    def _visit_place(self, t: Place, value: Any, where: str) -> None:
        expected = self.registry.runtime(t.info)
        if type(value) is not expected:
            raise Reject(f"{where} is a {type(value).__name__} where {show(t)} is declared; make one of that class")
        if id(value) in self._visited:
            return
        self._visited[id(value)] = value
        for name, variable, declared in self._variables(t):
            held = getattr(value, name, UNSET)
            if held is UNSET:
                raise self._reject(t, variable, f"{t.info.name}.{name} is not set by __init__; set it there")
            concrete = self._measure(t, name, variable, declared, held)
            if variable.is_final and _may_be_constant(concrete):
                if self._constants.setdefault((t, name), held) != held:
                    raise self._reject(
                        t, variable, f"{t.info.name}.{name} is Final but differs between instances; drop Final"
                    )
            else:
                self._visit_stored(concrete, held, value, f".{field_name(name)}", f"{where}.{name}")

    def _visit_stored(self, t: Type, value: Any, container: Any, suffix: str, where: str) -> None:
        """Visit what a field or an element holds: places and arrays in it, references from it."""
        if isinstance(t, Place | Array):
            if self._container.setdefault(id(value), (id(container), suffix)) != (id(container), suffix):
                raise Reject(
                    f"{where} is contained in two places; let one of them refer to it as `{show(t)} | None`"
                )
            self._visit(t, value, where)
        elif isinstance(t, Reference):
            if value is not None:
                self._pending.append((t.place, value, where))
        else:
            if isinstance(t, Union):
                self.initial_parts[self.alternative(t, value, where)] += 1
            self.refer(t, value, where)

    def refer(self, t: Type, value: Any, where: str) -> None:
        """Visit the places that a value refers to."""
        if isinstance(t, Union):
            t = self.alternative(t, value, where)
        if isinstance(t, Reference):
            t = t.place if value is not None else NONE
        if isinstance(t, Place):
            self._pending.append((t, value, where))
        elif isinstance(t, Value):
            for name, _, declared in self._variables(t):
                self.refer(declared, getattr(value, name), f"{where}.{name}")

    def alternative(self, t: Union, value: Any, where: str) -> Type:
        """Which alternative of a union an object is."""
        for part in t.parts:
            if part == NONE:
                if value is None:
                    return part
            elif isinstance(part, Class | Enumeration):
                if type(value) is self.registry.runtime(part.info):
                    return part
            elif type(value).__name__ == part.name:
                return part
        raise Reject(f"{where} holds {value!r} where {show(t)} is declared; store one of these")

    def _measure(self, t: Place, name: str, variable: n.Var, declared: Type, held: Any) -> Type:
        concrete = self._concrete(declared, held, f"{t.info.name}.{name}")
        known = self._measured.setdefault((t, name), concrete)
        if known != concrete:
            raise self._reject(
                t, variable, f"{t.info.name}.{name} has another length or class in another instance; make them the same"
            )
        return known

    def _concrete(self, t: Type, value: Any, where: str) -> Type:
        """The type of a field with what only its object tells: the length of an array, the class behind a protocol."""
        if isinstance(t, Array):
            if not isinstance(value, RuntimeArray):
                raise Reject(f"{where} is a {type(value).__name__} where {show(t)} is declared; write Array.of(…)")
            if len(value) == 0:
                raise Reject(f"{where} is an Array of length 0; give it elements or drop it")
            return self.registry.array(self._concrete(t.element, value[0], where), len(value))
        if isinstance(t, Open):
            raise Reject(f"{where} has the protocol {show(t)} for its type; make the class Generic over it")
        return t

    def _reject(self, t: Class, variable: n.Var, what: str) -> Reject:
        return Reject(what, variable.line if variable.line > 0 else t.info.line, self.source(t))

    def source(self, t: Class | Enumeration) -> str:
        """The file that defines a class."""
        return str(runtime(f"{t.info.module_name}.__file__", t.info.module_name))

    # -- classes

    def environment(self, t: Type) -> Environment:
        """What the type variables of a class stand for."""
        if not isinstance(t, Class):
            return {}
        return {v.name: a for v, a in zip(t.info.defn.type_vars, t.args, strict=True)}

    def fields(self, t: Class) -> dict[str, Field]:
        """The fields of a value or a place, in the order of their definition."""
        if t not in self._fields:
            fields: dict[str, Field] = {}
            for name, variable, declared in self._variables(t):
                constant = self._constants.get((t, name), UNSET)
                actual = self._measured.get((t, name), declared)
                if constant is UNSET:
                    self._check_field(t, variable, actual)
                fields[name] = Field(name, actual, constant)
            self._fields[t] = fields
        return self._fields[t]

    def niche(self, t: Union) -> Niche | None:
        """How a union does without a tag."""
        if t not in self._niches:
            self._niches[t] = find_niche(self, t)
        return self._niches[t]

    def _variables(self, t: Class) -> list[tuple[str, n.Var, Type]]:
        """The names, definitions and declared types of the fields of a class."""
        if t not in self._declared:
            self._declared[t] = list(self._find_variables(t))
        return self._declared[t]

    def _find_variables(self, t: Class) -> Iterator[tuple[str, n.Var, Type]]:
        env = self.environment(t)
        for name, symbol in t.info.names.items():
            node = symbol.node
            if isinstance(node, n.Var) and name.startswith("__") and not name.endswith("__"):
                raise self._reject(t, node, f"{t.info.name}.{name} has two leading underscores; write one")
            if not isinstance(node, n.Var) or node.is_classvar or name.startswith("__") or symbol.plugin_generated:
                continue
            if isinstance(t, Place) and _is_class_constant(self.registry.runtime(t.info), name):
                continue
            if node.type is None:
                raise self._reject(t, node, f"{t.info.name}.{name} has no type; annotate it")
            try:
                yield name, node, self.registry.of(node.type, env)
            except Reject as reject:
                raise self._reject(t, node, f"{t.info.name}.{name}: {reject.what}") from None

    def _check_field(self, t: Class, variable: n.Var, actual: Type) -> None:
        what = f"{t.info.name}.{variable.name}"
        if isinstance(actual, Array) and actual.length is None:
            if isinstance(t, Value):
                raise self._reject(t, variable, f"{what} is an Array in a value; put it into a place")
            raise self._reject(t, variable, f"{what}: no instance says how long it is; make one at module level")
        if isinstance(actual, Open):
            raise self._reject(t, variable, f"{what} has a protocol for its type; make the class Generic over it")
        constant = ", or Final if it never differs" if isinstance(t, Place) else ""
        if actual == LITERAL:
            raise self._reject(t, variable, f"{what} is a plain int; write u64{constant}")
        if actual == BYTES:
            raise self._reject(t, variable, f"{what} is bytes; write Array[u8] in a place{constant}")
        if actual == NONE:
            raise self._reject(t, variable, f"{what} is always None; drop it, or write the type that it can have")


def _is_class_constant(runtime_class: Any, name: str) -> bool:
    """Whether a name belongs to the class itself, as opposed to a field of its instances."""
    return name in vars(runtime_class) and not isinstance(vars(runtime_class)[name], MemberDescriptorType)


def _may_be_constant(t: Type) -> bool:
    return isinstance(t, Int | Literal | Enumeration) or t.name in ("bool", "Bytes")


def _final_variables(tree: n.MypyFile) -> Iterator[n.Var]:
    for symbol in tree.names.values():
        node = symbol.node
        if isinstance(node, n.Var) and node.is_final and node.fullname.rpartition(".")[0] == tree.fullname:
            yield node

