"""The driver that docs/guide.md shows is a whole one, and says what the guide says."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path

import pytest

from running import run_system
from tyrne import testing
from tyrne.lang import u64
from tyrne.user import virtio
from tyrne.user.virtio import DeviceMemory, VirtioDevice, VirtioQueue, queue_bytes

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide.md").read_text()
CHAPTERS = GUIDE[GUIDE.index("## 8. Devices") : GUIDE.index("## 10. ")]


def shown(kind: str) -> list[str]:
    """The listings of a kind in the chapters about devices and drivers."""
    return re.findall(rf"```{kind}\n(.*?)```", CHAPTERS, re.DOTALL)


def said(command: str) -> str:
    found = re.search(rf"\$ {re.escape(command)}\n(.*?\n)[$`]", CHAPTERS, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def system(tmp_path: Path) -> Path:
    (description,) = shown("toml")
    driver, _ = shown("python")
    (tmp_path / "random.toml").write_text(description)
    (tmp_path / "driver.py").write_text(driver)
    return tmp_path / "random.toml"


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    """The second driver in the place of `programs/entropy.py`, with the clock."""
    _, driver = shown("python")
    (tmp_path / "serving.py").write_text(driver)
    (tmp_path / "drawer.py").write_text((ROOT / "programs" / "drawer.py").read_text())
    text = (ROOT / "systems" / "entropy.toml").read_text().replace("../programs/entropy.py", "serving.py")
    text = text.replace("../programs/", "").replace("caps = [", "caps = [ { clock = true },", 1)
    (tmp_path / "serving.toml").write_text(text)
    return tmp_path / "serving.toml"


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_the_driver_of_the_guide_says_what_the_guide_shows(system: Path, machine: str) -> None:
    report = run_system([system], machine)
    assert (report["console"], report["status"]) == (said("tyrne run -q random.toml"), 0)


@pytest.mark.qemu
def test_the_driver_of_the_guide_runs_on_qemu(system: Path) -> None:
    report = run_system([system], "qemu")
    pattern = "16 bytes, of which the first are 0x[0-9a-f]{1,16}\n"
    assert re.fullmatch(pattern, report["console"]) and report["status"] == 0
    assert re.fullmatch(pattern, said("tyrne run -q --machine qemu random.toml"))


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_the_driver_that_serves_says_what_the_guide_shows(serving: Path, machine: str) -> None:
    report = run_system([serving], machine)
    assert (report["console"], report["status"]) == (said("tyrne run -q serving.toml"), 0)


@pytest.mark.qemu
def test_the_driver_that_serves_runs_on_qemu(serving: Path) -> None:
    report = run_system([serving], "qemu")
    assert report["console"].endswith("drawer: other bytes the next time\n") and report["status"] == 0


def test_a_client_is_told_when_the_device_of_the_guide_is_silent(serving: Path) -> None:
    driver = serving.with_name("serving.py")
    text = driver.read_text()
    assert text.count("    QUEUE.notify(DEVICE)\n") == 1 and "`drawer: the device has failed`" in CHAPTERS
    driver.write_text(text.replace("    QUEUE.notify(DEVICE)\n", ""))
    run = testing.run_system([serving], "hosted", max_instructions=1_000_000_000)
    assert (run.console, run.status) == ("drawer: the device has failed\n", testing.Ending.TASK_FAILED)
    assert run.task("entropy").state == "waiting"


def test_the_table_of_the_guide_has_all_of_the_library() -> None:
    rows = CHAPTERS.split("All of `tyrne.user.virtio`")[1].split("\n\n")[1].splitlines()
    names = [row.split("`")[1] for row in rows[2:]]
    told = {name.partition("(")[0] for name in names}
    for kind, cls in (("device", VirtioDevice), ("queue", VirtioQueue), ("memory", DeviceMemory)):
        for name, argument in re.findall(rf"^{kind}\.(\w+)\((.*)\)$", "\n".join(names), re.MULTILINE):
            assert ", ".join(list(signature(getattr(cls, name)).parameters)[1:]) == argument
    assert {name for name in virtio.__all__ if name.islower()} <= told
    assert (int(queue_bytes(u64(8))), int(queue_bytes(u64(256)))) == (320, 8256)
