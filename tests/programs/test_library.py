"""The user library in CPython, against a kernel that is a script of replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tyrne.kernel.abi import NULL_HANDLE, CapHandle, Status
from tyrne.lang import Array, Trap, u8, u16, u32, u64
from tyrne.lang.machine import Reply
from tyrne.lang.panics import Panic
from tyrne.user import calls, entry, panic, printing

ENDPOINT = CapHandle(u16(7), u32(2))
ENDPOINT_WORD = 2 << 16 | 7


def reply(*words: int) -> Reply:
    return Reply(*(u64(word) for word in (*words, *[0] * (8 - len(words)))))


@dataclass
class ScriptedKernel:
    """Remembers the calls and answers each with the next reply; without one, with Ok."""

    replies: list[Reply] = field(default_factory=list)
    calls: list[tuple[int, ...]] = field(default_factory=list)
    console: bytearray = field(default_factory=bytearray)

    def supervisor_call(self, *words: u64) -> Reply:
        number, *arguments = map(int, words)
        self.calls.append((number, *arguments))
        if number == 5:
            text: Array[u8] = printing.LINE.text
            self.console += bytes(text[i] for i in range(arguments[2]))
        return self.replies.pop(0) if self.replies else reply()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedKernel]:
    scripted = ScriptedKernel()
    monkeypatch.setattr(calls, "supervisor_call", scripted.supervisor_call)
    monkeypatch.setattr(printing, "address_of", lambda place: u64(0x80_3000))
    printing.LINE.length = u64(0)
    yield scripted
    printing.LINE.length = u64(0)


def test_send_puts_the_handle_the_words_and_the_null_transfer_into_registers(kernel: ScriptedKernel) -> None:
    assert calls.send(ENDPOINT, u64(10), u64(11), u64(12), u64(13)) is calls.SendOutcome.DELIVERED
    assert kernel.calls == [(1, ENDPOINT_WORD, 10, 11, 12, 13, int(NULL_HANDLE))]


def test_send_names_the_transferred_capability_and_tells_enqueued(kernel: ScriptedKernel) -> None:
    kernel.replies = [reply(0, 1)]
    outcome = calls.send(ENDPOINT, u64(0), u64(0), u64(0), u64(0), CapHandle(u16(3), u32(1)))
    assert outcome is calls.SendOutcome.ENQUEUED
    assert kernel.calls[0][6] == 1 << 16 | 3


def test_recv_gives_the_message_with_and_without_a_capability(kernel: ScriptedKernel) -> None:
    kernel.replies = [reply(0, 0, 1, 2, 3, 4, 5 << 16 | 6), reply(0, 0, 1, 2, 3, 4, int(NULL_HANDLE))]
    words = (u64(1), u64(2), u64(3), u64(4))
    assert calls.recv(ENDPOINT) == calls.Received(*words, CapHandle(u16(6), u32(5)))
    assert calls.recv(ENDPOINT) == calls.Received(*words, None)
    assert kernel.calls == [(2, ENDPOINT_WORD, 0, 0, 0, 0, 0)] * 2


def test_recv_tells_pending(kernel: ScriptedKernel) -> None:
    kernel.replies = [reply(0, 1)]
    assert calls.recv(ENDPOINT) == calls.Pending()


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_every_refusal_is_a_status(kernel: ScriptedKernel, status: Status) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: calls.send(ENDPOINT, u64(0), u64(0), u64(0), u64(0)),
        lambda: calls.recv(ENDPOINT),
        lambda: calls.console_write(ENDPOINT, u64(0), u64(0)),
        calls.task_yield,
        lambda: calls.task_exit(u64(0)),
    ]
    for attempt in attempts:
        kernel.replies = [reply(status.value)]
        assert attempt() is status


def test_an_unknown_status_stops_the_program() -> None:
    with pytest.raises((Trap, AssertionError)):
        calls.decode_status(u64(0x4))


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
