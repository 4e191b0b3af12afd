"""What only the processor can show: what is revoked, unmapped or made anew is so for the next instruction of EL0."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hosted.machine_code import assemble
from running import on_each_machine
from tyrne.abi import Rights
from tyrne.testing.systems import Run

AT = 0x100_0000
SPACE, MEMORY, QUOTA = 0, 1, 2
"""Handle words of each task: its own address space, a page, and its quota."""
EVERY = ["READ", "WRITE", "DUPLICATE", "DERIVE", "REVOKE", "TRANSFER"]
LENT = int(Rights.READ | Rights.WRITE | Rights.TRANSFER)


def call(number: int, *arguments: int | str) -> str:
    """A system call with numbers, or registers, for arguments."""
    loads = [f"mov x{at}, {one}" if isinstance(one, str) else f"ldr x{at}, ={one}" for at, one in enumerate(arguments)]
    return "\n".join([*loads, f"mov x8, #{number}", "svc #0", "cbnz x0, 9f"]) + "\n"


TOUCH = f"ldr x9, ={AT}\nmov w10, #42\nstr w10, [x9]\nldr w11, [x9]\n"
EXIT = "mov x0, #0\nmov x8, #4\nsvc #0\n9: mov x8, #4\nsvc #0\n.ltorg\n"
MAPPED = call(7, MEMORY, LENT, 0) + "mov x19, x1\n" + call(24, SPACE, "x19", AT, 1) + TOUCH
"""A child of the page is mapped to be written; x19 names it."""

FORGETTING = {
    "unmap": call(25, SPACE, "x19") + TOUCH,
    "drop": call(9, "x19") + TOUCH,
    "revoke": call(8, MEMORY) + TOUCH,
    "move": call(10, "x19", 2**64 - 1) + TOUCH,
    "protect": call(26, SPACE, "x19", 0) + TOUCH,
}
"""After each of them nothing may be written at the address; the last leaves it to be read."""


def description(folder: Path, programs: dict[str, str], **terms: Any) -> dict[str, Any]:
    """A system in which each task has its space, a page and its quota."""
    for name, code in assemble(programs).items():
        (folder / f"{name}.bin").write_bytes(code)
    tasks = [
        {
            "name": name,
            "program": f"{folder}/{name}.bin",
            "caps": [
                {"space": name, "rights": ["MAP"]},
                {"memory": f"page of {name}", "rights": EVERY},
                {"quota": True, "rights": ["CREATE"]},
            ],
            "quota": {"memory": 1, "frames": 6},
        }
        for name in programs
    ]
    memory = [{"name": f"page of {name}", "pages": 1} for name in programs]
    return {"system": {"name": "machine", **terms}, "memory": memory, "task": tasks}


@pytest.mark.promise(
    "one by which memory is mapped, afterwards: is gone, and so are the pages, from the tables and from the TLB",
    "Memory is mapped by capability only, once for each capability, and the mapping goes when the capability goes or "
    "moves",
)
@on_each_machine
def test_a_page_that_was_written_a_moment_ago_faults_at_the_next_store_once_its_mapping_is_gone(
    machine: str, tmp_path: Path, run_system: Callable[..., Run]
) -> None:
    programs = {name: MAPPED + text + EXIT for name, text in FORGETTING.items()}
    run = run_system(description(tmp_path, programs), machine)
    faults = {task.name: task.fault and (task.fault.kind, task.fault.address) for task in run.tasks}
    assert faults == dict.fromkeys(programs, ("data_abort_write", AT))


FRESH = (
    call(21, QUOTA, 6, 2)
    + "mov x19, x1\n"
    + call(24, SPACE, "x19", AT, 1)
    + f"""
        ldr     x9, ={AT}
        mov     x10, #0
        mov     x12, #1024              // the double words of two pages
1:      ldr     x11, [x9]
        orr     x10, x10, x11           // of all that was there before
        movn    x11, #0
        str     x11, [x9], #8
        subs    x12, x12, #1
        b.ne    1b
        mov     x0, x10
        cbnz    x0, 9f
"""
    + call(9, "x19")
)


@pytest.mark.promise(
    "A frame is zeroed before a task can see it: a table or a page of a program when it is handed out, a region's when "
    "it is first mapped, all of it before any page of it can be used"
)
@on_each_machine
def test_memory_that_is_made_again_where_it_was_filled_with_ones_reads_as_zero(
    machine: str, tmp_path: Path, run_system: Callable[..., Run]
) -> None:
    """Each of three tasks makes two pages, looks at them, fills them and gives them back, four times."""
    programs = dict.fromkeys(("one", "two", "three"), FRESH * 4 + EXIT)
    run_system(description(tmp_path, programs, slice=5000), machine).assert_success()


WARDEN = (
    call(7, 0, int(Rights.BIND | Rights.TRANSFER), 0)  # over the guest's space
    + "mov x19, x1\n"
    + call(31, 1)
    + call(27, 1, "x19", 0x80_0000, 0x80_0000, 0x80_2000)
    + call(30, 1)
    + "mov x20, #5\n2:\n"
    + call(3)
    + "subs x20, x20, #1\nb.ne 2b\n"
    + call(8, 0)
    + call(3)
    + call(3)
    + EXIT
)
GUEST = "1: mov x8, #3\nsvc #0\nb 1b\n"


@pytest.mark.promise(
    "the capability by which a task lives in an address space, afterwards: the task faults at its next instruction, "
    "also when the space stays"
)
@on_each_machine
def test_a_task_that_is_turned_out_of_its_address_space_faults_at_its_next_instruction(
    machine: str, tmp_path: Path, run_system: Callable[..., Run]
) -> None:
    for name, code in assemble({"warden": WARDEN, "guest": GUEST}).items():
        (tmp_path / f"{name}.bin").write_bytes(code)
    caps = [{"space": "guest", "rights": ["BIND", "DERIVE", "REVOKE", "TRANSFER"]}]
    caps += [{"task": "guest", "rights": ["CONFIGURE", "CONTROL"]}]
    tasks = [{"name": name, "program": f"{tmp_path}/{name}.bin"} for name in ("warden", "guest")]
    system = {"system": {"name": "eviction"}, "task": [{**tasks[0], "caps": caps}, tasks[1]]}
    run = run_system(system, machine, max_instructions=1_000_000)
    warden, guest = run.tasks
    assert warden.exit_code == 0 and guest.fault is not None
    calls = [(made.task, made.name) for made in run.calls()]
    after = calls[calls.index(("warden", "cap_revoke")) :]
    assert [task for task, _ in calls].count("guest") == 5 and "guest" not in dict(after)
    assert (guest.fault.kind, guest.fault.pc) == ("instruction_abort", 0x80_0008), "behind its call"
