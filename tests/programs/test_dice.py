"""systems/dice.toml: random bytes in two clients' own buffers, over a ring with each, one signal for each batch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from devices_that_lie import entropy_with, have

from running import run_system, what_tasks_did
from tyrne.hosted.devices.faults import Fault

SYSTEM = Path(__file__).parents[2] / "systems" / "dice.toml"
SAID = "dice: each face came up about as often as the others\n"
FAILED = "dice: the device has failed\n"
ASKS = """\
from typing import Final
from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, NotificationCap, granted, print_bytes, print_decimal, send, wait_signals
from tyrne.user.ring import RingClient

DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
RING: Final = RingClient()


def ask(buffer: u64, length: u64) -> None:
    RING.request(buffer, length)
    send(DRIVER, Message(u64(0)))
    answer = RING.take()
    while answer is None:
        granted(wait_signals(DONE))
        answer = RING.take()
    print_decimal(answer.status)


@export
def main() -> u64:
    RING.ring = u64(0x1000_0000)
    ask(u64(0), u64(1))
    ask(u64(15), u64(4096))
    ask(u64(16), u64(1))
    ask(u64(0xFFFF_FFFF_FFFF_FFFF), u64(1))
    ask(u64(0), u64(0))
    ask(u64(0), u64(4097))
    ask(u64(1), u64(4096))
    print_bytes(b"\\n")
    return u64(0)
"""
"""A client that asks for what there is, for what there is not, and again; each answer is a digit."""


def test_hosted_and_native_do_the_same() -> None:
    hosted, native = run_system([SYSTEM], "hosted"), run_system([SYSTEM], "native")
    assert what_tasks_did(hosted) == what_tasks_did(native)
    assert (hosted["console"], hosted["status"]) == (2 * SAID, 0)


@pytest.mark.qemu
def test_on_qemu_each_face_comes_up_too() -> None:
    report = run_system([SYSTEM], "qemu")
    assert (report["console"], report["status"]) == (2 * SAID, 0)


def test_a_batch_takes_one_message_and_one_signal() -> None:
    calls = run_system([SYSTEM], "hosted")["syscalls"]
    for client, bell in (("dice-1", "0x8"), ("dice-2", "0x9")):
        assert sum(call["task"] == client and call["name"] == "send" for call in calls) == 1
        told = [call for call in calls if (call["task"], call["name"]) == ("shaker", "notify")]
        assert 1 <= sum(call["args"][0] == bell for call in told) <= 2, bell


def test_a_client_that_asks_for_what_is_not_its_own_is_refused_and_the_other_served(tmp_path: Path) -> None:
    for name in ("shaker.py", "dice.py"):
        shutil.copy(SYSTEM.parents[1] / "programs" / name, tmp_path / name)
    (tmp_path / "asks.py").write_text(ASKS)
    text = SYSTEM.read_text().replace("../programs/", "").replace('program = "dice.py"', 'program = "asks.py"', 1)
    (tmp_path / "system.toml").write_text(text)
    report = run_system([tmp_path / "system.toml"], "native")
    assert report["status"] == 0
    assert sorted(report["console"].splitlines()) == ["0011110", SAID.strip()]


@pytest.mark.parametrize("fault", [Fault.SHORT, Fault.USED_ID, Fault.USED_LENGTH])
def test_what_a_device_does_wrong_is_told_and_the_driver_goes_on(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "entropy", entropy_with({(0, 0): fault}))
    report = run_system([SYSTEM], "hosted")
    assert report["console"].splitlines().count(FAILED.strip()) >= 1
    assert [task["state"] for task in report["tasks"]] == ["waiting", "exited", "exited"]


def test_a_device_that_always_fails_is_given_up_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "entropy", entropy_with({(0, place): Fault.USED_ID for place in range(4096)}))
    report = run_system([SYSTEM], "native")
    assert report["console"].count(FAILED) == 2
    assert [task["state"] for task in report["tasks"]] == ["waiting", "exited", "exited"]
