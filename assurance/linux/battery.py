"""`make linux`: programs of other people on Tyrne, beside what qemu-user says of the same files.

Each program of `programs.toml` runs as a task, on the hosted machine and on QEMU, and by qemu-user: what it writes, and
its exit status, have to be the same. What could not be fetched or built here is said, and counts for nothing.

A program that differs for a reason has it in the list. The exit status is 0 when all that ran are equal, but those with
a reason; 1 when another differs, or one with a reason does not; 2 for a wrong request.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from assurance.linux import oracle
from assurance.linux.building import Source, built, source_folder
from assurance.linux.greetings import greeting
from assurance.linux.packages import NotHadError, Packages
from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest
from tyrne.system.printable import one_line
from tyrne.testing.commands import bar, check_output, guarded, write_figures

ROOT: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).parent / "programs.toml"
FOLDER: Final = ROOT / "build" / "linux"
MACHINES: Final = ("hosted", "qemu")
SECONDS: Final = 300
"""For one program on one machine."""
FROM_SOURCE: Final = "@"
"""So begins the content of a file that is one of the program's source."""


class Program(BaseModel):
    """A program and what it is asked to do; its file comes from a package, a source, or a compiler of the machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    package: str = ""
    built: str = ""
    go: str = ""
    rust: str = ""
    args: tuple[str, ...]
    stdin: str = ""
    files: Mapping[str, str] = {}
    heap_pages: int = 4096
    threads: int = 1
    memory: str = "128M"
    differs: str = ""
    """Why it does otherwise on Tyrne, if it does."""


@dataclass(frozen=True)
class Outcome:
    """What a program wrote, standard output and errors in one, and its exit status; `problem` where it did not get
    that far."""

    output: str = ""
    status: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Result:
    """Of one program: what qemu-user says, and each machine; or why there is nothing to compare."""

    name: str
    expected: Outcome
    seen: Mapping[str, Outcome]
    left_out: str = ""
    reason: str = ""

    def differs(self) -> list[str]:
        return [machine for machine, outcome in self.seen.items() if outcome != self.expected]


Run = Callable[[Program, Path, Path], Outcome]
"""Runs a program in a folder, from a file."""


class Battery:
    """The programs of the list, and where their files come from."""

    def __init__(self, folder: Path = FOLDER, listed: Path = LIST) -> None:
        read = tomllib.loads(listed.read_text())
        sources = read.pop("source")
        self.sources: Final = {name: Source.model_validate(fields) for name, fields in sources.items()}
        self.programs: Final = {name: Program.model_validate(fields) for name, fields in read.items()}
        self.packages: Final = Packages(folder)

    def file(self, program: Program) -> Path:
        """The program's file; NotHadError when it cannot be had."""
        if program.built:
            return built(program.built, self.sources[program.built], self.packages)
        if program.package:
            package, path = program.package.split(":")
            return self.packages.file(package, path)
        return greeting("go" if program.go else "rust", self.packages)

    def lay_out(self, program: Program, folder: Path) -> None:
        """The files that a program finds."""
        for name, content in program.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith(FROM_SOURCE):
                source = source_folder(self.sources[program.built], self.packages)
                path.write_bytes((source / content.removeprefix(FROM_SOURCE)).read_bytes())
            else:
                path.write_text(content)

    def result(self, name: str, machines: Sequence[str]) -> Result:
        program = self.programs[name]
        try:
            file = self.file(program)
        except NotHadError as error:
            return Result(name, Outcome(), {}, one_line(str(error)))
        with tempfile.TemporaryDirectory(prefix="tyrne-linux-") as temporary:
            expected = self._in_new_folder(program, Path(temporary) / "right", file, by_linux)
            seen = {}
            for machine in machines:
                place = Path(temporary) / machine
                seen[machine] = self._in_new_folder(program, place, file, partial(tyrne, machine))
        return Result(name, expected, seen, reason=program.differs)

    def _in_new_folder(self, program: Program, folder: Path, file: Path, run: Run) -> Outcome:
        files = folder / "files"
        files.mkdir(parents=True)
        self.lay_out(program, files)
        return run(program, folder, file)


def text_of(output: bytes) -> str:
    """What a program wrote, as reports have it."""
    return output.decode(errors="backslashreplace")


def need_oracle() -> None:
    """RequestError where qemu-user is not installed."""
    if oracle.command() is None:
        raise RequestError("qemu-user is missing; install it with: sudo apt-get install qemu-user-static")


def by_linux(program: Program, folder: Path, file: Path) -> Outcome:
    """What qemu-user says."""
    env, given = {"PATH": "/bin", "HOME": "/"}, program.stdin.encode()
    try:
        said, status = oracle.by_oracle(
            file, program.args, folder=folder / "files", env=env, given=given, seconds=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Outcome(problem=f"took more than {SECONDS} s")
    return Outcome(text_of(said), status)


_DESCRIPTION: Final = """\
[system]
name = "linux"
memory = "{memory}"

[[task]]
name = "program"
program = {program}
abi = "linux"
args = {args}
env = {{ PATH = "/bin", HOME = "/" }}
heap_pages = {heap}
threads = {threads}
{more}
caps = [{{ console = true }}, {{ clock = true }}]
"""


def tyrne(machine: str, program: Program, folder: Path, file: Path) -> Outcome:
    """What a machine of Tyrne's says."""
    (folder / file.name).write_bytes(file.read_bytes())
    (folder / "stdin").write_text(program.stdin)
    more = ['stdin = "stdin"'] if program.stdin else []
    more += ['files = "files"'] if program.files else []
    name, args = json.dumps(file.name), json.dumps(program.args)
    sizes = {"heap": program.heap_pages, "threads": program.threads, "memory": program.memory}
    text = _DESCRIPTION.format(program=name, args=args, more="\n".join(more), **sizes)
    (folder / "system.toml").write_text(text)
    report = folder / "report.json"
    command = [sys.executable, "-m", "tyrne", "run", "system.toml", "--machine", machine, "--report", report.name]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return Outcome(problem=f"took more than {SECONDS} s")
    if not report.exists():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return Outcome(problem=said[-1] if said else f"status {done.returncode}")
    read = json.loads(report.read_text())
    task = read["tasks"][0]
    output = read["console"]
    if task["state"] != "exited":
        return Outcome(output, 0, f"{task['state']} {task['fault'] or ''}".strip())
    return Outcome(output, task["code"] & 0xFF)


def table(results: Sequence[Result], machines: Sequence[str]) -> Table:
    """A row for each program: whether it is equal on each machine, and where not, what is."""
    shown = Table("program", *machines, "")
    for result in results:
        if result.left_out:
            shown.add_row(result.name, *("-" for _ in machines), f"left out: {result.left_out}")
            continue
        different = result.differs()
        marks = ("different" if machine in different else "equal" for machine in machines)
        what = _difference(result.expected, result.seen[different[0]]) if different else ""
        shown.add_row(result.name, *marks, result.reason or what)
    return shown


def _difference(expected: Outcome, seen: Outcome) -> str:
    if seen.problem or expected.problem:
        return one_line(seen.problem or f"qemu-user: {expected.problem}")
    if seen.status != expected.status:
        return f"status {seen.status} for {expected.status}: {_last(seen.output)}"
    lines = zip([*seen.output.splitlines(), ""], [*expected.output.splitlines(), ""], strict=False)
    return next((f"{_last(one)} for {_last(other)}" for one, other in lines if one != other), "more, or fewer lines")


def _last(output: str) -> str:
    return one_line((output.splitlines() or [""])[-1])[:60]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make linux", description="Programs of Linux, beside qemu-user.")
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help="which; all of them, without any")
    parser.add_argument("--machine", action="append", choices=MACHINES, help="only this machine; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures down")
    options = parser.parse_args(arguments)
    return guarded("linux", lambda: _run(options.names, options.machine or MACHINES, options.json))


def _run(names: Sequence[str], machines: Sequence[str], output: Path | None) -> int:
    battery = Battery()
    unknown = [name for name in names if name not in battery.programs]
    if unknown:
        raise RequestError(f"{unknown[0]}: no program of {LIST.name}; the names are in it")
    need_oracle()
    if output is not None:
        check_output(output)
    results = []
    with bar() as progress:
        for name in progress.track(names or list(battery.programs), description="programs"):
            results.append(battery.result(name, machines))
    Console().print(table(results, machines))
    ran = [result for result in results if not result.left_out]
    equal = [result for result in ran if not result.differs()]
    explained = sum(bool(result.reason) for result in ran if result.differs())
    print(f"{len(equal)} of {len(ran)} equal, {explained} different for a reason; {len(results) - len(ran)} left out")
    if output is not None:
        write_figures(output, figures(results, machines))
    return 0 if all(bool(result.differs()) == bool(result.reason) for result in ran) else 1


def figures(results: Sequence[Result], machines: Sequence[str] = MACHINES) -> dict[str, object]:
    """How many ran and were equal, and of the others what is different."""
    ran = [result for result in results if not result.left_out]
    return {
        "command": "make linux",
        "kernel": digest(),
        "machines": list(machines),
        "programs": len(ran),
        "equal": sum(not result.differs() for result in ran),
        "different": {
            r.name: r.reason or {m: _difference(r.expected, r.seen[m]) for m in r.differs()} for r in ran if r.differs()
        },
        "left_out": {result.name: result.left_out for result in results if result.left_out},
    }


if __name__ == "__main__":
    sys.exit(main())
