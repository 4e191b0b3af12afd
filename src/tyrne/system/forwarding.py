"""UDP ports of the host that lead to a system: a datagram becomes a frame from the peer, and its answer goes back.

Only 127.0.0.1 reaches them, and only who has sent to one hears from it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

from tyrne.hosted.devices.network import LONGEST, MOST_WAITING, Network
from tyrne.hosted.devices.pcap import FRAME_BYTES
from tyrne.hosted.devices.peer import GUEST, Datagram, datagram_of, frame_of
from tyrne.hosted.recorder import Recorder
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.loopback import LOOPBACK
from tyrne.system.parts import Device, Forward

_MOST_CLIENTS: Final = 1024
"""Who can be answered: those that have sent last."""
_MOST_BYTES: Final = 65_535


def open_port(forward: Forward) -> socket.socket:
    """A port of the host; RequestError where it cannot be had."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        made.bind((LOOPBACK, forward.udp))
    except OSError as error:
        made.close()
        what = f"port {forward.udp} of this host cannot be had: {reason(error)}"
        raise RequestError(f"{forward.place}: {what}; write another one, from 1024 on") from None
    return made


def check_ports(devices: Sequence[Device]) -> None:
    """RequestError with each port that cannot be had."""
    errors: list[str] = []
    for forward in (forward for device in devices for forward in device.forward):
        try:
            open_port(forward).close()
        except RequestError as error:
            errors.append(str(error))
    if errors:
        raise RequestError(*errors)


class Ports:
    """Those of one device, for one run."""

    def __init__(self, device: Device) -> None:
        """RequestError where one cannot be had."""
        self._device: Final = device.address
        self._ports: Final[dict[int, tuple[Forward, socket.socket]]] = {}
        self._by_guest: Final[dict[int, socket.socket]] = {}
        self._clients: Final[dict[tuple[int, int], None]] = {}
        """Ports of the system, each with one of the host from which somebody has sent to it."""
        try:
            for forward in device.forward:
                made = open_port(forward)
                self._ports[made.fileno()] = (forward, made)
                self._by_guest[forward.to] = made
        except RequestError:
            self.close()
            raise

    def close(self) -> None:
        for _, made in self._ports.values():
            made.close()

    @property
    def descriptors(self) -> list[int]:
        """What is waited for until something comes."""
        return list(self._ports)

    def take(self, descriptor: int) -> bytes | None:
        """The frame that a datagram becomes; None for one that no frame holds, or for none."""
        forward, made = self._ports[descriptor]
        try:
            data, (_, port) = made.recvfrom(_MOST_BYTES)
        except OSError:  # what was sent before has reached nobody
            return None
        frame = frame_of(self._device, Datagram(GUEST, port, forward.to, data))
        if len(frame) > LONGEST:
            return None
        client = (forward.to, port)
        self._clients.pop(client, None)
        self._clients[client] = None
        if len(self._clients) > _MOST_CLIENTS:
            del self._clients[next(iter(self._clients))]
        return frame

    def give(self, frame: bytes) -> None:
        """A frame that the system has sent: if it answers somebody, that is who gets it."""
        found = datagram_of(frame)
        if found is None or found.ip != GUEST or (found.source_port, found.port) not in self._clients:
            return
        try:
            self._by_guest[found.source_port].sendto(found.data, (LOOPBACK, found.port))
        except OSError:  # it is full, or nobody is there any more
            return


class Forwarding:
    """The ports of a hosted or native machine; satisfies `tyrne.hosted.doors.Door`."""

    def __init__(self, ports: Ports, network: Network, recorder: Recorder) -> None:
        self._ports: Final = ports
        self._network: Final = network
        self._recorder: Final = recorder
        self._left = limits.FORWARDED_BYTES
        recorder.listening = True
        network.hears = ports.give

    @property
    def open(self) -> bool:
        return self._recorder.listening

    def descriptors(self) -> Sequence[int]:
        return self._ports.descriptors if self._network.waiting < MOST_WAITING else []

    def take(self, descriptor: int, at: int) -> None:
        frame = self._ports.take(descriptor)
        if frame is None:
            return
        if self._recorder.kept.interrupts:
            self._left -= FRAME_BYTES + len(frame)
            self._recorder.listening = self._left > FRAME_BYTES + LONGEST
        self._network.receive_at(at, frame)
        self._recorder.frame(at, frame)
