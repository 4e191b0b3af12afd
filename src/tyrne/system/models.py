"""The models of the devices that a description names: made, and attached to the bus of a hosted or native machine.

Apart from devices.py, since most runs have none, and to import them takes longer than to read a description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from tyrne.hosted.devices.block import Block, Sectors
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.device import Device as Model
from tyrne.hosted.devices.device import SetLine
from tyrne.hosted.devices.entropy import Entropy
from tyrne.hosted.devices.network import Network
from tyrne.hosted.devices.pcap import frames_of
from tyrne.hosted.devices.peer import LATENCY, answer
from tyrne.hosted.devices.rtc import Rtc
from tyrne.hosted.devices.serial import Serial
from tyrne.system.devices import KINDS, reached_from
from tyrne.system.parts import Device, Region

if TYPE_CHECKING:
    from tyrne.hosted.bus import Bus, Outside
    from tyrne.hosted.ram import Ram


def _network(bus: Bus, line: SetLine, device: Device) -> Network:
    """With the peer at the other end, and the frames that come over the wire."""

    def send(frame: bytes) -> None:
        said = answer(frame)
        if said is not None:
            made.receive_at(bus.now() + LATENCY, said, answers=True)

    frames = frames_of(device.content) if device.content else ()
    made = Network(line, bus.memory, bus.now, address=device.address, send=send, frames=frames)
    return made


MODELS: Final[dict[str, Callable[[Bus, SetLine, Device], Model]]] = {
    "rtc": lambda bus, line, device: Rtc(line, bus.now),
    "block": lambda bus, line, device: Block(line, bus.memory, bus.now, sectors=Sectors(device.content)),
    "entropy": lambda bus, line, device: Entropy(line, bus.memory, bus.now, seed=device.kind.encode()),
    "network": _network,
    "console": lambda bus, line, device: Console(
        line, bus.memory, bus.now, output=partial(bus.recorder.device, device.name), keys=device.keys
    ),
    "serial": lambda bus, line, device: Serial(
        line, bus.now, output=partial(bus.recorder.device, device.name), keys=device.keys
    ),
}
"""What makes a device of each kind of KINDS, given the bus and its line."""


class Machine(Protocol):
    """A machine whose devices are models."""

    @property
    def ram(self) -> Ram: ...

    def make_bus(self, reach: Sequence[tuple[int, int]] = ()) -> Bus: ...


Connect = Callable[["Bus", Sequence[Model]], "Outside | None"]
"""Makes, for devices on a bus, that by which something comes to them from outside."""


def attach(
    machine: Machine, devices: Sequence[Device], memory: Iterable[Region], connect: Connect | None = None
) -> None:
    """Give a machine its devices, whose files have been read, before it boots. They reach what of the memory is theirs.
    A machine without any has no bus. `connect` lets something come to them from outside."""
    if not devices:
        return
    ram_end = machine.ram.start + machine.ram.size
    bus = machine.make_bus([(reached_from(memory, ram_end), ram_end)])
    models: list[Model] = []
    for device in devices:
        kind = KINDS[device.kind]
        model = MODELS[device.kind](bus, bus.line(kind.line), device)
        models.append(model)
        if isinstance(model, Block):
            bus.recorder.disks[device.name] = model.sectors.written()
        bus.attach(kind.address, model)
        bus.open = bus.open or device.open
        for key in device.keys:
            bus.recorder.type(*key)
    if connect is not None:
        bus.outside = connect(bus, models)
