"""The driver that docs/guide.md shows is a whole one, and says what the guide says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from running import run_system

GUIDE = (Path(__file__).parents[2] / "docs" / "guide.md").read_text()
CHAPTERS = GUIDE[GUIDE.index("## 8. Devices") : GUIDE.index("## 10. ")]


def shown(kind: str) -> str:
    """The one listing of a kind in the chapters about devices and drivers."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", CHAPTERS, re.DOTALL)
    return str(found)


def said(command: str) -> str:
    found = re.search(rf"\$ {re.escape(command)}\n(.*?\n)[$`]", CHAPTERS, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def system(tmp_path: Path) -> Path:
    (tmp_path / "random.toml").write_text(shown("toml"))
    (tmp_path / "driver.py").write_text(shown("python"))
    return tmp_path / "random.toml"


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_the_driver_of_the_guide_says_what_the_guide_shows(system: Path, machine: str) -> None:
    report = run_system([system], machine)
    assert (report["console"], report["status"]) == (said("tyrne run -q random.toml"), 0)


@pytest.mark.qemu
def test_the_driver_of_the_guide_runs_on_qemu(system: Path) -> None:
    report = run_system([system], "qemu")
    pattern = "16 bytes, of which the first are 0x[0-9a-f]{1,16}\n"
    assert re.fullmatch(pattern, report["console"]) and report["status"] == 0
    assert re.fullmatch(pattern, said("tyrne run -q --machine qemu random.toml"))
