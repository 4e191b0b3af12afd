"""Programs in Kernel Python through the whole build stage: translated once, again after an edit, to the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tyrne.compiler import CompileError, Target, Unit
from tyrne.compiler.build import build_host_library, build_objects, build_user_program, translated, translation
from tyrne.system.dwarf import read_debug

PROGRAM = """\
from numbers_of import LIMIT
from tyrne.lang import export, u32, u64

@export
def main(a: u64) -> u64:
    return a + LIMIT

@export
def panic(kind: u32, file: u32, line: u32) -> None:
    pass
"""
NUMBERS = """\
from typing import Final
from tyrne.lang import option, u64
LIMIT: Final = u64(40 if option("more", False) else 4)
"""


def write(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "numbers_of.py").write_text(NUMBERS)
    root = folder / "adding.py"
    root.write_text(PROGRAM)
    return root


def forbid_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError(f"started {arguments}")

    monkeypatch.setattr(subprocess, "run", refuse)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))


def test_an_unchanged_program_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "program")
    first = build_objects(translated(root, Target.METAL, {}))
    forbid_processes(monkeypatch)
    again = build_objects(translated(root, Target.METAL, {}))
    assert again == first and again.files[0].exists()


def test_an_edit_of_an_imported_module_counts_and_undoing_it_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "program")
    before = translated(root, Target.METAL, {})
    (root.parent / "numbers_of.py").write_text(NUMBERS.replace("else 4", "else 5"))
    assert translated(root, Target.METAL, {}).c != before.c
    (root.parent / "numbers_of.py").write_text(NUMBERS)
    forbid_processes(monkeypatch)
    assert translated(root, Target.METAL, {}) == before


def test_an_edit_within_one_second_to_the_same_length_counts(tmp_path: Path) -> None:
    root = write(tmp_path / "program")
    numbers = root.with_name("numbers_of.py")
    os.utime(numbers, (1_000_000_000, 1_000_000_000))
    before = translated(root, Target.METAL, {})
    numbers.write_text(NUMBERS.replace("else 4", "else 5"))
    os.utime(numbers, (1_000_000_000, 1_000_000_000))
    assert translated(root, Target.METAL, {}).c != before.c


def test_a_source_that_changes_during_the_translation_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "program")
    original = translation.translate

    def edit_behind(*arguments: Any) -> Unit:
        unit = original(*arguments)
        root.write_text(PROGRAM.replace("a + LIMIT", "a * LIMIT"))
        return unit

    monkeypatch.setattr(translation, "translate", edit_behind)
    before = translated(root, Target.METAL, {})
    monkeypatch.undo()
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    assert translated(root, Target.METAL, {}).c != before.c


def test_options_reach_the_program_and_are_kept_apart(tmp_path: Path) -> None:
    root = write(tmp_path / "program")
    small, large = (build_host_library(root, {"more": more}).call("main", 2) for more in (False, True))
    assert (small, large) == (6, 42)


def test_a_refused_program_is_refused_each_time(tmp_path: Path) -> None:
    root = write(tmp_path / "program")
    root.write_text(PROGRAM.replace("a + LIMIT", "a / LIMIT"))
    for _ in range(2):
        with pytest.raises(CompileError, match=r"adding\.py:6: "):
            translated(root, Target.METAL, {})


@pytest.mark.parametrize("debug", [False, True])
def test_two_places_give_the_same_object(tmp_path: Path, debug: bool) -> None:
    bytes_of = []
    for folder in ("one", "another-place"):
        unit = translated(write(tmp_path / folder), Target.METAL, {})
        bytes_of.append(build_objects(unit, debug=debug).files[0].read_bytes())
    assert bytes_of[0] == bytes_of[1]
    assert str(tmp_path).encode() not in bytes_of[0]


def test_the_same_program_in_another_folder_is_known_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "another")
    first = translated(one, Target.METAL, {})
    objects = build_objects(first)
    forbid_processes(monkeypatch)
    again = translated(other, Target.METAL, {})
    assert {str(other), str(other.with_name("numbers_of.py"))} < set(again.inputs)
    assert not any(path.startswith(str(one.parent)) for path in again.inputs)
    assert (again.c, build_objects(again).files) == (first.c, objects.files)


def test_a_program_with_the_name_of_a_file_of_the_library_has_its_lines_and_the_library_has_its_own(
    tmp_path: Path,
) -> None:
    root = tmp_path / "console.py"
    root.write_text(
        "from tyrne.lang import export, u64\nfrom tyrne.user import NotificationCap, notify\n\n\n"
        "@export\ndef main() -> u64:\n    notify(NotificationCap(u64(5)), u64(1))\n    return u64(0)\n"
    )
    rows, _ = read_debug(build_user_program(root).read_bytes())
    files = {row.file for row in rows}
    assert {"console.py", "tyrne/user/calls.py"} <= files
    assert "calls.py" not in files


def test_what_lies_beside_a_program_in_another_folder_is_another(tmp_path: Path) -> None:
    one, other, third = (write(tmp_path / name) for name in ("one", "another", "third"))
    first = translated(one, Target.METAL, {})
    other.with_name("numbers_of.py").write_text(NUMBERS.replace("else 4", "else 5"))
    assert translated(other, Target.METAL, {}).c != first.c
    third.with_name("numbers_of.py").unlink()
    with pytest.raises(CompileError, match="numbers_of"):
        translated(third, Target.METAL, {})
    assert translated(one, Target.METAL, {}) == first


def test_a_package_that_comes_to_stand_before_a_module_is_noticed(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "another")
    first = translated(one, Target.METAL, {})
    for root in (one, other):
        package = root.with_name("numbers_of")
        package.mkdir()
        (package / "__init__.py").write_text(NUMBERS.replace("else 4", "else 5"))
        assert translated(root, Target.METAL, {}).c != first.c


def test_an_unchanged_build_is_instant(tmp_path: Path) -> None:
    root = write(tmp_path / "program")
    code = f"""
import sys, time
from pathlib import Path
start = time.process_time()
from tyrne.compiler import Target
from tyrne.compiler.build import build_objects, translated
build_objects(translated(Path({str(root)!r}), Target.METAL, {{}}))
print(time.process_time() - start, 'mypy' in sys.modules)
"""
    command = [sys.executable, "-c", code]
    for _ in range(2):
        output = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    seconds, has_mypy = output.split()
    assert has_mypy == "False" and float(seconds) < 0.15


def test_several_processes_may_build_at_once(tmp_path: Path) -> None:
    root = write(tmp_path / "program")
    code = (
        "from pathlib import Path\nfrom tyrne.compiler.build import build_host_library\n"
        f"print(build_host_library(Path({str(root)!r})).call('main', 2))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    deadline = time.monotonic() + 120
    assert [process.communicate(timeout=deadline - time.monotonic())[0].strip() for process in running] == ["6"] * 3
