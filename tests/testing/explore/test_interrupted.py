"""Long work that is interrupted: the models interrupt each kind of it, and each thing that the kernel does so that
others find nothing half done is needed: without it, some explored state or transition is wrong."""

from __future__ import annotations

import ast
import io
import sys
import types
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from test_seeded_bugs import runnable

from tyrne.abi import CallNumber as C
from tyrne.testing.explore import MODELS, Replay, Serial, explore, write_test
from tyrne.testing.explore.interrupted_models import INTERRUPTED
from tyrne.testing.explore.long_work import KINDS

MOST_STATES = 1200


@dataclass(frozen=True)
class Fault:
    """In a function of a module, or in a method, `old`, which is there once, becomes `new`; a model shows it."""

    module: str
    function: str
    old: str
    new: str
    model: str
    said: str
    """Part of what is said of it."""

    def __str__(self) -> str:
        return f"{self.module}.{self.function}: {' '.join(self.old.split())}"


FAULTS = (
    Fault("deletion", "cap_revoke", "slot.revoked = True", "pass", "revokers", "may grow"),
    Fault("kernel", "Kernel._take_step", "slot.revoked = False", "pass", "revokers", "nobody revokes it"),
    Fault("cap_slot", "CapSlot.is_being_revoked", "at = at.parent", "at = at.parent if at is self else None",
          "hearers", "is derived from what is being revoked"),
    Fault("cap_table", "CapTable.check_derive", "slot.child_refused()", "None", "revokers",
          "is derived from what is being revoked"),
    Fault("cap_table", "CapTable.cap_copy", "slot.is_being_revoked()", "False", "revokers",
          "is derived from what is being revoked"),
    Fault("task_calls", "supervise", "slot.child_refused()", "None", "hearers",
          "is derived from what is being revoked"),
    Fault("creation", "create", "payer.child_refused()", "None", "expenses", "is derived from what is being revoked"),
    Fault("task_calls", "configure", "slot.is_being_revoked()", "False", "homes",
          "is derived from what is being revoked"),
    Fault("deletion", "delete_one", "drop(kernel, leaf)", """drop(kernel, leaf)
    if leaf is not slot:
        delete_one(kernel, slot)""", "revokers", "a step deletes"),
    Fault("kernel", "Kernel._take_step", "task.work = None if self.ending.top is None else Reaping()",
          "task.work = None", "quotas", "nobody has it to do"),
    Fault("kernel", "Kernel._take_step", "reap_some(self, self.ending.top)",
          "reap_some(self, self.ending.top)\n                    task.work = None", "stops", "nobody has it to do"),
    Fault("kernel", "Kernel._work_on", "task is core.current and ", "", "urgent", "queues_are_whole"),
    Fault("kernel", "Kernel._work_on", "self.scheduler.preempt()", "pass", "urgent", "the_ready"),
    Fault("kernel", "Kernel.leave", " or task.work is not None", "", "revokers", "has work left"),
    Fault("task_calls", "suspend", "task.work is not None", "False", "heirs", "nobody has it to do"),
    Fault("task_calls", "configure", "task.state is TaskState.ENDING or ", "", "stops",
          "was ENDING and became INACTIVE"),
    Fault("capability_calls", "move", "task.has_ended()", "False", "heirs", "and holds 1 capabilities"),
    Fault("ending", "end_task", "task.context = None", "pass", "stops", "has ended, and has context"),
    Fault("ending", "end_task", "call_off(kernel, task)", "pass", "heirs", "runs in state TaskState.ENDING"),
    Fault("deletion", "_give_back_task", "end_life(kernel, task)", "pass", "owing", "empty, and marked"),
    Fault("deletion", "_give_back_task", "slot.revoked = slot.capability is not None", "pass", "stops", "may grow"),
    Fault("deletion", "_give_back_task", "slot.revoked = slot.capability is not None", "slot.revoked = True", "stops",
          "empty, and marked"),
    Fault("deletion", "_give_back_task", "task.spent = False", """task.spent = False
        if task.offer is Offer.EXIT and task.supervisor.capability is not None:
            report(kernel, task, Offer.EXIT)""", "ends", "queues_are_whole"),
    Fault("deletion", "_give_back", "life.origin.revoked = True", "pass", "owing", "an endpoint goes"),
    Fault("deletion", "_give_back", "space.release_some(kernel.board, kernel.frames))",
          "space.frames)\n            space.release_some(kernel.board, kernel.frames)", "spaces", "claims_only_move"),
    Fault("mapping", "space_of", " or space.released != 0", "", "spaces", "the kernel stops"),
    Fault("mapping", "until_then", "flags if work is None else None", "flags", "clearing",
          "is there for"),
    Fault("mapping", "prepare", "region.cleared < region.pages", "region.cleared + 1 < region.pages", "clearing",
          "is not cleared"),
    Fault("mapping", "prepare", "work.page + 1", "work.page + 2", "cleaning", "cleaned pages"),
    Fault("mapping", "prepare", "return work\n", "return prepare(kernel, work)\n", "clearing", "a step deletes"),
    Fault("mapping", "prepare", "not is_placed(slot)", "False", "parts", "the kernel stops"),
    Fault("mapping", "work_for", " and not flags & MappingFlags.EXECUTE", "", "cleaning", "cleaned pages"),
    Fault("mapping", "work_for", "region.cleared == region.pages and ", "", "clearing", "is there for"),
    Fault("deletion", "_empty_quota", "life.payer = payer", "pass", "payers", "claims_only_move"),
)  # fmt: skip


def plant(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    """Break the kernel of this process, wherever the function was imported to."""
    original = import_module(f"tyrne.kernel.{fault.module}")
    assert original.__file__ is not None
    source = Path(original.__file__).read_text()
    owner, _, name = fault.function.rpartition(".")
    found = ast.parse(source).body
    if owner:
        [cls] = [node for node in found if isinstance(node, ast.ClassDef) and node.name == owner]
        found = cls.body
    [node] = [one for one in found if isinstance(one, ast.FunctionDef) and one.name == name]
    lines = source.splitlines(keepends=True)
    text = "".join(lines[node.lineno - 1 : node.end_lineno])
    assert text.count(fault.old) == 1, f"{fault.function} has {fault.old!r} {text.count(fault.old)} times"
    lines[node.lineno - 1 : node.end_lineno] = [text.replace(fault.old, fault.new)]
    broken = types.ModuleType(f"broken_{fault.module}")
    patch.setitem(sys.modules, broken.__name__, broken)
    exec(compile("".join(lines), f"{broken.__name__}.py", "exec"), vars(broken))
    if owner:
        patch.setattr(getattr(original, owner), name, getattr(getattr(broken, owner), name))
        return
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("tyrne.kernel."):
            for attribute, value in list(vars(module).items()):
                if value is getattr(original, name) and module is not original:
                    patch.setattr(module, attribute, getattr(broken, name))
    patch.setattr(original, name, getattr(broken, name))


def find(fault: Fault, patch: pytest.MonkeyPatch, most_states: int) -> None:
    """A fault makes what it is said to make, in a state that is found."""
    plant(fault, patch)
    report = explore(MODELS[fault.model], Serial(), max_states=most_states)
    assert report.violation is not None
    assert fault.said in "\n".join(report.violation.what)


def find_by_what_is_written(
    fault: Fault, model: str, monkeypatch: pytest.MonkeyPatch, most_states: int, line: str, said: str
) -> None:
    """The test that is written of a fault's violation has a line, fails with the fault, and passes without it."""
    with monkeypatch.context() as patch:
        plant(fault, patch)
        report = explore(MODELS[model], Serial(), max_states=most_states)
        assert report.violation is not None
        written = io.StringIO()
        write_test(written, MODELS[model], report.violation, "tyrne.testing.explore")
        assert line in written.getvalue()
        test = runnable(written.getvalue())
        with pytest.raises(AssertionError, match=said):
            test()
    test()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_without_a_part_of_a_step_something_half_done_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    find(fault, monkeypatch, MOST_STATES)


@pytest.mark.parametrize("name", ["stops", "revokers", "expenses", "spaces", "cleaning"])
def test_a_small_system_is_explored_to_the_last_state(name: str) -> None:
    report = explore(MODELS[name], Serial())
    assert report.violation is None and report.exhausted
    assert sum(count for what, count in report.progress.met.items() if what.startswith("preempted")) > 100


def test_between_them_the_models_interrupt_each_kind_of_work() -> None:
    met: Counter[str] = Counter()
    for model in (*INTERRUPTED, MODELS["quotas"], MODELS["signals"]):
        report = explore(model, Serial(), max_states=60)
        assert report.violation is None
        met += report.progress.met
    assert [kind for kind in KINDS if not met[f"preempted {kind}"]] == []


def test_a_violation_behind_an_interrupt_is_written_as_a_test_that_has_the_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = "tick_after=1)  # task 0: OK; interrupted: revocation"
    find_by_what_is_written(FAULTS[0], "revokers", monkeypatch, MOST_STATES, line, "may grow")


def test_a_tick_after_a_step_that_is_not_made_is_said_to_be_wrong() -> None:
    replay = Replay(MODELS["revokers"])
    with pytest.raises(AssertionError, match="there are only 0 steps"):
        replay.call(C.TASK_YIELD, tick_after=1)
