"""The fixtures of tyrne.testing.plugin in a folder of somebody else, with a system and a program of their own."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tyrne.compiler.build.cache import cache_directory

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["tyrne.testing.plugin"]'
PROGRAM = """
#include "tyrne.h"

        .global _start
_start: mov     x0, #0
        adr     x1, text
        mov     x2, #15
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        mov     x0, #0
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
text:   .ascii  "my own program\\n"
"""
SYSTEM = """
[system]
name = "mine"
[[task]]
name = "one"
program = "mine.S"
caps = [{ console = true }]
"""


CACHE = cache_directory()
"""Before each test has a home of its own."""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("TYRNE_CACHE", str(CACHE))
    pytester.makeconftest(CONFTEST)
    folder = pytester.mkdir("tests")
    (folder / "mine.S").write_text(PROGRAM)
    (folder / "mine.toml").write_text(SYSTEM)
    return pytester


def outcomes(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    (project.path / "tests/test_mine.py").write_text(test)
    return project.runpytest_inprocess("-W", "error", "--strict-markers", "-p", "no:hypothesispytest", *options)


def test_the_fixtures_run_step_and_build(project: pytest.Pytester) -> None:
    test = """
        from tyrne.testing import CallNumber, Status

        def test_run(run_system):
            run = run_system("mine.toml")
            run.assert_success()
            assert run.console_of("one") == "my own program\\n"

        def test_native(run_system):
            assert run_system("mine.S", "native").console == "my own program\\n"

        def test_step(hosted_system):
            system = hosted_system("mine.toml")
            system.until(call="console_write")
            assert system.task("one").state == "ready"

        def test_kernel(world):
            assert world(1).refused(0, CallNumber.CAP_DROP, 5) is Status.INVALID_HANDLE
    """
    result = outcomes(project, textwrap.dedent(test))
    result.assert_outcomes(passed=4)


def test_a_failing_assertion_shows_the_run_and_the_difference(project: pytest.Pytester) -> None:
    test = """
        def test_console(run_system):
            assert run_system("mine.toml").console == "his own program\\n"

        def test_status(run_system):
            run = run_system("mine.toml")
            assert run.status == 5
    """
    result = outcomes(project, textwrap.dedent(test))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E*- his own program", "E*+ my own program"])
    result.stdout.fnmatch_lines(["E*where <Ending.ALL_EXITED: 0> = <run of 'mine' on hosted: ALL_EXITED>.status"])


def test_a_kernel_that_a_test_leaves_broken_is_an_error(project: pytest.Pytester) -> None:
    result = outcomes(project, "def test_kernel(world):\n    world(1).kernel.endpoints.population += 3\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E*each_arena_counts_its_objects: endpoint: population 3, occupied 0"])


def test_without_qemu_its_tests_are_skipped_with_the_reason(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    test = "import pytest\n\n@pytest.mark.qemu\ndef test_boot():\n    raise AssertionError('was run')\n"
    asked = outcomes(project, test, "--no-qemu", "-rs")
    asked.assert_outcomes(skipped=1)
    asked.stdout.fnmatch_lines(["SKIPPED*--no-qemu: tests that boot QEMU are left out"])
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = outcomes(project, test, "-rs")
    missing.assert_outcomes(skipped=1)
    missing.stdout.fnmatch_lines(["SKIPPED*qemu-system-aarch64: not installed; install it with: *"])
