"""The program as CPython imports it: the objects that its modules have built."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from tyrne.compiler.front.modules import Module, Root
from tyrne.compiler.front.reject import Reject, fail
from tyrne.lang.handles import HandleError
from tyrne.lang.marks import set_options


def load(root: Root, modules: list[Module], options: Mapping[str, bool]) -> None:
    """Import a program under the options of its build. This process must not have imported it before."""
    set_options(dict(options))
    if root.search is not None and root.search not in sys.path:
        sys.path.append(root.search)
    _import(root, modules)


def _import(root: Root, modules: list[Module]) -> None:
    try:
        if root.search is None:
            importlib.import_module(root.name)
        else:
            _import_file(root)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        path, line = _place(error, {m.path for m in modules if not m.is_language}, str(root.path))
        if isinstance(error, HandleError):
            raise fail(path, line, str(error)) from None
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise fail(path, line, f"the module cannot be imported: {what}") from None


def _import_file(root: Root) -> ModuleType:
    spec = importlib.util.spec_from_file_location(root.name, root.path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[root.name] = module
    spec.loader.exec_module(module)
    return module


def _place(error: BaseException, own: set[str], otherwise: str) -> tuple[str, int]:
    """The innermost line of the program that an exception passed through."""
    if isinstance(error, SyntaxError) and error.filename in own:
        return str(error.filename), error.lineno or 1
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in own:
            return frame.filename, frame.lineno or 1
    return otherwise, 1


def runtime(fullname: str, module: str) -> Any:
    """The object that a name of a module denotes: runtime("m.C.f", "m")."""
    value: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in fullname[len(module) + 1 :].split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise Reject(f"{part} is not there when {module} has been imported; define it once, and keep it") from None
    return value
