"""The import closure of a root: which files are part of the program."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tyrne.compiler.front.reject import fail
from tyrne.compiler.unit import CompileError
from tyrne.host_file import read_file

LANGUAGE = "tyrne.lang"
"""The package of the vocabulary: part of every program, never lowered."""

MODULE_BYTES = 1 << 20
"""A source file: as much as tyrne.system.limits lets the root of a program have."""
MOST_LINES = 0xFFFF
"""What a failed check can name."""


@dataclass(frozen=True)
class Module:
    """One source file of the program. `tree` is CPython's syntax tree, `lines` its text."""

    name: str
    path: str
    tree: ast.Module
    lines: list[str]
    is_package: bool

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree; those of a statement come after it."""
        return nodes_of(self.tree)

    @property
    def is_language(self) -> bool:
        return self.name == LANGUAGE or self.name.startswith(LANGUAGE + ".")


@dataclass(frozen=True)
class Root:
    """Where a program starts: the name under which its module is imported, and the directory that is searched."""

    name: str
    path: Path
    search: str | None


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """What `ast.walk` yields, in the same order, in a third of the time."""
    found = [tree]
    for node in found:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]
    return found


def find_root(root: str | Path) -> Root:
    """A root by module name, or by the path of a .py file (which gets a module name that no other module has)."""
    if isinstance(root, Path) or root.endswith(".py"):
        path = Path(root).absolute()
        if not path.is_file():
            raise CompileError(f"{root}: no such file; give the path of a .py file or the name of a module")
        stem = "".join(c if c.isalnum() else "_" for c in path.stem)
        return Root(f"program_{stem}", path, str(path.parent))
    found = _find(root, None)
    if found is None:
        raise CompileError(f"{root}: no such module; give the name of a module that can be imported or a .py file")
    return Root(root, found[0], None)


def closure(root: Root, parsed: dict[str, Module] | None = None) -> list[Module]:
    """The root and the modules that it imports, directly or not, except the standard library and other packages.

    Imports under `if TYPE_CHECKING` and in functions count: mypy follows them. Sorted by name. `parsed` remembers
    modules from one program to the next.
    """
    parsed = {} if parsed is None else parsed
    own = {"tyrne", root.name.partition(".")[0]}
    modules: dict[str, Module] = {}
    asked: set[str] = set()
    queue = [(root.name, root.path)]
    while queue:
        name, path = queue.pop()
        if name in modules:
            continue
        module = parsed.get(name) or _parse(name, path)
        modules[name] = parsed[name] = module
        for wanted in _imports(module):
            for imported in _with_parents(wanted):
                top = imported.partition(".")[0]
                if imported in asked or top in sys.stdlib_module_names:
                    continue
                asked.add(imported)
                found = _find(imported, root.search)
                if found is not None and (top in own or found[1]):
                    queue.append((imported, found[0]))
    return [modules[name] for name in sorted(modules)]


def _parse(name: str, path: Path) -> Module:
    try:
        content = read_file(path, MODULE_BYTES)
        if len(content) > MODULE_BYTES:
            raise CompileError(f"{path}: larger than {MODULE_BYTES} bytes, the limit for a source; split the module")
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        tree = ast.parse(text, str(path))
    except SyntaxError as error:
        raise fail(path, error.lineno or 1, f"syntax error: {error.msg}; write Python 3.11") from None
    except (ValueError, RecursionError) as error:
        raise fail(path, 1, f"not Python source: {error}") from None
    except MemoryError:  # which CPython's parser says of what is nested too deeply for it
        raise fail(path, 1, "nested too deeply for Python's parser; write simpler expressions") from None
    except OSError as error:
        raise CompileError(f"{path}: cannot be read: {error.strerror}") from None
    if text.count("\n") > MOST_LINES:
        raise fail(path, MOST_LINES, "the file is too long for the lines of its checks; split the module")
    return Module(name, str(path), tree, text.splitlines(), path.name == "__init__.py")


def _imports(module: Module) -> Iterator[str]:
    """Every module that an import statement may mean: `from a import b` may mean a.b."""
    for node in module.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.name.split(".")
                drop = node.level - (1 if module.is_package else 0)
                base = ".".join([*package[: len(package) - drop], *([base] if base else [])])
            if base:
                yield base
                for alias in node.names:
                    yield f"{base}.{alias.name}"


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])


def _find(name: str, search: str | None) -> tuple[Path, bool] | None:
    """The source file of a module, found without importing anything; true when it lies beside the root."""
    parts = name.split(".")
    places: list[tuple[list[str] | None, bool]] = [(None, False)]
    if search is not None:
        places.append(([search], True))
    for where, beside in places:
        directories = where
        spec: importlib.machinery.ModuleSpec | None = None
        for count in range(1, len(parts) + 1):
            part = ".".join(parts[:count])
            finder = importlib.machinery.PathFinder.find_spec
            spec = _top(part) if directories is None else finder(part, directories)
            if spec is None:
                break
            directories = list(spec.submodule_search_locations or [])
        if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
            origin = Path(spec.origin)
            return origin, beside or _lies_beside(origin, parts[0], search)
    return None


def _lies_beside(origin: Path, top: str, search: str | None) -> bool:
    """Whether a module that Python's own path led to is a neighbour of the root."""
    return search is not None and (origin == Path(search, f"{top}.py") or Path(search, top) in origin.parents)


def _top(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
