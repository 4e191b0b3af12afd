"""States with one key have the same futures; what a trap can tell apart has two keys; damage shows in the key."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from tyrne.abi import CallNumber as C
from tyrne.lang import Array, u32, u64
from tyrne.testing.explore import MODELS, Model, Replay
from tyrne.testing.explore.alphabet import NULL, TICK, Call
from tyrne.testing.explore.expansion import Expander, Expansion, Trace
from tyrne.testing.invariants import violations


def following(worker: Expander, trace: Trace) -> set[bytes]:
    """The keys of the other states that come after one."""
    worker.go(trace)
    own = worker.canonical.key()
    result = Expansion()
    worker.expand(trace, result, set())
    assert result.violation is None
    return {key for key, _ in result.found} - {own}


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"memory"}))
def test_states_with_the_same_key_have_the_same_futures(name: str) -> None:
    """Walks that differ and meet: whatever led to a state, what can follow it is the same."""
    worker = Expander(MODELS[name])
    dice = random.Random(name)
    met: dict[bytes, list[Trace]] = defaultdict(list)
    for _ in range(60):
        trace: Trace = ()
        for _ in range(12):
            state = worker.go(trace)
            choices = worker.actions()
            if not choices:
                break
            for choice in dice.sample(range(len(choices)), len(choices)):  # one that does something
                _, changed, _ = worker.step(choices[choice], state)
                if changed:
                    break
            trace = (*trace, choice)
            met[worker.canonical.key()].append(trace)
    pairs = [(traces[0], other) for traces in met.values() for other in traces[1:] if other != traces[0]]
    assert len(pairs) >= 10
    for one, other in dice.sample(pairs, 10):
        assert following(worker, one) == following(worker, other)


def pair() -> Replay:
    return Replay(MODELS["pair"])


def test_a_handle_in_a_message_that_waits_counts_and_other_registers_do_not() -> None:
    keys = []
    for words in ((0, 1, 0, 0, 0, NULL), (0, 2, 0, 0, 0, NULL), (0, 1, 0, 0, 0, 7)):
        replay = pair()
        replay.call(C.SEND_WAIT if words[5] == NULL else C.SEND, *words)
        keys.append(replay.canonical.key())
    assert len(set(keys)) == 3
    replay = pair()
    replay.call(C.SEND_WAIT, 0, 1, 0, 0, 0, NULL)
    replay.kernel.tasks.items[1].frame.x[3] = u64(99)
    replay.kernel.tasks.items[1].number = u32(77)
    assert replay.canonical.key() == keys[0]


def test_slots_have_no_age() -> None:
    replay = pair()
    keys = []
    for generation in range(3):
        keys.append(replay.canonical.key())
        replay.call(C.CAP_MOVE, generation << 16, NULL)
        keys.append(replay.canonical.key())
        replay.call(C.CAP_MOVE, generation << 16 | 1, NULL)
    assert keys[1] == keys[3] == keys[5] != keys[2] == keys[4]


def test_slots_have_no_names_where_no_task_ends() -> None:
    """When one ends its table is gone through in order, which decides who is woken first."""
    for model, same in (("revocation", True), ("pair", False)):
        replay = Replay(MODELS[model])
        before = replay.canonical.key()
        replay.call(C.CAP_MOVE, 0, NULL)
        assert (replay.canonical.key() == before) is same


def damaged(model: Model) -> dict[str, Replay]:
    """A kernel with one field in disorder that no other field says anything about."""
    found = {}

    def fresh(what: str) -> Replay:
        found[what] = Replay(model)
        found[what].do(TICK)
        return found[what]

    fresh("bitmap").kernel.scheduler.core.levels = u64(0x180)
    scheduler = fresh("tail").kernel.scheduler
    scheduler.core.ready[8].tail = None
    fresh("population").kernel.endpoints.population += 1  # type: ignore[misc]
    slot = fresh("previous sibling").kernel.tasks.items[0].capabilities.slots[0]
    slot.previous_sibling = slot
    kernel = fresh("frame").kernel
    kernel.frames.allocated += 1  # type: ignore[misc]
    free = fresh("lost slot").kernel.tasks.items[0].capabilities
    free.touched += 1  # type: ignore[misc]
    return found


def test_damage_to_what_other_fields_repeat_shows_in_the_key() -> None:
    """So that a state which is wrong is never taken for one that was found to be right."""
    sound = pair()
    sound.do(TICK)
    key = sound.canonical.key()
    for what, replay in damaged(MODELS["pair"]).items():
        assert violations(replay.kernel), what
        assert replay.canonical.key() != key, what


def test_a_call_is_replayed_from_its_words() -> None:
    one, other = pair(), pair()
    one.call(C.SEND, 0, 1, 0, 0, 0, NULL)
    other.do(Call(C.SEND.value, (0, 1, 0, 0, 0, NULL)))
    assert one.canonical.key() == other.canonical.key()


WRITTEN = {
    "Kernel": "scheduler ending tasks endpoints notifications spaces regions quotas frames lines named_lines "
    "limit_reached bootstrap_table empty_table",
    "Scheduler": "core",
    "Core": "current ready levels reach untimed left entered active",
    "TaskQueue": "head tail",
    "Arena": "items occupied next_free first_free touched population",
    "Task": "life frame state serves priority reach context home supervisor exit_code fault outcome spent deadline "
    "urgency work next queue offer through reply thread capabilities",
    "TrapFrame": "x sp pc pstate",
    "ThreadState": "floating",
    "CapTable": "owner first_free touched slots",
    "CapSlot": "capability generation index depth is_origin revoked armed placement table parent "
    "first_child next_sibling previous_sibling",
    "Line": "number bound open",
    "Endpoint": "life state asked_by message badge parked senders receivers receivable bound",
    "Notification": "life word waiters bound bound_at bound_by",
    "AddressSpace": "life root asid frames released",
    "Life": "origin payer",
    "LifeStack": "top",
    "Region": "life pieces held pages large cleared device",
    "Quota": "life claims",
    "ScarceFrames": "extent reserved reserved_ranges reserved_frames allocated promised",
}
"""Fields that a key depends on, or that none of its steps changes but by what does."""
ERASED = {
    "Kernel": "board debug_console loading idle boot_frame lives started",
    "Scheduler": "slice",
    "Core": "began",
    "Task": "number name used",
    "ScarceFrames": "taken full in_block hint",
    "Life": "kind index count listed next",
    "ThreadState": "q fpcr fpsr tpidr",
}
"""Fields that count for nothing: the table in canonical.py says why. FP/SIMD registers are never anything but zero."""


def test_every_field_of_every_place_has_been_decided_about() -> None:
    places = [place for name in ("signals", "memory") for place in Expander(MODELS[name]).snapshot.places]
    found = {type(place).__name__: set(vars(place)) for place in places if not isinstance(place, Array)}
    decided = {
        name: {*WRITTEN.get(name, "").split(), *ERASED.get(name, "").split()} for name in {**WRITTEN, **ERASED}
    }
    assert found == decided
