"""The library's functions against the real kernel, compiled."""

from __future__ import annotations

from pathlib import Path

from running import on_each_machine, run_system

SOURCE = Path(__file__).with_name("every_call.py")
DESCRIPTION = """
[system]
name = "every-call"
[[task]]
name = "main"
program = "{program}"
quota = {{ tasks = 1, endpoints = 1, notifications = 1, spaces = 1, memory = 1, quotas = 1, frames = 16 }}
caps = [
  {{ console = true }},
  {{ quota = true, rights = ["CREATE", "REVOKE"] }},
  {{ space = "main", rights = ["MAP"] }},
  {{ clock = true }},
]
"""


@on_each_machine
def test_each_function_of_the_library_does_what_it_says(machine: str, tmp_path: Path) -> None:
    system = tmp_path / "every-call.toml"
    system.write_text(DESCRIPTION.format(program=SOURCE))
    report = run_system([system], machine)
    assert report["console"] == "every call did what it says\n"
    assert (report["tasks"][0]["state"], int(str(report["tasks"][0]["code"]), 0)) == ("exited", 0)
