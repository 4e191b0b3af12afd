"""In which order frames come to a network device by themselves."""

from __future__ import annotations

from tyrne.hosted.bus import Reach
from tyrne.hosted.devices.network import MOST_WAITING, Network
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


def test_who_asks_faster_than_time_goes_on_has_so_many_answers_under_way_as_may_wait() -> None:
    heard.clear()
    device = Heard(lambda _: None, Reach(Ram(), []), lambda: 0, address=bytes(6), send=lambda _: None)
    for _ in range(MOST_WAITING + 3):
        device.receive_at(20, b"an answer", answers=True)
    device.receive_at(20, b"from outside")
    assert device.dropped == 3
    device.advance(20)
    assert heard == [b"from outside"] + MOST_WAITING * [b"an answer"]
    for _ in range(MOST_WAITING):
        device.receive_at(30, b"another", answers=True)
    assert device.dropped == 3
