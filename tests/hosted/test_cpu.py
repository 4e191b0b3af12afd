"""The CPU between traps: registers, translations, counting, and that nothing of it is chance."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hand_made_space import CODE, DATA_FLAGS, STACK, STACK_TOP, Machine, Thread, run_code
from machine_code import assemble

from tyrne.hal.frame import Vector
from tyrne.hosted import cpu, engine
from tyrne.hosted.cpu import Stop
from tyrne.hosted.errors import EngineError
from tyrne.lang import u64

LIMIT = Stop(Vector.IRQ, 0, 0)

STORE_ALL = "\n".join(
    [
        *(f"stp x{i}, x{i + 1}, [sp, #-16]!" for i in range(0, 30, 2)),
        "str x30, [sp, #-16]!",
        *(f"stp q{i}, q{i + 1}, [sp, #-32]!" for i in range(0, 32, 2)),
        "mrs x0, fpcr\nmrs x1, fpsr\nmrs x2, tpidr_el0\nmrs x3, nzcv\nmrs x4, tpidrro_el0\nsvc #1",
    ]
)
FILL_ALL = "\n".join(
    [
        "ldr x0, =0x03c00000\nmsr fpcr, x0\nldr x0, =0x0800009f\nmsr fpsr, x0\nmovn x0, #0\nmsr tpidr_el0, x0",
        "mov x0, #0xf0000000\nmsr nzcv, x0",
        *(f"movn x{i}, #{i}" for i in range(31)),
        *(f"dup v{i}.2d, x{i % 31}" for i in range(32)),
        "svc #1\nsvc #2",
    ]
)
SOURCES = {
    "store_all": STORE_ALL,
    "fill_all": FILL_ALL,
    "count": "mov x0, #0\n1: add x0, x0, #1\nb 1b",
    "load": "ldr x1, [x0]\nsvc #1\nldr x1, [x0]\nsvc #2",
    "wait_for_event": "wfe\nyield\nsev\nisb\nsvc #1",
    "branch": "adr x0, 1f + 2\nbr x0\nnop\n1: nop\nnop\nsvc #1",
    "old": "svc #7",
    "new": "svc #8",
    "work": "mov x0, #1\nmov x1, #1000\n1: madd x0, x0, x0, x1\nscvtf d0, x0\nfdiv d1, d0, d1\nfcvtzs x2, d1\n"
    "str x2, [sp, #-8]\nsubs x1, x1, #1\nb.ne 1b\nsvc #3",
    "unaligned_stack": "sub sp, sp, #24\nldr x0, [sp]\nsvc #1",
}


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


def test_layout_of_the_library_is_found_by_experiment() -> None:
    layout = engine.layout()
    assert layout.exception % 8 == 0 and layout.monitor % 8 == 0 and layout.counter % 8 == 0


def test_version_is_the_one_that_the_package_pins() -> None:
    assert f'"unicorn=={engine.VERSION}"' in Path(__file__).parents[2].joinpath("pyproject.toml").read_text()


def test_unknown_layout_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_SCAN", 64)
    engine.layout.cache_clear()
    try:
        with pytest.raises(EngineError, match="not found in its state; pip install unicorn=="):
            engine.layout()
    finally:
        engine.layout.cache_clear()


def test_first_entry_shows_zeros_in_every_register(code: dict[str, bytes]) -> None:
    machine, thread = Machine(), Thread()
    machine.cpu.set_translation(machine.space(code["fill_all"]), 1)
    machine.cpu.load_extended(thread.extended)
    assert machine.run(thread).syndrome == 0x5600_0001

    fresh = Thread()
    root = machine.space(code["store_all"])
    machine.cpu.set_translation(root, 2)
    machine.cpu.store_extended(thread.extended)
    machine.cpu.load_extended(fresh.extended)
    assert machine.run(fresh).syndrome == 0x5600_0001
    stack = int(machine.ram.read64(u64(machine.entry(root, STACK)))) & 0xFFFF_FFFF_F000
    stored = bytes(machine.ram.bytes[stack - machine.ram.start : stack - machine.ram.start + 4096])
    assert stored == bytes(4096)
    assert [int(fresh.frame.x[i]) for i in range(5)] == [0, 0, 0, 0, 0]


def test_switch_keeps_every_register_of_both_threads(code: dict[str, bytes]) -> None:
    machine, one, two = Machine(), Thread(), Thread()
    root_one, root_two = machine.space(code["fill_all"]), machine.space(code["store_all"])
    machine.cpu.set_translation(root_one, 1)
    machine.cpu.load_extended(one.extended)
    machine.run(one)
    machine.cpu.store_extended(one.extended)
    one.extended.to_state()
    general, floating = list(one.frame.x), list(one.state.q)

    machine.cpu.set_translation(root_two, 2)
    machine.cpu.load_extended(two.extended)
    machine.run(two)
    machine.cpu.store_extended(two.extended)

    assert [int(x) for x in general] == [~i & (1 << 64) - 1 for i in range(31)]
    assert [int(x) for x in floating] == [~(i // 2 % 31) & (1 << 64) - 1 for i in range(64)]
    assert (int(one.state.fpcr), int(one.state.fpsr)) == (0x03C0_0000, 0x0800_009F)
    assert int(one.state.tpidr) == (1 << 64) - 1
    assert int(one.frame.pstate) == 0xF000_0000

    machine.cpu.set_translation(root_one, 1)
    one.extended.from_state()
    machine.cpu.load_extended(one.extended)
    assert machine.run(one).syndrome == 0x5600_0002
    machine.cpu.store_extended(one.extended)
    assert list(one.frame.x) == general and list(one.state.q) == floating
    assert int(one.frame.pstate) == 0xF000_0000


@pytest.mark.parametrize("limit", [1, 2, 3, 1000, 65_537])
def test_limit_is_exact(limit: int, code: dict[str, bytes]) -> None:
    machine, thread, stop = run_code(code["count"], limit)
    assert stop == LIMIT
    assert machine.cpu.instructions == limit
    assert int(thread.frame.x[0]) == limit // 2
    assert int(thread.frame.pc) == CODE + (4 if limit % 2 else 8)


def test_run_in_slices_is_the_run_in_one(code: dict[str, bytes]) -> None:
    whole, whole_thread, _ = run_code(code["count"], 10_000)
    sliced, thread, _ = run_code(code["count"], 1)
    for limit in [1, 2, 3, 994, 8_999]:
        assert sliced.run(thread, limit) == LIMIT
    assert sliced.cpu.instructions == whole.cpu.instructions == 10_000
    assert list(thread.frame.x) == list(whole_thread.frame.x)
    assert thread.frame.pc == whole_thread.frame.pc


def test_long_run_is_sliced_exactly(code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "SLICE", 777)
    machine, thread, stop = run_code(code["count"], 10_000)
    assert stop == LIMIT and machine.cpu.instructions == 10_000 and int(thread.frame.x[0]) == 5_000
    machine, _, stop = run_code(code["work"])
    assert stop.syndrome == 0x5600_0003 and machine.cpu.instructions == 7003


def test_endless_program_can_be_interrupted() -> None:
    """SIGINT ends a run that has no limit, within a slice."""
    folder = Path(__file__).parent
    script = "from hand_made_space import run_code\nprint('running', flush=True)\nrun_code(bytes.fromhex('00000014'))"
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores it
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=folder, stdout=-1, stderr=-1, text=True, preexec_fn=heard) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline() == "running\n"
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) != 0
            assert process.stderr.read().endswith("KeyboardInterrupt\n")
        finally:
            process.kill()


def test_limit_after_code_ran_without_one_is_exact(code: dict[str, bytes]) -> None:
    machine, thread, stop = run_code(code["work"])
    assert stop.syndrome == 0x5600_0003
    total = machine.cpu.instructions
    assert total == 2 + 7 * 1000 + 1
    thread.frame.pc = u64(CODE)
    assert machine.run(thread, total - 1) == LIMIT
    assert int(thread.frame.pc) == CODE + 9 * 4
    assert machine.run(thread, 1).syndrome == 0x5600_0003


def test_limit_of_zero_begins_no_instruction(code: dict[str, bytes]) -> None:
    machine, thread, stop = run_code(code["count"], 0)
    assert stop == LIMIT and machine.cpu.instructions == 0 and int(thread.frame.pc) == CODE


def test_faulting_instruction_counts_once() -> None:
    machine, _, stop = run_code(bytes(4))
    assert stop.syndrome == 0x0200_0000 and machine.cpu.instructions == 1


def test_same_start_gives_the_same_run(code: dict[str, bytes]) -> None:
    def run() -> tuple[object, ...]:
        machine, thread, stop = run_code(code["work"])
        machine.cpu.store_extended(thread.extended)
        return stop, machine.cpu.instructions, list(thread.frame.x), list(thread.state.q), bytes(machine.ram.bytes)

    assert run() == run()


def test_stale_translation_shows_until_it_is_invalidated(code: dict[str, bytes]) -> None:
    machine, thread = Machine(), Thread()
    root = machine.space(code["load"])
    first, second = machine.page(b"A" * 8), machine.page(b"B" * 8)
    va = STACK + 0x10_0000
    machine.map(root, va, first, DATA_FLAGS)
    machine.cpu.set_translation(root, 1)
    thread.frame.x[0] = u64(va)

    def load() -> bytes:
        thread.frame.pc = u64(CODE)
        assert machine.run(thread).syndrome == 0x5600_0001
        return int(thread.frame.x[1]).to_bytes(8, "little")

    assert load() == b"A" * 8
    machine.map(root, va, second, DATA_FLAGS)
    assert load() == b"A" * 8, "a store to a table alone is not seen"
    machine.cpu.flush_translations()
    assert load() == b"B" * 8
    machine.ram.write64(u64(machine.entry(root, va)), u64(0))
    assert load() == b"B" * 8
    machine.cpu.flush_translations()
    thread.frame.pc = u64(CODE)
    assert machine.run(thread) == Stop(Vector.SYNCHRONOUS, 0x9200_0007, va)


def test_another_space_is_seen_at_once(code: dict[str, bytes]) -> None:
    machine, thread = Machine(), Thread()
    one, two = machine.space(code["old"]), machine.space(code["new"])
    machine.cpu.set_translation(one, 1)
    assert machine.run(thread).syndrome == 0x5600_0007
    thread.frame.pc = u64(CODE)
    machine.cpu.set_translation(two, 2)
    assert machine.run(thread).syndrome == 0x5600_0008


def test_written_code_is_seen_after_a_flush(code: dict[str, bytes]) -> None:
    machine, thread = Machine(), Thread()
    root = machine.space(code["old"])
    machine.cpu.set_translation(root, 1)
    assert machine.run(thread).syndrome == 0x5600_0007
    machine.write(int(machine.ram.read64(u64(machine.entry(root, CODE)))) & 0xFFFF_FFFF_F000, code["new"])
    machine.cpu.flush_code()
    thread.frame.pc = u64(CODE)
    assert machine.run(thread).syndrome == 0x5600_0008


def test_misaligned_code_never_runs_however_often_it_is_tried(code: dict[str, bytes]) -> None:
    machine, thread = Machine(), Thread()
    machine.cpu.set_translation(machine.space(code["branch"]), 1)
    for _ in range(3):
        thread.frame.pc = u64(CODE)
        assert machine.run(thread) == Stop(Vector.SYNCHRONOUS, 0x8A00_0000, CODE + 14)
        assert machine.run(thread) == Stop(Vector.SYNCHRONOUS, 0x8A00_0000, CODE + 14), "resumed there"
    assert machine.cpu.instructions == 3 * 2


def test_entry_at_a_misaligned_address_faults(code: dict[str, bytes]) -> None:
    machine = Machine()
    machine.cpu.set_translation(machine.space(code["branch"]), 1)
    assert machine.run(Thread(CODE + 2)) == Stop(Vector.SYNCHRONOUS, 0x8A00_0000, CODE + 2)
    assert machine.run(Thread(STACK + 2)) == Stop(Vector.SYNCHRONOUS, 0x8A00_0000, STACK + 2)
    assert machine.cpu.instructions == 0


def test_hints_do_nothing(code: dict[str, bytes]) -> None:
    machine, _, stop = run_code(code["wait_for_event"])
    assert stop.syndrome == 0x5600_0001 and machine.cpu.instructions == 5


def test_stack_pointer_alignment_is_not_checked(code: dict[str, bytes]) -> None:
    _, thread, stop = run_code(code["unaligned_stack"])
    assert stop.syndrome == 0x5600_0001 and int(thread.frame.sp) == STACK_TOP - 24


def test_thread_outside_el0_is_refused(code: dict[str, bytes]) -> None:
    machine, thread = Machine(), Thread()
    machine.cpu.set_translation(machine.space(code["old"]), 1)
    thread.frame.pstate = u64(0x3C5)
    with pytest.raises(EngineError, match="not EL0"):
        machine.run(thread)
