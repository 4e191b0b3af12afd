"""Ctrl-C: the run ends where it is, says where its tasks stood, and writes its report, which can be repeated."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import Tyrne

from tyrne.system.run import NO_LIMIT

SPINS = """\
#include "tyrne.h"
void _start(void) {
    tyrne_console_write(0, "spins\\n", 6);
    for (volatile long i = 0;; i++) { }
}
"""
CALLS = """\
#include "tyrne.h"
void _start(void) {
    tyrne_console_write(0, "calls\\n", 6);
    for (;;) tyrne_task_yield();
}
"""
WAITS = """\
#include "tyrne.h"
void _start(void) {
    tyrne_wait(0);
}
"""
THREE = """\
[system]
name = "three"
slice = 5_000

[[notification]]
name = "bell"

[[task]]
name = "spins"
program = "spins.c"
caps = [{ console = true }]

[[task]]
name = "calls"
program = "calls.c"
caps = [{ console = true }]

[[task]]
name = "waits"
program = "waits.c"
priority = 1
caps = [{ notification = "bell", rights = ["WAIT"] }]
"""
SECONDS = 60
INTO_THE_LOOP = 0.2
"""Seconds: between a program's last line and its loop there are instructions that belong to no line."""


MACHINES = ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)]


def interrupted(folder: Path, system: str, machine: str, shows: bytes) -> tuple[int, list[str], dict[str, Any]]:
    """Run with a report until all these lines were shown; Ctrl-C: the exit status, the lines of errors, the report."""
    command = [sys.executable, "-m", "tyrne", "run", system, "--machine", machine, "--report", "r.json"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores it
    with subprocess.Popen(
        command, cwd=folder, stdout=-1, stderr=-1, start_new_session=True, preexec_fn=heard
    ) as process:
        try:
            assert process.stdout is not None
            wanted = set(shows.splitlines(keepends=True))
            for line in process.stdout:
                wanted.discard(line)
                if not wanted:
                    break
            assert not wanted, "it has ended before"
            time.sleep(INTO_THE_LOOP)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: QEMU gets it too
            _, error = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    return process.returncode, error.decode().splitlines(), json.loads((folder / "r.json").read_text())


@pytest.mark.parametrize("machine", MACHINES)
def test_ctrl_c_says_where_a_task_stood_and_writes_the_report(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "spins.c").write_text(SPINS)
    status, lines, report = interrupted(tmp_path, "spins.c", machine, b"spins\n")
    assert (status, lines) == (130, ["tyrne: interrupted", "tyrne: spins stood at spins.c:4 in _start"])
    assert report["console"] == "spins\n" and report["tasks"][0]["state"] == "ready"
    assert (report["status"], report["tasks"][0]["stands"]["line"]) == (4, 4)
    if machine == "qemu":
        assert report["replay"]["limit"] == NO_LIMIT and report["replay"]["interrupts"][-1].endswith(" limit")
    else:
        assert report["replay"]["limit"] > report["instructions"]  # the call counts as well
    outcome = tyrne("replay", "r.json")
    assert outcome.status == 0 and outcome.out.splitlines()[-1].startswith("identical: ")


@pytest.mark.qemu
def test_on_qemu_too_it_is_said_of_all_tasks_whoever_runs(tyrne: Tyrne, tmp_path: Path) -> None:
    for name, source in {"spins": SPINS, "calls": CALLS, "waits": WAITS}.items():
        (tmp_path / f"{name}.c").write_text(source)
    (tmp_path / "s.toml").write_text(THREE)
    status, lines, _ = interrupted(tmp_path, "s.toml", "qemu", b"spins\ncalls\n")
    assert status == 130
    assert lines == [
        "tyrne: interrupted",
        "tyrne: spins stood at spins.c:4 in _start",
        "tyrne: calls stood at calls.c:4 in _start",
        'tyrne: waits waits for signals of notification "bell", at waits.c:3 in _start',
    ]
    outcome = tyrne("replay", "r.json")
    assert outcome.status == 0 and outcome.out.splitlines()[-1].startswith("identical: ")
