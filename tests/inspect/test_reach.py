"""`reach` about small systems whose answers are known: who may come to hold, touch or do what, by which steps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tyrne.kernel
from tyrne.abi import CapKind, Rights
from tyrne.inspect.reach.answers import Reach, reach_of
from tyrne.inspect.reach.effects import CHANNELS
from tyrne.inspect.reach.facts import Claim, Thing
from tyrne.inspect.reach.follow import Following
from tyrne.inspect.reach.rules import RULES
from tyrne.system.errors import RequestError
from tyrne.system.names import Names
from tyrne.system.parts import Cap, Quota, Supervisor
from tyrne.testing.explore.model import Holder, Model
from tyrne.testing.explore.parts import endpoint, over

R = Rights
DECISION = Path(__file__).parents[2] / "docs/decisions/0046-reach.md"
NAMES = Names(("a", "b", "c"), ("door", "gate"), ("bell",), ("page",))
SEND, RECV = (endpoint(without=~right) for right in (R.SEND, R.RECV))
"""Capabilities over the first endpoint that can do just that."""


def reach(*tasks: Holder) -> Reach:
    model = Model("", "", tasks, (), slots=8, endpoints=2, notifications=1, memory=(1,), ram=True)
    return reach_of(model.build(), NAMES)


def holds(*caps: Cap, **more: object) -> Holder:
    return Holder(caps, **more)  # type: ignore[arg-type]


def only(kind: CapKind, rights: Rights, number: int = 0) -> Cap:
    return Cap(number, rights, 0, kind)


def held(found: Reach, task: str) -> dict[str, Rights]:
    return {thing.text: rights for thing, rights in found.held(found.find(task)).items()}


def steps(found: Reach, task: str, thing: str) -> list[str]:
    """Of the first way."""
    return list(next(found.ways(found.find(task), found.find(thing))).steps)


def has_no_way(found: Reach, task: str, thing: str) -> bool:
    return not list(found.ways(found.find(task), found.find(thing)))


# --- what comes into tables


def test_what_may_be_transferred_comes_to_who_receives_where_its_holder_sends() -> None:
    found = reach(holds(SEND, only(CapKind.NOTIFICATION, R.TRANSFER | R.WAIT)), holds(RECV))
    assert held(found, "b")["notification bell"] == R.TRANSFER | R.WAIT
    assert steps(found, "b", "bell") == [
        "task a sends notification bell, TRANSFER|WAIT through endpoint door (SEND, TRANSFER)",
        "task b receives notification bell, TRANSFER|WAIT from endpoint door (RECV)",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (holds(SEND, only(CapKind.NOTIFICATION, R.WAIT | R.DERIVE | R.DUPLICATE)), holds(RECV)),
        (holds(SEND, only(CapKind.NOTIFICATION, R.TRANSFER)), holds(SEND)),
        (holds(RECV, only(CapKind.NOTIFICATION, R.TRANSFER)), holds(RECV)),
        (holds(endpoint(1, without=~R.SEND), only(CapKind.NOTIFICATION, R.TRANSFER)), holds(RECV)),
    ],
    ids=["without TRANSFER", "nobody receives", "nobody sends", "another endpoint"],
)
def test_without_one_of_the_rights_nothing_comes(first: Holder, second: Holder) -> None:
    assert has_no_way(reach(first, second), "b", "bell")


def test_rights_of_two_capabilities_are_not_taken_together_when_one_is_given() -> None:
    given, kept = only(CapKind.NOTIFICATION, R.TRANSFER | R.WAIT), only(CapKind.NOTIFICATION, R.NOTIFY)
    assert held(reach(holds(SEND, given, kept), holds(RECV)), "b")["notification bell"] == R.TRANSFER | R.WAIT


def test_who_is_called_may_give_with_its_answer() -> None:
    found = reach(holds(SEND), holds(RECV, only(CapKind.NOTIFICATION, R.TRANSFER)))
    assert held(found, "b")["answer to task a"] == R.TRANSFER
    assert steps(found, "a", "bell")[-1] == (
        "task b answers task a, and gives notification bell, TRANSFER with that (TRANSFER)"
    )


def test_who_hears_of_a_fault_may_let_its_task_go_on_and_gives_nothing_with_that() -> None:
    found = reach(holds(supervisor=Supervisor(0)), holds(RECV, only(CapKind.NOTIFICATION, R.TRANSFER)))
    assert held(found, "b")["repair of task a"] == R.TRANSFER
    assert has_no_way(found, "a", "bell")


def test_a_task_that_may_be_configured_may_be_given_what_its_configurer_holds() -> None:
    found = reach(holds(only(CapKind.TASK, R.CONFIGURE, 1), only(CapKind.NOTIFICATION, R.TRANSFER)), holds())
    assert "notification bell" in held(found, "b")


def test_who_is_not_started_and_cannot_be_gives_nothing() -> None:
    giver, taker = holds(SEND, only(CapKind.NOTIFICATION, R.TRANSFER), held=True), holds(RECV)
    assert has_no_way(reach(giver, taker), "b", "bell")
    assert not has_no_way(reach(giver, taker, holds(only(CapKind.TASK, R.CONTROL, 0))), "b", "bell")


def test_what_a_quota_makes_is_named_after_it_and_only_what_it_has_claims_on_is_made() -> None:
    maker = holds(over(CapKind.QUOTA), quota=Quota(endpoints=1))
    made = [thing for thing in held(reach(maker), "a") if "made" in thing]
    assert made == ["endpoint made from quota a", "space made from quota a"], "the claim on its own space may return"


def test_claims_of_a_quota_that_was_made_return_to_who_paid_for_it() -> None:
    outer, inner = Thing("quota", 1, "a"), Thing("quota", 2, "quota 2")
    assert Claim(outer, "task") in Following([Claim(inner, "task")], {inner: outer}).facts


def test_a_badge_stays_as_it_is_and_one_that_may_derive_sets_any() -> None:
    found = reach(holds(endpoint(badge=7)), holds(endpoint(1))).following
    a, b = Thing("task", 0, "a"), Thing("task", 1, "b")
    door, gate = Thing("endpoint", 0, "door"), Thing("endpoint", 1, "gate")
    assert found.covering(a, door, R.SEND, 7) is not None
    assert found.covering(a, door, R.SEND, 8) is None
    assert found.covering(b, gate, R.SEND, 8) is not None


# --- what it lets tasks do


def test_memory_is_touched_where_it_may_be_mapped() -> None:
    mapper = holds(only(CapKind.ADDRESS_SPACE, R.MAP, 1), only(CapKind.MEMORY, R.READ | R.WRITE))
    found = reach(mapper, holds())
    way = next(found.ways(found.find("b"), found.find("page")))
    assert (way.how, way.rights) == ("touch", R.READ | R.WRITE)
    assert way.steps == (
        "task a maps memory page in space b (MAP, READ|WRITE)",
        "task b lives in space b, where memory page is mapped",
    )
    assert has_no_way(reach(holds(only(CapKind.ADDRESS_SPACE, R.MAP, 1)), holds()), "b", "page")


@pytest.mark.parametrize("right", [R.CONFIGURE, R.MODIFY])
def test_who_may_decide_what_a_task_runs_may_act_as_it(right: Rights) -> None:
    found = reach(holds(only(CapKind.TASK, right, 1)), holds(only(CapKind.NOTIFICATION, R.WAIT)))
    way = next(found.ways(found.find("a"), found.find("bell")))
    assert way.text == "task a may act as task b, which may have notification bell, WAIT"
    assert way.steps == (f"task a acts as task b by {right.name} over it",)


def test_to_stop_and_to_read_a_task_is_not_to_act_as_it() -> None:
    found = reach(holds(only(CapKind.TASK, R.CONTROL | R.INSPECT, 1)), holds(only(CapKind.NOTIFICATION, R.WAIT)))
    assert has_no_way(found, "a", "bell")


def test_who_may_map_code_where_a_task_lives_may_act_as_it() -> None:
    space, code = only(CapKind.ADDRESS_SPACE, R.MAP, 1), only(CapKind.MEMORY, R.READ | R.EXECUTE)
    found = reach(holds(space, code), holds(only(CapKind.NOTIFICATION, R.WAIT)))
    assert not has_no_way(found, "a", "bell")


def test_who_lives_where_another_lives_may_act_as_it_and_hear_of_it() -> None:
    lodger = holds(only(CapKind.TASK, R.CONFIGURE, 0), only(CapKind.ADDRESS_SPACE, R.BIND, 1))
    found = reach(holds(), holds(only(CapKind.NOTIFICATION, R.WAIT)), lodger)
    a, b = found.find("a"), found.find("b")
    assert steps(found, "a", "bell") == [
        "task c lets task a live in space b (CONFIGURE, BIND)",
        "task a acts as task b by living in space b",
    ]
    assert found.words(b, a) is not None


@pytest.mark.parametrize(
    ("source", "target", "how"),
    [
        (holds(SEND), holds(RECV), "by a message to endpoint door"),
        (holds(supervisor=Supervisor(0)), holds(RECV), "by a notice to endpoint door"),
        (holds(only(CapKind.NOTIFICATION, R.NOTIFY)), holds(only(CapKind.NOTIFICATION, R.WAIT)),
         "by signals to notification bell"),
        (holds(only(CapKind.TASK, R.MODIFY, 1)), holds(), "by MODIFY over it"),
        (holds(only(CapKind.TASK, R.CONTROL, 1)), holds(), "by CONTROL over it"),
        (holds(), holds(only(CapKind.TASK, R.INSPECT, 0)), "by INSPECT over task a"),
        (holds(RECV), holds(SEND), "by the right to an answer to task b"),
    ],
)  # fmt: skip
def test_words_come_by_each_kind_of_channel(source: Holder, target: Holder, how: str) -> None:
    found = reach(source, target)
    channels = found.words(found.find("a"), found.find("b"))
    assert channels is not None
    assert [channel.how for channel in channels] == [how]


def test_signals_come_to_who_receives_where_the_notification_may_be_bound() -> None:
    binder = holds(RECV, only(CapKind.NOTIFICATION, R.WAIT))
    found = reach(holds(only(CapKind.NOTIFICATION, R.NOTIFY)), holds(RECV), binder)
    assert [task.text for task in found.words_come_to(found.find("a"))] == ["task c", "task b"]


def test_words_pass_on_over_others() -> None:
    between = holds(RECV, endpoint(1, without=~R.SEND))
    found = reach(holds(SEND), between, holds(endpoint(1, without=~R.RECV)))
    channels = found.words(found.find("a"), found.find("c"))
    assert channels is not None
    assert [channel.target.name for channel in channels] == ["b", "c"]


def test_who_has_nothing_comes_to_nothing() -> None:
    found = reach(holds(), holds(endpoint(), over(CapKind.NOTIFICATION), over(CapKind.QUOTA)))
    assert held(found, "a") == {}
    assert found.words_come_to(found.find("a")) == []


# --- names, and the table of rules


def test_a_name_of_several_things_is_refused_with_all_of_them() -> None:
    names = Names(("one",), ("one",))
    model = Model("", "", (holds(endpoint()),), (), endpoints=1)
    found = reach_of(model.build(), names)
    with pytest.raises(RequestError, match="may be any of these: task one, endpoint one; write one"):
        found.find("one")
    assert found.find("endpoint one").kind == "endpoint"


def test_each_rule_names_a_file_of_the_kernel_that_there_is() -> None:
    folder = Path(tyrne.kernel.__file__).parent
    assert [rule.file for rule in RULES.values() if not (folder / rule.file).is_file()] == []


@pytest.mark.parametrize(("title", "names"), [("rule", [*RULES]), ("channel", [*CHANNELS])])
def test_the_decision_has_each_rule_and_each_channel_once(title: str, names: list[str]) -> None:
    table = DECISION.read_text().partition(f"| {title} | ")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == names
