"""Every kind of fault reaches the supervisor, which sends the task on elsewhere; it loses no register by that."""

from __future__ import annotations

from pathlib import Path

import pytest
from busy_registers import EXIT, SHOW
from machine_code import assemble
from test_machines_agree import FAULTS

from running import run_system, what_tasks_did

CHILDREN = 14
NAMES = sorted(FAULTS.keys() - {"run_into_the_stack"})
GROUPS = [NAMES[at : at + CHILDREN] for at in range(0, len(NAMES), CHILDREN)]

SUPERVISOR = f"""
1:      mov     x0, #0                  // wait at the endpoint
        mov     x8, #13
        svc     #0
        mov     x19, x1                 // the badge is the handle of the task
        mov     x20, x7
        cbz     x2, 2f
        mov     x0, x19                 // task_read from x28 on
        mov     x1, #28
        mov     x8, #32
        svc     #0
        mov     x2, x1
        mov     x0, x19                 // task_write: PC becomes what x28 is
        mov     x1, #32
        mov     x8, #33
        svc     #0
        mov     x0, x20                 // reply
        movn    x5, #0
        mov     x8, #15
        svc     #0
        b       1b
2:      add     x21, x21, #1            // a task has ended
        cmp     x21, #CHILDREN
        b.ne    1b
        mov     x0, #0
        {EXIT}
"""
BEFORE = """
        adr     x28, 9f
        ldr     x19, =0x1919191919191919
        fmov    d8, #1.5
        msr     tpidr_el0, x19
        movn    x26, #26
        mov     x1, #0x60000000
        msr     nzcv, x1
"""
AFTER = f"""
        {EXIT}
9:      mov     x0, x19
        fmov    x1, d8
        mrs     x2, tpidr_el0
        mrs     x3, nzcv
        mov     x4, sp
        mov     x5, x26
        {SHOW}
        mov     x0, #42
        {EXIT}
"""
KEPT = ["0x1919191919191919", "0x3ff8000000000000", "0x1919191919191919", "0x60000000", "0x802000", hex(2**64 - 27)]


@pytest.fixture(scope="module")
def code() -> dict[str, bytes]:
    return assemble({name: BEFORE + text + AFTER for name, text in FAULTS.items() if name in NAMES})


def system(group: list[str], code: dict[str, bytes], folder: Path) -> Path:
    """A description: the supervisor, then the tasks that fault, each with its number for a badge."""
    program = assemble({"supervisor": SUPERVISOR.replace("CHILDREN", str(len(group)))})["supervisor"]
    (folder / "supervisor.bin").write_bytes(program)
    caps = [f'{{ task = "t{number}", rights = ["INSPECT", "MODIFY"] }}' for number in range(1, len(group) + 1)]
    lines = ["[system]", 'name = "faults"', "slice = 0", "[[endpoint]]", 'name = "notices"']
    lines += ["[[task]]", 'name = "supervisor"', 'program = "supervisor.bin"']
    lines += [f'caps = [{{ endpoint = "notices", rights = ["RECV"] }}, {", ".join(caps)}]']
    for number, name in enumerate(group, 1):
        (folder / f"{name}.bin").write_bytes(code[name])
        lines += ["[[task]]", f'name = "t{number}"', f'program = "{name}.bin"']
        lines += [f'supervisor = {{ endpoint = "notices", badge = {number} }}']
    path = folder / "faults.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.promise(
    "Every exception that a program can cause goes to its supervisor as a message, or ends the task, and the "
    "kernel says which task, what and where"
)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_every_fault_is_told_and_the_task_goes_on(
    machine: str, group: list[str], code: dict[str, bytes], tmp_path: Path
) -> None:
    path = system(group, code, tmp_path)
    hosted, other = what_tasks_did(run_system([path], "hosted")), what_tasks_did(run_system([path], machine))
    assert [(task["state"], task["code"]) for task in hosted["tasks"]] == [("exited", 0)] + [("exited", 42)] * len(
        group
    )
    assert [call["args"] for call in hosted["syscalls"] if call["number"] == 77] == [KEPT] * len(group)
    notices = [call["payload"][:2] for call in hosted["syscalls"] if call["name"] == "wait"]
    for number in range(1, len(group) + 1):
        assert [label for badge, label in notices if badge == hex(number)] == ["0x1", "0x0"]
    assert hosted["syscalls"] == other["syscalls"]
    assert hosted == other
