"""What is outside the language is refused at its place, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import Case, compile_case, names


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rejections")


@pytest.mark.parametrize("name", names("rejections"))
def test_rejected(name: str, directory: Path) -> None:
    case = Case("rejections", name)
    result = compile_case(case, directory)
    assert isinstance(result, str), "accepted"
    case.compare(result)


def test_no_message_is_a_crash() -> None:
    for name in names("rejections"):
        assert "internal compiler error" not in Case("rejections", name).expected, name
