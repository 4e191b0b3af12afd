"""Each access that a page's permission forbids is told, and the supervisor repairs it or starts the task anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from busy_registers import EXIT
from machine_code import assemble

from running import run_system, what_tasks_did

UNMAPPED, READ, READ_WRITE, READ_EXECUTE = -1, 0, 1, 2
"""MappingFlags of a page, or no page."""
ACCESSES = {"read": READ, "write": READ_WRITE, "fetch": READ_EXECUTE}
"""What each access needs at least."""
FORBIDDEN = [
    ("read", UNMAPPED), ("write", UNMAPPED), ("fetch", UNMAPPED), ("write", READ), ("fetch", READ),
    ("fetch", READ_WRITE), ("write", READ_EXECUTE),
]  # fmt: skip
SYNDROMES = {
    ("read", UNMAPPED): 0x9200_0006, ("write", UNMAPPED): 0x9200_0046, ("fetch", UNMAPPED): 0x8200_0006,
    ("write", READ): 0x9200_004F, ("fetch", READ): 0x8200_000F, ("fetch", READ_WRITE): 0x8200_000F,
    ("write", READ_EXECUTE): 0x9200_004F,
}  # fmt: skip
"""ESR_EL1: data or instruction abort from EL0, WnR in bit 6, translation fault at level 2 (its table is missing) or
permission fault at level 3."""
PAGE = 0x2000_0000

CHILD = {
    "read": "ldr x0, [x9]",
    "write": "mov x0, #42\n str x0, [x9]\n ldr x0, [x9, #16]",
    "fetch": "blr x9",
}
"""Each leaves 42 in x0 once the page allows it."""
PROGRAM = f"""
        b       1f
        mov     x0, #43                 // where it is started anew
        {EXIT}
1:      mov     x9, #{PAGE:#x}
        ACCESS
        {EXIT}
"""
CODE = (0x52800540, 0xD65F03C0)
"""mov w0, #42; ret. Read as a word it must be 42, so code and number stand in different words."""

SUPERVISOR = f"""
        mov     x0, #1                  // its own space: fill the page
        mov     x1, #2
        mov     x2, #{PAGE:#x}
        mov     x3, #1
        mov     x8, #24
        svc     #0
        mov     x9, #{PAGE:#x}
        FILL
        mov     x0, #1
        mov     x1, #2
        mov     x8, #25                 // unmap
        svc     #0
        mov     x3, #INITIAL
        tbnz    x3, #63, 1f
        mov     x0, #3                  // the child's space
        mov     x1, #2
        mov     x2, #{PAGE:#x}
        mov     x8, #24                 // map
        svc     #0
1:      mov     x0, #4
        mov     x8, #30                 // resume
        svc     #0
        mov     x0, #0
        mov     x8, #13                 // wait for the fault
        svc     #0
        mov     x20, x7
        MEND
        mov     x0, #0
        mov     x8, #13                 // wait for the exit
        svc     #0
        mov     x0, x3
        {EXIT}
"""
MAP = f"""
        mov     x0, #3
        mov     x1, #2
        mov     x2, #{PAGE:#x}
        mov     x3, #NEEDED
        mov     x8, #24
        svc     #0
"""
PROTECT = """
        mov     x0, #3
        mov     x1, #2
        mov     x2, #NEEDED
        mov     x8, #26
        svc     #0
"""
REPLY = """
        mov     x0, x20
        movn    x5, #0
        mov     x8, #15
        svc     #0
"""
RESTART = """
        mov     x0, #4                  // configure: its entry is now its second instruction
        mov     x1, #3
        mov     x2, #0x800000
        add     x3, x2, #4
        add     x4, x2, #0x2000
        mov     x8, #27
        svc     #0
        mov     x0, #4
        mov     x8, #30
        svc     #0
"""
DESCRIPTION = """
[system]
name = "access"
[[endpoint]]
name = "notices"
[[memory]]
name = "page"
pages = 1
[[task]]
name = "supervisor"
program = "supervisor.bin"
quota = { frames = 1 }
caps = [
  { endpoint = "notices", rights = ["RECV"] },
  { space = "supervisor", rights = ["MAP"] },
  { memory = "page", rights = ["READ", "WRITE", "EXECUTE"] },
  { space = "child", rights = ["MAP", "BIND"] },
  { task = "child", rights = ["CONTROL", "CONFIGURE"] },
]
[[task]]
name = "child"
program = "child.bin"
start = false
supervisor = { endpoint = "notices", badge = 7 }
quota = { frames = 1 }
"""


def system(access: str, initial: int, mend: str, folder: Path) -> Path:
    """A description of a task that makes one access, and of the supervisor that mends what comes of it."""
    code = CODE[0] | CODE[1] << 32
    first = code if access == "fetch" else 42
    fill = f"ldr x0, ={first:#x}\n str x0, [x9]\n mov x0, #42\n str x0, [x9, #16]"
    supervisor = SUPERVISOR.replace("MEND", mend).replace("FILL", fill)
    supervisor = supervisor.replace("INITIAL", str(initial)).replace("NEEDED", str(ACCESSES[access]))
    programs = assemble({"supervisor": supervisor, "child": PROGRAM.replace("ACCESS", CHILD[access])})
    for name, data in programs.items():
        (folder / f"{name}.bin").write_bytes(data)
    path = folder / "access.toml"
    path.write_text(DESCRIPTION)
    return path


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.qemu)])
@pytest.mark.parametrize("way", ["repaired", "restarted"])
@pytest.mark.parametrize(("access", "initial"), FORBIDDEN)
def test_a_forbidden_access_is_mended(access: str, initial: int, way: str, machine: str, tmp_path: Path) -> None:
    repair = (MAP if initial == UNMAPPED else PROTECT) + REPLY
    path = system(access, initial, repair if way == "repaired" else RESTART, tmp_path)
    hosted, other = what_tasks_did(run_system([path], "hosted")), what_tasks_did(run_system([path], machine))
    code = 42 if way == "repaired" else 43
    assert [(task["state"], task["code"]) for task in hosted["tasks"]] == [("exited", code), ("exited", code)]
    told, ended = [call["payload"] for call in hosted["syscalls"] if call["name"] == "wait"]
    assert told[:4] == ["0x7", "0x1", hex(SYNDROMES[access, initial]), hex(PAGE)]
    assert ended[:3] == ["0x7", "0x0", hex(code)]
    assert hosted == other
