"""The page of `tyrne ui` shows the same of a system, of its report, and of a report of QEMU, for five systems."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import viewer_of
from test_pictures import SYSTEMS

from tyrne.inspect import open_run
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.reader import KINDS
from tyrne.inspect.ui.sources import sources_of
from tyrne.inspect.ui.viewer import Viewer
from tyrne.system.shipped import shipped
from tyrne.testing import run_system

GOLDEN = Path(__file__).parent / "golden" / "page"
"""UPDATE_GOLDEN=1 rewrites what is expected (look at the diff)."""
ROOT = shipped("systems/hello.toml").parents[1]
INSIDE = 3
"""Instructions after the position that is shown, to which one steps, too."""


def of_system(name: str) -> Viewer:
    return viewer_of(shipped(f"systems/{name}.toml"))


def of_report(name: str, folder: Path, machine: str) -> Viewer:
    system, path = shipped(f"systems/{name}.toml"), folder / "report.json"
    path.write_text(json.dumps(run_system(system, machine).report()))
    return viewer_of(path, sources_of(open_run(path), system))


def panes(viewer: Viewer, state: dict[str, Any]) -> Iterator[str]:
    """What the page shows of a position, without the kernel's own lines, which tell of its machine; of the way through
    the kernel where it begins, and the function that is shown."""
    yield f"at {state['at']}, {state['instructions']} instructions, over: {state['over']}, status: {state['status']}"
    for task in state["tasks"]:
        yield "task " + "; ".join(str(value) for value in task.values())
    program, kernel = state["program"], state["kernel"]
    if program is not None:
        yield f"program {program['task']} {program['file']}:{program['line']} in {program['function']}, {program['pc']}"
        lines = None if program["file"] is None else viewer.sources.lines(program["file"])
        yield "no source" if lines is None else f"> {lines[program['line'] - 1]}"
    yield f"kernel {kernel['calls'][0]['function']} … {kernel['here']['function']}"
    yield f"refused by {kernel['check']['function'] if kernel['check'] else 'nobody'}"
    yield from (f"| {line}" for line in state["console"].splitlines())


def below(told: dict[str, Any]) -> Iterator[str]:
    """The registers of a task, and the instruction at which it goes on."""
    yield f"below {told['task']}"
    if told["task"] is not None:
        yield " ".join(f"{name}={value}" for name, value in told["registers"])
        yield from (f"{each['at']} {each['word']} {each['line']}" for each in told["code"] if each["here"])


def sheet(viewer: Viewer, position: int) -> str:
    """What the page shows at a position, and some instructions after it; where one can go from there, and what happened
    until then."""
    there, within = At(position), At(position, INSIDE)
    found = list(panes(viewer, viewer.state(there, None)))
    found += below(viewer.instructions(within, None))
    found += below(viewer.instructions(there, None))
    for kind in KINDS:
        ways = [viewer.move(there, kind, back) for back in (False, True)]
        found.append(f"{kind}: " + ", ".join("nowhere" if at is None else at.text for at in ways))
    rows = viewer.rows(1, position + 8)
    found.append("rows of " + ", ".join(rows["tasks"]))
    for row in rows["rows"]:
        states = " ".join(each or "-" for each in row["states"])
        why = f" {row['why']}" if row["why"] else ""
        found.append(f"{row['transition']} {row['text']} [{states}] {' '.join(row['kinds'])}{why}")
    return "\n".join([*found, ""]).replace(f"{ROOT}/", "")


def compare(name: str, viewer: Viewer) -> None:
    path, shown = GOLDEN / f"{name}.txt", sheet(viewer, SYSTEMS[name])
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown)
    assert shown == path.read_text()


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_page_of_a_system_that_runs_is_as_expected(name: str) -> None:
    compare(name, of_system(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_page_of_its_report_is_the_same(name: str, tmp_path: Path) -> None:
    compare(name, of_report(name, tmp_path, "hosted"))


@pytest.mark.qemu
@pytest.mark.parametrize("name", SYSTEMS)
def test_the_page_of_a_report_of_qemu_is_the_same(name: str, tmp_path: Path) -> None:
    compare(name, of_report(name, tmp_path, "qemu"))
