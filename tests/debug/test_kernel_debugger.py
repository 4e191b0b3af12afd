"""`tyrne debug --kernel`: pdb in the kernel's Python, which goes back, too."""

from __future__ import annotations

import re
import subprocess
import sys

from tyrne.system.shipped import shipped


def walked(commands: list[str], *options: str, system: str = "ping-pong") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tyrne", "debug", str(shipped(f"systems/{system}.toml")), "--kernel", *options]
    typed = "".join(f"{line}\n" for line in commands)
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=120, check=False)


def test_it_stops_in_the_kernel_at_each_trap_and_steps_through_its_lines() -> None:
    done = walked(["print(cause)", "next", "where", "step", "step", "step", "step", "continue", "quit"], "--at", "4")
    assert done.returncode == 0 and done.stderr == ""
    assert "(after transition 4) Cause.CALL\n" in done.stdout
    assert "(after transition 5) " in done.stdout
    places = re.findall(r"^> .*/(\w+/\w+)\.py\(\d+\)", done.stdout, re.MULTILINE)
    assert {place.partition("/")[0] for place in places} == {"kernel"}, "no line of the machine or the tools"
    assert "kernel/fast_path" in places
    assert "playing.py" not in done.stdout, "the stack is the kernel's"


def test_back_undoes_transitions_and_the_one_that_is_being_made() -> None:
    seen = "print('pc', hex(self.scheduler.core.current.frame.pc))"
    forwards = ["next", seen, "continue", "continue", "step", "step", "step"]
    done = walked([*forwards, "back 2", "next", seen, "back 99", "quit"])
    assert done.returncode == 0
    found = re.findall(r"\(after transition (\d+)\) pc (\w+)", done.stdout)
    assert found == [("0", found[0][1]), ("0", found[0][1])]
    assert done.stdout.endswith("(after transition 0) ")


def test_it_ends_where_the_run_does() -> None:
    done = walked(["clear 1", "continue", "continue"], "--at", "-1")
    assert done.returncode == 0
    assert done.stdout.endswith("the run is over after transition 20\n")


def test_a_wrong_command_is_told_and_changes_nothing() -> None:
    done = walked(["back x", "back -1", "quit"])
    assert done.stdout.count("*** back [N]: N is a number of transitions") == 2


def test_gdb_and_the_kernel_are_not_asked_for_together() -> None:
    done = walked([], "--listen", "0")
    assert done.returncode == 2 and done.stderr.startswith("tyrne: error: --kernel --listen: ")
