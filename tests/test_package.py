"""The installed package holds all that it needs."""

import tomllib
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).parents[1]
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def files(folder: str) -> list[PurePath]:
    """The files below a folder of the checkout, relative to it."""
    base = ROOT / folder
    return [p.relative_to(base) for p in base.rglob("*") if p.is_file() and "__pycache__" not in p.parts]


def test_every_source_file_ships() -> None:
    kinds = {PurePath(pattern).suffix for pattern in SETUP["package-data"]["tyrne"]}
    assert {path.suffix for path in files("src/tyrne")} <= {".py", "", *kinds}
    assert [path for path in files("src/tyrne") if not path.suffix] == []


def test_every_package_folder_is_a_package() -> None:
    """Folders without an `__init__.py` are left out of an installation."""
    folders = {path.parent for path in files("src/tyrne") if path.suffix == ".py"}
    assert [folder for folder in folders if not (ROOT / "src/tyrne" / folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("folder", ["labs", "programs", "systems"])
def test_every_program_and_description_ships(folder: str) -> None:
    patterns = [pattern for group in SETUP["data-files"].values() for pattern in group]
    missing = [p for p in files(folder) if not any((folder / p).match(pattern) for pattern in patterns)]
    assert missing == []
