"""The native machine runs programs as the hosted one does, with the compiled kernel."""

from __future__ import annotations

import time

import pytest
from machine_code import assemble
from systems import flat_system
from test_machine import SOURCES

from running import run_hosted, run_native
from tyrne.hosted.kept import WITHOUT_CALLS
from tyrne.hosted.native import NativeMachine
from tyrne.hosted.recorder import Recorder


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


@pytest.mark.parametrize(
    "names",
    [
        ["hello"],
        ["code_seven", "hello"],
        ["load_null", "load_kernel", "store_device", "jump_kernel", "hello"],
        ["preserve", "isolated", "isolated", "hello", "isolated"],
        ["yield_for_ever", "hello", "for_ever"],
    ],
)
@pytest.mark.parametrize("debug_console", [True, False])
def test_report_is_that_of_the_hosted_machine(names: list[str], debug_console: bool, code: dict[str, bytes]) -> None:
    manifest = flat_system([code[name] for name in names], max_instructions=3000)
    reports = [
        run(manifest, debug_console=debug_console).report("any", "any", names) for run in (run_hosted, run_native)
    ]
    assert reports[0] == reports[1]


def test_limit_is_exact(code: dict[str, bytes]) -> None:
    recorder = run_native(flat_system([code["for_ever"]], max_instructions=12_345))
    assert (recorder.status, recorder.instructions) == (4, 12_345)


def test_failed_check_of_the_kernel_is_a_panic_at_its_python_line() -> None:
    recorder = run_native(bytes(4096))
    assert recorder.status == 3
    assert bytes(recorder.panic_bytes).startswith(b"!! tyrne panic: assertion at ")
    assert b"boot/start.py:" in bytes(recorder.panic_bytes)
    assert recorder.log_lines()[0] == "tyrne: hello from kernel_main"


def test_next_machine_starts_from_the_initial_state(code: dict[str, bytes]) -> None:
    first = run_native(flat_system([code["load_null"], code["hello"]])).report("", "", ["a", "b"])
    run_native(bytes(4096))
    assert run_native(flat_system([code["load_null"], code["hello"]])).report("", "", ["a", "b"]) == first


def test_system_calls_are_fast(code: dict[str, bytes]) -> None:
    """At least 25,000 a second of CPU time: a quarter of what it does on an idle machine."""
    machine = NativeMachine(flat_system([code["calls"]]), Recorder(kept=WITHOUT_CALLS))
    start = time.process_time()
    machine.run()
    assert machine.recorder.status == 0 and time.process_time() - start < 0.2
