"""Nothing ever comes about in random systems that `reach` denies; and each rule is missed when it is left out."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.inspect.reach.effects import CHANNELS
from tyrne.inspect.reach.rules import RULES
from tyrne.system.parts import Quota
from tyrne.testing import World
from tyrne.testing.reach.__main__ import parse, run
from tyrne.testing.reach.campaign import Figures, campaign, walk_through
from tyrne.testing.reach.exhaust import exhaust
from tyrne.testing.reach.systems import tiny_system
from tyrne.testing.reach.watch import TAG, Watch

FINDS: dict[str, tuple[int, int]] = {
    "resume": (17, 8),
    "offer": (18, 29),
    "take": (52, 25),
    "call": (6, 33),
    "fault": (31, 19),
    "answer": (41, 32),
    "move": (5, 9),
    "create": (11, 2),
    "spend": (11, 192),
    "settle": (111, 118),
    "supervise": (27, 14),
    "map": (52, 17),
    "touch": (52, 17),
    "bind": (73, 35),
    "message": (35, 58),
    "notice": (98, 235),
    "signals": (118, 17),
    "registers": (1, 31),
}
"""For each rule or channel, a system that needs it, and how many steps of the walk through it."""
ELSEWHERE = {"return", "memory"}
"""Those that have a test of their own: here, and in tests/inspect/test_reach.py."""


def test_in_random_systems_nothing_comes_about_that_is_denied() -> None:
    figures = Figures()
    assert campaign(figures, range(1, 41), range(0)) is None
    assert figures.steps == 40 * 300
    assert figures.facts > 1000
    assert figures.told > 20


def test_of_what_tiny_systems_never_come_to_nine_tenths_are_denied() -> None:
    figures = Figures()
    assert campaign(figures, range(0), range(1, 21), most=150) is None
    assert figures.never > 50
    assert figures.share >= 0.9


@pytest.mark.parametrize("rule", FINDS)
def test_a_rule_that_is_left_out_is_missed(rule: str) -> None:
    seed, steps = FINDS[rule]
    assert walk_through(seed, steps, frozenset([rule])).wrong
    assert not walk_through(seed, steps).wrong


def test_every_rule_and_every_channel_is_left_out_once() -> None:
    assert {*FINDS} | ELSEWHERE == {*RULES, *CHANNELS}


def test_a_claim_that_returns_from_a_quota_that_was_made_is_missed_without_its_rule() -> None:
    world = World(3, quota=Quota(quotas=1))
    kind = CapKind.NOTIFICATION.value
    world.kernel.quotas.items[0].claims[kind] -= 1
    world.quotas[1].claims[kind] += 1
    made = world.ok(0, C.CREATE, world.give(0, world.quota_of(0), Rights.CREATE), CapKind.QUOTA.value)
    there = world.ok(0, C.CAP_MOVE, made, world.give_task(0, 1, Rights.CONFIGURE))
    stop = world.give_task(2, 0, Rights.CONTROL)
    world.ok(2, C.TASK_SUSPEND, stop)
    world.ok(2, C.CAP_DROP, stop)
    own = world.give_quota(1)
    watches = [Watch(world.kernel, frozenset(without)) for without in ((), ("return",))]
    world.ok(1, C.QUOTA_MOVE, own, there, kind, 1)
    world.ok(1, C.CAP_DROP, there)
    assert world.claims(0) == {"NOTIFICATION": 1, "QUOTA": 1}, "task 0 never runs again, and moved nothing"
    for watch in watches:
        watch.look()
    assert [bool(watch.wrong) for watch in watches] == [False, True]


def test_a_notice_that_comes_is_missed_without_its_channel() -> None:
    world = World(2)
    door = world.endpoint()
    world.supervise(0, door)
    listens = world.give(1, door, Rights.RECV)
    watches = [Watch(world.kernel, frozenset(without)) for without in ((), ("notice",))]
    world.blocks(1, C.WAIT, listens)
    world.call(0, C.TASK_EXIT, TAG)
    assert world.x(1)[3] == TAG
    for watch in watches:
        watch.hear(trace for trace in world.board.traces if trace[0] == "call")
    assert [watch.wrong for watch in watches] == [[], ["words of task t0 come to task t1"]]


def test_a_walk_is_the_same_for_the_same_seed() -> None:
    one, other = walk_through(5, 100), walk_through(5, 100)
    assert (one.steps, one.told, one.held) == (other.steps, other.told, other.held)


def test_a_walk_that_leaves_no_time_between_two_deadlines_goes_on() -> None:
    assert walk_through(5359).wrong == []


def test_every_state_of_a_tiny_system_is_looked_at_or_it_is_said_that_there_are_too_many() -> None:
    seen = exhaust(tiny_system(Random(1)))
    assert seen.exhausted
    few = exhaust(tiny_system(Random(1)), seen.states - 1)
    assert not few.exhausted


def test_the_command_ends_with_0_and_writes_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    assert run(parse(["--systems", "3", "--tiny", "2", "--most", "50", "--json", str(figures)])) == 0
    assert capsys.readouterr().out.startswith("3 systems, 900 steps, ")
    written = json.loads(figures.read_text())
    assert (written["systems"], written["found"]) == (3, None)
    assert written["command"] == 'make reach ARGS="--systems 3 --tiny 2 --most 50 --first 1"'


def test_the_command_says_what_came_about_although_it_is_denied(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(parse(["--systems", "40", "--tiny", "1", "--without", "take"])) == 1
    assert "this is denied, and came about:\n  task t" in capsys.readouterr().out


def test_the_command_refuses_a_rule_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(["--without", "taking"])
    assert refused.value.code == 2
