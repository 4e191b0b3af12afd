"""Whoever listens where QEMU's gdb server is said to be: what it says is checked, and an error is one line."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tyrne.inspect.live import inspect_live
from tyrne.system import qemu_gdb
from tyrne.system.errors import RequestError
from tyrne.system.gdb_packets import INTERRUPT, Reader, packed
from tyrne.system.kernel_image import image_of, read_image
from tyrne.system.known import known_system
from tyrne.system.qemu_gdb import Halt, Stub

QEMU = {b"qqemu.PhyMemMode": b"0", b"Qqemu.PhyMemMode:1": b"OK", b"D": b"OK"}


@contextmanager
def server(folder: Path, answer: Callable[[bytes], bytes | None]) -> Iterator[Path]:
    """Something that answers packets; `$` alone is no answer, None closes the connection."""
    path = folder / "gdb"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(1)

        def serve() -> None:
            client, _ = listening.accept()
            reader = Reader()
            with client, suppress(ConnectionError):
                while data := client.recv(65536):
                    for packet in reader.add(data):
                        said = answer(packet)
                        if said is None:
                            return
                        client.sendall(b"+" + (said.removesuffix(b"$") if said[:1] == b"$" else packed(said)))

        thread = threading.Thread(target=serve)
        thread.start()
        yield path
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({b"qqemu.PhyMemMode": b""}, "not the gdb server of QEMU, or older than 4.1"),
        ({b"qqemu.PhyMemMode": None}, "QEMU has ended, or does not listen any more"),
        ({b"m10,10": b"00" * 15}, "what is said there makes no sense"),
        ({b"m10,10": b"zz" * 16}, "what is said there makes no sense"),
        ({b"m10,10": b"\xff" * 16}, "what is said there makes no sense"),
        ({b"m10,10": b"E14"}, "what is said there makes no sense"),
        ({b"m10,10": b"W00"}, "QEMU has ended"),
        ({b"m10,10": b"00" * 16, b"g": b"00" * 8}, "what is said there makes no sense"),
        ({b"m10,10": b"00" * 16, b"g": b"00" * 268, b"s": b"OK"}, "what is said there makes no sense"),
    ],
)
def test_what_makes_no_sense_is_one_error(answers: dict[bytes, bytes | None], why: str, tmp_path: Path) -> None:
    with server(tmp_path, lambda packet: {**QEMU, **answers}.get(packet, b"")) as path:
        with pytest.raises(RequestError) as told, Stub(path) as stub:
            assert stub.read(16, 16) == bytes(16)
            assert stub.general() == [0] * 34
            stub.step()
        assert str(told.value).startswith(f"{path}: ") and why in str(told.value) and "\n" not in str(told.value)


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_gdb, "ANSWER_SECONDS", 0.2)
    with server(tmp_path, lambda packet: b"O00") as path, pytest.raises(RequestError, match="no answer; another"):
        Stub(path)


def test_a_server_that_says_without_end_that_it_stopped_is_not_listened_to(tmp_path: Path) -> None:
    stopped = packed(b"T05") * 10_000
    with server(tmp_path, lambda packet: stopped) as path, pytest.raises(RequestError, match="not the gdb server of"):
        Stub(path)


def test_a_server_that_goes_while_the_machine_runs_is_one_error(tmp_path: Path) -> None:
    def leave() -> bool:
        stub._socket.shutdown(socket.SHUT_WR)
        return True

    answers = {**QEMU, b"c": b"$"}
    gone = pytest.raises(RequestError, match="QEMU has ended, or does not listen any more")
    with server(tmp_path, lambda packet: answers[packet]) as path, Stub(path) as stub, gone:
        stub.run(None, leave)


def test_a_server_that_says_how_qemu_ended_and_is_gone_before_it_is_thanked_is_believed(tmp_path: Path) -> None:
    with server(tmp_path, lambda packet: QEMU[packet]) as path, Stub(path) as stub:
        near, gone = socket.socketpair()
        stub._socket.close()
        stub._socket = near
        gone.sendall(packed(b"W02"))
        gone.close()
        assert stub._comes(0)
        assert stub._halt(stub._next()) == Halt(0, 2)
        assert stub.ended == 2


def keep_saying(what: bytes, folder: Path) -> str:
    """What comes of a connection to somebody who says one thing for ever, whatever they are asked."""
    path = folder / "gdb"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(1)
        end = time.monotonic() + 5

        def serve() -> None:
            client, _ = listening.accept()
            client.settimeout(1)
            with client, suppress(OSError):
                while time.monotonic() < end:
                    client.sendall(what)
                    time.sleep(0.01)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(RequestError) as told:
            Stub(path)
        assert time.monotonic() < end
        thread.join(30)
    return str(told.value)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (b"+", "no answer; another"),
        (b"no packet at all\n", "no answer; another"),
        (b"$" + bytes(4096), "no answer; another"),
        (b"$OK#00", "no answer; another"),
        (packed(b"O30"), "no answer; another"),
        (packed(b"T05"), "not the gdb server of QEMU"),
        (packed(b""), "not the gdb server of QEMU"),
    ],
)
def test_a_server_that_never_ends_is_left(
    what: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu_gdb, "ANSWER_SECONDS", 0.4)
    assert why in keep_saying(what, tmp_path)


def test_all_answers_together_have_a_time(tmp_path: Path) -> None:
    """Whoever answers each question in time, and never is done, is left; the machine is still told to go on."""
    heard: list[bytes] = []

    def slow(packet: bytes) -> bytes:
        heard.append(packet)
        time.sleep(0.05)
        return QEMU.get(packet, b"00" * 2048)

    began = time.monotonic()
    late = pytest.raises(RequestError, match=r"gdb: 0\.5 s were not enough for all that was asked; ask again, or end")
    with server(tmp_path, slow) as path, late, Stub(path, seconds=0.5) as stub:
        stub.read(0, 1 << 24)
    assert time.monotonic() - began < 5
    assert heard[-1] == b"D"


def test_a_look_has_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def connect(where: Path, patience: float, seconds: float) -> Stub:
        given.append(seconds)
        raise RequestError("enough")

    monkeypatch.setattr("tyrne.inspect.live.Stub", connect)
    with pytest.raises(RequestError, match="enough"):
        inspect_live(Path("systems/greeter.toml"), tmp_path / "gdb")
    assert given == [60.0]


def test_an_image_with_more_places_than_a_kernel_has_gets_no_breakpoints(tmp_path: Path) -> None:
    image = image_of(known_system([Path("systems/greeter.toml")]))
    foreign = tmp_path / "foreign"
    returns = (0xD69F_03E0).to_bytes(4, "little")
    code = (returns * len(image.code))[: len(image.code)]
    foreign.write_bytes(image.elf.replace(image.code, code))
    with pytest.raises(RequestError, match="no kernel returns from traps, or waits, at more than 64 places; give what"):
        read_image(foreign)


def test_where_nobody_listens_it_says_how_somebody_would(tmp_path: Path) -> None:
    for where in (tmp_path / "absent", tmp_path / ("x" * 200), 1):
        with pytest.raises(RequestError, match=r"no gdb socket of QEMU: .*; start QEMU with one by tyrne run"):
            Stub(where)


def test_a_machine_that_stops_says_why(tmp_path: Path) -> None:
    said = iter([b"T05thread:01;", b"T05thread:01;watch:4010;", b"W03"])

    def answer(packet: bytes) -> bytes:
        return next(said) if packet in (b"s", b"c") else QEMU.get(packet, b"")

    with server(tmp_path, answer) as path, Stub(path) as stub:
        assert stub.step() == Halt(5)
        assert stub.run() == Halt(5, None, 0x4010)
        assert stub.run() == Halt(0, 3) and stub.ended == 3


def test_a_machine_that_runs_for_long_is_stopped_by_a_wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """QEMU says at once that it has heard, and no more until it stops."""
    monkeypatch.setattr(qemu_gdb, "ANSWER_SECONDS", 0.5)
    wishes = iter([False] * 20 + [True])

    def answer(packet: bytes) -> bytes:
        return b"$" if packet == b"c" else b"T02thread:01;" if packet == INTERRUPT else QEMU.get(packet, b"")

    with server(tmp_path, answer) as path, Stub(path) as stub:
        assert stub.run(None, lambda: next(wishes)) == Halt(2) and next(wishes, None) is None
