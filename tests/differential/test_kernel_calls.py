"""The kernel in CPython and the compiled one agree on random calls: results, registers, journal, memory and state."""

from __future__ import annotations

import os
from random import Random

import pytest
from agreement import watchdog
from lockstep import DisagreementError, Pair
from random_calls import Player, random_manifest

from tyrne.kernel import messages, user_memory
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.frames import Frames

CALLS = int(os.environ.get("TYRNE_CALLS", "110000"))
CALLS_A_SYSTEM = 800
"""At most, then another system starts."""
CALLS_A_COMPARISON = 80
"""Between two comparisons of everything; registers and journal are compared at each call."""


def play(seed: int, calls: int, every: int) -> int:
    """Make at most `calls` calls on one random system; how many were made."""
    random = Random(seed)
    pair = Pair(random_manifest(random), random.random() < 0.8)
    player = Player(random, pair)
    made = 0
    while made < calls and not pair.stopped:
        player.step()
        made += 1
        if made % every == 0:
            pair.compare_all(f"after call {made}")
    pair.compare_all(f"after the last call, {made}")
    return made


@pytest.mark.parametrize("part", range(2))
def test_random_calls_agree(part: int) -> None:
    made, seed = 0, 1_000_000 * part + int(os.environ.get("TYRNE_SEED", "0"))
    with watchdog(600):
        while made < CALLS // 2:
            try:
                made += play(seed, CALLS_A_SYSTEM, CALLS_A_COMPARISON)
            except DisagreementError as error:
                pytest.fail(f"seed {seed}: {error}")
            seed += 1


def _forgetful_unlink(slot: CapSlot) -> None:
    """Leaves the tree, but its neighbour after it keeps pointing back."""
    after, previous = slot.next_sibling, slot.previous_sibling
    ORIGINAL_UNLINK(slot)
    if after is not None:
        after.previous_sibling = slot if previous is None else previous


ORIGINAL_UNLINK = CapSlot._unlink


@pytest.mark.parametrize(
    ("owner", "name", "wrong"),
    [
        (messages, "check_transfer", lambda *_: True),
        (CapSlot, "_unlink", _forgetful_unlink),
        (Frames, "_first_free", lambda self: None),
        (user_memory.UserWindow, "validate", lambda self, pointer, length: True),
    ],
)
def test_difference_in_one_function_is_found(
    owner: object, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(DisagreementError):
        for seed in range(20):
            play(seed, 400, 20)
