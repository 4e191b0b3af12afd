"""The stubs and the panic of the user library in compiled programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import on_each_machine, run_system

HERE = Path(__file__).parent


@pytest.mark.parametrize("source", ["clobbers.c", "clobbers.py"])
@on_each_machine
def test_a_stub_declares_every_register_that_a_call_rewrites(source: str, machine: str) -> None:
    report = run_system([HERE / source], machine)
    calls = [[int(word, 16) for word in call["args"]] for call in report["syscalls"] if call["name"] == "send"]
    assert calls == [[63, 64, 65, 66, 67, 68]] * 2


@on_each_machine
def test_a_failed_check_names_its_kind_and_place_and_exits_with_101(machine: str) -> None:
    source = HERE / "panics.py"
    line = 1 + next(i for i, text in enumerate(source.read_text().splitlines()) if "= i * i" in text)
    report = run_system([source], machine)
    assert report["console"] == f"countingpanic: index at panics.py:{line}\n"
    (task,) = report["tasks"]
    assert (task["state"], int(str(task["code"]), 0)) == ("exited", 101)
    assert report["status"] == 1
