"""Who is said to be stuck never goes on, in systems made by chance, and in a deadlock all are that wait."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from small_programs import NOTHING, program, system

from tyrne.abi import CallNumber as C
from tyrne.inspect import open_run
from tyrne.inspect.view import View
from tyrne.inspect.waiting import Waits
from tyrne.kernel.kernel import Kernel
from tyrne.system.names import Names
from tyrne.system.run import STATUS_DEADLOCK

TASKS, ENDPOINTS, NOTIFICATIONS, CALLS = 4, 3, 1, 6
SYSTEMS = 40
"""Of one seed."""
OBJECTS = "".join(f'[[endpoint]]\nname = "e{i}"\n' for i in range(ENDPOINTS))
OBJECTS += "".join(f'[[notification]]\nname = "n{i}"\n' for i in range(NOTIFICATIONS))


def capabilities(chance: random.Random) -> list[str]:
    """What a task holds: some ways to send, receive, signal and wait, some of which it may give away."""
    found = []
    for i in range(ENDPOINTS):
        rights = [right for right in ("SEND", "RECV", "TRANSFER") if chance.random() < 0.45]
        found.append(f'{{ endpoint = "e{i}", rights = [{", ".join(map(repr, rights or ["TRANSFER"]))}] }}')
    for i in range(NOTIFICATIONS):
        found.append(f'{{ notification = "n{i}", rights = ["{chance.choice(("NOTIFY", "WAIT", "TRANSFER"))}"] }}')
    return [each.replace("'", '"') for each in found]


def calls(chance: random.Random) -> bytes:
    """A program whose calls wait for others, and let others go on."""
    found = []
    held = ENDPOINTS + NOTIFICATIONS
    for _ in range(CALLS):
        number = chance.choice((C.SEND, C.SEND_WAIT, C.CALL, C.RECV, C.WAIT, C.WAIT, C.REPLY, C.NOTIFY, C.TASK_YIELD))
        handle = chance.randrange(held + 2 if number is C.REPLY else held)
        carried = chance.choice((NOTHING, NOTHING, chance.randrange(held + 1)))
        found.append((number, [handle, 1, 0, 0, 0, carried]))
    return program(*found, (C.TASK_EXIT, [0]))


def stuck(kernel: Kernel[Any]) -> tuple[set[str], set[str]]:
    """Who is said to be stuck, and who waits."""
    waits, cycles = Waits(View(kernel, Names(()))).read()
    found = {wait.task for wait in waits if wait.stuck}
    assert {name for cycle in cycles for name in cycle} <= found
    return found, {wait.task for wait in waits}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
def test_who_is_stuck_never_goes_on_and_who_waits_in_a_deadlock_is_stuck(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    ever = deadlocks = early = 0
    for number in range(SYSTEMS):
        folder = tmp_path / f"system-{number}"
        folder.mkdir()
        tasks = {f"t{i}": (calls(chance), ", ".join(capabilities(chance))) for i in range(TASKS)}
        run = open_run(system(folder, OBJECTS, **tasks))
        before: set[str] = set()
        while run.step() is not None:
            now, waiting = stuck(run.kernel)
            assert before <= now, f"seed {seed}, system {number}, transition {run.position}: {before - now} went on"
            early += bool(now) and not run.over
            before = now
        ever += bool(before)
        if run.recorder.status == STATUS_DEADLOCK:
            deadlocks += 1
            assert now == waiting, f"seed {seed}, system {number}"
    assert ever >= SYSTEMS // 4 and deadlocks >= SYSTEMS // 4 and early >= SYSTEMS // 4
