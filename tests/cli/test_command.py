"""The installed command, as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tyrne.system.shipped import shipped

COMMAND = Path(sys.executable).parent / "tyrne"


def tyrne(*arguments: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(COMMAND), *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x00\x00\x80\xd2\x88\x00\x80\xd2\x01\x00\x00\xd4")
    return path


def test_the_command_runs_from_any_directory(tmp_path: Path, program: Path) -> None:
    done = tyrne("run", program.name, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[0].startswith(b"tyrne: hello from")


def test_the_shipped_greeting_checks_from_any_directory(tmp_path: Path) -> None:
    done = tyrne("check", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"hello: 1 task, 0 endpoints\n")


def test_a_reader_that_leaves_is_no_error_of_the_writer(tmp_path: Path, program: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"'{COMMAND}' run {program.name} | true; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
    )
    assert done.stdout.strip() in (b"0", b"141")  # the whole output may fit the pipe before the reader leaves
    assert done.stderr == b""


def test_closed_and_narrow_streams_are_no_defect(tmp_path: Path, program: Path) -> None:
    (tmp_path / "s.toml").write_text('[system]\nname = "é"\n[[task]]\nname = "日本"\nprogram = "a.bin"\n')
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    for line in (f"run {program.name} >&-", "check s.toml", "run no.bin 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"'{COMMAND}' {line}"], cwd=tmp_path, env=ascii_only, capture_output=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (2 if "no.bin" in line else 0, b""), line


INTERRUPTED = b"tyrne: interrupted\ntyrne: spin stood at pc 0x800000\n"


@pytest.mark.qemu
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_qemu_too(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "spin.bin").write_bytes(b"\x00\x00\x00\x14")
    command = [str(COMMAND), "run", "spin.bin", "--machine", "qemu"]
    heard = partial(signal.signal, number, signal.SIG_DFL)  # a shell's background job, or nohup, ignores some
    with subprocess.Popen(command, cwd=tmp_path, stdout=-1, stderr=-1, preexec_fn=heard) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the kernel runs
        children = _children(process.pid)
        assert children
        process.send_signal(number)
        assert process.wait(timeout=10) == 128 + number
        assert process.stderr is not None
        assert process.stderr.read() == (INTERRUPTED if number is signal.SIGINT else b"")
    time.sleep(0.1)
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize("words", ["run -q {}", "check {}", "ps {}", "trace {} -o x.html", "build {} -o x --emit elf"])
def test_a_working_folder_that_is_gone_is_said(words: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = words.format(shipped("systems/ping-pong.toml"))
    done = subprocess.run(["sh", "-c", f"rmdir '{gone}'; '{COMMAND}' {line}"], cwd=gone, capture_output=True, text=True)
    said = "tyrne: error: the folder in which this command runs is gone; change to one that is there\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("machine", ["hosted", "qemu"])
def test_a_folder_for_temporary_files_that_is_too_long_for_sockets_is_said(machine: str, tmp_path: Path) -> None:
    long = tmp_path / ("n" * 100)
    long.mkdir()
    command = [str(COMMAND), "debug", str(shipped("systems/hello.toml")), "--machine", machine]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(long)})
    assert (done.returncode, done.stdout) == (2, "")
    what = "longer than the path of a socket may be, 107 bytes with its name"
    assert re.fullmatch(
        rf"tyrne: error: {long}/tyrne-\w+: {what}; set TMPDIR to a folder with a shorter path\n", done.stderr
    )
