"""In states that nobody has chosen, the sums of an inspection are what the kernel counts, and what its slots hold."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from properties.driver import Driver, busy_system
from tyrne.abi import CapKind
from tyrne.inspect import Inspection, look, look_at_replay, open_run, to_data
from tyrne.inspect.memory import CLAIMS
from tyrne.inspect.slots import arenas, occupied
from tyrne.kernel.kernel import Kernel
from tyrne.system.shipped import shipped

STEPS, LOOK_EVERY = 400, 8
"""Of one walk."""
MOST = 50_000_000
"""Instructions of a system that runs for long."""


def wrong(kernel: Kernel[Any], seen: Inspection) -> list[str]:
    """The sums that do not come out, in a kernel that had all its frames and objects to give when it booted."""
    found = []
    slots = [slot for _, slot in occupied(kernel)]
    if len(slots) != len(seen.capabilities):
        found.append(f"{len(slots)} slots hold a capability, {len(seen.capabilities)} are told")
    places = Counter((cap.place, cap.holder, cap.handle) for cap in seen.capabilities if cap.place != "kernel")
    places = Counter(
        {at: n for at, n in places.items() if at[0] != "origin"}  # of each kind there may be one with that name
    )
    found += [f"{place} stands {n} times in the tree" for place, n in places.items() if n != 1]
    edges = sum(slot.parent is not None for slot in slots)
    if edges != sum(cap.parent is not None for cap in seen.capabilities):
        found.append("not each capability hangs below its parent")
    found += [f"{cap.number} stands before its parent" for cap in seen.capabilities if (cap.parent or -1) >= cap.number]
    frames, counted = kernel.frames, seen.frames
    if counted.total - counted.reserved - counted.allocated != counted.free:
        found.append("frames do not add up")
    if counted.allocated != int(frames.allocated + frames.promised):
        found.append("another number of frames is allocated")
    spaces = sum(space.frames for space in seen.spaces)
    regions = sum(region.pages for region in seen.regions if region.kind == "memory")
    if spaces + regions != counted.allocated:
        found.append(f"{spaces} frames of spaces and {regions} of regions, {counted.allocated} allocated")
    found += [
        f"space {space.name} counts {space.frames} frames"
        for space in seen.spaces
        if not space.ends and space.frames != space.tables + space.own_pages
    ]
    granted = Counter({"frames": 0})
    for quota in seen.quotas:
        granted.update({claim.what: claim.granted for claim in quota.claims})
        found += [f"{quota.name}: {claim}" for claim in quota.claims if claim.granted != claim.used + claim.left]
    there = {what: len(arenas(kernel)[name].items) for what, (_, name) in CLAIMS.items()}
    there["frames"] = counted.total - counted.reserved
    found += [f"{granted[what]} {what} granted, {there[what]} there" for what in there if granted[what] != there[what]]
    used = Counter[str]()
    for quota in seen.quotas:
        used.update({claim.what: claim.used for claim in quota.claims})
    living = {what: int(arenas(kernel)[name].population) for what, (_, name) in CLAIMS.items()}
    living["frames"] = counted.allocated
    found += [f"{used[what]} {what} used, {living[what]} live" for what in living if used[what] != living[what]]
    queued = [name for endpoint in seen.endpoints for name in (*endpoint.senders, *endpoint.receivers)]
    queued += [name for notification in seen.notifications for name in notification.waiters]
    found += [f"{name} stands in {n} queues" for name, n in Counter(queued).items() if n != 1]
    names = {task.name for task in seen.tasks}
    waiting = {task.name for task in seen.tasks if task.state in ("sending", "receiving", "calling", "suspended")}
    if not waiting <= {wait.task for wait in seen.waits} <= names:
        found.append("not each task that waits is told")
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(6))
def test_each_slot_is_told_once_each_frame_has_an_owner_and_quotas_add_up(seed: int) -> None:
    kernel = busy_system()
    drive = Driver(seed, kernel)
    kinds: set[str] = set()
    places: set[str] = set()
    for step in range(STEPS):
        if not drive.step():
            break
        if step % LOOK_EVERY == 0:
            seen = look(kernel)
            assert wrong(kernel, seen) == [], f"seed {seed}, step {step}"
            kinds |= {cap.kind for cap in seen.capabilities}
            places |= {cap.place for cap in seen.capabilities}
            to_data(seen)
    assert {"endpoint", "task", "space", "memory", "quota"} <= kinds
    assert {"table", "origin", "home"} <= places


SYSTEMS = sorted(shipped("systems/hello.toml").parent.glob("*.toml"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("source", SYSTEMS, ids=lambda path: path.stem)
def test_the_sums_come_out_in_every_system_of_the_project(source: Path) -> None:
    """Those with devices and deadlines too: at the start, on the way, and where the first 60 transitions end."""
    run = open_run(source, MOST)
    for position in (0, 7, 30, 60):
        while run.position < position and run.step() is not None:
            pass
        seen = look_at_replay(run)
        assert wrong(run.kernel, seen) == []
        assert to_data(seen).keys() == {"format", *Inspection.__dataclass_fields__}


def test_a_wrong_sum_is_noticed() -> None:
    kernel = busy_system()
    seen = look(kernel)
    assert wrong(kernel, seen) == []
    kernel.quotas.items[1].claims[CapKind.ENDPOINT.value] += 1
    assert len(wrong(kernel, look(kernel))) == 1
    kernel.frames.allocated += 1
    assert len(wrong(kernel, look(kernel))) >= 3
