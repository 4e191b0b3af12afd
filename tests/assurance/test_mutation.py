"""`make mutate`: it tells a test that notices from one that does not, and its lists are about this kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assurance.mutation import campaign, equivalent, sample
from assurance.mutation.campaign import Result, Results, source_digest
from assurance.mutation.catalogue import all_mutants
from assurance.mutation.equivalent import EquivalentError
from assurance.mutation.report import Outcome, figures
from assurance.mutation.source import kernel_files

ROOT = Path(__file__).parents[2]
UNNOTICED = sample.Pair(
    "kernel/arena.py",
    "Arena.allocate",
    "index < len(self.items)",
    "True",
    "tests/kernel/test_log.py::test_numbers_are_written_without_leading_zeros[9]",
)
"""A mutant, and a test that has nothing to do with it."""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_each_mutant_of_the_sample_is_killed_by_its_test() -> None:
    done = python("-m", "assurance.mutation", "--known", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mutant_that_a_test_does_not_notice_survives(tmp_path: Path) -> None:
    path = tmp_path / "sample.toml"
    sample.write([UNNOTICED], path)
    done = python("-m", "assurance.mutation", "--known", "--sample-file", str(path))
    assert done.returncode == 1
    assert "src/tyrne/kernel/arena.py" in done.stdout and "survives" in done.stdout


def test_the_list_of_equivalent_mutants_is_about_this_kernel() -> None:
    assert equivalent.unmatched(equivalent.read(), all_mutants(kernel_files())) == []


def entry(**fields: str) -> str:
    return "\n[[equivalent]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())


ENTRY = {"file": "kernel/arena.py", "function": "Arena.gone", "check": "x", "changed": "y", "reason": "none"}


def test_an_entry_that_matches_no_mutant_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "equivalent.toml"
    path.write_text(entry(**ENTRY))
    (said,) = equivalent.unmatched(equivalent.read(path), all_mutants(["kernel/arena.py"]), path)
    assert said.startswith(f"{path}:2: no mutant of Arena.gone reads 'y'")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (entry(**{name: value for name, value in ENTRY.items() if name != "reason"}), 2),
        (entry(**{**ENTRY, "reason": ""}), 2),
        (entry(**ENTRY, why="because"), 2),
        (entry(**ENTRY, which="the first"), 2),
        (entry(**ENTRY) + entry(**ENTRY), 9),
    ],
)
def test_an_entry_says_what_and_why_once(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "equivalent.toml"
    path.write_text(text)
    with pytest.raises(EquivalentError, match=f"^{path}:{line}: "):
        equivalent.read(path)


def test_of_checks_that_read_alike_an_entry_is_about_all_or_about_one(tmp_path: Path) -> None:
    path = tmp_path / "equivalent.toml"
    check, changed = "cancel_waits(kernel, slot)", "pass"
    alike = [one for one in all_mutants(["kernel/deletion.py"]) if (one.check, one.changed) == (check, changed)]
    assert [one.occurrence for one in alike] == [0, 1]
    fields = {"file": alike[0].file, "function": alike[0].function, "check": check, "changed": changed}
    for which, listed in (("", [True, True]), ("which = 1\n", [True, False]), ("which = 2\n", [False, True])):
        path.write_text(entry(**fields, reason="none") + which)
        entries = equivalent.read(path)
        assert [entries.of(one) is not None for one in alike] == listed
        assert equivalent.unmatched(entries, alike, path) == []
    path.write_text(entry(**fields, reason="none") + "which = 3\n")
    assert len(equivalent.unmatched(equivalent.read(path), alike, path)) == 1


def test_figures_are_made_of_no_result_that_is_older_than_what_tests_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mutant = tmp_path / "results.json", all_mutants(["kernel/arena.py"])[0]
    kept = Results(path)
    kept.set(mutant, Result(source_digest(mutant.file), "tests/kernel/test_arena.py::test_one", "failed"))
    kept.save()
    assert Results(path).of(mutant) and Results(path, exact=True).of(mutant)
    monkeypatch.setattr(campaign, "shared_digest", lambda: "another")
    assert Results(path).of(mutant) and Results(path, exact=True).of(mutant) is None


def test_a_file_that_is_not_the_kernels_is_refused_with_those_that_are() -> None:
    done = python("-m", "assurance.mutation", "--file", "nowhere.py")
    assert done.returncode == 2
    assert done.stderr.startswith("mutate: no file of the kernel is called nowhere.py; try one of abi/calls.py, ")
    assert "__init__.py" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_figures_add_up() -> None:
    mutants = all_mutants(["kernel/arena.py"])
    outcomes = [Outcome(mutant, ("killed", "equivalent", "survived")[i % 3]) for i, mutant in enumerate(mutants)]
    found = figures(outcomes, "make mutate")
    assert found["mutants"] == len(mutants) == found["killed"] + found["equivalent"] + found["survived"]
    for group in ("categories", "files", "operators"):
        assert sum(row["mutants"] for row in found[group].values()) == len(mutants)
    assert len(found["survivors"]) == found["survived"]
