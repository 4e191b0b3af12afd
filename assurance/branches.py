"""`make coverage`: which lines and branches of the kernel hosted tests reach, and what is left out, and why.

The tests with the mark `branches` run under coverage first; this reads what they have left in build/coverage/. The exit
status is 0 when they take every branch of the kernel, 1 when they do not, 2 when there is nothing to read. Other layers
are shown and may miss some. What the board's Python does at run time takes the machine: a statement of it that no
hosted test executes, and all assembly, can only be tested on QEMU.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import coverage
from rich.console import Console
from rich.table import Table

from assurance.scorecard.lines import SOURCES, lines_of_code
from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest
from tyrne.testing.commands import check_output, guarded, write_figures

ROOT: Final = Path(__file__).parents[1]
COMMAND: Final = "make coverage"
LAYERS: Final = {
    "kernel": "kernel",
    "abi": "abi",
    "boot": "boot",
    "hal": "hal",
    "aarch64": "hal/aarch64",
    "board": "boards/qemu_virt",
}
"""Each layer that is measured, and its folder below src/tyrne."""
WHOLE: Final = ("kernel", "abi")
"""Layers of which every branch must be taken."""
ALWAYS: Final = re.compile(r"  # always: (?P<reason>\w+ \w+ \w+.*)$")
"""Marks a branch that is always taken; the reason is mandatory, and pyproject.toml has the same pattern."""


class NoDataError(RequestError):
    """No test has left anything; the text says what to do."""


@dataclass(frozen=True)
class File:
    """What is known of one file. `missing` names lines that no test executes and branches that none takes."""

    layer: str
    name: str
    lines: int
    statements: int
    executed: int
    branches: int
    taken: int
    missing: tuple[str, ...]

    def is_whole(self) -> bool:
        return self.executed == self.statements and self.taken == self.branches


def measured(data_file: Path = ROOT / "build/coverage/data") -> dict[str, Any]:
    """Coverage's own report of what the tests have left, as JSON has it. Parts of several processes are combined."""
    found = coverage.Coverage(data_file=str(data_file), config_file=str(ROOT / "pyproject.toml"))
    with suppress(coverage.exceptions.NoDataError):  # combined before
        found.combine()
        found.save()
    try:
        found.load()
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "report.json"
            found.json_report(outfile=str(out))
            report: dict[str, Any] = json.loads(out.read_text())
    except coverage.CoverageException as error:
        raise NoDataError(f"{str(error).rstrip('.').lower()}; run: {COMMAND}") from None
    return report


def files(report: dict[str, Any], root: Path = SOURCES) -> list[File]:
    """Every file of every layer, whether a test has imported it or not."""
    reported = {Path(name).resolve(): part for name, part in report["files"].items()}
    found = []
    for layer, folder in LAYERS.items():
        for path in sorted((root / folder).glob("*.py")):
            part = reported.get(path.resolve())
            if part is None:
                raise NoDataError(f"{path} was not measured; run: {COMMAND}")
            found.append(_file(layer, path, part))
    return found


def _file(layer: str, path: Path, part: dict[str, Any]) -> File:
    summary = part["summary"]
    missing = [str(line) for line in part["missing_lines"]]
    missing += [f"{start}->{'end' if end < 0 else end}" for start, end in part["missing_branches"]]
    return File(
        layer,
        path.name,
        lines_of_code(path),
        summary["num_statements"],
        summary["covered_lines"],
        summary["num_branches"],
        summary["covered_branches"],
        tuple(missing),
    )


def exclusions(folder: Path) -> Iterator[dict[str, Any]]:
    """What is not counted of the files of a folder: where, and why."""
    for path in sorted(folder.glob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if marked := ALWAYS.search(line):
                yield {"file": path.name, "line": number, "kind": "always taken", "reason": marked["reason"]}
            elif line == "if TYPE_CHECKING:":
                reason = "imports for annotations, which nothing executes"
                yield {"file": path.name, "line": number, "kind": "annotations", "reason": reason}


def figures(found: Sequence[File], root: Path = SOURCES) -> dict[str, Any]:
    """What assurance/results/coverage.json holds."""
    layers = {}
    for layer, folder in LAYERS.items():
        mine = [file for file in found if file.layer == layer]
        layers[layer] = {
            "files": len(mine),
            "lines": sum(file.lines for file in mine),
            "statements": sum(file.statements for file in mine),
            "statements_executed": sum(file.executed for file in mine),
            "branches": sum(file.branches for file in mine),
            "branches_taken": sum(file.taken for file in mine),
            "missing": {file.name: list(file.missing) for file in mine if file.missing},
            "exclusions": list(exclusions(root / folder)),
        }
    assembly = sum(lines_of_code(path) for path in (root / LAYERS["board"]).glob("*.S"))
    return {
        "command": COMMAND,
        "kernel": digest(),
        "layers": layers,
        "unreachable_hosted": {
            "how": "statements of boards/qemu_virt that no hosted test executes, and its lines of assembly",
            "statements": sum(file.statements - file.executed for file in found if file.layer == "board"),
            "assembly_lines": assembly,
        },
    }


def table(found: Sequence[File]) -> Table:
    """A row for each file that is not whole, and one for each layer. The JSON lists all that is missing."""
    shown = Table("", "lines", "statements", "executed", "branches", "taken", "missing", box=None)
    for column in shown.columns[1:6]:
        column.justify = "right"
    for layer in LAYERS:
        mine = [file for file in found if file.layer == layer]
        for file in mine:
            if not file.is_whole():
                shown.add_row(f"  {file.name}", *_numbers([file]), _some(file.missing))
        shown.add_row(layer, *_numbers(mine), "" if any(not file.is_whole() for file in mine) else "nothing")
    return shown


def _some(missing: Sequence[str], shown: int = 6) -> str:
    return " ".join([*missing[:shown], *(["…"] if len(missing) > shown else [])])


def _numbers(found: Sequence[File]) -> list[str]:
    columns = [(f.lines, f.statements, f.executed, f.branches, f.taken) for f in found]
    return [f"{sum(column):,}" for column in zip(*columns, strict=True)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Which branches of the kernel hosted tests take.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    return guarded("coverage", lambda: _compared(options.json))


def _compared(output: Path | None) -> int:
    if output is not None:
        check_output(output)
    found = files(measured())
    Console(width=120).print(table(found))
    if output is not None:
        write_figures(output, figures(found))
    lacking = [file for file in found if file.layer in WHOLE and not file.is_whole()]
    for file in lacking:
        where = f"src/tyrne/{LAYERS[file.layer]}/{file.name}:{file.missing[0].split('->')[0]}"
        print(f"{where}: not every branch is taken ({' '.join(file.missing)}); add a test, or mark it `# always: …`")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
