"""Each test that the fast path makes is needed: without it, some explored transition comes to something else than by
the general path."""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

from tyrne.kernel import fast_path
from tyrne.testing import general
from tyrne.testing.explore import MODELS, Serial, explore

SOURCE = Path(fast_path.__file__).read_text()
MOST_STATES = 600


@dataclass(frozen=True)
class Fault:
    """In a function, `old`, which is there once, becomes `new`; a model shows it."""

    function: str
    old: str
    new: str
    model: str


FAULTS = (
    Fault("runs_at_once", "core.most_urgent() >= task.urgency and ", "", "relay"),
    Fault("runs_at_once", " and task.urgency < core.reach", "", "hand-over"),
    Fault("runs_at_once", "task.urgency < core.reach", "task.priority < core.reach", "service"),
    Fault("call_waiting", " or task.urgency == NOT_AT_ONCE", "", "patience"),
    Fault("call_with_gift", "task.urgency == NOT_AT_ONCE", "False", "patience"),
    Fault("reply_and_wait", " or task.urgency == NOT_AT_ONCE", "", "impatient"),
    Fault("enter", "following.become(TaskState.READY)", "pass", "hand-over"),
    Fault("enter", "core.current = following", "pass", "hand-over"),
    Fault("enter", "core.entered = following", "pass", "hand-over"),
    Fault("enter", "kernel.activate(space)", "pass", "hand-over"),
    Fault("enter", "kernel.board.switch_thread(task.thread, following.thread)", "pass", "hand-over"),
    Fault("endpoint_for", " or not includes(held.rights, right)", "", "relay"),
    Fault("fast_call", "is_call_number(number)", "number > 9", "revocation"),
    Fault("fast_call_2", "kernel.scheduler.core.ready[task.priority].head is None", "True", "hand-over"),
    Fault("fast_call_2", "kernel.scheduler.give_way(task)", "pass", "hand-over"),
    Fault("fast_call_2", "kernel.scheduler.preempt()", "pass", "relay"),
    Fault("fast_call_2", "signal(kernel, notified, call.a1)", "pass", "relay"),
    Fault("fast_call_2", "signal(kernel, notified, call.a1)", "signal(kernel, notified, u64(0))", "bound"),
    Fault("fast_call_2", "Rights.NOTIFY", "Rights.NONE", "bound"),
    Fault("fast_call_2", "Rights.WAIT", "Rights.NONE", "bound"),
    Fault("call_waiting", " or call.a5 != NULL_HANDLE", "", "gifts"),
    Fault("call_waiting", "Rights.SEND", "Rights.NONE", "relay"),
    Fault("call_with_gift", "Status.STALE_HANDLE", "Status.INVALID_HANDLE", "gifts"),
    Fault("call_with_gift", "gift is through or ", "", "gifts"),
    Fault("call_with_gift", " or not includes(gift.held().rights, Rights.TRANSFER)", "", "gifts"),
    Fault("call_with_gift", "Rights.SEND", "Rights.NONE", "relay"),
    Fault("hand_over", " or not runs_at_once(kernel, receiver)", "", "hand-over"),
    Fault("hand_over", "endpoint.receivers.pop()", "pass", "hand-over"),
    Fault("hand_over", "receiver.capabilities.first_free = slot.next_sibling", "pass", "hand-over"),
    Fault("hand_over", "    slot.next_sibling = None", "    pass", "hand-over"),
    Fault("hand_over", "through.depth + 1", "through.depth", "hand-over"),
    Fault("hand_over", "task.offer = offer", "pass", "hand-over"),
    Fault("hand_over", "task.through = through", "pass", "hand-over"),
    Fault("hand_over", "task.reply = slot", "pass", "hand-over"),
    Fault("hand_over", "task.become(TaskState.CALLING)", "pass", "hand-over"),
    Fault("hand_over", "through.held().badge", "u64(0)", "hand-over"),
    Fault("hand_over", "move_capability(kernel, gift, taken)", "gift.move_to(taken)", "presents"),
    Fault("fast_fault", "task.fault = fault", "pass", "repairs"),
    Fault("fast_fault", "Offer.FAULT", "Offer.CALL", "repairs"),
    Fault("reply_and_wait", "bound is not None and bound.word != 0", "False", "bound"),
    Fault("reply_and_wait", "endpoint.state is not EndpointState.IDLE or ", "", "bound"),
    Fault("reply_and_wait", " or endpoint.senders.head is not None", "", "hand-over"),
    Fault("reply_and_wait", " or not runs_at_once(kernel, client)", "", "hand-over"),
    Fault("reply_and_wait", "slot.recycle()", "pass", "hand-over"),
    Fault("reply_and_wait", "task.through = through", "pass", "hand-over"),
    Fault("reply_and_wait", "task.become(TaskState.RECEIVING)", "pass", "hand-over"),
    Fault("reply_and_wait", "client.awaits_repair()", "False", "repairs"),
    Fault("reply_and_wait", "client.fault = None", "pass", "repairs"),
    Fault("reply_and_wait", "client.forget_offer()", "pass", "repairs"),
)


def broken(fault: Fault) -> types.ModuleType:
    """The module with the fault in it."""
    [node] = [n for n in ast.parse(SOURCE).body if isinstance(n, ast.FunctionDef) and n.name == fault.function]
    lines = SOURCE.splitlines(keepends=True)
    text = "".join(lines[node.lineno - 1 : node.end_lineno])
    assert text.count(fault.old) == 1, f"{fault.function} has {fault.old!r} {text.count(fault.old)} times"
    lines[node.lineno - 1 : node.end_lineno] = [text.replace(fault.old, fault.new)]
    module = types.ModuleType("tyrne.kernel.broken_fast_path")
    exec(compile("".join(lines), "broken_fast_path.py", "exec"), vars(module))
    return module


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.function}: {fault.old.strip()}" for fault in FAULTS])
def test_without_a_test_or_a_step_the_fast_path_comes_to_something_else(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = broken(fault)
    for name in ("fast_call", "fast_call_2", "fast_fault"):
        monkeypatch.setattr(general, name, getattr(module, name))
    report = explore(MODELS[fault.model], Serial(), max_states=MOST_STATES)
    assert report.violation is not None
    assert "the fast path" in report.violation.what[-1] or "the kernel stops" in report.violation.what[-1]


@pytest.mark.parametrize("name", ["hand-over", "relay", "repairs", "bound"])
def test_from_every_state_of_a_small_system_both_paths_come_to_the_same(name: str) -> None:
    report = explore(MODELS[name], Serial())
    assert report.violation is None and report.exhausted
    assert sum(count for what, count in report.progress.met.items() if what.startswith("fast")) > 30
