"""docs/walk.md names files and functions that exist, and those of the kernel in the order in which they run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

from docs.site.steps import SOURCES, WALK, named, places_in, sections, source
from tyrne.abi import CallNumber as C
from tyrne.abi import Rights, TaskState
from tyrne.hal.frame import Vector
from tyrne.kernel import kernel
from tyrne.lang import u64
from tyrne.testing.kernels import NULL, SVC, run, trap
from tyrne.testing.world import World

PAGE = WALK.read_text()
ON_THE_WAY = [section for section in sections(PAGE) if section.numbered]


def functions_run_by(world: World, syndrome: int) -> list[tuple[str, str]]:
    """The functions of the kernel and the HAL that one trap runs by the general path, by the first call of each."""
    found: dict[tuple[str, str], None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(SOURCES)):
            found.setdefault((str(Path(code.co_filename).relative_to(SOURCES)), code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for tier in ("fast_call", "fast_call_2"):
                patch.setattr(kernel, tier, lambda *_: None)
            trap(world.kernel, Vector.SYNCHRONOUS, u64(syndrome), u64(0))
    finally:
        sys.setprofile(before)
    return list(found)


@pytest.mark.parametrize(("file", "function"), named(PAGE))
def test_what_the_walk_names_exists(file: str, function: str) -> None:
    assert function in places_in(source(file))


def test_the_walk_follows_a_call_through_the_kernel_in_the_order_in_which_it_runs() -> None:
    world = World(2)
    door = world.endpoint()
    client, server = world.give(0, door, Rights.SEND, badge=1), world.give(1, door, Rights.RECV)
    world.blocks(1, C.WAIT, server)
    caller = world.task(0)
    run(world.kernel, caller)
    caller.frame.x[8] = u64(C.CALL.value)
    for register, word in enumerate((client, 1, 1, 0, 0, NULL)):
        caller.frame.x[register] = u64(word)
    ran = functions_run_by(world, SVC)
    assert (caller.state, world.current()) == (TaskState.CALLING, 1)
    assert world.x(1)[:7] == (0, 1, 1, 1, 0, 0, NULL)
    said = [name for stop in ON_THE_WAY for name in named(stop.text) if name[0].startswith(("kernel", "hal"))]
    assert len(said) > 20
    assert said == [name for name in ran if name in said]
