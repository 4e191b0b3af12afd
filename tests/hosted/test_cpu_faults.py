"""What EL0 cannot do, and the syndrome, fault address and PC with which it traps."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hand_made_space import (
    CODE,
    KERNEL_ONLY,
    NO_ACCESS_FLAG,
    NOWHERE,
    NOWHERE_CODE,
    READ_ONLY,
    STACK,
    UNMAPPED,
    run_code,
)
from machine_code import assemble

from tyrne.hal.frame import Vector


@dataclass(frozen=True)
class Case:
    code: str
    syndrome: int
    address: int = 0
    pc: int = CODE + 8


def _at(address: int, instruction: str) -> str:
    return f"movz x0, #{address & 0xFFFF}\nmovk x0, #{address >> 16}, lsl #16\n{instruction}"


def _once(instruction: str, syndrome: int, pc: int = CODE) -> Case:
    return Case(instruction, syndrome, pc=pc)


CASES = {
    "svc": _once("svc #5", 0x5600_0005, CODE + 4),
    "load_unmapped": Case(_at(UNMAPPED, "ldr x1, [x0]"), 0x9200_0007, UNMAPPED),
    "store_unmapped": Case(_at(UNMAPPED, "str x1, [x0]"), 0x9200_0047, UNMAPPED),
    "load_far_unmapped": Case(_at(0x4000_0008, "ldr x1, [x0]"), 0x9200_0005, 0x4000_0008),
    "load_null": Case("nop\nmov x0, #0\nldr x1, [x0]", 0x9200_0006),
    "store_read_only": Case(_at(READ_ONLY + 24, "str x1, [x0]"), 0x9200_004F, READ_ONLY + 24),
    "store_code": Case(_at(CODE + 16, "str x1, [x0]"), 0x9200_004F, CODE + 16),
    "load_kernel_page": Case(_at(KERNEL_ONLY, "ldr x1, [x0]"), 0x9200_000F, KERNEL_ONLY),
    "load_without_access_flag": Case(_at(NO_ACCESS_FLAG, "ldr x1, [x0]"), 0x9200_000B, NO_ACCESS_FLAG),
    "jump_to_stack": Case(_at(STACK, "br x0"), 0x8200_000F, STACK, STACK),
    "jump_to_read_only": Case(_at(READ_ONLY, "br x0"), 0x8200_000F, READ_ONLY, READ_ONLY),
    "jump_to_unmapped": Case(_at(UNMAPPED, "br x0"), 0x8200_0007, UNMAPPED, UNMAPPED),
    "jump_to_kernel_page": Case(_at(KERNEL_ONLY, "br x0"), 0x8200_000F, KERNEL_ONLY, KERNEL_ONLY),
    "load_past_the_user_half": Case("nop\nmovz x0, #1, lsl #48\nldr x1, [x0]", 0x9200_0004, 1 << 48),
    "load_across_into_unmapped": Case(_at(UNMAPPED - 4, "ldr x1, [x0]"), 0x9200_000B, NO_ACCESS_FLAG + 0xFFC),
    "load_exclusive_misaligned": Case(_at(STACK + 4, "ldxr x1, [x0]"), 0x9200_0021, STACK + 4),
    "jump_misaligned": Case(_at(CODE + 6, "br x0\nnop\nnop\nnop"), 0x8A00_0000, CODE + 6, CODE + 6),
    **{
        f"jump_misaligned_{name}": Case(_at(address, "br x0"), 0x8A00_0000, address, address)
        for name, address in {
            "unmapped": UNMAPPED + 1,
            "by_three": UNMAPPED + 3,
            "far_unmapped": 0x4000_0002,
            "to_null": 2,
            "to_stack": STACK + 2,
            "to_read_only": READ_ONLY + 1,
            "to_kernel_page": KERNEL_ONLY + 2,
            "without_access_flag": NO_ACCESS_FLAG + 2,
            "at_the_end_of_a_page": READ_ONLY - 2,
            "to_no_memory": NOWHERE_CODE + 2,
        }.items()
    },
    "load_from_no_memory": Case(_at(NOWHERE, "ldr x1, [x0]"), 0x9200_0410),
    "store_to_no_memory": Case(_at(NOWHERE, "str x1, [x0]"), 0x9200_0450),
    "jump_to_no_memory": Case(_at(NOWHERE_CODE, "br x0"), 0x8200_0410, 0, NOWHERE_CODE),
    "undefined": _once("udf #0", 0x0200_0000),
    "breakpoint": _once("brk #3", 0xF200_0003),
    "semihosting": _once("hlt #0xf000", 0x0200_0000),
    "hypervisor_call": _once("hvc #0", 0x0200_0000),
    "monitor_call": _once("smc #0", 0x0200_0000),
    "exception_return": _once("eret", 0x0200_0000),
    "wait_for_interrupt": _once("wfi", 0x07E0_0000),
    "counter": _once("mrs x0, cntvct_el0", 0x6234_F801),
    "counter_frequency": _once("mrs x0, cntfrq_el0", 0x6230_F801),
    "cycle_counter": _once("mrs x0, pmccntr_el0", 0x6230_E41B),
    "cache_type": _once("mrs x0, ctr_el0", 0x6232_C001),
    "zero_cache_line": _once("dc zva, x8", 0x6212_DD08),
    "clean_cache_line": _once("dc cvau, x8", 0x6212_DD16),
    "invalidate_instructions": _once("ic ivau, x8", 0x6212_DD0A),
    "read_interrupt_mask": _once("mrs x0, daif", 0x6232_D005),
    "set_interrupt_mask": _once("msr daifset, #2", 0x6207_93E4),
    "current_level": _once("mrs x0, currentel", 0x0200_0000),
    "processor_id": _once("mrs x0, midr_el1", 0x0200_0000),
    "translation_root": _once("msr ttbr0_el1, x0", 0x0200_0000),
    "invalidate_translations": _once("tlbi vmalle1", 0x0200_0000),
    "stack_pointer_select": _once("msr spsel, #1", 0x0200_0000),
}


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble({name: case.code for name, case in CASES.items()})


@pytest.mark.parametrize("name", CASES)
def test_trap_has_its_syndrome_address_and_pc(name: str, code: dict[str, bytes]) -> None:
    case = CASES[name]
    _, thread, stop = run_code(code[name])
    assert (stop.vector, hex(stop.syndrome), hex(stop.address), hex(thread.frame.pc)) == (
        Vector.SYNCHRONOUS, hex(case.syndrome), hex(case.address), hex(case.pc)
    )  # fmt: skip
