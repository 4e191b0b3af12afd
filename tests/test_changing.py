"""docs/changing.md is followed in a copy of the tree: its steps add a call, and what it says is so is so."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from changed import Changed
from tyrne.cli.commands import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "changing.md").read_text()
EXAMPLE = PAGE.partition("\n## A system call\n")[2].partition("\n## ")[0]
STEP = re.compile(
    r"\b[Ii]n\s`(?P<file>[^`]+)`,\s(?P<how>after|before|instead\sof)\s`(?P<anchor>[^`]+)`[^`]*?:\n\n```\w*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = re.compile(r"^(?:python|pytest|make) .*$", re.MULTILINE)
MISSING = re.compile(r"^tyrne: error: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """Lines that go into a file, at a line that is there already."""

    file: str
    how: str
    anchor: str
    text: str

    def take(self, root: Path) -> None:
        path = root / self.file
        lines = path.read_text().splitlines(keepends=True)
        (at,) = [i for i, line in enumerate(lines) if line.strip() == self.anchor]
        first, after = {"after": (at + 1, at + 1), "before": (at, at), "instead of": (at, at + 1)}[self.how]
        lines[first:after] = self.text.splitlines(keepends=True)
        path.write_text("".join(lines))


STEPS = [Step(m["file"], " ".join(m["how"].split()), m["anchor"], m["text"]) for m in STEP.finditer(EXAMPLE)]
GENERATED = [line for line in COMMANDS.findall(EXAMPLE) if ">" in line]
TESTS = [name for line in COMMANDS.findall(EXAMPLE) if line.startswith("pytest") for name in line.split()[1:]]
QUICK = {
    "tests/kernel/test_numbers.py": "",
    "tests/kernel/test_version.py": "",
    "tests/kernel/test_abi.py": "",
    "tests/kernel/test_refusals.py": "QUOTA_QUERY or every_call or no_call_has",
    "tests/kernel/test_exact_rights.py": "quota_query or every_call",
    "tests/test_rows.py": "every",
    "tests/programs/test_header.py": "committed or function",
    "tests/programs/test_reference.py": "",
    "tests/programs/test_wrappers.py": "quota_query or every_call",
    "tests/properties/test_exhaustion.py": "quota_query or every_call",
}
"""Tests that the page names, or of a folder that it names, with what of them is about a call and takes no time."""


OPTIONS = ["-q", "-p", "no:cacheprovider", "--tb=short"]
ROW = re.compile(r"([\w/.]+\.py):\d+: (\w+) has no row for CallNumber\.QUOTA_QUERY; add one")
LACKING = {
    ("src/tyrne/testing/lockstep/call_arguments.py", "ARGUMENTS"),
    ("src/tyrne/user/refusals.py", "REFUSALS"),
    ("tests/kernel/test_exact_rights.py", "NEEDED"),
    ("tests/kernel/test_refusals.py", "HANDLES"),
    ("tests/programs/test_wrappers.py", "ROWS"),
    ("tests/properties/scenarios.py", "SCENARIOS"),
}
"""The tables that name themselves, and the row that they lack, once the call has a handler."""


def test_all_of_its_blocks_are_steps_or_commands() -> None:
    blocks = re.findall(r"^```\w*\n(.*?)^```$", EXAMPLE, re.MULTILINE | re.DOTALL)
    others = [block for block in blocks if block not in {step.text for step in STEPS}]
    assert len(STEPS) == 19 and len(GENERATED) == 3
    assert all(COMMANDS.match(block) or MISSING.match(block) for block in others)


def test_what_it_names_is_there() -> None:
    paths = set(re.findall(r"`((?:src|tests|docs)/[\w./]+)`", PAGE)) | set(TESTS)
    assert not [path for path in paths if not (ROOT / path).exists()]
    named = re.findall(r"`(test_\w+)`", PAGE)
    text = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name in named if f"def {name}(" not in text]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    return Changed(tmp_path_factory.mktemp("tree"), "tests", "docs", "assurance", "pyproject.toml")


def test_who_follows_its_steps_adds_a_call(tree: Changed) -> None:
    for step in STEPS[:4]:
        step.take(tree.folder)
    half = tree.tyrne("run", "-q")
    (told,) = MISSING.findall(EXAMPLE)
    assert (half.returncode, half.stderr.strip()) == (2, told)
    for step in STEPS[4:6]:
        step.take(tree.folder)
    half = tree.python("-m", "pytest", *OPTIONS, *QUICK, "-k", "every or committed")
    assert set(ROW.findall(half.stdout)) == LACKING, half.stdout + half.stderr
    assert "run: python -m tyrne.user.header > src/tyrne/user/tyrne.h" in half.stdout
    for step in STEPS[6:]:
        step.take(tree.folder)
    for line in GENERATED:
        command, how, output = re.split(r" (>>?) ", line)
        done = tree.python(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
        with (tree.folder / output).open("w" if how == ">" else "a") as file:
            file.write(done.stdout)
    wanted = " or ".join(f"({Path(file).stem} and ({words or 'test'}))" for file, words in QUICK.items())
    done = tree.python("-m", "pytest", *OPTIONS, *QUICK, "-k", wanted)
    assert done.returncode == 0, done.stdout
    assert "40: quota_query" in (tree.folder / "docs" / "abi.md").read_text()


def test_what_is_run_here_is_what_it_names() -> None:
    assert not [file for file in QUICK if file not in TESTS and str(Path(file).parent) not in TESTS]


# --- the editor


def editor(name: str) -> Any:
    """A file of .vscode: JSON with lines of comment."""
    return json.loads(re.sub(r"^\s*//.*$", "", (ROOT / ".vscode" / name).read_text(), flags=re.MULTILINE))


def test_each_configuration_of_the_editor_starts_something_that_there_is() -> None:
    tasks = {task["label"]: task for task in editor("tasks.json")["tasks"]}
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    for made in editor("launch.json")["configurations"]:
        if made["type"] == "debugpy":
            assert importlib.util.find_spec(made["module"]) is not None
            assert made["module"] != "tyrne" or made["args"][0] in commands
            assert made["justMyCode"] is False
        elif made["type"] == "tyrne":  # tests/debug/test_dap.py looks at those
            assert made.get("preLaunchTask", "tyrne: debug a run") in tasks
        else:
            assert made["preLaunchTask"] in tasks
            named = re.findall(r"\$\{workspaceFolder\}/(src\S+)", " ".join(c["text"] for c in made["setupCommands"]))
            assert named and all((ROOT / path).exists() for path in named)
    assert {task.get("dependsOn") for task in tasks.values()} <= {None, *tasks}


def test_the_editor_starts_qemu_as_the_page_on_building_does() -> None:
    (task,) = (task for task in editor("tasks.json")["tasks"] if task["label"] == "QEMU waits for gdb")
    page = " ".join((ROOT / "docs" / "building.md").read_text().replace("\\\n", " ").split())
    command = task["command"].partition("&& ")[2].replace("build/kernel.elf", "kernel.elf")
    assert command in page
