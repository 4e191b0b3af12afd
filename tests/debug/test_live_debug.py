"""`tyrne debug --machine qemu`: gdb and an editor at a QEMU that runs now."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from rsp import Client
from test_dap import BUSY, WRITE, Editor
from test_gdb import GDB, with_gdb, without_core

from tyrne.cli.debugging_live import Written
from tyrne.system.shipped import shipped

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(600)]
RECORD = r"a machine that runs does not go back; record the run: tyrne run \S+busy.toml --machine qemu --report "
KERNEL = 1 << 16
KERNEL_FILE = shipped("systems/hello.toml").parents[1] / "src/tyrne/kernel/kernel.py"


@contextmanager
def debugged(path: Path, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`tyrne debug --machine qemu`, and where it listens; the machine is to have ended, or been killed, afterwards."""
    command = [sys.executable, "-m", "tyrne", "debug", str(path), "--machine", "qemu", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        found = re.match(r"listening at (\S+?);? ", process.stdout.readline())
        if found is None:
            raise AssertionError(process.stderr.read())
        try:
            yield found[1], process
            assert process.wait(60) == 0
        finally:
            process.kill()


def gdb(address: str, files: Sequence[str], commands: Sequence[str]) -> str:
    """What gdb says to these commands."""
    assert GDB is not None
    setup = ["set pagination off", "set confirm off", "set width 0", "set remotetimeout 60", *files]
    words = [word for line in (*setup, f"target remote {address}", *commands, "kill") for word in ("-ex", line)]
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    command = [GDB, "-nx", "-batch", *words]
    made = subprocess.run(command, stdout=pipe, stderr=both, text=True, timeout=300, preexec_fn=without_core)
    return made.stdout


@with_gdb
def test_gdb_sees_tasks_and_the_kernel_in_python_and_is_told_how_one_goes_back() -> None:
    with debugged(shipped("systems/busy.toml")) as (address, process):
        assert process.stdout is not None
        line = process.stdout.readline()
        kernel = re.fullmatch(r"the lines of the kernel: file (\S+); their files: directory (\S+)\n", line)
        program = process.stdout.readline().partition(": ")[2].strip()
        assert kernel is not None and program.startswith("add-symbol-file ")
        said = gdb(
            address,
            [f"file {kernel[1]}", f"directory {kernel[2]}", program],
            ["info threads", "break busy.py:28", "continue", "print count", "continue", "print count", "stepi",
             "monitor ps", "reverse-stepi", "delete", "break kernel.py:110",
             "continue", "info threads", "stepi", "step", "monitor ps", "delete", "thread 1", "stepi", "info threads"],
        )  # fmt: skip
    assert re.search(r'Thread 1 "busy-1" \(ready.*\n.*Thread 2 "busy-2" .*\n\* 3 +Thread 3 "alarm" \(runs next', said)
    hit = r'Thread (\d) "busy-\1" hit Breakpoint 1, k_main \(\) at \./busy\.py:28'
    first, second = re.findall(hit, said)  # by whose turn it is, which takes the host's time here
    assert re.search(rf"\$1 = 1\n.*\$2 = {2 if first == second else 1}\n", said, re.DOTALL)
    assert "busy.toml, on qemu, as it stands now\n" in said
    assert re.search(RECORD, said)
    assert 'Thread 4 "kernel" hit Breakpoint 2' in said and " at tyrne/kernel/kernel.py:1" in said
    assert re.search(r'\* 4 +Thread 65537 "kernel" \(inside a transition, at tyrne/kernel/kernel.py:\d+\)', said)
    assert "the machine is inside the kernel; step or continue until it returns to a task" in said
    assert re.search(r'\* 1 +Thread 1 "busy-1" \(runs next', said.rpartition("Id   Target Id")[2]), "its turn came"


def test_an_editor_stops_in_programs_and_in_the_kernel_and_sees_the_end() -> None:
    with debugged(shipped("systems/busy.toml"), "--dap") as (address, _), closing(Editor(address)) as editor:
        assert not editor.ask("initialize")["supportsStepBack"]
        editor.ask("attach")
        editor.event("initialized")
        set_to = editor.ask("setBreakpoints", source={"path": str(BUSY)}, breakpoints=[{"line": WRITE}])
        assert set_to["breakpoints"] == [{"verified": True, "line": WRITE}]
        editor.ask("configurationDone")
        editor.event("stopped")
        names = [thread["name"].partition(":")[0] for thread in editor.ask("threads")["threads"]]
        assert names == ["busy-1", "busy-2", "alarm"]
        first = editor.go("continue", thread=3)
        assert (first["reason"], first["threadId"]) == ("breakpoint", 1) and editor.line() == ("busy.py", WRITE)
        before = editor.register("pc")
        editor.go("stepIn", granularity="instruction")
        assert editor.register("pc") == before + 4
        editor.go("next")
        assert editor.line()[1] != WRITE
        frame = editor.ask("stackTrace", threadId=3)["stackFrames"][0]["id"]
        assert editor.variables(frame, "Task")["does"] == 'waits for signals at notification "bell"'
        refused = editor.request("stepBack", threadId=1)
        assert not refused["success"] and re.search(RECORD, refused["message"])
        editor.ask("setBreakpoints", source={"path": str(BUSY)}, breakpoints=[])
        kernel = {"path": str(KERNEL_FILE)}
        (there,) = editor.ask("setBreakpoints", source=kernel, breakpoints=[{"line": 110}])["breakpoints"]
        assert there["verified"]
        inside = editor.go("continue")
        assert (inside["reason"], inside["threadId"]) == ("breakpoint", KERNEL + 1)
        assert editor.line(KERNEL + 1) == ("kernel.py", there["line"])
        scopes = editor.ask("scopes", frameId=editor.ask("stackTrace", threadId=KERNEL + 1)["stackFrames"][0]["id"])
        assert [scope["name"] for scope in scopes["scopes"]] == ["Registers"]
        editor.go("next", thread=KERNEL + 1)
        editor.ask("setBreakpoints", source=kernel, breakpoints=[])
        editor.ask("continue", threadId=1)
        assert editor.event("exited") == {"exitCode": 0}
        assert "busy: done" in editor.output


def test_what_runs_for_ever_is_stopped_where_it_is_and_its_memory_read(tmp_path: Path) -> None:
    (tmp_path / "spin.S").write_text("        .global _start\n_start: add x0, x0, #1\n        b _start\n")
    with debugged(tmp_path / "spin.S") as (address, _), closing(Client(address)) as client:
        assert client.ask(b"qfThreadInfo") == b"m1"
        for _ in range(100):  # it may be stopped before its first instruction
            client.send(b"c")
            client.socket.sendall(b"\x03")
            assert client.receive() == b"T02thread:1;"
            assert client.pc in (0x800000, 0x800004)
            if client.register(0) > 0:
                break
            time.sleep(0.02)
        assert client.register(0) > 0
        assert client.ask(b"m800000,4") == b"00040091"
        kernel = client.ask(b"mffffffff40080000,4")
        assert len(kernel) == 8 and client.ask(b"mffffffff00000000,4") == b"E02", "RAM, and nothing else"
        assert client.ask(b"Z2,800000,8") == b"OK" and client.ask(b"z2,800000,8") == b"OK"
        assert client.ask(b"P0=00") == b"E03", "nothing is changed"
        assert client.ask(b"k") == b"OK"


def test_what_was_written_last_is_waited_for_when_the_machine_has_ended() -> None:
    written = Written()
    written.log(ord("a"))
    assert (written.take(False), written.take(False)) == (b"a", b""), "a machine that has stopped says what there is"

    def follow() -> None:
        time.sleep(0.2)
        written.log(ord("b"))
        written.whole.set()

    late = threading.Thread(target=follow)
    late.start()
    assert written.take(True) == b"b"
    late.join()


@pytest.mark.parametrize(("words", "option"), [(("--at", "3"), "--at"), (("--kernel",), "--kernel")])
def test_a_machine_that_runs_has_no_positions(words: tuple[str, ...], option: str) -> None:
    command = [sys.executable, "-m", "tyrne", "debug", str(shipped("systems/busy.toml")), "--machine", "qemu", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert f"{option}: a machine that runs has no positions; record it: tyrne run " in ended.stderr
