"""What gdb asks and is told: tasks as threads, their registers and memory, and ways forwards and backwards."""

from __future__ import annotations

import json
import random
import re
import socket
import stat
from pathlib import Path

import pytest
from rsp import Client, served

from running import run_system
from tyrne.debug.registers import NAMES
from tyrne.debug.server import FLOOD, listen
from tyrne.inspect import open_run
from tyrne.system.errors import RequestError
from tyrne.system.gdb_packets import Reader, packed
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped

STORE = 0x8
"""Where in the program below the store stands that is executed again and again."""
COUNTER = 0x80_1FF0
COUNTS = [
    0xD2800061,  # mov x1, #3
    0x91000400,  # again: add x0, x0, #1
    0xF81F03E0,  # stur x0, [sp, #-16]
    0xF1000421,  # subs x1, x1, #1
    0x54FFFFA1,  # b.ne again
    0xD2800068,  # mov x8, #3: yield
    0xD4000001,  # svc #0
    0x17FFFFF9,  # b to the start
]
CODE = 0x80_0000


def code(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


@pytest.fixture
def counting(tmp_path: Path) -> Path:
    """A system of two tasks that run the program above, each in memory of its own."""
    (tmp_path / "counts.bin").write_bytes(code(COUNTS))
    tasks = "".join(f'[[task]]\nname = "{name}"\nprogram = "counts.bin"\ncaps = []\n' for name in ("one", "<two>&"))
    path = tmp_path / "counting.toml"
    path.write_text(f'[system]\nname = "counting"\n{tasks}')
    return path


def test_tasks_are_threads_with_their_names_and_with_what_they_do(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, _):
        assert client.ask(b"qfThreadInfo") == b"m1,2" and client.ask(b"qsThreadInfo") == b"l"
        assert bytes.fromhex(client.ask(b"qThreadExtraInfo,1").decode()) == b"runs next"
        listed = client.ask(b"qXfer:threads:read::0,1000").decode()
        assert '<thread id="1" name="one">runs next</thread>' in listed
        assert 'name="&lt;two&gt;&amp;"' in listed
        assert (client.ask(b"T2"), client.ask(b"T9")) == (b"OK", b"E02")


def test_registers_are_those_of_the_chosen_task(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        session.replay.to(3)
        assert client.ask(b"Hg2") == b"OK"
        task = session.task(1)
        assert task is not None
        found = bytes.fromhex(client.ask(b"g").decode())
        assert [int.from_bytes(found[8 * i : 8 * i + 8], "little") for i in range(31)] == [*task.frame.x]
        assert (client.register(31), client.pc) == (task.frame.sp, task.frame.pc)
        assert len(found) == 33 * 8 + 4 + 32 * 16 + 8
        described = client.ask(b"qXfer:features:read:target.xml:0,4000").decode()
        assert tuple(re.findall(r'<reg name="(\w+)"', described)) == NAMES


def test_memory_is_what_the_task_sees_and_ends_where_nothing_is_mapped(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, _):
        assert bytes.fromhex(client.ask(b"m%x,%x" % (CODE, 4 * len(COUNTS))).decode()) == code(COUNTS)
        assert client.ask(b"m1000,8") == client.ask(b"mffffffffffff0000,8") == b"E02"
        across = bytes.fromhex(client.ask(b"m%x,20" % (COUNTER + 8)).decode())
        assert across == bytes(8), "behind the stack is nothing"


def test_a_breakpoint_stops_before_its_instruction_forwards_and_backwards(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        assert client.ask(b"Z0,%x,4" % (CODE + STORE)) == b"OK"
        values = []
        for _ in range(7):
            assert client.ask(b"vCont;c").startswith(b"T05swbreak:;thread:")
            assert client.pc == CODE + STORE
            values.append((session.current(), client.register(0)))
        assert values == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (0, 1)]
        for expected in reversed(values[:-1]):
            assert client.ask(b"bc").startswith(b"T05swbreak")
            assert (session.current(), client.register(0)) == expected
        assert client.ask(b"bc").startswith(b"T05replaylog:begin;") and session.replay.place == (0, 0)
        assert client.ask(b"z0,%x,4" % (CODE + STORE)) == b"OK"
        assert client.ask(b"c").startswith(b"T05replaylog:end;")


def test_breakpoints_can_be_those_of_one_task_alone(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        assert "those of <two>&" in client.monitor("only <two>&")
        assert client.ask(b"Z0,%x,4" % (CODE + STORE)) == b"OK"
        client.ask(b"c")
        assert (session.current(), client.register(0)) == (1, 1)


def test_a_watchpoint_stops_before_a_store_and_backwards_behind_it(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        assert client.ask(b"Z2,%x,8" % COUNTER) == b"OK"
        places = []
        for value in (1, 2, 3):
            assert client.ask(b"c") == b"T05watch:%x;thread:1;" % COUNTER
            assert (client.pc, client.register(0)) == (CODE + STORE, value)
            assert bytes.fromhex(client.ask(b"m%x,8" % COUNTER).decode())[0] == value - 1, "before it is made"
            places.append(session.replay.place)
        client.ask(b"c")
        assert session.current() == 0, "the other task has other memory there"
        for place in reversed(places):
            assert client.ask(b"bc").startswith(b"T05watch:")
            assert session.replay.place == (place.transition, place.inside + 1)
            assert client.ask(b"bs") == b"T05thread:1;"
            assert session.replay.place == place


def test_reads_and_writes_are_told_apart_by_watchpoints(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 200), tmp_path) as (client, _):
        assert client.ask(b"Z3,%x,8" % COUNTER) == b"OK"
        assert client.ask(b"c").startswith(b"T05replaylog:end;"), "nothing reads it"
        assert client.ask(b"z3,%x,8" % COUNTER) == client.ask(b"Z4,%x,8" % COUNTER) == b"OK"
        assert client.ask(b"bc").startswith(b"T05awatch:")
        assert client.ask(b"Z2,1000,8") == b"E02", "nothing is mapped there"


def test_a_step_is_one_of_the_task_even_where_another_runs_in_between(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        way = [client.pc]
        for _ in range(20):
            assert client.ask(b"vCont;s:1;c") == b"T05thread:1;"
            way.append(client.pc)
        again = [CODE + 4, CODE + 8, CODE + 12, CODE + 16] * 3
        assert way[:17] == [CODE, *again, CODE + 20, CODE + 24, CODE + 28, CODE]
        assert session.replay.position == 2, "the yield of one, and that of the other"
        for pc in reversed(way[:-1]):
            assert client.ask(b"bs") == b"T05thread:1;"
            assert client.pc == pc
        assert client.ask(b"bs").startswith(b"T05replaylog:begin;")


def test_a_fault_that_ends_a_task_stops_before_it(tmp_path: Path) -> None:
    program = tmp_path / "faults.bin"
    program.write_bytes(code([0xD2800020, 0xF9000000, 0xD4000001]))  # mov x0, #1; str x0, [x0]
    with served(open_run(program), tmp_path) as (client, session):
        assert client.ask(b"c") == b"T0bthread:1;"
        assert client.pc == CODE + 4 and session.replay.place == (0, 1)
        assert client.ask(b"vCont;C0b:1").startswith(b"T05replaylog:end;")
        assert "ended by a fault" in client.monitor("ps")


def test_what_tasks_write_is_told_once_however_often_one_goes_there(tmp_path: Path) -> None:
    with served(open_run(shipped("systems/ping-pong.toml")), tmp_path) as (client, session):
        for _ in range(2):
            client.ask(b"c")
            client.ask(b"bc")
        client.ask(b"c")
        assert client.output == bytes(session.replay.recorder.console_bytes) != b""


STEERS = '#include "tyrne.h"\nint main(void) { tyrne_print("a\\033]0;t\\a\\tb\\r\\n\\033[2Jc\\n"); return 0; }\n'
"""A program that would steer a terminal."""
SHOWN = "a\\x1b]0;t\\x07\tb\n\\x1b[2Jc\n"


@pytest.mark.promise(
    "What tasks write is shown with control characters escaped on a terminal, and in a debugger, so a program cannot "
    "steer it"
)
def test_what_tasks_write_steers_no_terminal_in_which_gdb_runs(tmp_path: Path) -> None:
    (tmp_path / "s.c").write_text(STEERS)
    with served(open_run(tmp_path / "s.c"), tmp_path) as (client, _):
        client.ask(b"c")
        assert SHOWN in client.output.decode()
        assert "\x1b" not in client.output.decode() + client.monitor("caps \x1b[2J")


def test_a_run_without_an_end_is_stopped_by_a_wish(tmp_path: Path) -> None:
    program = tmp_path / "loop.bin"
    program.write_bytes(code([0x14000000]))  # b to itself
    with served(open_run(program), tmp_path) as (client, session):
        client.send(b"vCont;c")
        client.socket.sendall(b"\x03")
        assert client.receive() == b"T02thread:1;"
        assert session.replay.inside > 0


def test_a_client_that_floods_what_runs_is_left_and_the_next_one_served(tmp_path: Path) -> None:
    program = tmp_path / "loop.bin"
    program.write_bytes(code([0x14000000]))  # b to itself
    with served(open_run(program), tmp_path) as (client, _):
        client.send(b"vCont;c")
        flood = packed(b"?") * 10_000
        with pytest.raises(ConnectionError):
            for _ in range(3 * FLOOD // len(flood)):
                client.socket.sendall(flood)


@pytest.mark.qemu
def test_a_run_of_qemu_is_walked_through_in_both_directions(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(run_system([shipped("systems/supervisor.toml")], "qemu")))
    with served(Replay.load(report), tmp_path) as (client, session):
        assert client.ask(b"c").startswith(b"T05replaylog:end;")
        end = session.replay.place
        assert client.ask(b"bs").startswith(b"T05thread:") and session.replay.place < end
        assert client.ask(b"bc").startswith(b"T05replaylog:begin;")


def test_what_is_asked_by_monitor_is_what_the_commands_show(tmp_path: Path) -> None:
    with served(open_run(shipped("systems/ping-pong.toml")), tmp_path) as (client, session):
        session.replay.to(4)
        assert "after transition 4" in client.monitor("ps") and "pong" in client.monitor("waits")
        assert 'no task "nobody" there; the tasks are ping, pong' in client.monitor("caps nobody")
        assert "monitor only" in client.monitor("what?")


# --- who speaks wrong


def test_nothing_of_a_run_can_be_changed(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, _):
        for change in (b"G00", b"P0=0000000000000000", b"M%x,1:00" % CODE, b"X%x,1:0" % CODE):
            assert client.ask(change) == b"E03"


@pytest.mark.parametrize(
    "packet",
    [
        b"m", b"mx,1", b"m1", b"m-1,4", b"m0,ffffffffffff", b"p", b"p-1", b"pffff", b"H", b"Hq1", b"Hgzz", b"Hg99",
        b"T", b"Tp1.1", b"Z0", b"Z0,2,4", b"Z0,fffffffffffffff0,4", b"Z2,0,ffffffffff", b"Z9,0,4", b"z0,1,4",
        b"vCont;q", b"vCont;s:zz", b"vCont;", b"qThreadExtraInfo,zz", b"qRcmd,zz", b"qRcmd,ff", b"qRcmd,\xff",
        b"qXfer:features:read:target.xml:x,y", b"qXfer:features:read:other.xml:0,4", b"qXfer:threads:read::-1,4",
        b"", b"?", b"!", b"bx", b"vFile:open:00", b"\x00\xff", b"q" * 60000,
    ],
)  # fmt: skip
def test_a_packet_that_makes_no_sense_is_answered_and_the_next_one_too(
    packet: bytes, counting: Path, tmp_path: Path
) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, _):
        client.ask(packet)
        assert client.ask(b"qC") == b"QC1"


def test_a_number_that_no_register_holds_reaches_nothing(counting: Path, tmp_path: Path) -> None:
    """QEMU would not answer one with thousands of digits, and is waited for."""
    with served(open_run(counting, 1000), tmp_path) as (client, _):
        for packet in (b"m1%016x,4", b"Z0,1%016x,4", b"Z2,1%016x,8", b"Z3,0,1%016x", b"z2,1%016x,8"):
            assert client.ask(packet % 0) == b"E01"


def test_bytes_by_chance_end_nothing(counting: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    letters = b"$#+-}*?gmpHTZzcsbqv:;,0123456789abcdefXR\x03\x00\xff"
    with served(open_run(counting, 1000), tmp_path) as (client, _):
        for _ in range(300):
            words = bytes(chance.choices(letters, k=chance.randrange(40)))
            client.socket.sendall(words if chance.random() < 0.5 else packed(words.replace(b"k", b"")))
        client.socket.sendall(b"#00")
        client.send(b"qC")
        while not (said := client.receive()).startswith(b"QC"):
            assert len(said) < 1 << 17
        assert client.ask(b"qAttached") == b"1"


def test_a_packet_comes_in_pieces_and_a_wrong_sum_is_sent_again() -> None:
    reader = Reader()
    whole = packed(b"m}80#0")
    assert [found for byte in whole for found in reader.add(bytes([byte]))] == [b"m}80#0"]
    assert reader.add(b"$qC#00") == [] and bytes(reader.answers) == b"+-"
    assert reader.add(b"$" + bytes(1 << 17)) == [] and reader.add(packed(b"g")) == [b"g"]


def test_no_answer_of_the_debugger_waits_until_an_earlier_one_is_acknowledged() -> None:
    with listen(0)[0] as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_it_listens_where_only_this_user_or_this_host_comes(tmp_path: Path) -> None:
    listening, address = listen(0)
    with listening:
        assert listening.getsockname()[0] == "127.0.0.1" and address.startswith("127.0.0.1:")
    listening, _ = listen(tmp_path / "gdb")
    with listening:
        assert stat.S_IMODE((tmp_path / "gdb").stat().st_mode) == 0o600
        with pytest.raises(RequestError, match=r"gdb: cannot listen there: .*; name another one"):
            listen(tmp_path / "gdb")
    with pytest.raises(RequestError, match="port 99999: there is none; name one up to 65535, or 0 for any"):
        listen(99_999)


def test_a_page_in_a_browser_can_ask_for_nothing(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        assert client.ask(b"D") == b"OK"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as browser:
            browser.connect(str(tmp_path / "gdb"))
            browser.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n" + packed(b"c") + packed(b"k"))
            assert browser.recv(100) == b""
        other = Client(str(tmp_path / "gdb"))
        assert other.ask(b"qC") == b"QC1" and session.replay.place == (0, 0)
        other.socket.close()


def test_a_client_that_goes_leaves_the_run_to_the_next(counting: Path, tmp_path: Path) -> None:
    with served(open_run(counting, 1000), tmp_path) as (client, session):
        assert client.ask(b"Z0,%x,4" % (CODE + STORE)) == b"OK"
        assert client.ask(b"D") == b"OK"
        other = Client(str(tmp_path / "gdb"))
        assert other.ask(b"c").startswith(b"T05replaylog:end;"), "the breakpoint went with it"
        other.socket.shutdown(socket.SHUT_RDWR)
        other.socket.close()
        assert session.replay.over
