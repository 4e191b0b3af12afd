"""A driver of a virtio device, described by [[device]], runs from the same binary on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from virtio_driver import BLOCK, DESCRIPTION, DRIVER, ENTROPY, IMAGE

from tyrne import testing
from tyrne.system.replay import Replay

SAID = {
    "entropy": "100 bytes\n200 bytes\n300 bytes\n",
    "block": """\
2 sectors
513 bytes, status 0, 0x736563746f722031
1 bytes, status 0, 0xfeed
513 bytes, status 0, 0xfeed
""",
}


@pytest.fixture(params=["entropy", "block"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    (tmp_path / "disk.img").write_bytes(IMAGE)
    (tmp_path / "driver.py").write_text(DRIVER + (ENTROPY if kind == "entropy" else BLOCK))
    file = '"\nfile = "disk.img"' if kind == "block" else '"'
    (tmp_path / "s.toml").write_text(DESCRIPTION.replace('KIND"', kind + file))
    return tmp_path / "s.toml"


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_a_driver_is_served(path: Path, kind: str, machine: str) -> None:
    report = testing.run_system(path, machine, max_instructions=0).report()
    assert report["console"].startswith(SAID[kind])
    assert report["status"] == 0
    assert (path.parent / "disk.img").read_bytes() == IMAGE  # writes stay in the run


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("kind", ["entropy"], indirect=True)
def test_entropy_is_the_same_in_each_run(path: Path, machine: str) -> None:
    (path.parent / "driver.py").write_text(DRIVER + ENTROPY.replace("return u64(0)", "return read64(RING + DATA)"))
    one, other = (testing.run_system(path, machine, max_instructions=0).report()["tasks"] for _ in range(2))
    assert one == other and one[0]["code"] > 0xFFFF


def test_a_run_is_repeated_without_the_file(path: Path, tmp_path: Path) -> None:
    report = testing.run_system(path, "native").report()
    (path.parent / "disk.img").unlink()
    (tmp_path / "r.json").write_text(json.dumps(report))
    replay = Replay.load(tmp_path / "r.json")
    replay.to(-2)
    replay.back()
    assert replay.difference() is None
