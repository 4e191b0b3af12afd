"""In which order frames come to a network device by themselves."""

from __future__ import annotations

from tyrne.hosted.bus import Reach
from tyrne.hosted.devices.network import Network
from tyrne.hosted.ram import Ram


class Heard(Network):
    """Notes what comes, instead of giving it to a driver."""

    def receive(self, frame: bytes) -> None:
        heard.append(frame)


heard: list[bytes] = []


def test_frames_come_at_their_times_and_answers_last() -> None:
    heard.clear()
    coming = [(20, b"third"), (10, b"first"), (10, b"second")]
    device = Heard(lambda _: None, Reach(Ram(), []), lambda: 0, address=bytes(6), send=lambda _: None, frames=coming)
    device.receive_at(20, b"an answer", answers=True)
    device.receive_at(20, b"fourth")
    assert device.next_event() == 10
    device.advance(9)
    assert heard == []
    device.advance(19)
    assert (heard, device.next_event()) == ([b"first", b"second"], 20)
    device.advance(25)
    assert heard[2:] == [b"third", b"fourth", b"an answer"]
    assert device.next_event() is None
