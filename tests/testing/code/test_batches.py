"""Batches of generated programs agree, and notice what they are there to notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tyrne.abi import CallNumber as N
from tyrne.abi import CapKind
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.cpu import Cpu
from tyrne.hosted.engine import Places
from tyrne.hosted.registers import AdoptedFrame
from tyrne.lang import u16, u64
from tyrne.system.run import Machine
from tyrne.testing.code import assembler as a
from tyrne.testing.code import battery, fuzz
from tyrne.testing.code.assembler import X, call, move
from tyrne.testing.code.batch import Batch, Generated, Way, compare
from tyrne.testing.code.layout import CONSOLE, DATA, FREE, QUOTA, SPACE
from tyrne.testing.code.machines import run
from tyrne.testing.code.outcome import Outcome, told
from tyrne.testing.code.reproduction import as_test
from tyrne.testing.code.shrinking import Shrinker

HOSTED = Way(Machine.HOSTED)
NATIVE = Way(Machine.NATIVE)

MAPPED = [
    *call(N.CREATE, QUOTA, CapKind.MEMORY.value, 1), *move(9, X(1)), *move(10, FREE),
    *call(N.MAP, SPACE, X(9), X(10), 1), a.store(10, 10), a.load(11, 10),
]  # fmt: skip
UNMAPPED = [*call(N.UNMAP, SPACE, X(9)), a.load(12, 10), a.load(13, 10, 8)]
STALE = Generated("stale", tuple(MAPPED + UNMAPPED), 3)


@pytest.mark.qemu
def test_a_short_battery_agrees(tmp_path: Path) -> None:
    figures = tmp_path / "battery.json"
    assert battery.main(["--programs", "52", "--workers", "1", "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert found["programs"] >= 52 and found["divergences"] == found["panics"] == 0
    assert found["statuses"]["ok"] > 1000 and len(found["calls"]) > 20 and len(found["statuses"]) > 15


@pytest.mark.qemu
def test_a_short_run_of_the_fuzzer_agrees(tmp_path: Path) -> None:
    figures = tmp_path / "fuzz.json"
    assert fuzz.main(["--instructions", "26000", "--workers", "1", "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    executed = found["instructions_executed"]
    assert executed["hosted"] == executed["qemu"] >= 26000
    assert found["exceptions"].keys() >= {"data_abort_read", "data_abort_write", "undefined_instruction"}


def outcome(*programs: Generated, ticks: bool = False, supervised: bool = True) -> Outcome:
    return run(Batch(programs, supervised, ticks).system(), Machine.HOSTED)


def test_a_program_goes_on_behind_its_fault_and_shows_its_registers() -> None:
    code = (0, *move(11, 0x1234), 0xD4200060)  # udf; mov; brk #3
    done = outcome(Generated("faults", code))
    faults = [told(event) for event in done.of_task(0, 3) if told(event) is not None]
    assert [fault[0] for fault in faults if fault] == [0x0200_0000, 0xF200_0003]
    assert done.console[0][-800:][512 + 8 * 11 :][:2] == b"\x34\x12"
    assert done.exits[0] == 0


def test_without_a_supervisor_a_fault_ends_a_program() -> None:
    done = outcome(Generated("faults", (0, 0)), supervised=False, ticks=True)
    assert 0 not in done.exits and [told(event) for event in done.of_task(0, None)] == [(0x0200_0000, 0, 0x90_0000)]


def test_a_program_that_jumps_away_lands_in_its_own_code_again() -> None:
    code = [*move(10, FREE), a.jump_register(10), *[a.NOP] * 70, *move(11, 0x77)]
    done = outcome(Generated("away", tuple(code)))
    assert done.console[0][512 + 8 * 11] == 0x77 and done.exits[0] == 0


def test_a_program_that_faults_without_end_has_to_finish() -> None:
    done = outcome(Generated("faults", (0,) * 900))
    assert len([event for event in done.of_task(0, 3) if told(event)]) == 64 and done.exits[0] == 0


def test_nothing_of_one_task_reaches_another() -> None:
    """The shared word is what two of the three hold in common; each sees its own data."""
    code = (*move(10, DATA + 0x1000), *move(11, 0x55), a.store(11, 10), *call(N.TASK_YIELD), a.load(12, 10))
    done = outcome(*(Generated(f"p{i}", (*code, a.add(12, 12, i)), i) for i in range(3)))
    assert [done.console[i][512 + 8 * 12] for i in range(3)] == [0x55, 0x56, 0x57]
    assert done.exits[3] == done.exits[4] == 0


@pytest.fixture
def stale_translations(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def forget_nothing(self: HostedBoard, asid: u16, address: u64, pages: u64) -> None: ...

    monkeypatch.setattr(HostedBoard, "invalidate_pages", forget_nothing)
    yield


@pytest.mark.usefixtures("stale_translations")
def test_a_forgotten_invalidation_is_found_and_shrunk() -> None:
    noise = Generated("noise", tuple(move(11, 5) * 16), 4)
    batch = Batch((noise, replace(STALE, words=STALE.words + noise.words), noise), seed=2)
    shrinker = Shrinker(batch, [NATIVE, HOSTED], limit=14)
    least = shrinker.shrink()
    (program,) = (program for program in least.programs if program.words)
    assert program.name == "stale" and 12 <= len(program.words) <= len(STALE.words)
    text = as_test(least, [NATIVE, HOSTED], compare(least, [NATIVE, HOSTED]).differences)
    space: dict[str, object] = {}
    exec(compile(text, "shrunk", "exec"), space)
    with pytest.raises(AssertionError):
        space["test_the_machines_agree"]()


def test_the_same_batch_agrees_without_the_mistake() -> None:
    assert compare(Batch((STALE, STALE)), [NATIVE, HOSTED]).differences == ()


def test_a_witness_notices_a_general_register(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = AdoptedFrame.from_frame

    def lose_a_bit(self: AdoptedFrame) -> None:
        plain(self)
        self.words[18] &= ~1

    monkeypatch.setattr(AdoptedFrame, "from_frame", lose_a_bit)
    assert_witnessed()


def test_a_witness_notices_a_floating_point_register(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Cpu.load_extended

    def sometimes(self: Cpu, registers: Places, calls: list[int] = []) -> None:  # noqa: B006
        calls.append(0)
        if len(calls) % 20:
            plain(self, registers)

    monkeypatch.setattr(Cpu, "load_extended", sometimes)
    assert_witnessed()


def assert_witnessed() -> None:
    found = compare(Batch((Generated("yields", tuple(call(N.TASK_YIELD) * 30)),)), [HOSTED]).differences
    assert found and all("witness: exit code" in difference.what for difference in found)


def test_what_is_on_the_console_is_compared() -> None:
    code = (*move(10, DATA), *call(N.CONSOLE_WRITE, CONSOLE, X(10), 8))
    first = outcome(Generated("writes", code, 1))
    assert len(first.console[0]) == 808
