"""The stack of a program: nothing lies below it for a mebibyte, no frame steps over that, and it may be large."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import Report, on_each_machine, run_system
from tyrne.system import limits
from tyrne.system.loading import load_program

FRAME = """\
#include "tyrne.h"
static volatile unsigned char own[65536] = {7};
__attribute__((noinline)) static void deep(unsigned long bytes)
{
    unsigned char %s;
    unsigned char *low = frame;
    __asm__ volatile("" : "+r"(low) : : "memory"); /* the array stays whole */
    for (unsigned i = 0; i < 64; i++)
        ((volatile unsigned char *)low)[i] = 0xee;
}
void _start(void)
{
    deep(%d);
    unsigned changed = 0;
    for (unsigned i = 0; i < sizeof own; i++)
        changed += own[i] == 0xee;
    tyrne_task_exit(changed);
}
"""
"""A local array of which only the low end is written, and then a look at the program's own data."""


def run(folder: Path, source: str, machine: str, stack_pages: int) -> Report:
    (folder / "frame.c").write_text(source)
    text = f'[system]\nname = "x"\n[[task]]\nname = "frame"\nprogram = "frame.c"\nstack_pages = {stack_pages}\n'
    (folder / "frame.toml").write_text(text)
    return run_system([folder / "frame.toml"], machine)


@pytest.mark.promise("Below the stack of a program that is an ELF lies 1 MiB where nothing is mapped")
@on_each_machine
def test_a_frame_of_24_kib_on_a_stack_of_one_page_is_a_fault_in_the_guard(tmp_path: Path, machine: str) -> None:
    report = run(tmp_path, FRAME % ("frame[24576]", 0), machine, 1)
    program = load_program(tmp_path / "frame.c")
    fault = report["tasks"][0]["fault"]
    assert fault["kind"] == "data_abort_write"
    assert program.segments[-1].end <= int(fault["far"], 16) < program.stack_base
    assert program.stack_base - program.segments[-1].end == 1 << 20
    assert program.stack_base - int(fault["far"], 16) <= limits.PAGE  # the first page below the stack, not the last


@pytest.mark.promise("What `tyrne` compiles touches each page of a frame that is larger than one")
@pytest.mark.parametrize(
    "frame", [("frame[3000000]", 0), ("frame[bytes]", 3_000_000), ("frame[5000]", 0)], ids=["fixed", "sized", "small"]
)
def test_no_frame_steps_over_the_guard(tmp_path: Path, frame: tuple[str, int]) -> None:
    report = run(tmp_path, FRAME % frame, "hosted", 1)
    program = load_program(tmp_path / "frame.c")
    address = int(report["tasks"][0]["fault"]["far"], 16)
    assert program.stack_base - limits.PAGE <= address < program.stack_base


@on_each_machine
def test_a_stack_may_have_eight_mebibytes(tmp_path: Path, machine: str) -> None:
    frame = (limits.STACK_PAGES - 1) * limits.PAGE
    report = run(tmp_path, FRAME % (f"frame[{frame}]", 0), machine, limits.STACK_PAGES)
    assert (report["status"], report["tasks"][0]["code"]) == (0, 0)
