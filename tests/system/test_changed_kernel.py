"""A kernel that was changed is checked before it runs in CPython, and can be debugged with Python's own tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from changed import Changed
from tyrne.compiler import CompileError
from tyrne.system import kernel_check
from tyrne.system.errors import RequestError
from tyrne.system.kernel_check import check_kernel

EXITS = bytes.fromhex("000080d2 880080d2 010000d4")
"""task_exit(0)."""


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    made = Changed(tmp_path)
    (tmp_path / "a.bin").write_bytes(EXITS)
    return made


def test_what_does_not_fit_together_is_told_before_anything_runs(changed: Changed) -> None:
    """CPython alone would run all of these, and answer the call without a handler as if it had been done."""
    handler = "        case CallNumber.POLL: return signals.poll(kernel, caller, call)\n"
    changed.replace("src/tyrne/kernel/system_calls.py", handler, "")
    changed.replace("src/tyrne/abi/rights.py", "case CapKind.QUOTA: return", "case CapKind.REPLY if False: return")
    wrong = changed.replace("src/tyrne/kernel/quota.py", "self.claims[claim] -= amount", "self.claims[claim] -= kind")
    done = changed.tyrne("run", "a.bin")
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.removeprefix("tyrne: error: src/tyrne/") for line in done.stderr.splitlines()] == [
        f"abi/rights.py:{line_of(changed, 'abi/rights.py', '    match kind:')}: "
        "no case for CapKind.QUOTA; add `case CapKind.QUOTA:`",
        f'kernel/quota.py:{wrong}: Name "kind" is not defined; define or import it',
        f"kernel/system_calls.py:{line_of(changed, 'kernel/system_calls.py', '    match number:')}: "
        "no case for CallNumber.POLL; add `case CallNumber.POLL:`",
    ]


def line_of(changed: Changed, file: str, text: str) -> int:
    """The line of a file of src/tyrne that is a text."""
    return (changed.kernel.parent / file).read_text().splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("x = )\n", ": syntax error: unmatched ')'; write Python 3.11"),
        ("x = 5 // 0\n", ": the kernel cannot be imported: ZeroDivisionError: integer division or modulo by zero; "),
        ("from tyrne.kernel.no import it\n", ": the kernel cannot be imported: ModuleNotFoundError: No module named "),
    ],
)
def test_sources_that_cannot_be_imported_are_one_line(changed: Changed, added: str, expected: str) -> None:
    path = changed.kernel / "effects.py"
    line = path.read_text().count("\n") + 1
    path.write_text(path.read_text() + added)
    done = changed.tyrne("run", "a.bin")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"tyrne: error: src/tyrne/kernel/effects.py:{line}{expected}")


@pytest.mark.parametrize("file", ["kernel/effects.py", "cli/main.py"])
def test_an_interrupt_while_sources_are_imported_is_told_as_one(changed: Changed, file: str) -> None:
    path = changed.kernel.parent / file
    path.write_text(path.read_text() + "raise KeyboardInterrupt\n")
    done = changed.tyrne("run", "a.bin")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "tyrne: interrupted\n")


def test_leaving_the_debugger_in_the_kernel_is_no_kernel_panic(changed: Changed) -> None:
    old = "    caller = kernel.context()\n    match number:\n"
    new = old.replace("    match", "    breakpoint()\n    match")  # CPython 3.13 stops there, others a line later
    changed.replace("src/tyrne/kernel/system_calls.py", old, new)
    commands = "c\nnext\np call\np caller.table\np kernel\nq\n"
    done = changed.tyrne("run", "a.bin", stdin=commands)
    assert (done.returncode, done.stderr) == (130, "tyrne: interrupted\n")
    assert "<Call: task_exit(0x0, 0x0, 0x0, 0x0, 0x0, 0x0)>" in done.stdout
    assert "<CapTable, 1 of 64 used: 0 console, CONSOLE_WRITE>" in done.stdout
    assert "<Kernel: runs task 0 'a'; 1 tasks, 0 endpoints>" in done.stdout
    assert "panic" not in done.stdout and "Traceback" not in done.stdout


# --- what was checked once


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The checks that are made, each of which finds nothing."""
    made: list[str] = []
    monkeypatch.setattr(kernel_check, "_check", lambda: made.append("check"))
    check_kernel.cache_clear()
    return made


def test_a_kernel_is_checked_once_for_its_content(
    anew: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    for _ in range(3):
        check_kernel()
        check_kernel.cache_clear()
    assert anew == ["check"]
    monkeypatch.setattr("tyrne.system.kernel_source.digest", lambda: "another kernel")
    check_kernel()
    assert anew == ["check"] * 2


def test_where_nothing_can_be_remembered_it_is_checked_each_time(
    anew: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "file" / "cache"))
    for _ in range(2):
        check_kernel()
        check_kernel.cache_clear()
    assert anew == ["check"] * 2


def test_what_is_wrong_is_not_remembered_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))

    def wrong(*_: object) -> None:
        raise CompileError("src/tyrne/abi/rights.py:1: wrong")

    monkeypatch.setattr("tyrne.compiler.translate.verify", wrong)
    check_kernel.cache_clear()
    for _ in range(2):
        with pytest.raises(RequestError, match=r"^src/tyrne/abi/rights\.py:1: wrong$"):
            check_kernel()
