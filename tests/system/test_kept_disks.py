"""What a run writes to a disk: its file gets it with keep = true, and never otherwise, and the command says which."""

from __future__ import annotations

import json
import os
from pathlib import Path
from struct import pack

import pytest
from virtio_driver import BLOCK, DESCRIPTION, DRIVER, IMAGE

from tyrne import testing
from tyrne.cli.main import run_arguments
from tyrne.cli.running import run_system
from tyrne.hosted.machine import HostedMachine
from tyrne.system.errors import RequestError
from tyrne.system.replay import Replay
from tyrne.system.run import Machine

WRITTEN = IMAGE[:512] + pack("<Q", 0xFEED) + IMAGE[520:]
MACHINES = [Machine.HOSTED, Machine.NATIVE, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "disk.img").write_bytes(IMAGE)
    (tmp_path / "driver.py").write_text(DRIVER + BLOCK)
    (tmp_path / "s.toml").write_text(DESCRIPTION.replace('KIND"', 'block"\nfile = "disk.img"\nkeep = true'))
    return tmp_path / "s.toml"


@pytest.fixture
def image(path: Path) -> Path:
    return path.parent / "disk.img"


def without_keep(path: Path) -> None:
    path.write_text(path.read_text().replace("keep = true\n", ""))


def said(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """What the command has said itself."""
    return capfd.readouterr().err.splitlines()


@pytest.mark.promise(
    "No run writes to it, except that tyrne run gives the file of a block device with keep = true what was written, "
    "when the run is over",
    "It says so",
)
@pytest.mark.parametrize("machine", MACHINES)
def test_the_file_gets_what_was_written(
    path: Path, image: Path, machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_system([path], machine, quiet=True) == 0
    assert image.read_bytes() == WRITTEN
    assert said(capfd) == [f"tyrne: {image}: the file was changed: 1 sector"]
    assert {each.name for each in path.parent.iterdir() if each.is_file()} == {"disk.img", "driver.py", "s.toml"}


@pytest.mark.promise(
    "No run writes to it, except that tyrne run gives the file of a block device with keep = true what was written, "
    "when the run is over"
)
@pytest.mark.parametrize("machine", MACHINES)
def test_without_keep_it_is_lost_and_the_command_says_so(
    path: Path, image: Path, machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    without_keep(path)
    assert run_system([path], machine) == 0
    lost = "what was written to 1 sector is lost; keep = true in its [[device]] would keep it"
    assert said(capfd) == [f"tyrne: {image}: {lost}"]
    assert run_system([path], machine, quiet=True) == 0
    assert said(capfd) == []
    assert image.read_bytes() == IMAGE


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_is_said_where_nothing_changes(
    path: Path, image: Path, machine: Machine, keep: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    image.write_bytes(WRITTEN)  # which is what the driver writes
    before = image.stat()
    if not keep:
        without_keep(path)
    assert run_system([path], machine) == 0
    assert said(capfd) == []
    assert (image.stat().st_ino, image.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("end", "status"),
    [("return u64(7)", 1), ("assert read32(R) == 0\n    return u64(0)", 1), ("while True:\n        pass", 4)],
)
def test_it_is_kept_however_the_run_ends(path: Path, image: Path, end: str, status: int) -> None:
    driver = path.parent / "driver.py"
    head, _, _ = driver.read_text().rpartition("return u64(0)")
    driver.write_text(head + end + "\n")
    assert run_system([path], Machine.NATIVE, max_instructions=1_000_000) == status
    assert image.read_bytes() == WRITTEN


@pytest.mark.promise("A replay writes to none, and neither does a run in which the kernel panics")
def test_it_is_not_kept_when_the_kernel_panics(
    path: Path, image: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(machine: HostedMachine) -> int:
        raise AssertionError("a defect")

    monkeypatch.setattr(HostedMachine, "end", fails)
    assert run_system([path]) == 3
    lost = "what was written to 1 sector is lost, since the kernel has panicked"
    assert f"tyrne: {image}: {lost}" in said(capfd)
    assert image.read_bytes() == IMAGE


@pytest.mark.promise("A replay writes to none, and neither does a run in which the kernel panics")
def test_a_replay_and_a_run_of_a_test_write_to_no_file(path: Path, image: Path, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    assert run_system([path], Machine.NATIVE, report=report) == 0
    image.write_bytes(IMAGE)
    assert run_arguments(["replay", str(report)]) == 0
    Replay.load(report).to(-1)
    assert testing.run_system(path, "native").report()["status"] == 0
    assert image.read_bytes() == IMAGE


def test_the_file_keeps_its_mode_and_the_link_that_leads_to_it(path: Path, image: Path) -> None:
    real = path.parent / "real.img"
    image.rename(real)
    real.chmod(0o604)
    image.symlink_to("real.img")
    assert run_system([path], Machine.NATIVE) == 0
    assert image.is_symlink() and real.read_bytes() == WRITTEN
    assert real.stat().st_mode & 0o7777 == 0o604


@pytest.mark.parametrize("which", ["it", "its folder"])
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    path: Path,
    image: Path,
    which: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    closed = image if which == "it" else path.parent
    access = os.access
    monkeypatch.setattr(os, "access", lambda at, mode: not (mode & os.W_OK and at == closed) and access(at, mode))
    assert run_arguments([command, str(path)]) == 2
    what = which if which == "it" else f"{which} {closed}"
    wrong = f"cannot be kept: {what} is not writable; make it so, or remove keep = true"
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"tyrne: error: {path}:14: {image}: {wrong}\n")
    without_keep(path)
    assert run_arguments([command, str(path)]) == 0


@pytest.mark.promise(
    "A file that cannot be written, or has been changed meanwhile, stays as it was, and the command fails"
)
def test_what_somebody_else_has_written_meanwhile_is_not_overwritten(
    path: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = HostedMachine.end

    def meanwhile(machine: HostedMachine) -> int:
        image.write_bytes(b"theirs".ljust(512))
        return end(machine)

    monkeypatch.setattr(HostedMachine, "end", meanwhile)
    with pytest.raises(RequestError, match="somebody else has changed it during the run; what the run wrote is lost"):
        run_system([path])
    assert image.read_bytes() == b"theirs".ljust(512)


@pytest.mark.promise(
    "A file that cannot be written, or has been changed meanwhile, stays as it was, and the command fails"
)
def test_a_write_that_fails_leaves_the_file_as_it_was(
    path: Path, image: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run_arguments(["run", str(path)]) == 2
    why = "no space left on device; what the run wrote is lost, run it again"
    assert said(capfd) == [f"tyrne: error: {image}: cannot be written: {why}"]
    assert image.read_bytes() == IMAGE
    assert not list(path.parent.glob(".disk.img.*"))


def test_check_says_that_a_disk_is_kept(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_arguments(["check", str(path)]) == 0
    assert "  device virtio: block at 0xa000000, line 48, keeps what is written in its file\n" in capfd.readouterr().out


def test_what_cannot_be_kept_fails_the_command_when_its_report_is_written(
    path: Path, image: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = HostedMachine.run

    def changed_meanwhile(machine: HostedMachine) -> None:
        run(machine)
        image.write_bytes(bytes(len(IMAGE)))

    monkeypatch.setattr(HostedMachine, "run", changed_meanwhile)
    report = tmp_path / "r.json"
    assert run_arguments(["run", "-q", str(path), "--report", str(report)]) == 2
    error = said(capfd)[-1]
    assert error.startswith("tyrne: error: ") and "somebody else has changed it during the run" in error
    assert json.loads(report.read_text())["status"] == 0
    assert image.read_bytes() == bytes(len(IMAGE))


def test_a_report_that_cannot_be_written_leaves_the_disk_its_file(
    path: Path, image: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    run = HostedMachine.run

    def gone_meanwhile(machine: HostedMachine) -> None:
        run(machine)
        folder.rmdir()

    monkeypatch.setattr(HostedMachine, "run", gone_meanwhile)
    assert run_arguments(["run", "-q", str(path), "--report", str(folder / "r.json")]) == 2
    *others, error = said(capfd)
    assert error.startswith(f"tyrne: error: {folder}/r.json: ")
    assert f"tyrne: {image}: the file was changed: 1 sector" in others
    assert image.read_bytes() == WRITTEN
