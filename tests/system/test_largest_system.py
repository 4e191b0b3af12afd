"""The limits of a system are such that the largest one fits every machine, and that every quota can be used up."""

import struct
from pathlib import Path

import pytest

from running import on_each_machine, run_system
from tyrne.abi import Rights, Status
from tyrne.system import limits
from tyrne.system.parts import Quota
from tyrne.system.quotas import LIMITS

EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)
HALF_TERABYTE = 1 << 39
"""What the entries of a root table stand for: a region across such an address needs six tables."""


def largest(folder: Path, memory: list[int], quota: Quota, stacks: int = limits.SMALL_STACK_PAGES) -> Path:
    """Sixteen tasks of the largest size with all capabilities and mappings, and the memory regions; the first has the
    quota. `stacks` is how many pages of stack each task has."""
    (folder / "large.bin").write_bytes(EXIT.ljust(limits.SMALL_PROGRAM_PAGES // 2 * limits.PAGE, b"\x01"))
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
    rest = limits.SHARED_FRAMES - 2 * small
    memory = [2] * small + [rest - rest % limits.MAPPED_PAGES]
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


HOG = """
#include "tyrne.h"
const volatile char ballast[1020000] = {1};
/* Maps copies of one page, each where it needs six new tables, until it is refused; 0 if its quota was why. */
void _start(void) {
    uint64_t copy = 1, place = ballast[0];
    struct tyrne_reply reply;
    for (;;) {
        reply = tyrne_map(0, copy, (place << 39) - 4096, 1);
        if (reply.x[0]) break;
        place += 2;
        reply = tyrne_cap_copy(1, READ_WRITE);
        if (reply.x[0]) break;
        copy = reply.x[1];
    }
    if (reply.x[0] != QUOTA_EXCEEDED) tyrne_task_exit(reply.x[0]);
    if (place != EXPECTED) tyrne_task_exit(place);
    tyrne_wait(2);
    tyrne_task_exit(0);
}
"""
VICTIM = """
#include "tyrne.h"
/* Uses up what its quota says, when all others have taken what they could. */
void _start(void) {
    struct tyrne_reply reply = tyrne_map(0, 1, (1ul << 39) - 4096, 1);
    for (int region = 0; region < REGIONS && !reply.x[0]; region++) reply = tyrne_create(2, 6, 512);
    tyrne_task_exit(reply.x[0]);
}
"""


FIRST, EACH = 5, 6
"""Tables for the first page that is mapped across the end of half a terabyte, where the program is, and for others."""
REGIONS = LIMITS["memory"] - 4


def pool(folder: Path, frames_of_hog: int) -> Path:
    """Fifteen large tasks that map all that they can, and a less urgent one that then uses up its quota: five tables
    and as many regions as there may be. All frames that a system may promise are promised."""
    mapped = 0 if frames_of_hog < FIRST else 1 + (frames_of_hog - FIRST) // EACH
    frames_of_victim = FIRST + 512 * REGIONS
    rest = limits.SHARED_FRAMES - 4 - 15 * frames_of_hog - frames_of_victim
    words = {
        "QUOTA_EXCEEDED": int(Status.QUOTA_EXCEEDED.value),
        "READ_WRITE": int(Rights.READ | Rights.WRITE | Rights.DUPLICATE),
        "EXPECTED": 1 + 2 * mapped,
        "REGIONS": REGIONS,
    }
    for name, source in (("hog", HOG), ("victim", VICTIM)):
        for word, value in words.items():
            source = source.replace(word, str(value))
        (folder / f"{name}.c").write_text(source)
    text = '[system]\nname = "pool"\nslice = 0\n[[notification]]\nname = "never"\n'
    for name, pages in (("theirs", 2), ("its", 2), ("blocks", rest - rest % 512), ("rest", rest % 512)):
        text += f'[[memory]]\nname = "{name}"\npages = {pages}\n'
    text += '[[task]]\nname = "victim"\nprogram = "victim.c"\npriority = 9\n'
    text += f"quota = {{ frames = {frames_of_victim}, memory = {REGIONS} }}\n"
    text += 'caps = [{ space = "victim", rights = ["MAP"] }, { memory = "its" }, { quota = true }]\n'
    for number in range(limits.TASKS - 1):
        text += f'[[task]]\nname = "{number}"\nprogram = "hog.c"\nstack_pages = {limits.SMALL_STACK_PAGES}\n'
        text += f"quota = {{ frames = {frames_of_hog} }}\n"
        text += f'caps = [{{ space = "{number}", rights = ["MAP"] }}, '
        text += '{ memory = "theirs", rights = ["READ", "WRITE", "DUPLICATE"] }, '
        text += '{ notification = "never", rights = ["WAIT"] }]\n'
    (folder / "pool.toml").write_text(text)
    return folder / "pool.toml"


@pytest.mark.promise("objects, frames, bounded by: the page tables of its address space are paid by its own quota")
@on_each_machine
@pytest.mark.parametrize("frames_of_hog", [0, 360])
def test_what_a_task_maps_is_paid_by_its_own_quota_and_leaves_the_others_theirs(
    tmp_path: Path, machine: str, frames_of_hog: int
) -> None:
    report = run_system([pool(tmp_path, frames_of_hog)], machine)
    ends = [(task["state"], task["code"]) for task in report["tasks"]]
    assert ends == [("exited", 0), *[("waiting", None)] * 15]
