"""Systems of programs that others wrote do what docs/linux-systems.md shows, on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from linux_programs import on_all_machines

from assurance.linux.battery import FOLDER, ROOT
from assurance.linux.fetch import ORIGINS, fetched
from assurance.linux.packages import NotHadError
from tyrne.compiler.build.cache import locked
from tyrne.hosted.recorder import Listener
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select

PAGE: Final = (ROOT / "docs" / "linux-systems.md").read_text()
SYSTEMS: Final = ROOT / "systems" / "linux"
CODES: Final = {"lua": 0, "sqlite": 0, "micropython": 0, "ash": 3}
each_system: Final = pytest.mark.parametrize(
    "system", [pytest.param(name, marks=[] if name == "ash" else [pytest.mark.more]) for name in CODES]
)
"""Those that are built take minutes the first time."""


def program_of(system: str) -> Path:
    """The program that a system runs, in place."""
    text = (SYSTEMS / f"{system}.toml").read_text()
    (name,) = (name for name in ORIGINS if f'program = "../../build/programs/{name}"\n' in text)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with locked(FOLDER / "lock"):  # another worker may be at it
        try:
            return fetched(name)
        except NotHadError as error:
            pytest.skip(f"{name} cannot be had: {error}")


def shown(system: str) -> str:
    """What the page says that a system prints."""
    return PAGE.partition(f"$ tyrne run -q systems/linux/{system}.toml\n")[2].partition("```")[0]


@each_system
@on_all_machines
def test_a_system_of_somebody_elses_program_prints_what_the_page_shows(system: str, machine: Machine) -> None:
    program_of(system)
    loaded = load_system(select([SYSTEMS / f"{system}.toml"]))
    result = prepare(Request(loaded, machine, release=False, max_instructions=400_000_000)).run(Listener())
    console, expected = result.recorder.console_text().removesuffix("\n"), shown(system).removesuffix("\n")
    if expected.startswith("…\n"):  # a version, or a date
        console, expected = console.partition("\n")[2], expected.removeprefix("…\n")
    assert console == expected
    assert result.outcome()["tasks"][0]["code"] == CODES[system]


def test_each_system_of_the_folder_is_on_the_page_and_here() -> None:
    assert sorted(path.stem for path in SYSTEMS.glob("*.toml")) == sorted(CODES)
    assert all(shown(system) for system in CODES)
