"""A program being lowered: its exports, and from them every function, type and constant that they need."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mypy import nodes as n

from tyrne.compiler.front.check import Checked
from tyrne.compiler.front.modules import Module
from tyrne.compiler.front.reject import Errors, Reject
from tyrne.compiler.image.load import runtime
from tyrne.compiler.image.measure import Global, Image
from tyrne.compiler.image.snapshot import Snapshot
from tyrne.compiler.lower import loops  # noqa: F401  (it adds its statements)
from tyrne.compiler.lower.comparisons import equality_function
from tyrne.compiler.lower.function import Function, Instance, Unreachable
from tyrne.compiler.lower.match import breaks
from tyrne.compiler.lower.names import Names, field_name, member_name
from tyrne.compiler.lower.narrowing import convert_function
from tyrne.compiler.lower.registry import Registry, alias_union, type_word
from tyrne.compiler.lower.statements import block
from tyrne.compiler.lower.types import (
    BOOL,
    BYTES,
    LITERAL,
    NONE,
    NORETURN,
    VOID,
    Class,
    Enumeration,
    Environment,
    Int,
    Place,
    Reference,
    Type,
    Union,
    Value,
    is_open,
    show,
)
from tyrne.compiler.lower.value import Val, boolean, literal
from tyrne.compiler.rules.marks import COMPILED, EXPORT, EXTERN, MARKS, changed_registers, decorators


class Program:
    """All that the translation of one root knows. Functions are lowered when something calls them."""

    def __init__(self, modules: list[Module], checked: Checked, errors: Errors) -> None:
        self.checked = checked
        self.errors = errors
        self.modules = {module.name: module for module in modules}
        self.own = {name: m for name, m in self.modules.items() if not m.is_language}
        self.names = Names()
        self.registry = Registry(self.names, lambda info: runtime(info.fullname, info.module_name))
        self.image = Image(self.registry, self.names, errors)
        self.snapshot = Snapshot(self.image)
        self.instances: dict[str, Instance] = {}
        self.externs: dict[str, Instance] = {}
        self.used_globals: dict[str, Global] = {}
        self.constants: dict[str, tuple[Type, str]] = {}
        """Named constants, by C name: type and initialiser."""
        self.helpers: dict[str, tuple[tuple[Type, ...], Callable[[], str]]] = {}
        """Generated functions by C name: the types that they need, and their text."""
        self.symbols: set[str] = set()
        self.supervisor_call: Value | None = None
        self.uses_source_names = False
        self._queue: list[Instance] = []
        self._sources = {name: _functions(m) for name, m in self.own.items()}

    # -- the whole

    def run(self) -> None:
        """Measure the image and lower everything that an export reaches."""
        for name in self.own:
            alias_union(self.registry, self.checked.trees[name])
        loaded = {name: m.path for name, m in self.own.items()}
        self.image.collect(self.checked.trees, loaded)
        self.snapshot.choose_zero_tag()
        for item in self.image.top:
            try:
                self.snapshot.check(item)
            except Reject as reject:
                self.errors.add_reject(reject, item.source, item.line)
        self.errors.raise_any()
        for name in self.own:
            self._request_exports(name)
        while self._queue:
            self._lower(self._queue.pop(0))

    def _request_exports(self, module: str) -> None:
        for definition in self.checked.trees[module].defs:
            if isinstance(definition, n.Decorator) and EXPORT in decorators(definition):
                node = definition.func
                try:
                    self._request_export(node, definition)
                except Reject as reject:
                    self.errors.add_reject(reject, self.own[module].path, node.line)

    def _request_export(self, node: n.FuncDef, definition: n.Decorator) -> None:
        _check_decorators(definition)
        declared = zip(node.arguments, getattr(node.type, "arg_types", []), strict=True)
        parameters = [(a.variable.name, self.registry.of(t, {})) for a, t in declared]
        instance = self.request(node, definition, None, {}, parameters, node)
        instance.is_exported = True
        _check_border(instance, "an export")

    def _lower(self, instance: Instance) -> None:
        path = instance.module.path
        source = self._sources[instance.module.name].get((instance.node.name, instance.node.line))
        assert source is not None, f"no source of {instance.fullname}"
        f = Function(self, instance, source)
        f.body.line = instance.node.line
        try:
            _check_signature(instance)
            parameters = [f.body.parameter(name, t) for name, t in instance.parameters]
            block(f, instance.node.body)
            _end(f)
            f.check_flags()
            instance.lines = f.body.finish()
            instance.parameter_names = [local.name for local in parameters]
        except Reject as reject:
            self.errors.add_reject(reject, path, f.body.line)
        except Unreachable:
            self.errors.add(path, f.body.line, "code that the types say is never reached; remove it")
        except RecursionError:
            self.errors.add(path, f.body.line, "nested too deeply for the compiler; write several statements")
        except Exception as error:
            what = f"internal compiler error ({type(error).__name__}: {error}), please report"
            self.errors.add(path, f.body.line, what)

    # -- functions

    def request(
        self,
        node: n.FuncDef,
        symbol: n.Node | None,
        self_type: Type | None,
        env: Environment,
        parameters: list[tuple[str, Type]],
        e: n.Context,
    ) -> Instance:
        """The C function of `node` for these parameter types; it is lowered later."""
        key = (node.fullname, self_type, tuple(t for _, t in parameters))
        is_export = isinstance(symbol, n.Decorator) and EXPORT in decorators(symbol)
        is_extern = isinstance(symbol, n.Decorator) and EXTERN in decorators(symbol)
        c_name = self._function_name(key, node, self_type, env, parameters, is_export, is_extern)
        known = self.instances.get(c_name) or self.externs.get(c_name)
        if known is not None:
            return known
        if isinstance(symbol, n.Decorator):
            _check_decorators(symbol)
        module = self.modules[self.module_of(node.fullname)]
        if module.is_language:
            raise Reject(f"{node.name} of tyrne.lang is for module level only; see docs/language.md", e.line)
        _check_definition(node, module, self._sources[module.name].get((node.name, node.line)))
        result = self._result(node, env, module)
        instance = Instance(c_name, node.fullname, node, module, self_type, env, parameters, result, is_export)
        if isinstance(symbol, n.Decorator):
            instance.marks = tuple(name for name in decorators(symbol) if name in COMPILED)
        if is_extern:
            _check_border(instance, "an extern")
            instance.parameter_names = [field_name(name) for name, _ in parameters]
            instance.changes = changed_registers(symbol) if isinstance(symbol, n.Decorator) else None
            self.externs[c_name] = instance
        else:
            self.instances[c_name] = instance
            self._queue.append(instance)
        return instance

    def _result(self, node: n.FuncDef, env: Environment, module: Module) -> Type:
        declared = getattr(node.type, "ret_type", None)
        if declared is None:
            raise Reject(f"{node.name} has no annotations; write them", node.line, module.path)
        try:
            result = self.registry.of(declared, env)
        except Reject as reject:
            raise Reject(f"result of {node.name}: {reject.what}", node.line, module.path) from None
        if is_open(result) or result == LITERAL:
            instead = "write u64" if result == LITERAL else "write the class, or a type variable"
            raise Reject(f"{node.name} returns {show(result)}; {instead}", node.line, module.path)
        return VOID if result == NONE else result

    def _function_name(
        self,
        key: object,
        node: n.FuncDef,
        self_type: Type | None,
        env: Environment,
        parameters: list[tuple[str, Type]],
        is_export: bool,
        is_extern: bool,
    ) -> str:
        if is_extern:
            name = self.names.give(("extern", node.fullname), node.name)
            if name != node.name:
                raise Reject(f"the extern {node.name} has a name that is taken in C; rename it", node.line)
            return name
        if is_export:
            name = self.names.give(("export", node.fullname), f"k_{node.name}")
            if name != f"k_{node.name}":
                raise Reject(f"{node.name} is exported twice; rename one", node.line)
            return name
        name = node.name.lstrip("_")
        if self_type is not None:
            name = f"{self_type.name}_{name}"
        words = [type_word(t) for t in env.values()] if self_type is None else []
        declared = getattr(node.type, "arg_types", [])
        words += [type_word(t) for (_, t), d in zip(parameters, declared, strict=False) if _is_open_parameter(self, d)]
        module = node.fullname.rpartition(".")[0].rpartition(".")[2]
        long = "_".join([name, *dict.fromkeys(words)])
        return self.names.give(key, name, long, f"{module}_{name}", f"{module}_{long}")

    def module_of(self, fullname: str) -> str:
        """The module that defines a name: the longest prefix that is one."""
        while fullname and fullname not in self.checked.trees:
            fullname = fullname.rpartition(".")[0]
        return fullname

    # -- data

    def use_global(self, item: Global) -> None:
        self.used_globals.setdefault(item.fullname, item)

    def constant(self, t: Type, value: Any, where: str) -> Val:
        """A value that CPython has computed, in the text of a function."""
        if t == LITERAL and type(value) is int:
            return literal(value)
        code = self.snapshot.constant(t, value, where)
        if t == BOOL:
            return boolean(bool(value))
        if isinstance(t, Int):
            return literal(int(value), t)
        if isinstance(t, Enumeration):
            return Val(code, t, const=int(value) if t.is_flag else t.members[value.name], stable=True)
        if isinstance(t, Reference | Place) and code == "0":
            return Val("NULL", t, stable=True)
        return Val(code, t, stable=True)

    def named_constant(self, fullname: str, t: Type, value: Any) -> Val:
        """A module-level constant: by its name where C has a use for one."""
        if t in (LITERAL, BOOL) or isinstance(t, Enumeration | Reference | Place):
            return self.constant(t, value, fullname)
        if not isinstance(t, Int | Value | Union) and t != BYTES:
            name = fullname.rpartition(".")[2]
            raise Reject(f"{name} is a {show(t)}; a constant is a number, bytes, an enum or a value")
        module, name = fullname.split(".")[-2:]
        name = name.lstrip("_")
        c_name = self.names.give(("constant", fullname), name, f"{module}_{name}")
        self.constants[c_name] = (t, self.snapshot.initialiser(t, value, fullname))
        return Val(c_name, t, const=int(value) if isinstance(t, Int) else None, stable=True)

    def conversion_name(self, source: Type, target: Type) -> str:
        """The C function that turns one union into another."""
        name = self.names.give(("conversion", source, target), f"{type_word(target)}_from_{type_word(source)}")
        self.helpers.setdefault(name, ((source, target), lambda: convert_function(self.image, source, target, name)))
        return name

    def equality(self, t: Type) -> str:
        """The C function that compares two values or unions."""
        assert isinstance(t, Class | Union)
        name = self.names.give(("equality", t), f"{t.name}_equal")
        if name not in self.helpers:
            if isinstance(t, Union):
                members = [(member_name(p.name), p) for p in t.parts if p != NONE]
            else:
                members = [(i.c_name, i.type) for i in self.image.fields(t).values() if i.is_stored]
            self.helpers[name] = ((t,), lambda: "")
            for _, part in members:
                if isinstance(part, Value | Union):
                    self.equality(part)
            del self.helpers[name]
            self.helpers[name] = ((t,), lambda: equality_function(self.image, members, t, name, self._equal_text))
        return name

    def _equal_text(self, t: Type, a: str, b: str) -> str:
        if isinstance(t, Value | Union):
            return f"{self.equality(t)}({a}, {b})"
        return f"{a} == {b}"


def _is_open_parameter(program: Program, declared: Any) -> bool:
    try:
        return is_open(program.registry.of(declared, {}))
    except Reject:
        return False


def _functions(module: Module) -> dict[tuple[str, int], ast.FunctionDef]:
    return {(x.name, x.lineno): x for x in module.nodes if isinstance(x, ast.FunctionDef)}


def _check_definition(node: n.FuncDef, module: Module, source: ast.FunctionDef | None) -> None:
    """The function that mypy means is the one that CPython runs: there may be two under `if`, or another was stored."""
    found = runtime(node.fullname, module.name)
    code = getattr(found, "__code__", None)
    first = min([source.lineno, *(x.lineno for x in source.decorator_list)]) if source is not None else 0
    if code is None or found.__module__ != module.name or code.co_firstlineno != first:
        what = f"{node.name} is another function, or none, when the module is imported; define it once, not under `if`"
        raise Reject(what, node.line, module.path)


def _check_decorators(node: n.Decorator) -> None:
    for name in decorators(node):
        if name not in MARKS:
            shown = name.rpartition(".")[2] or "this decorator"
            what = f"@{shown} on {node.name}; only the marks of tyrne.lang are known: write a plain function"
            raise Reject(what, node.line)


def _check_signature(instance: Instance) -> None:
    node = instance.node
    if node.is_generator or node.is_coroutine or node.is_async_generator:
        raise Reject(f"{node.name} is a generator or a coroutine; write a loop that calls a function", node.line)
    if any(kind.is_star() for kind in node.arg_kinds):
        raise Reject(f"{node.name} takes * arguments; name each parameter", node.line)
    for name, t in instance.parameters:
        if t == LITERAL:
            raise Reject(f"the parameter {name} is a plain int; write u64", node.line)
        if t == NONE:
            raise Reject(f"the parameter {name} is always None; drop it", node.line)


def _check_border(instance: Instance, what: str) -> None:
    """Only numbers, bools and places cross into assembly."""
    node = instance.node
    for name, t in [*instance.parameters, ("the result", instance.result)]:
        if isinstance(t, Int | Place | Reference) or t == BOOL or (name == "the result" and t in (VOID, NORETURN)):
            continue
        raise Reject(f"{name} of {what} is {show(t)}; write uN, bool, a place or `Place | None`", node.line)


def _end(f: Function) -> None:
    """A function with a result does not run off its end."""
    if f.instance.result != VOID and not _leaves(f.source.body):
        f.body.emit("kp_unreachable(KP_SITE);")
        f.relies_on_types = True


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether the C of some statements plainly never reaches their end."""
    last = body[-1] if body else None
    if isinstance(last, ast.Return):
        return True
    if isinstance(last, ast.If):
        return _leaves(last.body) and _leaves(last.orelse)
    if isinstance(last, ast.While):
        forever = isinstance(last.test, ast.Constant) and last.test.value is True
        return forever and not any(breaks(x) for x in last.body)
    if isinstance(last, ast.Match):
        final = last.cases[-1]
        anything = isinstance(final.pattern, ast.MatchAs) and final.pattern.pattern is None and final.guard is None
        return anything and all(_leaves(case.body) for case in last.cases)
    return False


