"""The devices of a record: a list of objects, each with the `kind` of a device.

| kind | |
|---|---|
| `block` | `content`: its image |
| `network` | `address`; as `content` the frames that came, in pcap's format with their times since boot;
  `open` as below, absent for false |
| `console`, `serial` | `name`; `typed`: a list of pieces, each its time and its bytes; `open`: whether more might
  have been typed when the run ended. Times are the machine's, in nanoseconds |

Contents and what was typed are base64 of the bytes, compressed by zlib.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from tyrne.hosted.devices.block import SECTOR
from tyrne.hosted.devices.pcap import frames_of
from tyrne.system import limits
from tyrne.system.devices import KINDS
from tyrne.system.errors import BadRecordError
from tyrne.system.packed import pack, unpack
from tyrne.system.parts import TYPED_INTO, Device, network_address

_LATEST: Final = (1 << 64) - 1
"""Nanoseconds."""


def devices_to_json(devices: Iterable[Device]) -> list[dict[str, Any]]:
    """As they stand in a report."""
    return [_to_json(device) for device in devices]


def _to_json(device: Device) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": device.kind}
    if device.kind == "network":
        told["address"] = device.address.hex(":")
    if device.content:
        told["content"] = pack(device.content)
    if device.kind in TYPED_INTO:
        told |= {"name": device.name, "typed": [[time, pack(data)] for time, data in device.keys], "open": device.open}
    if device.kind == "network" and device.open:
        told["open"] = True
    return told


def devices_from_json(data: object) -> tuple[Device, ...]:
    """The devices of a record; BadRecordError says what is wrong with them."""
    if data is None:
        return ()
    if not isinstance(data, list):
        raise BadRecordError("replay.devices is not a list")
    kinds = [item.get("kind") if isinstance(item, dict) else None for item in data]
    for number, kind in enumerate(kinds):
        if not isinstance(kind, str) or kind not in KINDS or kind in kinds[:number]:
            found = f"{reprlib.repr(data[number])}, where one of each kind belongs: {', '.join(KINDS)}"
            raise BadRecordError(f"replay.devices has {found}")
    return tuple(_device(str(kind), item) for kind, item in zip(kinds, data, strict=True))


def _device(kind: str, data: dict[str, object]) -> Device:
    if kind in TYPED_INTO:
        return _console(kind, data)
    if kind == "network":
        return _network(data)
    content = data.get("content")
    if not KINDS[kind].file:
        return Device(kind, kind)
    try:
        image = unpack(content, limits.IMAGE_BYTES) if isinstance(content, str) else b""
    except ValueError as error:
        raise BadRecordError(f"replay.devices has an image that is {error}") from None
    if not image or len(image) % SECTOR:
        raise BadRecordError(f"replay.devices has a {kind} without an image of whole sectors")
    return Device(kind, kind, content=image)


def _network(data: dict[str, object]) -> Device:
    address, content, whether = data.get("address"), data.get("content", ""), data.get("open", False)
    if not isinstance(address, str) or not isinstance(content, str) or type(whether) is not bool:
        raise BadRecordError("replay.devices has a network whose address, content or open is damaged")
    try:
        frames = unpack(content, limits.FRAME_FILE_BYTES + limits.FORWARDED_BYTES) if content else b""
        if content:
            frames_of(frames)
        return Device("network", "network", content=frames, address=network_address(address), open=whether)
    except ValueError as error:
        raise BadRecordError(f"replay.devices has a network that is wrong: {error}") from None


def _console(kind: str, data: dict[str, object]) -> Device:
    name, keys, whether = data.get("name", kind), data.get("typed", []), data.get("open", False)
    if not isinstance(name, str) or not isinstance(keys, list) or type(whether) is not bool:
        raise BadRecordError(f"replay.devices has a {kind} whose name, typed or open is damaged")
    found: list[tuple[int, bytes]] = []
    left = limits.INPUT_BYTES + 1
    for item in keys:
        match item:
            case [int(time), str(text)] if type(time) is int and 0 <= time <= _LATEST:
                try:
                    found.append((time, unpack(text, left)))
                except ValueError as error:
                    raise BadRecordError(f"replay.devices has a {kind} where what was typed is {error}") from None
                left -= len(found[-1][1])
            case _:
                what = reprlib.repr(item)
                raise BadRecordError(f"replay.devices has {what}, where a time and what was typed belong")
    if any(one[0] > other[0] for one, other in pairwise(found)):
        raise BadRecordError(f"replay.devices has a {kind} that is typed into in another order than that of time")
    return Device(name, kind, keys=tuple(found), open=whether)
