"""FP/SIMD registers never pass from one task to another, and are never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import on_each_machine, run_system

SOURCE = Path(__file__).with_name("floating.c")
TASK = """
[[task]]
name = "{name}"
program = "{program}"
caps = [{caps}]
"""


@pytest.mark.promise("floating point: its own registers, zero at first use", "floating point: no other task's")
@on_each_machine
def test_floating_registers_belong_to_one_task(machine: str, tmp_path: Path) -> None:
    """Two tasks that use them take turns; the third starts with zeros after both have, and a fourth never does."""
    idle = tmp_path / "idle.S"
    idle.write_text('#include "tyrne.h"\n.global _start\n_start:\n' + "mov x8, #3\nsvc #0\n" * 4 + "tyrne_exit 0\n")
    tasks = [("one", SOURCE, "{ console = true }"), ("idle", idle, ""), ("two", SOURCE, ""), ("three", SOURCE, "")]
    description = tmp_path / "floating.toml"
    text = [TASK.format(name=name, program=program, caps=caps) for name, program, caps in tasks]
    description.write_text('[system]\nname = "floating"\n' + "".join(text))
    report = run_system([description], machine)
    assert [(task["name"], task["state"], task["code"]) for task in report["tasks"]] == [
        (name, "exited", report["tasks"][1]["code"]) for name, _, _ in tasks
    ]
    assert report["status"] == 0
