"""Ctrl-C: the run ends where it is, says where its tasks stood, and writes its report, which can be repeated."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from commands import Tyrne

SPINS = """\
#include "tyrne.h"
void _start(void) {
    tyrne_console_write(0, "spins\\n", 6);
    for (volatile long i = 0;; i++) { }
}
"""
SECONDS = 60


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_ctrl_c_says_where_a_task_stood_and_writes_the_report(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    (tmp_path / "spins.c").write_text(SPINS)
    command = [sys.executable, "-m", "tyrne", "run", "spins.c", "--machine", machine, "--report", "r.json"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores it
    with subprocess.Popen(command, stdout=-1, stderr=-1, start_new_session=True, preexec_fn=heard) as process:
        try:
            assert process.stdout is not None
            assert any(line == b"spins\n" for line in process.stdout)  # it runs
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: QEMU gets it too
            _, error = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    lines = error.decode().splitlines()
    assert process.returncode == 130
    assert lines[0] == "tyrne: interrupted"
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["console"] == "spins\n" and report["tasks"][0]["state"] == "ready"
    outcome = tyrne("replay", "r.json")
    assert outcome.status == 0 and outcome.out.splitlines()[-1].startswith("identical: ")
    if machine != "qemu":
        assert lines == ["tyrne: interrupted", "tyrne: spins stood at spins.c:4 in _start"]
        assert (report["status"], report["tasks"][0]["stands"]["line"]) == (4, 4)
        assert report["replay"]["limit"] > report["instructions"]  # the call counts as well
