"""What a campaign cannot write its figures to is refused before it begins, in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assurance import assure, branches, refusals, reproducible
from assurance.mutation import __main__ as mutation


@pytest.mark.parametrize(
    ("main", "option", "name"),
    [
        (assure.main, "--results", "assure"),
        (branches.main, "--json", "coverage"),
        (mutation.main, "--json", "mutate"),
        (refusals.main, "--json", "refusals"),
        (reproducible.main, "--json", "reproducible"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_figures_that_cannot_be_written_are_refused_at_once(
    main: Callable[[list[str]], int], option: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main([option, str(tmp_path / "file" / "figures")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{name}: ")
    assert "cannot be written" in line
