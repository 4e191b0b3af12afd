"""Machine access is audited: each use stands under a tag, and each tag has an entry in docs/unsafe-log.md."""

import ast
import re
from pathlib import Path

import pytest

import tyrne

SOURCES = Path(tyrne.__file__).parent
LOG = Path(__file__).parents[1] / "docs" / "unsafe-log.md"
MACHINE = SOURCES / "lang" / "machine.py"
TAG = re.compile(r"audit: (U-\d\d)\b")
ENTRY = re.compile(r"^## (U-\d\d) \S.*\n((?:(?!^## ).*\n?)*)", re.MULTILINE)

INTRINSICS = {
    node.name
    for node in ast.parse(MACHINE.read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
}


def python_files() -> list[Path]:
    return [path for path in sorted(SOURCES.rglob("*.py")) if path != MACHINE]


def assembly_files() -> list[Path]:
    """Those of kernels and programs that are built. What `tyrne.testing` assembles only runs at EL0, in batches."""
    return [path for path in sorted(SOURCES.rglob("*.S")) if path.relative_to(SOURCES).parts[0] != "testing"]


def uses(path: Path) -> list[int]:
    """The lines on which a file calls an intrinsic that it has imported."""
    tree = ast.parse(path.read_text())
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "tyrne.lang.machine"
        for alias in node.names
        if alias.name in INTRINSICS
    }
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    )


def test_every_use_of_an_intrinsic_stands_under_a_tag() -> None:
    missing = []
    for path in python_files():
        lines = path.read_text().splitlines()
        missing += [
            f"{path.relative_to(SOURCES)}:{line}"
            for line in uses(path)
            if not TAG.search(lines[line - 1]) and not TAG.search(lines[line - 2])
        ]
    assert not missing


def imports_the_module(node: ast.AST) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
    if isinstance(node, ast.ImportFrom):
        return node.module == "tyrne.lang" and "machine" in names
    return "tyrne.lang.machine" in names


def test_intrinsics_are_imported_by_name() -> None:
    """So that no use can hide behind an attribute. The compiler, which runs none of them, may name the module."""
    wrong = [
        f"{path.relative_to(SOURCES)}:{node.lineno}"
        for path in python_files()
        if path.relative_to(SOURCES).parts[0] != "compiler"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.stmt) and imports_the_module(node)
    ]
    assert not wrong


@pytest.mark.parametrize("path", assembly_files(), ids=lambda path: path.name)
def test_every_assembly_file_has_a_tag(path: Path) -> None:
    assert TAG.search(path.read_text())


def test_tags_and_entries_are_the_same_set() -> None:
    used = {tag for path in [*python_files(), *assembly_files()] for tag in TAG.findall(path.read_text())}
    entries = [tag for tag, _ in ENTRY.findall(LOG.read_text())]
    assert len(entries) == len(set(entries)), "an entry stands twice"
    assert used == set(entries)


@pytest.mark.parametrize(("tag", "text"), ENTRY.findall(LOG.read_text()))
def test_every_entry_says_what_why_and_what_instead(tag: str, text: str) -> None:
    for field in ("Operation", "Invariants", "Rejected"):
        assert re.search(rf"^- {field}: \S", text, re.MULTILINE), f"{tag} lacks {field}"
