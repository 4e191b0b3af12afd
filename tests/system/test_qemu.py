"""Starting, following and ending QEMU, with a script in its place that behaves as a test needs."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tyrne.hosted.recorder import Recorder
from tyrne.hosted.stop import StopRequest
from tyrne.system import qemu
from tyrne.system.errors import RequestError
from tyrne.system.qemu import Guest, gdb_socket
from tyrne.system.records import feed
from tyrne.system.run import run_kernel

SCRIPT = """\
#!{python}
import os, sys, time
paths = [part[5:] for word in sys.argv for part in word.split(",") if part.startswith("path=")]
serial, trace = sys.stdout, open(paths[0], "w")
open({note!r}, "w").write(str(os.getpid()))
{body}
"""


class Emulator:
    """Puts a script where QEMU is looked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.setenv("PATH", str(folder))

    def does(self, body: str) -> None:
        script = self._folder / "qemu-system-aarch64"
        script.write_text(SCRIPT.format(python=sys.executable, note=str(self._folder / "pid"), body=body))
        script.chmod(0o755)

    def is_gone(self) -> bool:
        """Whether the process of the script has ended and was waited for."""
        try:
            os.kill(int((self._folder / "pid").read_text()), 0)
        except ProcessLookupError:
            return True
        return False


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    return Emulator(tmp_path, monkeypatch)


def test_of_the_socket_for_gdb_nothing_is_left_and_what_somebody_else_put_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "now"
    with gdb_socket(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert not path.exists()
    with gdb_socket(path):
        path.unlink()
        path.write_text("somebody's")
    assert path.read_text() == "somebody's"


def test_a_path_at_which_something_comes_to_be_meanwhile_is_refused_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu, "check_socket", lambda path: path.write_text("somebody's"))
    refused = pytest.raises(RequestError, match="now: cannot be made: address already in use; name another")
    with refused, gdb_socket(tmp_path / "now"):
        pass
    assert (tmp_path / "now").read_text() == "somebody's"


def test_records_arrive_while_the_machine_runs(emulator: Emulator) -> None:
    emulator.does("trace.write('L 61'); trace.flush(); trace.write('0a\\nE 0 1\\n'); trace.flush(); time.sleep(30)")
    records = Guest(Path("kernel")).records()
    started = time.monotonic()
    assert next(records) == b"L 610a"
    assert next(records) == b"E 0 1"
    records.close()
    assert time.monotonic() - started < 20
    assert emulator.is_gone()


def test_a_run_that_ends_well_is_recorded(emulator: Emulator) -> None:
    emulator.does("trace.write('L 610a\\nE 1 ff\\n'); trace.close(); sys.exit(1)")
    recorder = Recorder()
    assert run_kernel(Path("kernel"), recorder) is False
    assert (recorder.status, recorder.instructions, recorder.log_lines()) == (1, 255, ["a"])


def test_a_machine_that_hangs_is_ended_and_the_run_says_so(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "WALL_SECONDS", 1.0)
    emulator.does("trace.write('L 610a\\nL 62'); trace.flush(); time.sleep(60)")
    recorder = Recorder()
    assert run_kernel(Path("kernel"), recorder) is True
    assert (recorder.status, recorder.log_lines()) == (4, ["a"])
    assert emulator.is_gone()


def test_a_wish_to_stop_is_a_byte_on_the_serial_line_and_what_follows_is_recorded(emulator: Emulator) -> None:
    emulator.does("sys.stdin.buffer.read(1); trace.write('L 610a\\nE 4 ff\\n'); trace.close(); sys.exit(4)")
    recorder, stop = Recorder(), StopRequest()
    stop.made = True
    assert run_kernel(Path("kernel"), recorder, stop=stop) is False
    assert (recorder.status, recorder.log_lines()) == (4, ["a"])


def test_a_machine_that_does_not_hear_a_wish_to_stop_is_ended_soon(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu, "STOP_SECONDS", 1.0)
    emulator.does("trace.write('L 610a\\nL 62'); trace.flush(); time.sleep(60)")
    recorder, stop = Recorder(), StopRequest()
    stop.made = True
    assert run_kernel(Path("kernel"), recorder, stop=stop) is False
    assert (recorder.status, recorder.log_lines()) == (None, ["a"])
    assert emulator.is_gone()


def test_a_machine_that_ends_when_it_is_to_stop_has_ended(emulator: Emulator) -> None:
    stop = StopRequest()
    emulator.does("trace.write('L 610a\\nE 0 ff\\n'); trace.flush(); sys.stdin.close(); time.sleep(0.5); sys.exit(0)")
    recorder = Recorder()
    guest = Guest(Path("kernel"), stop=stop)
    for line in guest.records():
        feed(line, recorder)
        stop.made = True
    assert (recorder.status, guest.ending.status, guest.ending.timed_out) == (0, 0, False)


def test_ctrl_c_is_not_for_the_machine(emulator: Emulator, tmp_path: Path) -> None:
    emulator.does("import signal; trace.write(f'L {signal.pthread_sigmask(0, ()) == {signal.SIGINT}}\\n')")
    assert list(Guest(Path("kernel")).records()) == [b"L True"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_machine_that_ends_without_a_word_is_a_panic_with_what_the_serial_line_had(emulator: Emulator) -> None:
    emulator.does("serial.write('!! tyrne panic: early\\n'); serial.close(); sys.exit(3)")
    recorder = Recorder()
    run_kernel(Path("kernel"), recorder)
    assert (recorder.status, bytes(recorder.panic_bytes)) == (3, b"!! tyrne panic: early\n")


def test_an_emulator_that_refuses_to_start_is_quoted(emulator: Emulator) -> None:
    emulator.does("print('qemu: bad\\nmachine', file=sys.stderr); sys.exit(1)")
    with pytest.raises(RequestError) as caught:
        run_kernel(Path("kernel"), Recorder())
    assert str(caught.value) == "qemu-system-aarch64: ended with status 1: qemu: bad machine"


@pytest.mark.parametrize("serial", ["", "tyrne: hello from kernel_main\\n"])
def test_an_emulator_that_ends_by_a_signal_is_no_kernel_panic(emulator: Emulator, serial: str) -> None:
    """A driver can bring QEMU 7.2 to a failed assertion; what it has complained about before may be long."""
    emulator.does(
        f"import os; serial.write('{serial}'); serial.close()\n"
        "print(*5000 * ['Looped descriptor'], 'Assertion failed.', sep='\\n', file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), 6)"
    )
    recorder = Recorder()
    with pytest.raises(RequestError, match=r" signal 6: .* Assertion failed\.; nothing of the run is kept") as caught:
        run_kernel(Path("kernel"), recorder)
    assert len(str(caught.value)) < 700 and recorder.status is None


@pytest.mark.promise("On Linux QEMU ends when tyrne does, also when that is killed")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not installed")
def test_the_machine_ends_with_a_tyrne_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.environ["PATH"]
    emulator = Emulator(tmp_path, monkeypatch)
    emulator.does("trace.write('L 610a\\n'); trace.flush(); time.sleep(60)")
    code = "from pathlib import Path; from tyrne.system.qemu import Guest; print(*Guest(Path('kernel')).records())"
    environment = {**os.environ, "PATH": f"{tmp_path}:{path}"}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as tyrne:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        assert not emulator.is_gone()
        tyrne.kill()
    wait_for(emulator.is_gone)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_setpriv_of_another_kind_is_done_without(emulator: Emulator, tmp_path: Path) -> None:
    emulator.does("")
    (tmp_path / "setpriv").write_text("#!/bin/sh\necho unknown option >&2\nexit 1\n")
    (tmp_path / "setpriv").chmod(0o755)
    assert qemu.emulator() == [str(tmp_path / "qemu-system-aarch64")]


def test_nothing_starts_qemu_in_another_way() -> None:
    root = Path(__file__).parent.parent.parent
    starts = re.compile(r"""["']qemu-system-aarch64["'],|find_emulator\(\), """)
    found = [
        f"{path.relative_to(root)}:{line}"
        for folder in ("src", "bench", "tests", "assurance")
        for path in sorted((root / folder).rglob("*.py"))
        for line, text in enumerate(path.read_text().splitlines(), 1)
        if starts.search(text) and path != Path(__file__)
    ]
    assert not found, f"{found}: start QEMU with tyrne.system.qemu.emulator(), so that it ends with its parent"
