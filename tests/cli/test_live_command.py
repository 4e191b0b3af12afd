"""`tyrne run --gdb` and `--live`: a machine is looked at while it runs, and goes on."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import Tyrne

SPIN = "        .global _start\n_start: add x0, x0, #1\n        b _start\n"
SYSTEM = '[system]\nname = "spin"\n[[task]]\nname = "spinner"\nprogram = "spin.S"\ncaps = [{ console = true }]\n'


@pytest.mark.qemu
@pytest.mark.timeout(600)
def test_a_machine_that_runs_is_looked_at_and_goes_on(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "spin.S").write_text(SPIN)
    (tmp_path / "spin.toml").write_text(SYSTEM)
    command = [sys.executable, "-m", "tyrne", "run", "-q", "--machine", "qemu", "--gdb", "now", "spin.toml"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"tyrne: QEMU listens at now for tyrne ps --live and for gdb\n"
        while not (tmp_path / "now").exists():
            assert process.poll() is None
            time.sleep(0.05)
        mode = (tmp_path / "now").stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o700, "nobody else can open it"
        shown = tyrne("ps", "spin.toml", "--live", "now")
        assert (shown.status, shown.err) == (0, "")
        assert shown.out == (
            "spin.toml, on qemu, as it stands now\n"
            "task     pri  does       at\n"
            "spinner    8  runs next  spin.S:2 in _start\n"
        ).replace("spin.S:2", "spin.S:3" if "spin.S:3" in shown.out else "spin.S:2")
        top = json.loads(tyrne("top", "spin.toml", "--live", "now", "--json").out)
        assert top["at"]["live"] and top["at"]["machine"] == "qemu"
        assert "instructions" not in tyrne("top", "spin.toml", "--live", "now").out, "nobody has counted"
        (tmp_path / "other.toml").write_text(SYSTEM.replace("spinner", "other"))
        refused = tyrne("ps", "other.toml", "--live", "now")
        assert refused.status == 2
        assert refused.error == "tyrne: error: now: another system runs there; name the one that does"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
        assert "spinner stood at spin.S:" in said, "the kernel has heard of it, so the machine went on"
    assert not (tmp_path / "now").exists()


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("ps spin.toml --live 1", "port 1: no gdb socket of QEMU: Connection refused; start QEMU with one by"),
        ("ps spin.toml --live absent", "absent: no gdb socket of QEMU: No such file or directory; start QEMU with one"),
        ("ps spin.toml --live x --at 3", "--live x: a machine that runs has one place, where it is; leave out --at"),
        ("top spin.toml --live x --max-instructions 9", "one place, where it is; leave out --max-instructions"),
        ("maps r.json --live x", "r.json: a report is of a run that has been; with --live name the system that runs"),
        ("caps spin.toml --live x --image spin.S", "spin.S: no kernel for QEMU; give what tyrne build --emit elf"),
        ("caps spin.toml --live x --image absent", "absent: cannot be read: no such file or directory; give what"),
        ("tree spin.toml --image spin.S", "--image spin.S: is the kernel of a machine that runs; add --live"),
        ("run spin.toml --gdb x", "--gdb x: only qemu listens for gdb while it runs; add --machine qemu"),
        ("run spin.toml --machine qemu --gdb spin.S", "--gdb spin.S: is there already; name a socket that is not"),
        (f"run spin.toml --machine qemu --gdb {'x' * 108}", "longer than 107 bytes, which a socket's path may have"),
        ("run spin.toml --machine qemu --gdb no/x", "--gdb no/x: there is no such folder; make it"),
    ],
)
def test_a_wrong_request_is_one_line(tyrne: Tyrne, tmp_path: Path, command: str, error: str) -> None:
    (tmp_path / "spin.S").write_text(SPIN)
    (tmp_path / "spin.toml").write_text(SYSTEM)
    outcome = tyrne(*command.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert error in outcome.error
