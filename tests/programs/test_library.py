"""Text, panics, refusals and the end of a program, in CPython against a kernel that is a script of replies."""

from __future__ import annotations

import pytest
from scripted_kernel import ScriptedKernel, reply

from tyrne.abi import Status
from tyrne.lang import Trap, u8, u32, u64
from tyrne.lang.panics import Panic
from tyrne.user import entry, outcomes, panic, printing


def test_a_line_goes_out_in_one_call(kernel: ScriptedKernel) -> None:
    printing.print_bytes(b"one ")
    printing.print_decimal(u64(1))
    assert kernel.calls == []
    printing.print_bytes(b"\ntwo")
    assert kernel.calls == [(5, 0, 0x80_3000, 6, 0, 0, 0)]
    printing.flush()
    printing.flush()
    assert kernel.console == b"one 1\ntwo"
    assert len(kernel.calls) == 2


def test_a_text_longer_than_the_buffer_goes_out_in_pieces(kernel: ScriptedKernel) -> None:
    text = bytes(range(0x20, 0x7F)) * 6
    printing.print_bytes(text)
    printing.flush()
    assert kernel.console == text
    assert [call[3] for call in kernel.calls] == [256, 256, len(text) - 512]


@pytest.mark.parametrize("value", [0, 1, 9, 10, 99, 100, 12345, 1 << 32, (1 << 64) - 1, 10**19])
def test_numbers_print_as_python_prints_them(kernel: ScriptedKernel, value: int) -> None:
    printing.print_decimal(u64(value))
    printing.print_byte(u8(0x20))
    printing.print_hex(u64(value))
    printing.flush()
    assert kernel.console.decode() == f"{value} {value:#x}"


def test_leaving_writes_the_rest_of_the_line_and_exits_with_the_code(kernel: ScriptedKernel) -> None:
    printing.print_bytes(b"bye")
    entry.leave(u64(7))
    assert kernel.console == b"bye"
    assert kernel.calls[-1] == (4, 7, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("kind", Panic)
def test_a_panic_names_its_kind_and_place_and_exits_with_101(
    kernel: ScriptedKernel, monkeypatch: pytest.MonkeyPatch, kind: Panic
) -> None:
    names = (b"start.py\0", b"hello.py\0")
    monkeypatch.setattr(panic, "source_name", lambda file, position: u8(names[file][position]))
    panic.panic(u32(kind.value), u32(1), u32(12))
    assert kernel.console.decode() == f"panic: {kind.name.lower()} at hello.py:12\n"
    assert kernel.calls[-1] == (4, 101, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("status", Status)
def test_a_status_is_printed_by_its_name(kernel: ScriptedKernel, status: Status) -> None:
    outcomes.print_status(status)
    printing.flush()
    assert kernel.console.decode() == status.name


def test_what_is_granted_is_handed_on() -> None:
    assert outcomes.granted(u64(7)) == 7
    outcomes.done(Status.OK)


def test_a_refusal_ends_the_program_with_its_name_and_102(kernel: ScriptedKernel) -> None:
    outcomes.done(Status.QUEUE_FULL)
    assert kernel.console.decode() == "refused: QUEUE_FULL\n"
    assert kernel.calls[-1] == (4, 102, 0, 0, 0, 0, 0)


def test_a_program_whose_exit_is_refused_does_not_go_on_with_what_it_was_not_granted(kernel: ScriptedKernel) -> None:
    kernel.replies = [reply(0), reply(Status.BAD_STATE.value)]
    with pytest.raises((Trap, AssertionError)):
        outcomes.granted(Status.MISSING_RIGHT)
