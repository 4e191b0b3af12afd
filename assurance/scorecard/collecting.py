"""A pytest plugin: writes every collected test to a file, with what it is parametrised by, and runs none of them.

    python -m pytest --collect-only -p assurance.scorecard.collecting --collected FILE
"""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--collected", type=Path, metavar="FILE", help="write the collected tests there, as JSON")


def pytest_collection_finish(session: pytest.Session) -> None:
    path = session.config.getoption("--collected")
    if path is not None:
        path.write_text(json.dumps([_described(item, session.config.rootpath) for item in session.items]))


def _described(item: pytest.Item, root: Path) -> dict[str, Any]:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return {
        "file": item.path.relative_to(root).as_posix(),
        "function": getattr(item, "originalname", item.name),
        "id": item.name,
        "qemu": item.get_closest_marker("qemu") is not None,
        "parameters": {name: _plain(value) for name, value in parameters.items()},
    }


def _plain(value: Any) -> Any:
    """As JSON has it: members of enums by their names, whatever else it has not by its type's name."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return type(value).__name__
