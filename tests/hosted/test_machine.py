"""Whole runs on the hosted machine: real programs, the kernel in CPython between their traps."""

from __future__ import annotations

import gc
import weakref

import pytest
from machine_code import assemble
from systems import flat_system

from running import run_hosted
from tyrne.hal.kernel_work import CONSOLE_BYTE, TRAP
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Recorder
from tyrne.kernel.scheduler import Scheduler
from tyrne.lang import Trap, u64

EXIT = "mov x8, #4\nsvc #0"
SOURCES = {
    "hello": f"mov x0, #0\nadr x1, 1f\nmov x2, #6\nmov x8, #5\nsvc #0\nmov x0, #0\n{EXIT}\n1: .ascii \"hello\\n\"",
    "code_seven": f"mov x0, #7\n{EXIT}",
    "load_null": "mov x0, #0\nldr x0, [x0]",
    "load_kernel": "ldr x0, =0xffffffff40080000\nldr x0, [x0]",
    "load_kernel_memory": "ldr x0, =0xffffffff41000000\nldr x0, [x0]",
    "store_device": "ldr x0, =0xffffffff09000000\nstr w1, [x0]",
    "load_past_memory": "ldr x0, =0xffffffff48000000\nldr x0, [x0]",
    "jump_kernel": "ldr x0, =0xffffffff40080000\nbr x0",
    "for_ever": "b .",
    "yield_for_ever": "1: mov x8, #3\nsvc #0\nb 1b",
    "preserve": "\n".join(
        [
            *(f"mov x{i}, #{i}" for i in range(9, 31)),
            "mov x8, #99\nsvc #0\ncmp x8, #99\nb.ne 1f\ncmp x0, #1\nb.ne 1f",
            *(f"cmp x{i}, #{i}\nb.ne 1f" for i in range(9, 31)),
            *(f"cbnz x{i}, 1f" for i in range(1, 8)),
            f"mov x0, #0\n{EXIT}\n1: mov x0, #1\n{EXIT}",
        ]
    ),
    "isolated": f"""
            mrs x9, tpidr_el0
            fmov x10, d31
            mrs x11, fpcr
            orr x9, x9, x10
            orr x9, x9, x11
            cbnz x9, 2f
            mov x9, #3
        1:  movn x10, #0
            msr tpidr_el0, x10
            fmov d31, x10
            mov x11, #0x3c00000
            msr fpcr, x11
            mov x8, #3
            svc #0
            mrs x12, tpidr_el0
            cmp x12, x10
            b.ne 2f
            fmov x12, d31
            cmp x12, x10
            b.ne 2f
            mrs x12, fpcr
            cmp x12, x11
            b.ne 2f
            sub x9, x9, #1
            cbnz x9, 1b
            mov x0, #0
            {EXIT}
        2:  mov x0, #1
            {EXIT}
    """,
    "calls": f"movz x19, #5000\n1: mov x8, #99\nsvc #0\nsubs x19, x19, #1\nb.ne 1b\nmov x0, #0\n{EXIT}",
}  # fmt: skip


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(SOURCES)


def test_program_greets_and_exits(code: dict[str, bytes]) -> None:
    recorder = run_hosted(flat_system([code["hello"]]))
    assert recorder.status == 0
    assert recorder.console_text() == "hello\n"
    assert recorder.instructions == 8
    lines = recorder.log_lines()
    assert lines[0] == "tyrne: hello from kernel_main" and "tyrne: all tasks complete" in lines


def test_release_kernel_refuses_the_console(code: dict[str, bytes]) -> None:
    recorder = run_hosted(flat_system([code["hello"]]), debug_console=False)
    assert (recorder.status, recorder.console_text()) == (0, "")
    assert recorder.calls[0].results is not None and recorder.calls[0].results[0] == 1


def test_exit_code_other_than_zero_gives_status_one(code: dict[str, bytes]) -> None:
    recorder = run_hosted(flat_system([code["code_seven"], code["hello"]]))
    assert (recorder.status, recorder.exit_codes, recorder.console_text()) == (1, {0: 7, 1: 0}, "hello\n")


@pytest.mark.parametrize(
    ("name", "syndrome", "address"),
    [
        ("load_null", 0x9200_0006, 0),
        ("load_kernel", 0x9200_000F, 0xFFFF_FFFF_4008_0000),
        ("load_kernel_memory", 0x9200_000E, 0xFFFF_FFFF_4100_0000),
        ("store_device", 0x9200_004E, 0xFFFF_FFFF_0900_0000),
        ("load_past_memory", 0x9200_0006, 0xFFFF_FFFF_4800_0000),
        ("jump_kernel", 0x8200_000F, 0xFFFF_FFFF_4008_0000),
    ],
)
def test_fault_ends_the_task_and_the_kernel_goes_on(
    name: str, syndrome: int, address: int, code: dict[str, bytes]
) -> None:
    recorder = run_hosted(flat_system([code[name], code["hello"]]))
    fault = recorder.faults[0]
    assert (recorder.status, hex(fault.syndrome), hex(fault.address)) == (1, hex(syndrome), hex(address))
    assert recorder.console_text() == "hello\n"


def test_limit_stops_the_run_with_status_four(code: dict[str, bytes]) -> None:
    for limit in 1000, 999:
        recorder = run_hosted(flat_system([code["for_ever"]], max_instructions=limit))
        assert (recorder.status, recorder.instructions) == (4, limit)


def test_each_call_brings_the_limit_nearer(code: dict[str, bytes]) -> None:
    recorder = run_hosted(flat_system([code["yield_for_ever"]], max_instructions=10 * int(TRAP)))
    assert (recorder.status, len(recorder.calls)) == (4, 10)
    assert recorder.instructions == 2 + 9 * 3


def test_run_that_ends_on_its_last_instruction_is_within_the_limit(code: dict[str, bytes]) -> None:
    limit = 8 + int(TRAP) + len("hello\n") * int(CONSOLE_BYTE)
    assert run_hosted(flat_system([code["hello"]], max_instructions=limit)).status == 0
    assert run_hosted(flat_system([code["hello"]], max_instructions=limit - 1)).status == 4


def test_call_preserves_what_the_interface_says(code: dict[str, bytes]) -> None:
    assert run_hosted(flat_system([code["preserve"]])).status == 0


def test_threads_do_not_see_each_others_registers(code: dict[str, bytes]) -> None:
    assert run_hosted(flat_system([code["isolated"]] * 3)).status == 0


def test_two_runs_are_identical(code: dict[str, bytes]) -> None:
    def run() -> dict[str, object]:
        names = ["hello", "load_null", "isolated", "calls", "isolated"]
        return run_hosted(flat_system([code[name] for name in names])).report("hosted", "debug", names)

    assert run() == run()


def test_failed_check_of_the_kernel_is_a_panic_at_its_python_line(
    code: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scheduler, "give_way", lambda *_: u64(0) - 1)
    recorder = run_hosted(flat_system([code["yield_for_ever"], code["yield_for_ever"]]))
    assert recorder.status == 3
    report = bytes(recorder.panic_bytes).decode().splitlines()
    assert report[0].startswith("!! tyrne panic: u64 overflow: -1 at test_machine.py:")
    assert report[1].startswith("   called from tyrne/kernel/fast_path.py:")


def test_missing_manifest_is_a_panic_with_its_message() -> None:
    recorder = run_hosted(bytes(4096))
    assert recorder.status == 3
    assert "failed check: the manifest is missing at tyrne/boot/start.py:" in bytes(recorder.panic_bytes).decode()


def test_machine_that_is_not_used_any_more_gives_its_memory_back() -> None:
    machine = HostedMachine(bytes(4096), Recorder())
    cpu, board = weakref.ref(machine.board.cpu), weakref.ref(machine.board)
    del machine
    gc.collect()
    assert cpu() is None and board() is None


def test_memory_outside_ram_traps() -> None:
    board = HostedMachine(bytes(4096), Recorder()).board
    for address in (0, 0x3FFF_FFF8, 0x4800_0000, (1 << 64) - 8):
        with pytest.raises(Trap, match="outside RAM"):
            board.read64(u64(address))
    with pytest.raises(Trap, match="aligned"):
        board.read64(u64(0x4000_0001))
    with pytest.raises(Trap, match="overlap"):
        board.copy(u64(0x4000_0000), u64(0x4000_0008), u64(16))
