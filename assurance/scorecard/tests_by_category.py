"""The tests of this repository, collected by pytest and counted by what kind of net they are."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]

CATEGORIES: Final = (
    ("attacks from EL0", ("programs/test_programs.py", "hosted/test_*_repair.py", "hosted/test_cpu_faults.py",
                          "conformance/test_v1_binary.py")),
    ("conformance: version 1 of the interface", ("conformance/*",)),
    ("promises of docs/security.md", ("promises/*",)),
    ("properties and models", ("properties/*",)),
    ("exploration", ("testing/explore/*",)),
    ("differential: compiled ↔ CPython, hosted ↔ QEMU", ("differential/*", "testing/lockstep/*", "testing/code/*",
                          "hosted/test_machines_agree.py", "hosted/test_native.py")),
    ("unit: kernel, boot, hal, lang", ("kernel/*", "boot/*", "hal/*", "lang/*")),
    ("unit: boards, hosted machine", ("boards/*", "hosted/*")),
    ("compiler", ("compiler/*",)),
    ("user library, programs, systems", ("programs/*",)),
    ("descriptions, command, records", ("system/*", "cli/*")),
    ("the nets themselves", ("testing/*", "assurance/*", "bench/*")),
    ("the repository: imports, links, sizes, audit log", ("*",)),
)  # fmt: skip
"""Patterns of files below tests/. Each test counts once, in the first category that has its file."""


@dataclass(frozen=True)
class Test:
    """One collected test. `file` is relative to the root; `parameters` are what it is parametrised by."""

    __test__ = False

    file: str
    function: str
    id: str
    qemu: bool
    parameters: dict[str, Any]


class CollectionError(Exception):
    """pytest could not collect; the text is the end of what it said."""


def collected(paths: Sequence[str] = ()) -> list[Test]:
    """The tests below some paths relative to the root, or all of them."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "collected.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "assurance.scorecard.collecting", "--collected", str(output), *paths]
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode or not output.is_file():
            raise CollectionError("\n".join((done.stdout + done.stderr).strip().splitlines()[-20:]))
        return [Test(**test) for test in json.loads(output.read_text())]


def category(file: str) -> str:
    """The category of a file of tests, relative to the root."""
    below = file.removeprefix("tests/")
    return next(name for name, patterns in CATEGORIES if any(fnmatchcase(below, pattern) for pattern in patterns))


def counted(tests: Iterable[Test]) -> list[dict[str, object]]:
    """Of each category that has tests: how many functions, how many cases these make, how many of them boot QEMU."""
    functions: dict[str, set[tuple[str, str]]] = defaultdict(set)
    cases: Counter[str] = Counter()
    qemu: Counter[str] = Counter()
    for test in tests:
        name = category(test.file)
        functions[name].add((test.file, test.function))
        cases[name] += 1
        qemu[name] += test.qemu
    return [
        {"name": name, "functions": len(functions[name]), "tests": cases[name], "qemu": qemu[name]}
        for name, _ in CATEGORIES
        if cases[name]
    ]
