"""mypy over the whole program: trees, and the type of every reachable expression."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mypy.errors import CompileError as MypyStop
from mypy.modulefinder import BuildSource
from mypy.nodes import Expression, MypyFile
from mypy.options import Options
from mypy.types import Type

from tyrne.compiler.front.modules import Module
from tyrne.compiler.front.reject import Errors
from tyrne.compiler.front.stubs import check_with_stubs

INSTEAD: Final = {
    "arg-type": "pass that type: cast, or test it first",
    "assignment": "assign that type: cast, or annotate the first assignment",
    "attr-defined": "name what the class declares",
    "call-arg": "pass what the signature names",
    "comparison-overlap": "compare two of one type",
    "empty-body": "write `raise NotImplementedError`: CPython runs it",
    "exhaustive-match": "add `case {}:`",
    "import-not-found": "name a module that exists",
    "index": "index an Array",
    "name-defined": "define or import it",
    "no-any-return": "annotate what is called",
    "no-untyped-call": "annotate what is called",
    "no-untyped-def": "annotate every parameter and the result",
    "operator": "cast one of the two, or test it first",
    "possibly-undefined": "assign it on every path",
    "return": "return on every path",
    "return-value": "return that type: cast, or test it first",
    "type-arg": "write the type arguments",
    "type-var": "pass a type that fits the variable's bound",
    "union-attr": "test which of these it is first",
    "unused-coroutine": "write a function that returns",
    "var-annotated": "annotate it",
    "misc": "see docs/language.md",
}
"""What to write instead, by mypy's error code."""
WITHOUT_GAPS: Final = (
    "tyrne.abi.rights",
    "tyrne.kernel.capability",
    "tyrne.kernel.kernel",
    "tyrne.kernel.messages",
    "tyrne.kernel.system_calls",
)
"""Modules in which every `match` is a table: each value that there can be has its case."""
_MESSAGE = re.compile(r"^(.*?):(?:(\d+):)? (error|note): (.*)$")


@dataclass(frozen=True)
class Checked:
    """What mypy found. `problems` are (path, line, message), by path."""

    trees: Mapping[str, MypyFile]
    types: Mapping[Expression, Type]
    problems: Mapping[str, list[tuple[int, str]]]

    def report(self, modules: list[Module], errors: Errors) -> None:
        """Hand over mypy's errors about some modules."""
        for module in modules:
            for line, message in self.problems.get(module.path, []):
                errors.add(module.path, line, message)


def check(modules: list[Module]) -> Checked:
    """Check modules, and whatever else they import, in mypy's strict mode.

    Each module is named explicitly: mypy would not look into an installed package otherwise.
    """
    sources = [BuildSource(module.path, module.name, None) for module in modules]
    try:
        result = check_with_stubs(sources, _options())
    except MypyStop as stop:
        return Checked({}, {}, _sorted_problems(stop.messages, modules))
    trees = {name: state.tree for name, state in result.graph.items() if state.tree is not None}
    return Checked(trees, result.types, _sorted_problems(result.errors, modules))


def _options() -> Options:
    options = Options()
    options.export_types = True
    options.preserve_asts = True
    options.incremental = False
    options.cache_dir = os.devnull  # or mypy leaves a folder where the user happens to be
    options.python_version = (3, 11)
    options.show_absolute_path = True
    options.namespace_packages = True
    options.explicit_package_bases = True
    options.enable_error_code = ["possibly-undefined"]
    options.per_module_options = {name: {"enable_error_code": ["exhaustive-match"]} for name in WITHOUT_GAPS}
    for name in (
        "check_untyped_defs",
        "disallow_any_generics",
        "disallow_incomplete_defs",
        "disallow_subclassing_any",
        "disallow_untyped_calls",
        "disallow_untyped_decorators",
        "disallow_untyped_defs",
        "extra_checks",
        "strict_equality",
        "warn_return_any",
    ):
        setattr(options, name, True)
    return options


def _sorted_problems(messages: list[str], modules: list[Module]) -> dict[str, list[tuple[int, str]]]:
    """mypy's lines by file. What names no file of the program is put at the first module."""
    problems: dict[str, list[tuple[int, str]]] = {}
    paths = {module.path for module in modules}
    for text in messages:
        match = _MESSAGE.match(text)
        path, line, kind, message = match.groups("1") if match else (modules[0].path, "1", "error", text)
        if path not in paths:
            message, path, line = f"{path}:{line}: {message}", modules[0].path, "1"
        if kind == "error":
            problems.setdefault(path, []).append((int(line), _with_instead(message)))
    return {path: _without_consequences(found) for path, found in problems.items()}


def _without_consequences(found: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """A function that returns nothing for want of a case has one mistake: the case."""
    cases = [line for line, message in found if message.startswith("no case for ")]
    return [
        (line, message)
        for line, message in found
        if not (message.startswith("Missing return statement") and any(line < case for case in cases))
    ]


def _with_instead(message: str) -> str:
    """mypy's text, and after it what to write instead of the code of the error."""
    text, _, code = message.removesuffix("]").rpartition("  [")
    missing = _UNHANDLED.fullmatch(text)
    if missing is not None:
        return "; ".join((f"no case for {missing[1]}", INSTEAD[code].format(missing[1].split(", ")[0])))
    if not text:
        same_name = "found twice under different module names" in message or "shadows library module" in message
        return f"{message}; a module of Python has this name: rename the file" if same_name else message
    if code == "misc":
        instead = next((answer for words, answer in _SPECIAL.items() if words in text), INSTEAD["misc"])
    else:
        instead = INSTEAD.get(code, INSTEAD["misc"])
    return f"{text}; {instead}"


_UNHANDLED: Final = re.compile(r'Match statement has unhandled case for values of type "(?:Literal\[)?(.*?)\]?"')
_SPECIAL: Final = {
    "read-only": "values do not change: make a new one",
    "Cannot assign to final": "drop Final, or do not assign",
}
