"""What comes into a run on the hosted or the native machine while it runs, and what of that is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from tyrne.hosted.bus import Bus, Outside
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.device import Device as Model
from tyrne.hosted.devices.network import Network
from tyrne.hosted.devices.pcap import frames_of, pcap_of
from tyrne.hosted.devices.serial import Serial
from tyrne.hosted.doors import Door, Doors
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.stop import StopRequest
from tyrne.hosted.typist import Typist
from tyrne.system.forwarding import Forwarding, Ports
from tyrne.system.inputs import Input
from tyrne.system.models import Connect
from tyrne.system.parts import TYPED_INTO, Device


def outside(devices: Sequence[Device], given: Input | None, stop: StopRequest, ends: ExitStack) -> Connect:
    """From a terminal, and through ports, which `ends` closes; RequestError where one cannot be had."""
    network = next((device for device in devices if device.forward), None)
    ports = None if network is None else Ports(network)
    if ports is not None:
        ends.callback(ports.close)

    def connect(bus: Bus, models: Sequence[Model]) -> Outside | None:
        doors: list[Door] = []
        for model in models:
            if isinstance(model, Console | Serial) and given is not None and given.content is None:
                doors.append(Typist(given.terminal, model, bus.recorder))
            elif isinstance(model, Network) and ports is not None:
                doors.append(Forwarding(ports, model, bus.recorder))
        return Doors(doors, bus.now, stop) if doors else None

    return connect


def as_it_was(device: Device, recorder: Recorder) -> Device:
    """A device, with what came to it from outside while it ran."""
    if device.kind in TYPED_INTO:
        return replace(device, keys=tuple(recorder.typed), open=recorder.connected)
    if device.kind == "network" and recorder.frames:
        known = frames_of(device.content) if device.content else ()
        content = pcap_of(sorted((*known, *recorder.frames), key=lambda frame: frame[0]))
        return replace(device, content=content, open=recorder.listening)
    return replace(device, open=recorder.listening) if device.kind == "network" else device
