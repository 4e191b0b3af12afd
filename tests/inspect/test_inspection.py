"""What an inspection says is what there is: from live runs, replays and reports alike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_programs import ENDPOINTS, NOTHING, gift, program, ring_of_three, send, system

from tyrne.abi import CallNumber as C
from tyrne.cli.sheet import Item, Styled
from tyrne.cli.views import tree
from tyrne.inspect import Inspection, inspect, look_at_replay, open_run
from tyrne.inspect.look import NOWHERE
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped
from tyrne.testing import boot_system, run_system


def recorded(source: Path, folder: Path, machine: str = "hosted") -> Path:
    """The report of a run."""
    path = folder / "report.json"
    path.write_text(json.dumps(run_system(source, machine).report()))
    return path


def without_place(seen: Inspection) -> Inspection:
    return replace(seen, at=NOWHERE)


def shown(items: Iterable[Item]) -> str:
    """What a command shows, as text."""
    return "\n".join(item.text if isinstance(item, Styled) else str(item) for item in items)


def alone(found: list[Any]) -> Any:
    (one,) = found
    return one


# --- one view of all sources


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["exchange", "grant", "supervisor", "ring", "timeout"])
def test_a_live_system_its_replay_and_a_run_by_its_description_look_alike_at_each_position(
    name: str, tmp_path: Path
) -> None:
    source = shipped(f"systems/{name}.toml")
    live = boot_system(source, check=False)
    replay, started = Replay.load(recorded(source, tmp_path)), open_run(source)
    while True:
        seen = look_at_replay(replay)
        assert without_place(seen) == without_place(look_at_replay(started)) == without_place(live.inspect())
        assert seen.at.transition == live.inspect().at.transition == replay.position
        live.step()
        if replay.step() is None:
            break
        started.step()
    assert live.over and replay.over and started.over


@pytest.mark.qemu
@pytest.mark.parametrize("name", ["grant", "supervisor"])
def test_a_report_of_qemu_looks_like_the_hosted_run(name: str, tmp_path: Path) -> None:
    source = shipped(f"systems/{name}.toml")
    on_qemu, hosted = Replay.load(recorded(source, tmp_path, "qemu")), open_run(source)
    for _ in range(hosted.length):
        assert without_place(look_at_replay(on_qemu)) == without_place(look_at_replay(hosted))
        on_qemu.step()
        hosted.step()
    assert look_at_replay(on_qemu).at.machine == "qemu"


@pytest.mark.parametrize("name", ["supervisor", "timeout"])
def test_to_look_changes_nothing_of_the_run(name: str, tmp_path: Path) -> None:
    replay = Replay.load(recorded(shipped(f"systems/{name}.toml"), tmp_path))
    for _ in range(replay.length):
        look_at_replay(replay)
        replay.step()
    assert replay.difference() is None


def test_a_position_is_what_the_replay_command_says_it_is() -> None:
    source = shipped("systems/supervisor.toml")
    assert inspect(source, 4) == inspect(source, "4+0") == inspect(source, inspect(source).at.transition * -1 + 4)
    within = inspect(source, "4+5")
    assert (within.at.transition, within.at.inside) == (4, 5)
    crasher = within.task("crasher")
    assert crasher.instructions == inspect(source, 4).task("crasher").instructions + 5
    assert inspect(source, f"{within.at.instructions}i") == within


# --- who waits for whom


def test_three_tasks_that_wait_for_each_other_are_a_cycle(tmp_path: Path) -> None:
    seen = inspect(ring_of_three(tmp_path))
    assert seen.cycles == (("one", "two", "three"),)
    assert [(wait.task, wait.on, wait.partners, wait.stuck, wait.cycle) for wait in seen.waits] == [
        ("one", "endpoint b", ("two",), True, 0),
        ("two", "endpoint c", ("three",), True, 0),
        ("three", "endpoint a", ("one",), True, 0),
    ]


def test_who_waits_beside_a_task_that_may_still_send_is_not_stuck(tmp_path: Path) -> None:
    """Until the third task waits too, it could answer any of them."""
    path = ring_of_three(tmp_path)
    assert [wait.stuck for wait in inspect(path, 2).waits] == [False, False]
    assert inspect(path, 2).cycles == ()


def test_who_waits_for_what_nobody_can_do_is_stuck_without_a_cycle(tmp_path: Path) -> None:
    parts = ENDPOINTS
    path = system(tmp_path, parts, lonely=(program((C.WAIT, [0])), '{ endpoint = "a", rights = ["RECV"] }'))
    wait = alone(list(inspect(path).waits))
    assert (wait.partners, wait.stuck, wait.cycle) == ((), True, None)


def test_a_wait_that_ends_at_its_deadline_or_in_vain_is_no_refusal(tmp_path: Path) -> None:
    seen = inspect(shipped("systems/timeout.toml"))
    assert {task.name: task.refused for task in seen.tasks} == {"hasty": 0, "slow": 1}
    calls = program((C.CALL, [0, 1, 0, 0, 0, NOTHING]), (C.TASK_EXIT, [0]))
    client, ends = (calls, '{ endpoint = "a", rights = ["SEND"] }'), program((C.TASK_EXIT, [0]))
    path = system(tmp_path, ENDPOINTS, client=client, server=(ends, '{ endpoint = "a", rights = ["RECV"] }'))
    deserted = inspect(path).task("client")
    assert (deserted.last_calls[0].outcome, deserted.refused) == ("ABORTED", 0)


def test_a_deadline_that_ends_a_wait_keeps_a_task_from_being_stuck() -> None:
    seen = inspect(shipped("systems/timeout.toml"), 3)
    wait = alone(list(seen.waits))
    assert (wait.task, wait.partners, wait.others, wait.stuck) == ("hasty", ("slow",), ("its deadline",), False)
    deadline = seen.task("hasty").deadline
    assert deadline is not None and (deadline.at, deadline.notification, deadline.counts) == (1_000_016, None, True)


def test_an_interrupt_that_is_open_may_end_a_wait() -> None:
    live = boot_system(shipped("systems/rtc.toml"), check=False)
    live.until(lambda system: any(wait.others for wait in system.inspect().waits))
    seen = live.inspect()
    assert [wait.others for wait in seen.waits if wait.others] == [("interrupt 34",)]
    line = alone(list(seen.interrupts))
    assert (line.line, line.state, line.driver) == (34, "open", alone([task.name for task in seen.tasks]))


def test_who_may_take_a_capability_out_of_a_message_could_use_it(tmp_path: Path) -> None:
    """The only right to send to b lies in a message at a: whoever receives there may send."""
    path = system(
        tmp_path,
        ENDPOINTS,
        giver=(
            program((C.SEND, send(0, 1)), (C.WAIT, [2])),
            '{ endpoint = "a", rights = ["SEND"] }, { endpoint = "b", rights = ["SEND", "TRANSFER"] }, '
            '{ endpoint = "c", rights = ["RECV"] }',
        ),
        taker=(program((C.TASK_YIELD, [])), '{ endpoint = "a", rights = ["RECV"] }'),
        waiter=(program((C.WAIT, [0])), '{ endpoint = "b", rights = ["RECV"] }'),
    )
    waits = {wait.task: wait for wait in inspect(path, 4).waits}
    assert (waits["waiter"].partners, waits["waiter"].stuck) == (("taker",), False)
    assert (waits["giver"].partners, waits["giver"].stuck) == ((), True)


# --- where capabilities come from


def test_a_capability_in_a_message_stands_in_the_tree_below_what_it_was_derived_from(tmp_path: Path) -> None:
    seen = inspect(gift(tmp_path, parked=True), 1)
    parked = alone([cap for cap in seen.capabilities if cap.place == "message"])
    assert (parked.holder, parked.object, parked.badge, parked.giver, parked.transition) == ("a", "b", 7, "giver", 1)
    assert seen.capabilities[parked.parent].place == "origin" and seen.capabilities[parked.parent].object == "b"
    message = seen.endpoints[0].message
    assert message is not None and (message.sender, message.capability) == ("giver", parked.number)
    assert [cap.object for cap in seen.held_by("giver")] == ["a", "c"]
    assert "in a message from giver at endpoint a: DERIVE|TRANSFER|SEND|RECV, badge 0x7" in shown(tree(seen, None))


@pytest.mark.parametrize("parked", [True, False])
def test_who_gave_a_capability_is_known_however_the_message_came(tmp_path: Path, parked: bool) -> None:
    """Taken from where it was parked or from who waited to send it; then handed on with an answer."""
    run = open_run(gift(tmp_path, parked=parked))
    gifts = []
    while run.step() is not None:
        seen = look_at_replay(run)
        gifts += [(cap.holder, cap.giver, cap.object) for cap in seen.capabilities if cap.how == "received"]
    assert list(dict.fromkeys(gifts)) == [("taker", "giver", "b"), ("keeper", "taker", "b")]


def test_the_right_to_answer_says_whose_call_it_is() -> None:
    live = boot_system(shipped("systems/server.toml"), check=False)
    live.until(lambda system: any(cap.kind == "reply" for cap in system.inspect().held_by("server")))
    answer = live.inspect().held_by("server")[-1]
    assert (answer.how, answer.parent, answer.giver) == ("answer", None, answer.object)
    assert answer.origin == f"may answer {answer.object}, since transition {answer.transition}"


def test_a_revocation_is_seen_between_two_positions() -> None:
    source = shipped("systems/grant.toml")
    calls = [call.name for call in run_system(source).calls()]
    run = open_run(source)
    before = after = look_at_replay(run)
    while [call.text.partition("(")[0] for task in after.tasks for call in task.last_calls].count("cap_revoke") == 0:
        before = after
        assert run.step() is not None
        after = look_at_replay(run)
    assert "cap_revoke" in calls and after.at.transition == before.at.transition + 1
    assert [cap.object for cap in before.held_by("grantee")] == ["console", "channel", "door"]
    assert [cap.object for cap in after.held_by("grantee")] == ["console", "channel"]
    door = before.held_by("grantee")[-1]
    source_cap = before.capabilities[door.parent or 0]
    assert (source_cap.holder, source_cap.object, door.depth) == ("grantor", "door", source_cap.depth + 1)


def test_what_is_made_at_run_time_has_a_number_and_a_maker() -> None:
    live = boot_system(shipped("systems/builder.toml"), check=False)
    live.until(call="task_resume")
    seen = live.inspect()
    assert [(task.name, task.made_by) for task in seen.tasks] == [("builder", None), ("task 1", "builder")]
    made = [(space.name, space.made_by, space.payer) for space in seen.spaces[2:]]
    assert made == [("space 2", "builder", "builder")]
    kinds = {cap.kind: cap.how for cap in seen.held_by("builder") if cap.object.startswith(f"{cap.kind} ")}
    assert kinds["task"] == kinds["space"] == "made"
    assert {cap.how for cap in seen.held_by("builder")} == {"description", "made", "derived"}


# --- memory and faults


def test_a_space_is_mapped_as_its_program_and_its_memory_say() -> None:
    seen = inspect(shipped("systems/ring.toml"), 0)
    space = seen.spaces[1]
    assert space.tasks == ("producer",)
    parts = [(mapping.what, mapping.access) for mapping in space.mappings]
    assert parts == [("code", "r-x"), ("constants", "r--"), ("data", "rw-"), ("stack", "rw-"), ("memory", "rw-")]
    shared = space.mappings[-1]
    assert (shared.start, shared.pages, shared.region) == (0x1000_0000, 1, "ring")
    mapped_by = seen.capabilities[shared.capability or 0]
    assert (mapped_by.holder, mapped_by.mapped_in, mapped_by.address) == ("producer", "producer", 0x1000_0000)
    assert [(region.name, region.pages, region.mappings) for region in seen.regions] == [("ring", 1, 2)]


def test_a_fault_that_waits_for_its_supervisor_is_told_with_its_line() -> None:
    seen = inspect(shipped("systems/supervisor.toml"), 5)
    crasher = seen.task("crasher")
    assert crasher.fault is not None and (crasher.fault.kind, crasher.fault.address) == ("data_abort_read", 0xDEAD_0000)
    assert crasher.line is not None and crasher.line.text.startswith("programs/crasher.py:")
    assert (crasher.supervisor, crasher.supervisor_badge) == ("notices", 1)


def test_a_task_that_a_fault_has_ended_has_the_line_of_the_fault() -> None:
    seen = inspect(shipped("systems/intruder-memory.toml"), max_instructions=10_000_000)
    store, jump = seen.task("store_code"), seen.task("run_data")
    assert store.line is not None and store.line.text.endswith("programs/faults/store_code.S:8 in _start")
    assert store.fault is not None and (store.fault.kind, store.fault.address) == ("data_abort_write", 0x80_0000)
    assert (jump.state, jump.line) == ("faulted", None)  # where no code is, no line is


def test_the_last_calls_are_those_that_were_made_with_the_one_that_waits() -> None:
    crasher = inspect(shipped("systems/supervisor.toml"), 3).task("supervisor")
    assert [(call.text, call.outcome, call.transition) for call in crasher.last_calls[-2:]] == [
        ("task_resume(0x2)", "OK", 2),
        ("wait(0x1)", "waits", None),
    ]


def test_a_refused_call_says_why(tmp_path: Path) -> None:
    path = system(tmp_path, ENDPOINTS, one=(program((C.WAIT, [0])), '{ endpoint = "a", rights = ["SEND"] }'))
    call = inspect(path, 1).task("one").last_calls[-1]
    assert call.outcome == "MISSING_RIGHT"
    assert call.why == '0x0 is endpoint "a" with SEND, and lacks RECV'


def test_a_task_that_is_not_there_is_an_error_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="no task 'x'; the tasks are sender, receiver"):
        inspect(shipped("systems/exchange.toml"), 0).held_by("x")


def test_a_message_without_a_capability_has_a_sender_too(tmp_path: Path) -> None:
    code = program((C.SEND, [0, 5, 6, 7, 8, -1]), (C.TASK_YIELD, []))
    path = system(tmp_path, ENDPOINTS, one=(code, '{ endpoint = "a", rights = ["SEND"], badge = 3 }'))
    message = inspect(path, 1).endpoints[0].message
    assert message is not None
    assert (message.label, message.words, message.badge) == (5, (6, 7, 8), 3)
    assert (message.sender, message.capability) == ("one", None)
