"""Binaries made from the specification alone run unchanged: a raw image, its entry at offset 0, the stack above."""

from __future__ import annotations

from pathlib import Path

import pytest
from words import (
    SVC,
    add,
    add_immediate,
    adr,
    branch_not_equal,
    compare,
    eor,
    fmov_to_x,
    image,
    load,
    mov,
    mov_from_sp,
    mov_to_sp,
    movz,
    orr,
    read_tpidr,
    svc,
)

from running import Report, on_each_machine, run_system
from tyrne.abi import CallNumber

BASE = 0x0080_0000
STACK_TOP = BASE + 0x2000
"""One page of image, one page of stack."""
GREETING = b"hello from v1\n"

EXIT = [movz(8, 4), SVC]
NEW = range(6, len(CallNumber) + 1)
"""The numbers of the calls that v1 does not have, where it says BAD_SYSCALL_NUMBER."""


def greeting(padding: int = 0) -> bytes:
    """console_write(0, the greeting, its length), then task_exit(0); the greeting starts `padding` bytes later."""
    code = [
        movz(0, 0),
        adr(1, 8 * 4 - 4 + padding),
        movz(2, len(GREETING)),
        movz(8, 5),
        SVC,
        movz(0, 0),
        *EXIT,
    ]
    return image(code, bytes(padding), GREETING)


def every_number(last: int) -> bytes:
    """Each number from 0 to `last` but task_exit, all arguments 0; the exit code is the sum of the statuses."""
    body = [
        mov(8, 19),
        *(movz(register, 0) for register in range(6)),
        SVC,
        add(20, 20, 0),
        add_immediate(19, 19, 1),
        compare(19, 4),
        branch_not_equal(8),
        add_immediate(19, 19, 1),
        compare(19, last + 1),
    ]
    return image(movz(19, 0), movz(20, 0), body, branch_not_equal(-4 * len(body)), mov(0, 20), EXIT)


def kept_registers() -> bytes:
    """task_yield with a pattern in each of x9 to x30; the exit code is 0 when they, x8 and SP come back as they were,
    and x0 to x7 are zero."""
    words: list[int] = []
    for register in range(9, 31):
        words += load(register, pattern(register))
    words += [movz(8, 3), SVC]
    words += [orr(0, 0, register) for register in range(1, 8)]
    for register in range(9, 31):
        words += [*load(1, pattern(register)), eor(1, 1, register), orr(0, 0, 1)]
    words += [movz(1, 3), eor(1, 1, 8), orr(0, 0, 1)]
    words += [mov_from_sp(1), *load(2, STACK_TOP), eor(1, 1, 2), orr(0, 0, 1)]
    return image(words, EXIT)


def pattern(register: int) -> int:
    return 0x0123_4567_89AB_CD00 * register % (1 << 64)


def first_entry() -> bytes:
    """The exit code is 0 when every register is zero at entry, FP/SIMD and the thread pointer too, but SP."""
    words = [orr(0, 0, register) for register in range(1, 31)]
    for register in range(32):
        words += [fmov_to_x(1, register), orr(0, 0, 1)]
    words += [read_tpidr(1), orr(0, 0, 1)]
    words += [mov_from_sp(1), *load(2, STACK_TOP), eor(1, 1, 2), orr(0, 0, 1)]
    return image(words, EXIT)


def flags() -> bytes:
    """Set Z, task_yield, exit with 0 when Z is still set, else with 1."""
    return image(compare(9, 0), movz(8, 3), SVC, movz(0, 0), branch_not_equal(12), EXIT, movz(0, 1), EXIT)


def wild_stack_pointer(address: int) -> bytes:
    """task_yield with SP somewhere else; the exit code is 0 when status and SP are right."""
    words = [*load(9, address), mov_to_sp(9), movz(8, 3), SVC, mov_from_sp(1), eor(1, 1, 9), orr(0, 0, 1)]
    return image(words, EXIT)


def ignored_operands() -> bytes:
    """task_yield by SVC #0xFFFF with garbage in x6 and x7; the exit code is its status."""
    return image(load(6, pattern(6)), load(7, pattern(7)), movz(8, 3), svc(0xFFFF), EXIT)


class Binary:
    """A place for a raw image, and its runs."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "v1.bin"

    def run(self, content: bytes, machine: str, release: bool = False) -> Report:
        self.path.write_bytes(content)
        return run_system([self.path], machine, release)


@pytest.fixture
def binary(tmp_path: Path) -> Binary:
    return Binary(tmp_path)


@on_each_machine
def test_a_greeting_reaches_the_console(binary: Binary, machine: str) -> None:
    report = binary.run(greeting(), machine)
    assert report["status"] == 0
    assert report["console"] == GREETING.decode()
    assert [task["state"] for task in report["tasks"]] == ["exited"]
    assert [call["number"] for call in report["syscalls"]] == [5, 4]


@on_each_machine
def test_a_greeting_at_an_odd_address_reaches_the_console(binary: Binary, machine: str) -> None:
    assert binary.run(greeting(padding=3), machine)["console"] == GREETING.decode()


@on_each_machine
def test_a_release_kernel_has_no_console_write(binary: Binary, machine: str) -> None:
    report = binary.run(greeting(), machine, release=True)
    assert report["status"] == 0
    assert report["console"] == ""


@on_each_machine
def test_every_number_has_its_status_of_v1(binary: Binary, machine: str) -> None:
    """All arguments 0: handle word 0 is the console, so send and recv find the wrong kind; the write is empty."""
    report = binary.run(every_number(255), machine)
    expected = dict.fromkeys(range(256), 1) | {1: 0x202, 2: 0x202, 3: 0x0, 5: 0x0}
    *calls, leave = report["syscalls"]
    statuses = {call["number"]: int(call["status"], 16) for call in calls}
    assert statuses.keys() == expected.keys() - {4}
    for number, status in statuses.items():
        if number in NEW:
            assert status != 1, f"{number} is a call, which v1 does not have"
        else:
            assert status == expected[number]
    assert all(int(word, 16) == 0 for call in calls for word in call["payload"])
    assert int(leave["args"][0], 16) == sum(statuses.values())


@on_each_machine
def test_x8_to_x30_and_sp_come_back_as_trapped(binary: Binary, machine: str) -> None:
    assert binary.run(kept_registers(), machine)["status"] == 0


@on_each_machine
def test_flags_come_back_as_trapped(binary: Binary, machine: str) -> None:
    assert binary.run(flags(), machine)["status"] == 0


@on_each_machine
def test_every_register_is_zero_at_the_first_entry(binary: Binary, machine: str) -> None:
    assert binary.run(first_entry(), machine)["status"] == 0


@pytest.mark.parametrize("address", [0, 1, 0xFFFF_FFFF_4008_0000, (1 << 64) - 1])
@on_each_machine
def test_a_wild_stack_pointer_is_the_tasks_own_affair(binary: Binary, machine: str, address: int) -> None:
    assert binary.run(wild_stack_pointer(address), machine)["status"] == 0


@on_each_machine
def test_the_immediate_of_svc_and_x6_and_x7_are_ignored(binary: Binary, machine: str) -> None:
    assert binary.run(ignored_operands(), machine)["status"] == 0
