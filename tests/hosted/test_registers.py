"""A frame that the CPU loads and stores answers as a frame of the kernel's own does."""

from __future__ import annotations

import random

from tyrne.hal.frame import TrapFrame
from tyrne.hosted.registers import AdoptedFrame
from tyrne.lang import u64


def test_the_call_in_an_adopted_frame_is_always_that_of_its_registers() -> None:
    chance = random.Random(1)
    plain, adopted = TrapFrame(), TrapFrame()
    file = AdoptedFrame(adopted)
    for _ in range(500):
        register, value = chance.randrange(10), chance.choice((0, 5, 1023, 1024, (1 << 64) - 1))
        plain.x[register] = u64(value)
        if chance.random() < 0.5:
            adopted.x[register] = u64(value)
        else:
            file.words[register] = value  # by the CPU
        assert adopted.call() == plain.call() == adopted.call()
        assert all(type(word) is u64 for word in vars(adopted.call()).values())


def test_a_call_that_has_not_changed_is_made_once() -> None:
    frame = TrapFrame()
    AdoptedFrame(frame)
    first = frame.call()
    frame.x[9] = u64(7)  # no part of it
    assert frame.call() is first
    frame.x[5] = u64(7)
    assert frame.call() is not first and first.a5 == 0


def test_two_adopted_frames_share_nothing() -> None:
    frames = [TrapFrame(), TrapFrame()]
    for number, frame in enumerate(frames):
        AdoptedFrame(frame)
        frame.x[0] = u64(number)
    assert [frame.call().a0 for frame in frames] == [0, 1]
