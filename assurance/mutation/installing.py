"""Putting a mutant into this process: the live function gets the code of the changed source.

Whoever has imported the function, or holds it in a table, has the changed one. Nothing is imported anew, so a mutant
costs one compilation. There is no way back: a mutant is installed in a process of its own.
"""

from __future__ import annotations

import importlib
from types import CodeType, FunctionType

from assurance.mutation.mutant import Mutant
from assurance.mutation.source import Source


def changed_code(source: Source, mutant: Mutant) -> CodeType:
    """The code of the mutant's function."""
    return function_code(source.edited(mutant.start, mutant.end, mutant.text), source.path, mutant.function)


def function_code(content: bytes | str, path: str, name: str) -> CodeType:
    """The code that a function or method has in a source text, by its qualified name."""
    code = _find(compile(content, path, "exec", dont_inherit=True), name)
    assert code is not None, f"{path}: no function is called {name}"
    return code


def _find(code: CodeType, name: str) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(constant.co_qualname + "."):
                return _find(constant, name)
    return None


def live_function(module: str, name: str) -> FunctionType:
    """The function of this name that the process uses."""
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = vars(found)[part]
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    elif isinstance(found, property):
        found = found.fget
    assert isinstance(found, FunctionType), f"{module}.{name} is no plain function"
    return found


def install(source: Source, mutant: Mutant) -> None:
    live_function(source.module, mutant.function).__code__ = changed_code(source, mutant)
