"""The fault matrix: each kind of fault at EL0, and how many programs that provoke it each machine is tested with.

Which programs run where comes from the collected tests and what they are parametrised by. What a program provokes comes
from running it, on the hosted machine, now; or from what the program itself says that it expects.
"""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from assurance.scorecard.tests_by_category import ROOT, Test
from tyrne.hal.aarch64.syndrome import FaultKind, abort_cause, fault_kind
from tyrne.lang import u64

COLUMNS: Final = ("hosted", "native", "qemu", "repaired", "repaired on qemu", "restarted", "restarted on qemu")
ABORTS: Final = (FaultKind.INSTRUCTION_ABORT, FaultKind.DATA_ABORT_READ, FaultKind.DATA_ABORT_WRITE)
_EXPECTED: Final = re.compile(r"expected [a-z_]+ (0x[0-9a-f]+)")
_TASKS: Final = 16

Provocation = tuple[str, str, int]
"""The column, the name of the program, and the syndrome (ESR_EL1) that it provokes."""


class UnknownTestError(Exception):
    """A test that the matrix is made from is not there any more."""


def fault_matrix(tests: Sequence[Test]) -> list[dict[str, Any]]:
    """A row for each kind of fault, aborts by their causes: {"fault", column: number of programs…}. A kind that no test
    provokes has a row of zeroes."""
    programs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for column, name, syndrome in _provocations(tests):
        programs[fault_name(syndrome), column].add(name)
    provoked = {fault for fault, _ in programs}
    rows = sorted(provoked | {_words(kind) for kind in FaultKind if kind not in ABORTS}, key=_order)
    return [{"fault": fault, **{column: len(programs[fault, column]) for column in COLUMNS}} for fault in rows]


def fault_name(syndrome: int) -> str:
    """What a syndrome means, in words; aborts with their cause."""
    kind = fault_kind(u64(syndrome))
    cause = f", {abort_cause(u64(syndrome)).name.lower()}" if kind in ABORTS else ""
    return _words(kind) + cause


def _words(kind: FaultKind) -> str:
    return kind.name.lower().replace("_", " ")


def _order(fault: str) -> tuple[int, str]:
    return next(kind.value for kind in FaultKind if fault.split(",")[0] == _words(kind)), fault


def _provocations(tests: Sequence[Test]) -> Iterator[Provocation]:
    """What the tests provoke, by column. A program that two machines must agree on runs on the hosted one as well."""
    snippets = _tests_module("test_machines_agree").FAULTS
    syndromes = _syndromes_of(snippets)
    for test in _named(tests, "tests/hosted/test_machines_agree.py", "test_tasks_do_the_same"):
        for name in test.parameters["group"]:
            if name in syndromes:
                for machine in ("hosted", test.parameters["machine"]):
                    yield machine, name, syndromes[name]
    for test in _named(tests, "tests/hosted/test_fault_repair.py", "test_every_fault_is_told_and_the_task_goes_on"):
        for name in test.parameters["group"]:
            yield _mended("repaired", test), name, syndromes[name]
    accesses = _tests_module("test_access_repair").SYNDROMES
    for test in _named(tests, "tests/hosted/test_access_repair.py", "test_a_forbidden_access_is_mended"):
        access, initial = test.parameters["access"], test.parameters["initial"]
        yield _mended(test.parameters["way"], test), f"{access} {initial}", accesses[access, initial]
    attacks = "test_every_attack_is_stopped_by_the_fault_that_it_names"
    for test in _named(tests, "tests/programs/test_programs.py", attacks):
        for program in _programs(ROOT / "systems" / f"{test.parameters['system']}.toml"):
            found = _EXPECTED.search(program.read_text())
            if found is None:
                raise UnknownTestError(f"{program}: does not say which fault it expects; print it as the others do")
            yield test.parameters["machine"], program.name, int(found[1], 16)


def _mended(how: str, test: Test) -> str:
    return f"{how} on qemu" if test.parameters["machine"] == "qemu" else how


def _named(tests: Sequence[Test], file: str, function: str) -> list[Test]:
    found = [test for test in tests if test.file == file and test.function == function]
    if not found:
        raise UnknownTestError(f"{file}: has no test named {function}; name the one that has taken its place")
    return found


def _programs(description: Path) -> list[Path]:
    tasks = tomllib.loads(description.read_text())["task"]
    return [description.parent / task["program"] for task in tasks]


def _tests_module(name: str) -> Any:
    """A module of tests/hosted, which holds programs as a table. Tests are no package: their folders are searched."""
    for folder in (ROOT / "tests", ROOT / "tests" / "hosted"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    return import_module(name)


def _syndromes_of(snippets: Mapping[str, str]) -> dict[str, int]:
    """The syndrome with which each snippet of assembly faults on the hosted machine."""
    code = _tests_module("machine_code").assemble(snippets)
    run_system = _tests_module("running").run_system
    found: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.bin" for name in code]
        for path in paths:
            path.write_bytes(code[path.stem])
        for at in range(0, len(paths), _TASKS):
            report = run_system(paths[at : at + _TASKS], "hosted")
            found |= {task["name"]: int(task["fault"]["esr"], 16) for task in report["tasks"]}
    return found
