"""`tyrne run --capture FILE`: what goes over the wire of the network, in both directions, as a pcap file."""

from __future__ import annotations

from pathlib import Path
from struct import unpack_from
from typing import Final

import pytest
from commands import Tyrne

from tyrne.hosted.devices.pcap import LATEST, frames_of
from tyrne.hosted.devices.peer import ANNOUNCEMENT
from tyrne.system import limits
from tyrne.system.capture import Capture
from tyrne.system.shipped import shipped

SYSTEM: Final = shipped("systems/echo.toml")
CAME: Final = [frame for _, frame in frames_of(shipped("systems/echo.pcap").read_bytes())]
SENT: Final = 4
"""Answers: for an address, to a ping, and two datagrams."""


def captured(file: Path) -> list[tuple[int, bytes]]:
    """Frames with their times, read without the tool's own reader."""
    content, found, at = file.read_bytes(), [], 24
    assert unpack_from("<IHHIIII", content) == (0xA1B23C4D, 2, 4, 0, 0, 65_535, 1)
    while at < len(content):
        seconds, part, kept, length = unpack_from("<IIII", content, at)
        assert kept == length and part < 1_000_000_000
        found.append((seconds * 1_000_000_000 + part, content[at + 16 : at + 16 + kept]))
        at += 16 + kept
    return found


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_the_file_has_what_came_and_what_was_sent_with_times(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    file = tmp_path / "wire.pcap"
    done = tyrne("run", SYSTEM, "--machine", machine, "--capture", file, "-q")
    assert (done.status, done.err) == (0, "")
    found = captured(file)
    times = [time for time, _ in found]
    assert times == sorted(times)
    sent = [frame for _, frame in found if frame[6:12] == bytes.fromhex("525400123456")]
    others = [frame for _, frame in found if frame not in sent]
    assert len(sent) == SENT and others == [ANNOUNCEMENT] * (machine == "qemu") + CAME
    frames = [frame for _, frame in found]
    assert frames.index(sent[0]) > frames.index(CAME[0])
    if machine != "qemu":
        assert times[0] == 1_000_000


def test_a_run_that_repeats_leaves_the_same_file_on_both_machines_of_this_process(
    tyrne: Tyrne, tmp_path: Path
) -> None:
    for name, machine in (("a", "hosted"), ("b", "native"), ("c", "native")):
        assert tyrne("run", SYSTEM, "--machine", machine, "--capture", tmp_path / name, "-q").status == 0
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_what_is_more_than_the_most_is_left_out_and_counted(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CAPTURE_BYTES", 2 * (16 + 42) + 1)
    file = tmp_path / "wire.pcap"
    done = tyrne("run", SYSTEM, "--capture", file, "-q")
    assert done.status == 0 and len(captured(file)) == 2
    assert done.err == (
        f"tyrne: warning: {file}: {len(CAME) + SENT - 2} frames are left out: a capture has at most "
        f"{limits.CAPTURE_BYTES} bytes of frames\n"
    )


def test_a_wrong_file_is_said_in_one_line_before_anything_runs(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "echo.pcap").write_bytes(shipped("systems/echo.pcap").read_bytes())
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(".")
    text = SYSTEM.read_text().replace("../programs", str(SYSTEM.parent.parent / "programs"))
    (tmp_path / "echo.toml").write_text(text)
    for arguments, said in (
        (
            [shipped("systems/hello.toml"), "--capture", "w"],
            '--capture w: the system has no network; add a [[device]] with kind = "network", or leave --capture out',
        ),
        (["echo.toml", "--capture", "-"], "--capture -: frames are written to a file; name one"),
        (
            ["echo.toml", "--capture", "w", "--report", "w"],
            "--capture w: the report goes there; name another file",
        ),
        (
            ["echo.toml", "--capture", "w", "--report", "sub/../w"],
            "--capture w: the report goes there; name another file",
        ),
        (
            ["echo.toml", "--capture", "link/w", "--report", "w"],
            "--capture link/w: the report goes there; name another file",
        ),
        (
            ["echo.toml", "--capture", "echo.pcap"],
            "echo.pcap: is an input of this command and would be lost; name another file",
        ),
        (["echo.toml", "--capture", "no/w"], "no/w: there is no directory no; make it first"),
    ):
        done = tyrne("run", *arguments)
        assert (done.status, done.out, done.err) == (2, "", f"tyrne: error: {said}\n")
    assert frames_of((tmp_path / "echo.pcap").read_bytes())
    assert not (tmp_path / "w").exists()


def test_a_frame_after_136_years_stands_at_the_last_time_of_the_format(tmp_path: Path) -> None:
    capture = Capture()
    for time in (5, LATEST, LATEST + 1, 1 << 62):
        capture.frame(time, bytes(60))
    (tmp_path / "w").write_bytes(capture.file())
    assert [time for time, _ in captured(tmp_path / "w")] == [5, LATEST, LATEST, LATEST]
