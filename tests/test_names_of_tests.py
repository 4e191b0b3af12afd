"""Files of tests have different names wherever they lie: pytest imports them by their names alone.

Answers of labs are not imported.
"""

import ast
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest


def test_no_two_files_of_tests_have_one_name() -> None:
    here = Path(__file__).parent
    answers = {path for path in (here / "labs").rglob("*.py") if path.parent != here / "labs"}
    names = Counter(path.name for path in here.rglob("*.py") if path not in answers)
    twice = [name for name, count in names.items() if count > 1 and name not in ("__init__.py", "conftest.py")]
    assert not twice, f"rename one of each of these: {', '.join(twice)}"


def test_no_test_imports_conftest_of_which_several_folders_have_one() -> None:
    """Which of them it would get depends on what else is run with it."""
    tests = Path(__file__).parent
    found = [
        f"{path.relative_to(tests)}:{node.lineno}"
        for path in tests.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module == "conftest")
        or (isinstance(node, ast.Import) and any(alias.name == "conftest" for alias in node.names))
    ]
    assert not found, f"put what these import into a file of its own name: {', '.join(found)}"


def test_no_folder_with_tests_has_a_name_that_pytest_passes_over(pytestconfig: pytest.Config) -> None:
    tests = Path(__file__).parent
    folders = {folder for path in tests.rglob("test_*.py") for folder in path.relative_to(tests).parents}
    passed_over = pytestconfig.getini("norecursedirs")
    found = [str(folder) for folder in folders if any(fnmatch(folder.name, name) for name in passed_over)]
    assert not found, f"nothing in these is run, rename them: {', '.join(found)}"
