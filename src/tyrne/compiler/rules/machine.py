"""Who may touch the machine: boards, the user library and programs outside the package; each use under an audit tag."""

from __future__ import annotations

import ast
import re
from typing import Final

from tyrne.compiler.front.modules import Module
from tyrne.compiler.front.reject import Errors

MACHINE: Final = "tyrne.lang.machine"
PERMITTED: Final = ("tyrne.boards.", "tyrne.user.", "tyrne.lang.")
TAG: Final = re.compile(r"# audit: U-\d\d\b")
DATA: Final = frozenset({"Instruction", "Operation", "Reply", "SystemRegister"})
"""Names of the module that do nothing by themselves."""


def check_machine(module: Module, errors: Errors) -> None:
    """Refuse an import of the machine where it does not belong, and a use without a tag inside the package."""
    if not module.name.startswith("tyrne.") or module.is_language:
        return
    names: set[str] = set()
    for statement in (node for node in module.nodes if isinstance(node, ast.Import | ast.ImportFrom)):
        if isinstance(statement, ast.ImportFrom) and statement.module == MACHINE:
            names |= {alias.asname or alias.name for alias in statement.names}
            _check_importer(module, statement, errors)
        elif _imports_whole(statement):
            _check_importer(module, statement, errors)
            what = f"import of the whole of {MACHINE}; import the names that are used"
            errors.add(module.path, statement.lineno, what)
    for node in module.nodes:
        if isinstance(node, ast.Name) and node.id in names - DATA and not _is_tagged(module, node.lineno):
            errors.add(
                module.path,
                node.lineno,
                f"{node.id} without an audit tag; write `# audit: U-NN` here or on the line above, and its entry",
            )


def _imports_whole(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name == MACHINE for alias in node.names)
    package, _, name = MACHINE.rpartition(".")
    return node.module == package and any(a.name == name for a in node.names)


def _check_importer(module: Module, node: ast.stmt, errors: Errors) -> None:
    if not module.name.startswith(PERMITTED):
        errors.add(module.path, node.lineno, f"{MACHINE} outside a board; ask the board for the operation")


def _is_tagged(module: Module, line: int) -> bool:
    return any(TAG.search(module.lines[i - 1]) for i in (line, line - 1) if 0 < i <= len(module.lines))
