"""gdb itself, driven by a script: what a user sees of `tyrne debug`."""

from __future__ import annotations

import json
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from running import run_system
from tyrne.system.shipped import shipped

GDB = shutil.which("gdb-multiarch") or shutil.which("aarch64-linux-gnu-gdb")
with_gdb = pytest.mark.skipif(GDB is None, reason="no gdb for AArch64; install gdb-multiarch")
NO_FURTHER = r"No more reverse-execution history\.|Reached end of recorded history; stopping\."
"""What gdb says at either end of a run: Debian 12's, and Debian 13's."""


@contextmanager
def debugged(*words: str) -> Iterator[tuple[str, list[str]]]:
    """`tyrne debug`: where it listens, and what else it says at its start. It ends by a kill, or by Ctrl-C."""
    command = [sys.executable, "-m", "tyrne", "debug", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        while first and not first.startswith("listening"):  # what the tasks of a run that is recorded write
            first = process.stdout.readline()
        found = re.fullmatch(r"listening at (\S+); in gdb: target remote \1\n", first)
        if found is None:
            process.wait()
            raise AssertionError(process.stderr.read())
        tasks = 0 if words[0].endswith(".json") else Path(words[0]).read_text().count("[[task]]")
        try:
            yield found[1], [process.stdout.readline() for _ in range(tasks)]
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)


def without_core() -> None:
    """In the child: gdb 13 has been seen to crash as it leaves a machine, and what it drops would lie in the tree."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def gdb(address: str, commands: Sequence[str], symbols: str = "") -> str:
    """What gdb says to these commands."""
    assert GDB is not None
    setup = ["set pagination off", "set confirm off", "set width 0", *([symbols] if symbols else [])]
    words = [word for line in (*setup, f"target remote {address}", *commands, "kill") for word in ("-ex", line)]
    command = [GDB, "-nx", "-batch", *words]
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    made = subprocess.run(command, stdout=pipe, stderr=both, text=True, timeout=120, preexec_fn=without_core)
    return made.stdout


@with_gdb
@pytest.mark.timeout(300)
def test_gdb_lists_tasks_stops_at_a_line_and_goes_back() -> None:
    with debugged(str(shipped("systems/busy.toml"))) as (address, lines):
        symbols = lines[0].partition(": ")[2].strip()
        assert symbols.startswith("symbol-file ") and symbols.endswith("busy-1.elf")
        commands = [
            "info threads", "monitor only busy-2", "break busy.py:28", "continue", "continue", "continue",
            "print count", "reverse-continue", "print count", "delete", "stepi", "reverse-stepi",
            "watch *(long *) 0x10000000", "continue", "continue", "reverse-continue", "monitor waits",
        ]  # fmt: skip
        said = gdb(address, commands, symbols)
    assert re.search(r'1 +Thread 1 "busy-1" .*\n.*Thread 2 "busy-2" .*\n.*Thread 3 "alarm"', said)
    assert said.count('Thread 2 "busy-2" hit Breakpoint 1, k_main () at ./busy.py:28') == 4
    assert re.search(r"\$1 = 3\n.*\$2 = 2\n", said, re.DOTALL)
    old = re.findall(r"Old value = (\d+)\nNew value = (\d+)", said)
    assert old[:2] == [(old[0][0], old[0][1]), (old[0][1], str(int(old[0][1]) + 1))]
    assert old[2] == old[1][::-1], "backwards the same change the other way round"
    assert re.search(r'alarm +waits for signals at notification "bell"', said)


@with_gdb
@pytest.mark.qemu
@pytest.mark.timeout(300)
def test_gdb_goes_back_through_a_run_of_qemu(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(run_system([shipped("systems/supervisor.toml")], "qemu")))
    with debugged(str(report), "--at", "-1") as (address, _):
        commands = ["info threads", "continue", "reverse-continue", "stepi", "reverse-stepi", "reverse-stepi"]
        said = gdb(address, commands)
    assert 'Thread 1 "supervisor"' in said
    assert len(re.findall(NO_FURTHER, said)) == 3



@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", "x"], "--at x: not a position"),
        (["--listen", "/nowhere/gdb"], "/nowhere/gdb: cannot listen there"),
        (["--listen", "70000"], "port 70000: there is none; name one up to 65535"),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(words: list[str], message: str) -> None:
    command = [sys.executable, "-m", "tyrne", "debug", str(shipped("systems/hello.toml")), *words]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 2 and said.stdout == ""
    assert said.stderr.startswith(f"tyrne: error: {message}") and said.stderr.count("\n") == 1
