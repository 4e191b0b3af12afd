"""Programs that provoke every kind of trap do and suffer the same on each machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from machine_code import assemble

from running import run_system, what_tasks_did

EXIT = "mov x0, #0\nmov x8, #4\nsvc #0"


def load(address: int, instruction: str = "ldr x1, [x0]") -> str:
    return f"ldr x0, =({address:#x})\n{instruction}\n{EXIT}"


FAULTS = {
    "load_null": load(0),
    "load_unmapped": load(0x80_2000),
    "load_far": load(0x4000_0000),
    "load_top_of_half": load(0xFFFF_FFFF_FFF8),
    "load_hole": load(1 << 48),
    "load_tagged": load(0xFF00_0000_0080_0000),
    "load_kernel_text": load(0xFFFF_FFFF_4008_0000),
    "load_kernel_below_image": load(0xFFFF_FFFF_4000_0000),
    "load_kernel_memory": load(0xFFFF_FFFF_4400_0000),
    "load_kernel_past_memory": load(0xFFFF_FFFF_4800_0000),
    "load_kernel_device": load(0xFFFF_FFFF_0900_0000),
    "load_kernel_device_gap": load(0xFFFF_FFFF_0A00_0000),
    "load_kernel_low": load(0xFFFF_0000_0000_0000),
    "load_across_end_of_stack": load(0x80_1FFC),
    "load_exclusive_misaligned": load(0x80_1804, "ldxr x1, [x0]"),
    "load_pair_misaligned": load(0x80_1808, "ldxp x1, x2, [x0]"),
    "store_code": load(0x80_0000, "str x1, [x0]"),
    "store_kernel": load(0xFFFF_FFFF_4008_0000, "str x1, [x0]"),
    "store_device": load(0xFFFF_FFFF_0900_0000, "strb w1, [x0]"),
    "store_across_into_stack": load(0x80_0FFC, "str x1, [x0]"),
    "jump_null": load(0, "br x0"),
    "jump_stack": load(0x80_1000, "br x0"),
    "jump_unmapped": load(0x80_2000, "br x0"),
    "jump_kernel": load(0xFFFF_FFFF_4008_0000, "br x0"),
    "jump_hole": load(1 << 55, "br x0"),
    "jump_misaligned": load(0x80_0002, "br x0"),
    "jump_misaligned_with_monitor": f"sub x9, sp, #64\nldxr x1, [x9]\n{load(0x80_0002, 'br x0')}",
    "jump_misaligned_unmapped": load(0x80_2002, "br x0"),
    "jump_misaligned_odd": load(0x80_2005, "br x0"),
    "jump_misaligned_null": load(3, "br x0"),
    "jump_misaligned_stack": load(0x80_1002, "br x0"),
    "jump_misaligned_kernel": load(0xFFFF_FFFF_4008_0002, "br x0"),
    "jump_misaligned_hole": load((1 << 55) + 2, "br x0"),
    "jump_misaligned_end_of_code": load(0x80_0FFE, "br x0"),
    "return_misaligned_unmapped": "ldr x30, =0x802006\nret\n" + EXIT,
    "call_misaligned_unmapped": load(0x80_2001, "blr x0"),
    "run_into_the_stack": ".org 0xffc\nnop",
    "undefined": "udf #7",
    "breakpoint": "brk #99",
    "semihosting": "mov w0, #0x18\nhlt #0xf000",
    "halt": "hlt #1",
    "hypervisor_call": "hvc #1",
    "monitor_call": "smc #1",
    "exception_return": "eret",
    "wait_for_interrupt": "wfi",
    "counter": "mrs x3, cntvct_el0",
    "physical_counter": "mrs x4, cntpct_el0",
    "timer": "msr cntv_ctl_el0, x5",
    "cycle_counter": "mrs x6, pmccntr_el0",
    "event_counter": "mrs x6, pmevcntr4_el0",
    "event_type": "msr pmevtyper5_el0, x7",
    "cache_type": "mrs x7, ctr_el0",
    "zero_line": "dc zva, x9",
    "clean_line": "dc cvac, x10",
    "invalidate_code": "ic ivau, x11",
    "invalidate_line": "dc ivac, x12",
    "read_interrupt_mask": "mrs x13, daif",
    "set_interrupt_mask": "msr daifset, #15",
    "clear_interrupt_mask": "msr daifclr, #2",
    "current_level": "mrs x14, currentel",
    "processor_id": "mrs x15, midr_el1",
    "feature_id": "mrs x16, id_aa64pfr0_el1",
    "control": "mrs x17, sctlr_el1",
    "translation_root": "msr ttbr0_el1, xzr",
    "vectors": "msr vbar_el1, xzr",
    "invalidate_translations": "tlbi vmalle1",
    "address_translation": "at s1e0r, x18",
    "stack_select": "msr spsel, #1",
    "later_atomics": "mov x1, sp\n.inst 0xf8200020",
}
SHOW = "mov x8, #77\nsvc #0"
"""A call that every kernel refuses: the report shows x0 to x5."""
STORE_EXCLUSIVE = f"sub x9, sp, #64\nmov x2, #7\nstxr w0, x2, [x9]\nldr x1, [x9]\n{SHOW}"
CALLS = {
    "floating": f"fmov d0, #1.5\nfmov d1, #3.0\nfdiv d2, d0, d1\nfmov x0, d2\nmrs x1, fpsr\n{SHOW}\nfmov x0, d2\n"
    + SHOW,
    "first_general": "".join(f"add x0, x0, x{i}\n" for i in range(1, 31)) + SHOW,
    "first_special": f"mrs x1, tpidr_el0\nmrs x2, tpidrro_el0\nmrs x3, fpcr\nmrs x4, fpsr\nmrs x5, nzcv\n{SHOW}",
    "thread_pointer": f"mov x0, #5\nmsr tpidr_el0, x0\nmov x8, #3\nsvc #0\nmrs x0, tpidr_el0\n{SHOW}",
    "hints": f"wfe\nsev\nsevl\nyield\nisb\ndsb sy\ndmb ish\nclrex\nprfm pldl1keep, [x0]\n{SHOW}",
    "flags": f"mov x0, #0\ncmp x0, #0\n{SHOW}\nmrs x0, nzcv\n{SHOW}",
    "system_call_immediate": "mov x0, #3\nmov x8, #77\nsvc #0xffff",
    "unaligned_stack": f"sub sp, sp, #24\nmov x0, #9\nstr x0, [sp]\nldr x0, [sp]\n{SHOW}",
    "open_monitor": f"sub x9, sp, #64\nldxr x1, [x9]\nmov x8, #3\nsvc #0\nmov x2, #7\nstxr w0, x2, [x9]\n{SHOW}",
    "monitor_of_another": STORE_EXCLUSIVE,
    "divide_by_zero": f"mov x1, #5\nudiv x0, x1, xzr\n{SHOW}",
}
PROGRAMS = FAULTS | {name: f"{text}\n{EXIT}" for name, text in CALLS.items()}
TASKS = 16
GROUPS = [list(PROGRAMS)[at : at + TASKS] for at in range(0, len(PROGRAMS), TASKS)]


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble(PROGRAMS)


@pytest.mark.promise(
    (
        "Every exception that a program can cause goes to its supervisor as a message, or ends the task, and the "
        "kernel says which task, what and where"
    ),
    (
        "the machine: all other system registers and instructions trap, and so do counters, cache maintenance by "
        "address and WFI, and WFE where the processor would wait"
    ),
)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_tasks_do_the_same(machine: str, group: list[str], code: dict[str, bytes], tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.bin" for name in group]
    for name, path in zip(group, paths, strict=True):
        path.write_bytes(code[name])
    hosted, other = what_tasks_did(run_system(paths, "hosted")), what_tasks_did(run_system(paths, machine))
    assert hosted["syscalls"] == other["syscalls"]
    assert hosted["tasks"] == other["tasks"]
    assert hosted == other
    states = {task["name"]: task["state"] for task in hosted["tasks"]}
    assert states == {name: "faulted" if name in FAULTS else "exited" for name in group}


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("before", ["open_monitor", "jump_misaligned_with_monitor"])
def test_the_exclusive_monitor_of_a_task_is_closed_to_the_next(
    machine: str, before: str, code: dict[str, bytes], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.bin" for name in (before, "monitor_of_another")]
    for path in paths:
        path.write_bytes(code[path.stem])
    calls = run_system(paths, machine)["syscalls"]
    shown = next(call for call in calls if call["task"] == "monitor_of_another")
    assert shown["args"][:2] == ["0x1", "0x0"], "the store has failed and stored nothing"
