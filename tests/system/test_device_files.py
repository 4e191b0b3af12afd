"""The files of devices: where they may lie, what they must hold, and that all is said before anything runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tyrne.abi import CapKind, Rights
from tyrne.system.description import read_description
from tyrne.system.device_files import read_files
from tyrne.system.errors import BadRecordError, RequestError
from tyrne.system.limits import IMAGE_BYTES
from tyrne.system.parts import Cap, Device, Region
from tyrne.system.record import Record, from_json, to_json
from tyrne.testing import run_system

TEXT = """\
[system]
name = "s"
[[memory]]
name = "first"
pages = 3
dma = true
[[memory]]
name = "plain"
pages = 1
[[memory]]
name = "second"
pages = 2
dma = true
[[device]]
name = "disk"
kind = "block"
file = "images/disk.img"
[[task]]
name = "t"
program = "p.bin"
caps = [ { device = "disk" }, { memory = "second" } ]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "system"
    (folder / "images").mkdir(parents=True)
    (folder / "p.bin").write_bytes(b"\x88\0\x80\xd2\1\0\0\xd4")  # mov x8, #4; svc #0
    (folder / "images" / "disk.img").write_bytes(bytes(1024))
    (folder / "s.toml").write_text(TEXT)
    return folder / "s.toml"


def complaint(path: Path, allowed: tuple[Path, ...] = ()) -> str:
    with pytest.raises(RequestError) as caught:
        read_files(read_description(path).devices, allowed)
    return str(caught.value).replace(str(path.parent), "DIR")


def test_memory_for_devices_stands_at_the_end_of_ram_in_the_order_of_the_description(path: Path) -> None:
    first, plain, second, registers = read_description(path).memory
    assert (first.address, plain.address, second.address) == (0x47FF_B000, 0, 0x47FF_E000)
    assert registers == Region("disk", 1, 0x0A00_0000, f"{path}:17")
    assert read_description(path).tasks[0].caps == (
        Cap(3, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY),
        Cap(48, Rights.BIND | Rights.ACK, kind=CapKind.INTERRUPT),
        Cap(2, Rights.READ | Rights.WRITE | Rights.LOCATE, kind=CapKind.MEMORY),
    )


def test_only_over_memory_for_devices_is_there_a_right_to_know_where_it_lies(path: Path) -> None:
    given = '{ memory = "second" }', '{ memory = "second", rights = ["READ", "LOCATE"] }'
    path.write_text(TEXT.replace(*given))
    assert read_description(path).tasks[0].caps[2].rights == Rights.READ | Rights.LOCATE
    for other in ('memory = "plain"', 'device = "disk"'):
        text = TEXT.replace('{ device = "disk" }, ', "")
        path.write_text(text.replace('memory = "second"', other + ', rights = ["LOCATE"]'))
        with pytest.raises(RequestError, match=r'no right "LOCATE" over a (memory region|device); write one of'):
            read_description(path)


def test_memory_for_devices_counts_with_all_other(path: Path) -> None:
    path.write_text(TEXT.replace("pages = 2", "pages = 481").replace("pages = 3", "pages = 20_000"))
    with pytest.raises(RequestError, match="20482 pages of memory; a system has at most 20480, remove some"):
        read_description(path)


def test_what_a_file_holds_is_read(path: Path) -> None:
    image = path.parent / "images" / "disk.img"
    image.write_bytes(b"x" * 512)
    (device,) = read_files(read_description(path).devices, ())
    assert (device.file, device.content) == (image, b"x" * 512)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes are no whole sectors of 512; fill it up, with: truncate -s 512 disk.img"),
        (511, "511 bytes are no whole sectors of 512; fill it up, with: truncate -s 512 disk.img"),
        (1025, "1025 bytes are no whole sectors of 512; fill it up, with: truncate -s 1536 disk.img"),
        (IMAGE_BYTES + 512, f"larger than {IMAGE_BYTES} bytes, the limit for an image; make it smaller"),
    ],
)
def test_an_image_is_whole_sectors_and_not_too_large(path: Path, size: int, said: str) -> None:
    os.truncate(path.parent / "images" / "disk.img", size)
    assert complaint(path) == f"DIR/s.toml:17: DIR/images/disk.img: {said}"


def test_a_file_that_is_none_is_refused(path: Path) -> None:
    image = path.parent / "images" / "disk.img"
    image.unlink()
    assert complaint(path).endswith("disk.img: cannot be read: no such file or directory; name an image")
    image.mkdir()
    assert complaint(path).endswith("disk.img: is no file; name an image")
    image.rmdir()
    os.mkfifo(image)
    assert complaint(path).endswith("disk.img: is no file; name an image")


@pytest.mark.promise(
    "A file of a device lies below the folder of its description, wherever links lead, or below a folder that the "
    "command allows"
)
def test_a_file_elsewhere_is_read_only_if_its_folder_is_allowed(path: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "disk.img").write_bytes(bytes(512))
    image = path.parent / "images" / "disk.img"
    image.unlink()
    image.symlink_to(outside / "disk.img")
    refused = complaint(path)
    assert refused == (
        "DIR/s.toml:17: DIR/images/disk.img: lies outside the folder of the description; move it there, or add "
        f"--allow-path {outside}"
    )
    assert complaint(path, (path.parent,)) == refused
    assert len(read_files(read_description(path).devices, (outside,))[0].content) == 512
    link = tmp_path / "link"
    link.symlink_to(outside)
    assert read_files(read_description(path).devices, (link,))
    path.write_text(TEXT.replace("images/disk.img", "../outside/disk.img"))
    assert "lies outside" in complaint(path)
    path.write_text(TEXT.replace("images/disk.img", str(outside / "none.img")))
    assert "lies outside" in complaint(path)  # whether it is there is not told


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_nothing_runs_before_the_files_are_right(path: Path, machine: str) -> None:
    assert run_system(path, machine).report()["status"] == 0
    os.truncate(path.parent / "images" / "disk.img", 3)
    with pytest.raises(RequestError, match="no whole sectors"):
        run_system(path, machine)


def changed(record: Record, **keys: object) -> dict[str, object]:
    return to_json(record) | {"devices": [{"kind": "block"} | keys]}


def test_an_image_in_a_record_is_one(path: Path) -> None:
    report = run_system(path, "native").report()
    record = from_json(json.loads(json.dumps(report["replay"])))
    assert record.devices == (Device("block", "block", content=bytes(1024)),)
    for wrong in (None, "?", to_json(record)["manifest"][:-8], "eJwDAAAAAAE="):
        with pytest.raises(BadRecordError, match=r"replay\.devices has (an image|a block)"):
            from_json(changed(record, content=wrong))
