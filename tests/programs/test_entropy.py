"""systems/entropy.toml: random bytes for a client, from devices that are right and from others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from devices_that_lie import Liar, entropy_with, have

from first_of import first_of
from running import run_system, what_tasks_did
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.device import SetLine
from tyrne.hosted.devices.entropy import Entropy
from tyrne.hosted.devices.faults import Fault
from tyrne.hosted.devices.virtio_mmio import Answer
from tyrne.hosted.devices.virtqueue import Chain
from tyrne.system.parts import Device as Described

SYSTEM = Path(__file__).parents[2] / "systems" / "entropy.toml"
SAID = "drawer: 977575812bb41534a6176770d0bf6547\ndrawer: other bytes the next time\n"
FAILED = "drawer: the device has failed\n"
MANY = """\
from typing import Final
from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, call, print_bytes

RANDOM: Final = EndpointCap(handle("random"))


@export
def main() -> u64:
    for _ in irange(40):
        answer = call(RANDOM, Message(u64(0)))
        if isinstance(answer, Message):
            print_bytes(b"got\\n" if answer.label == 0 else b"failed\\n")
        else:
            return u64(2)
    return u64(0)
"""
"""A client that goes on after failures."""


def test_hosted_and_native_do_the_same() -> None:
    hosted, native = run_system([SYSTEM], "hosted"), run_system([SYSTEM], "native")
    assert what_tasks_did(hosted) == what_tasks_did(native)
    assert (hosted["console"], hosted["status"]) == (SAID, 0)


@pytest.mark.qemu
def test_on_qemu_the_bytes_are_others() -> None:
    report = run_system([SYSTEM], "qemu")
    assert re.fullmatch("drawer: [0-9a-f]{32}\ndrawer: other bytes the next time\n", report["console"])
    assert report["status"] == 0


@pytest.mark.parametrize(
    ("place", "fault", "said"),
    [
        (0, Fault.SHORT, "drawer: 977575812bb41534[0-9a-f]{16}\ndrawer: other bytes the next time\n"),
        (0, Fault.SPURIOUS, SAID),
        (1, Fault.SPURIOUS, SAID),
        (0, Fault.USED_ID, FAILED),
        (1, Fault.USED_ID, FAILED),
        (0, Fault.USED_LENGTH, FAILED),
        (1, Fault.USED_LENGTH, FAILED),
    ],
)
def test_a_client_is_told_of_what_a_device_does_wrong(
    place: int, fault: Fault, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, "entropy", entropy_with({(0, place): fault}))
    report = run_system([SYSTEM], "hosted")
    assert re.fullmatch(said, report["console"])
    assert [task["state"] for task in report["tasks"]] == ["waiting", "exited"]
    assert report["status"] == (said == FAILED)


class Claims(Entropy):
    """Says that it has written 16 bytes; of the chains from the second on it has written none."""

    def serve(self, number: int, chain: Chain) -> Answer:
        answer = super().serve(number, chain)
        return answer if self._given == 1 else Answer(b"", b"")

    def _answer(self, number: int, chain: Chain, answer: Answer, fault: Fault | None) -> None:
        queue = self._queues[number]
        queue.fill(chain, answer.data)
        queue.give_back(chain.head, 16)


class Empty(Entropy):
    """Gives each chain back as it was."""

    def serve(self, number: int, chain: Chain) -> Answer:
        return Answer(b"")


def test_nobody_gets_the_bytes_of_the_call_before(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "entropy", lambda bus, line, device: Claims(line, bus.memory, bus.now, seed=b"entropy"))
    assert run_system([SYSTEM], "hosted")["console"] == SAID


def test_a_device_that_writes_nothing_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "entropy", lambda bus, line, device: Empty(line, bus.memory, bus.now, seed=b"entropy"))
    report = run_system([SYSTEM], "hosted")
    assert (report["console"], report["tasks"][0]["state"]) == (FAILED, "waiting")


def many_times(folder: Path) -> Path:
    """The system with a client that goes on after failures."""
    text = SYSTEM.read_text().replace("../programs/entropy.py", str(SYSTEM.parents[1] / "programs" / "entropy.py"))
    (folder / "s.toml").write_text(text.replace("../programs/drawer.py", "many.py"))
    (folder / "many.py").write_text(MANY)
    return folder / "s.toml"


@pytest.mark.parametrize("fault", [Fault.USED_ID, Fault.USED_LENGTH])
def test_after_a_failure_the_device_begins_anew(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, "entropy", entropy_with({(0, 2): fault}))
    report = run_system([many_times(tmp_path)], "hosted")
    assert report["console"] == "got\n" * 2 + "failed\n" + "got\n" * 37 and report["status"] == 0


@pytest.mark.promise(
    "`programs/entropy.py` and `programs/disk.py` answer with an error what their device has failed to do, and go on "
    "serving"
)
@first_of("truth", [0.8, 0.9, 0.98])
def test_no_device_makes_the_driver_fail(truth: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client gets bytes, or is told, or, if the device never answers, waits for ever: then it is a deadlock."""
    path = many_times(tmp_path)
    got = failed = 0
    for seed in range(30):
        have(monkeypatch, "entropy", lambda *terms, seed=seed: liar(*terms, seed=seed, truth=truth))
        report = run_system([path], "native")
        driver, client = report["tasks"]
        assert driver["fault"] is client["fault"] is None
        assert driver["code"] is None and client["code"] in (None, 0)
        got += report["console"].count("got")
        failed += report["console"].count("failed")
    assert got > 30 and failed > 10, (got, failed)


def liar(bus: Bus, line: SetLine, device: Described, *, seed: int, truth: float) -> Liar:
    return Liar(Entropy(line, bus.memory, bus.now, seed=b"e"), line, bus.memory, bus.now, seed, truth)
