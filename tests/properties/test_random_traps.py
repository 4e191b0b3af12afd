"""Random traps on a whole kernel: its invariants hold after each, and a refused call has changed nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from first_of import first_of
from properties.driver import Driver, busy_system
from tyrne.abi import CallNumber
from tyrne.testing.invariants import violations
from tyrne.testing.state import kernel_state

SHARDS = 4
STEPS = 1000
"""Of each shard, in several walks."""
WALK = 400


def walk(seed: int) -> tuple[Driver, int]:
    """Traps until nothing runs any more; each is checked. Also how many there were."""
    kernel = busy_system()
    drive = Driver(seed, kernel)
    before: object = None

    def remember() -> None:
        nonlocal before
        before = kernel_state(kernel)

    drive.before_call = remember
    for step in range(WALK):
        caller = kernel.scheduler.core.current
        if not drive.step():
            return drive, step
        found = violations(kernel)
        assert not found, f"seed {seed}, step {step}: {drive.said}\n" + "\n".join(found)
        if drive.refused:
            assert kernel.scheduler.core.current is caller, f"seed {seed}, step {step}: {drive.said} switched"
            same = kernel_state(kernel) == before
            assert same, f"seed {seed}, step {step}: {drive.said} changed something"
    return drive, WALK


@pytest.mark.promise(
    "So a capability never names a dead object",
    (
        "No register value and no program may stop the kernel: a kernel panic is by definition a defect of Tyrne, "
        "and ends the machine with a report instead of going on"
    ),
)
@first_of("shard", range(SHARDS))
def test_any_trap_leaves_the_kernel_whole_and_a_refused_call_changes_nothing(shard: int) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    steps, seed = 0, shard
    while steps < STEPS:
        drive, length = walk(seed)
        seen += drive.seen
        steps, seed = steps + length, seed + SHARDS
    done = {name for name, status in seen if status == 0}
    never = {number.name for number in CallNumber} - done - {"TASK_EXIT", "REPLY_WAIT"}
    assert len(never) <= 3, f"the walks never saw these calls succeed: {never}"
    assert len({status for _, status in seen}) >= 18, "the walks saw few ways to refuse a call"
