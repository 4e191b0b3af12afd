"""Every command line of the documents is one that there is, and the README names every command and option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from tyrne.cli.commands import app

ROOT: Final = Path(__file__).parents[2]
COMMANDS: Final = vars(get_command(app))["commands"]


def options(made: Any) -> set[str]:
    """Those of a command, and of the commands below it."""
    own = {option for p in made.params for option in p.opts}
    return own.union(*(options(below) for below in getattr(made, "commands", {}).values()))


OPTIONS: Final = {name: options(made) for name, made in COMMANDS.items()}
FOREIGN: Final = {name for name, made in COMMANDS.items() if made.context_settings.get("ignore_unknown_options")}
"""Those that become another tool, which has options of its own."""
OF_ALL: Final = {"--help", "-h"}
ALONE: Final = {"--version", "--help", "-h", "--install-completion", "--show-completion"}
"""What `tyrne` takes without a command."""
DOCUMENTS: Final = [
    *(ROOT / name for name in ("README.md", "CAVEATS.md", "CHANGELOG.md", "programs/README.md", "Makefile")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "labs").glob("*.md")),
    ROOT / "src/tyrne/cli/new.py",
]
LINE: Final = re.compile(r"(?:^\s*\$? ?|`|: +)tyrne ((?:[a-z]+|--[\w-]+)\b[^`\n#]*)", re.MULTILINE)


def complaints(line: str) -> Iterator[str]:
    """What of a command line there is not. What stands behind -- is a program's."""
    words = line.partition(" -- ")[0].replace("[", " ").replace("]", " ").split()
    first = words[0]
    if first.startswith("-"):
        yield from (word for word in words if word.startswith("-") and word not in ALONE)
    elif first not in COMMANDS:
        yield first
    elif first not in FOREIGN:
        known = OPTIONS[first] | OF_ALL
        yield from (w for w in words if re.match(r"--?[a-z]", w) and w.partition("=")[0].rstrip(",.;:") not in known)


def lines_of(document: Path) -> list[str]:
    text = document.read_text()
    return [line for line in LINE.findall(text) if line.split()[0] in COMMANDS or not line[0].isalpha()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_commands_and_options_that_there_are(document: Path) -> None:
    wrong = [f"tyrne {line}: {what}" for line in lines_of(document) for what in complaints(line)]
    assert not wrong, f"{document.relative_to(ROOT)}: {wrong}"


def test_the_readme_has_every_command_with_all_its_options() -> None:
    block = (ROOT / "README.md").read_text().partition("## The command\n")[2].partition("```\n")[2].partition("```")[0]
    usage = {line.split()[1]: line for line in block.splitlines()}
    assert set(usage) == set(COMMANDS)
    for name, made in COMMANDS.items():
        words = set(re.findall(r"[\w-]+", usage[name]))
        all_of = [*made.params, *(p for below in getattr(made, "commands", {}).values() for p in below.params)]
        missing = [p.opts[0] for p in all_of if p.opts[0].startswith("-") and not words & set(p.opts)]
        assert not missing, f"README.md, The command: tyrne {name} takes {missing} too"


def test_a_wrong_line_is_seen() -> None:
    assert list(complaints("run --relase x.toml")) == ["--relase"]
    assert list(complaints("rum x.toml")) == ["rum"]
    assert list(complaints("--versoin")) == ["--versoin"]
    assert list(complaints("run -x ./busybox -- sh -c 'exit 7'")) == ["-x"]
    assert list(complaints("cc -O2 a.c -o a")) == []
    assert list(complaints("replay FILE [--to -1] [--report r.json]")) == []
