"""Transitions of the native machine that C makes together are those that Python makes one by one."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from machine_code import assemble
from systems import flat_system
from test_machine import SOURCES

from tyrne.boards.native import journal
from tyrne.hosted import library, native
from tyrne.hosted.drivers import ByBlock, ByInstruction
from tyrne.hosted.happened import CallEvent
from tyrne.hosted.kept import EVERYTHING, SUMMARY, Kept
from tyrne.hosted.native import NativeMachine
from tyrne.hosted.recorder import Listener, Recorder
from tyrne.hosted.stop import StopRequest

C = Path(library.__file__).with_name("transitions.c").read_text()
LIMIT = 40_000


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


class Refusals(Listener):
    def __init__(self) -> None:
        self.refused: list[CallEvent] = []

    def refusal(self, event: CallEvent) -> None:
        self.refused.append(event)


def run(manifest: bytes, kept: Kept, together: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """All that can be known of a run."""
    listener = Refusals()
    recorder = Recorder(listener, kept=kept)
    with monkeypatch.context() as patch:
        if not together:
            patch.setattr(library, "load", lambda: None)
        machine = NativeMachine(manifest, recorder)
    assert isinstance(machine.cpu.driver, ByBlock if together else ByInstruction)
    machine.run()
    return (
        recorder.report("native", "debug", []), listener.refused, recorder.call_count, list(recorder.tasks_seen),
        recorder.standings, machine.ram.bytes[:],
    )  # fmt: skip


@pytest.mark.parametrize("kept", [EVERYTHING, SUMMARY], ids=["everything", "summary"])
@pytest.mark.parametrize("slice_length", [0, 1000, 1003])
@pytest.mark.parametrize(
    "names",
    [
        ["hello", "calls"],
        ["load_null", "load_kernel", "store_device", "jump_kernel", "calls"],
        ["preserve", "isolated", "isolated", "hello", "isolated", "code_seven"],
        ["yield_for_ever", "hello", "for_ever", "calls"],
    ],
)
def test_a_run_is_the_same_however_its_transitions_are_made(
    names: list[str], slice_length: int, kept: Kept, code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = flat_system([code[name] for name in names], LIMIT, slice_length)
    one, other = (run(manifest, kept, together, monkeypatch) for together in (True, False))
    assert one[:-1] == other[:-1]
    assert bytes(one[-1]) == bytes(other[-1])  # type: ignore[call-overload]


@pytest.mark.parametrize(("most", "slice_length"), [(1, 1), (3, 7), (20_000, 1)])
def test_pauses_change_nothing(
    most: int, slice_length: int, code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = flat_system([code["hello"], code["isolated"], code["yield_for_ever"]], 3000)
    plain = run(manifest, EVERYTHING, True, monkeypatch)
    monkeypatch.setattr(native, "_MOST", most)
    monkeypatch.setattr(native, "SLICE", slice_length)
    assert run(manifest, EVERYTHING, True, monkeypatch)[:-1] == plain[:-1]


def test_turns_do_not_put_a_pause_off(code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on instructions is for all of them together: a signal of the host waits no longer."""
    machine = NativeMachine(flat_system([code["for_ever"]] * 2, 100_000, 1000), Recorder(kept=SUMMARY))
    begun: list[int] = []
    take = machine.kernel.take_journal
    monkeypatch.setattr(machine.kernel, "take_journal", lambda: (begun.append(machine.cpu.instructions), take())[1])
    monkeypatch.setattr(native, "SLICE", 7000)
    machine.run()
    assert machine.recorder.instructions == 100_000
    assert max(after - before for before, after in pairwise(begun)) == 7000


def test_calls_that_nobody_asks_for_do_not_come_to_python(
    code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = NativeMachine(flat_system([code["calls"]]), Recorder(kept=SUMMARY))
    journals: list[int] = []
    take = machine.kernel.take_journal
    monkeypatch.setattr(machine.kernel, "take_journal", lambda: (words := take(), journals.append(len(words)))[0])
    machine.run()
    assert machine.recorder.call_count == 5001 and machine.recorder.status == 0
    assert len(journals) < 20


def test_a_wish_to_stop_is_met_after_a_pause(code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    machine = NativeMachine(flat_system([code["yield_for_ever"]]), Recorder(kept=SUMMARY))
    wish = machine.cpu.stop_request = StopRequest()
    take = machine.kernel.take_journal
    times: list[None] = []

    def asked() -> list[int]:
        times.append(None)
        wish.made = len(times) > 3
        return take()

    monkeypatch.setattr(machine.kernel, "take_journal", asked)
    monkeypatch.setattr(native, "_MOST", 50)
    machine.run()
    assert machine.recorder.status == 4 and wish.left is not None
    assert 50 < machine.recorder.call_count < 300


def test_the_numbers_that_both_languages_share_are_the_same() -> None:
    kinds = {name: int(value) for name, value in re.findall(r"(\w+) = (\d+)", C.split("enum {", 2)[1].split("}")[0])}
    assert kinds and all(getattr(journal, name) == value for name, value in kinds.items())
    reasons = dict(re.findall(r"^    (\w+) = (\d),", C, re.MULTILINE))
    assert {reason.name: str(reason.value) for reason in library.Reason} == reasons
    assert f"HEADER = {int(journal.HEADER_WORDS)}," in C
    assert f"TASKS = {native._FIRST_TASKS}," in C and f"EXTENDED = {library.EXTENDED.count}," in C


def test_the_state_that_both_languages_share_has_one_layout() -> None:
    state = library.NativeState
    assert library.load().tyrne_size_of_native() == state.error.offset + 8
