"""The limits of a system are such that the largest one fits every machine."""

import struct
from pathlib import Path

from running import on_each_machine, run_system
from tyrne.system import limits
from tyrne.system.parts import Quota
from tyrne.system.quotas import LIMITS

EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)
HALF_TERABYTE = 1 << 39
"""What the entries of a root table stand for: a region across such an address needs six tables."""


def largest(folder: Path, memory: list[int], quota: Quota, stacks: int = limits.SMALL_STACK_PAGES) -> Path:
    """Sixteen tasks of the largest size with all capabilities and mappings, and the memory regions; the first has the
    quota. `stacks` is how many pages of stack each task has."""
    (folder / "large.bin").write_bytes(EXIT.ljust(limits.PROGRAM_BYTES, b"\x01"))
    text = '[system]\nname = "large"\n'
    text += "".join(f'[[endpoint]]\nname = "{i}"\n' for i in range(limits.ENDPOINTS))
    text += "".join(f'[[notification]]\nname = "{i}"\n' for i in range(limits.NOTIFICATIONS))
    text += "".join(f'[[memory]]\nname = "{i}"\npages = {pages}\n' for i, pages in enumerate(memory))
    claims = ", ".join(f"{claim} = {number}" for claim, number in vars(quota).items())
    for number in range(limits.TASKS):
        caps = "{ quota = true }, " + "{ console = true }, " * (limits.CAPS - 1 - limits.MAPPINGS)
        caps += "".join(f'{{ memory = "0", at = {HALF_TERABYTE * (i + 1) - limits.PAGE} }}, ' for i in range(4))
        text += f'[[task]]\nname = "{number}"\nprogram = "large.bin"\nstack_pages = {stacks}\n'
        text += f"caps = [{caps}]\n" + (f"quota = {{ {claims} }}\n" if number == 0 else "")
    (folder / "large.toml").write_text(text)
    return folder / "large.toml"


@on_each_machine
def test_sixteen_tasks_of_the_largest_size_fit_beside_the_most_memory(tmp_path: Path, machine: str) -> None:
    small = limits.BOOT_REGIONS - 1
    memory = [2] * small + [limits.SHARED_FRAMES - 2 * small]
    report = run_system([largest(tmp_path, memory, Quota())], machine)
    assert report["status"] == 0
    assert len(report["tasks"]) == limits.TASKS


@on_each_machine
def test_sixteen_tasks_of_the_largest_size_fit_beside_the_largest_quota(tmp_path: Path, machine: str) -> None:
    quota = Quota(memory=LIMITS["memory"] - 1, frames=LIMITS["frames"] - 2)
    report = run_system([largest(tmp_path, [2], quota)], machine)
    assert report["status"] == 0
    assert len(report["tasks"]) == limits.TASKS


@on_each_machine
def test_sixteen_tasks_of_the_largest_size_fit_beside_the_largest_stacks(tmp_path: Path, machine: str) -> None:
    stacks = limits.SMALL_STACK_PAGES + (limits.SHARED_FRAMES - 2) // limits.TASKS
    report = run_system([largest(tmp_path, [2], Quota(), stacks)], machine)
    assert report["status"] == 0
    assert len(report["tasks"]) == limits.TASKS


@on_each_machine
def test_one_task_may_make_all_that_the_kernel_has_room_for(tmp_path: Path, machine: str) -> None:
    (tmp_path / "exit.bin").write_bytes(EXIT)
    claims = {claim: limit - (claim in ("tasks", "spaces", "quotas")) for claim, limit in LIMITS.items()}
    (tmp_path / "one.toml").write_text(
        '[system]\nname = "one"\n[[task]]\nname = "one"\nprogram = "exit.bin"\ncaps = [{ quota = true }]\n'
        f"quota = {{ {', '.join(f'{claim} = {number}' for claim, number in claims.items())} }}\n"
    )
    assert run_system([tmp_path / "one.toml"], machine)["status"] == 0
