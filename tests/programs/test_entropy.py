"""systems/entropy.toml: random bytes for a client, from devices that are right and from others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from devices_that_lie import Liar, entropy_with, have

from running import run_system, what_tasks_did
from tyrne.hosted.devices.entropy import Entropy
from tyrne.hosted.devices.faults import Fault

SYSTEM = Path(__file__).parents[2] / "systems" / "entropy.toml"
SAID = "drawer: 977575812bb41534a6176770d0bf6547\ndrawer: other bytes the next time\n"
FAILED = "drawer: the device has failed\n"


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


@pytest.mark.parametrize("truth", [0.8, 0.9, 0.98])
def test_no_device_makes_the_driver_fail(truth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client gets bytes, or is told, or, if the device never answers, waits for ever: then it is a deadlock."""
    consoles = set()
    for seed in range(30):
        made: list[Liar] = []

        def model(bus, line, device, seed=seed, made=made):  # type: ignore[no-untyped-def]
            honest = Entropy(line, bus.memory, bus.now, seed=b"e")
            made.append(Liar(honest, line, bus.memory, bus.now, seed, truth))
            return made[0]

        have(monkeypatch, "entropy", model)
        report = run_system([SYSTEM], "native")
        driver, client = report["tasks"]
        assert driver["fault"] is None and driver["code"] in (None, 1), report["console"]
        assert client["fault"] is None
        assert made[0].lies or truth > 0.95
        consoles.add(report["console"])
    assert FAILED in consoles and len(consoles) > 2
