"""An editor's side of `tyrne debug --dap`: breakpoints at lines, steps by lines both ways, tasks as threads."""

from __future__ import annotations

import json
import math
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_gdb_protocol import SHOWN, STEERS

from tyrne.cli.debugging import answer
from tyrne.debug.dap import MOST, Adapter, BadMessageError, Reader, packed
from tyrne.debug.server import FLOOD, listen, serve_editor
from tyrne.debug.session import Session
from tyrne.inspect import open_run
from tyrne.system.shipped import shipped

CALLS = """#include "tyrne.h"
static volatile int total, deepest;
__attribute__((noinline)) static void down(int depth)
{
    if (depth == 0) {
        deepest = 7;
        return;
    }
    down(depth - 1);
    total += 2;
}
int main(void)
{
    down(2);
    return total;
}
"""
INNER, CALL = 6, 14
BUSY = shipped("programs/busy.py")
WRITE = 27
"""The line in busy.py that stores how far it has come."""


class Editor:
    """A client of the protocol."""

    def __init__(self, path: str | tuple[str, int]) -> None:
        self.socket = socket.socket(socket.AF_UNIX if isinstance(path, str) else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.reader = Reader()
        self.sequence = 0
        self.output = ""
        self._messages: list[dict[str, Any]] = []

    def close(self) -> None:
        self.socket.close()

    def receive(self) -> dict[str, Any]:
        while not self._messages:
            data = self.socket.recv(65536)
            assert data, "the server is gone"
            self._messages += self.reader.add(data)
        return self._messages.pop(0)

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The response to a request."""
        self.sequence += 1
        number = self.sequence
        self.socket.sendall(packed({"seq": number, "type": "request", "command": command, "arguments": arguments}))
        while (said := self.receive())["type"] != "response" or said["request_seq"] != number:
            self.output += said["body"].get("output", "")
        return said

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The body of the response to a request that is right."""
        said = self.request(command, **arguments)
        assert said["success"], said
        body: dict[str, Any] = said["body"]
        return body

    def go(self, command: str, thread: int = 1, **arguments: Any) -> dict[str, Any]:
        """Go somewhere; why it has stopped."""
        self.ask(command, threadId=thread, **arguments)
        return self.event("stopped")

    def event(self, name: str) -> dict[str, Any]:
        while (said := self.receive()).get("event") != name:
            self.output += said["body"].get("output", "")
        body: dict[str, Any] = said["body"]
        return body

    def line(self, thread: int = 1) -> tuple[str, int]:
        top = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        return top.get("source", {}).get("name", ""), top["line"]

    def register(self, name: str, thread: int = 1) -> int:
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        return int(self.variables(frame["id"], "Registers")[name], 16)

    def variables(self, frame: int, scope: str) -> dict[str, str]:
        """By name, of one group."""
        references = {each["name"]: each["variablesReference"] for each in self.ask("scopes", frameId=frame)["scopes"]}
        values = self.ask("variables", variablesReference=references[scope])["variables"]
        return {value["name"]: value["value"] for value in values}


@contextmanager
def edited(path: Path, folder: Path) -> Iterator[tuple[Editor, Session]]:
    """An editor that has begun with a run."""
    session = Session(open_run(path))
    listening, address = listen(folder / "editor")
    thread = threading.Thread(target=serve_editor, args=(listening, session, lambda asked: answer(session, asked)))
    with listening:
        thread.start()
        editor = Editor(address)
        try:
            assert editor.ask("initialize", adapterID="tyrne")["supportsStepBack"]
            editor.ask("attach")
            editor.event("initialized")
            editor.ask("configurationDone")
            assert editor.event("stopped")["reason"] == "entry"
            yield editor, session
        finally:
            editor.close()
            thread.join(60)
            assert not thread.is_alive()


def test_a_breakpoint_at_a_line_stops_each_task_whose_program_has_it(tmp_path: Path) -> None:
    with edited(shipped("systems/busy.toml"), tmp_path) as (editor, session):
        names = [thread["name"].partition(":")[0] for thread in editor.ask("threads")["threads"]]
        assert names == ["busy-1", "busy-2", "alarm"]
        set_to = editor.ask("setBreakpoints", source={"path": str(BUSY)}, breakpoints=[{"line": WRITE}, {"line": 999}])
        assert set_to["breakpoints"] == [{"verified": True, "line": WRITE}, {"verified": False, "line": 999}]
        first = editor.go("continue")
        assert (first["reason"], first["threadId"]) == ("breakpoint", 1)
        assert editor.line() == ("busy.py", WRITE)
        place = session.replay.place
        assert editor.go("continue")["reason"] == "breakpoint" and session.replay.place > place
        assert editor.go("reverseContinue")["reason"] == "breakpoint" and session.replay.place == place
        editor.ask("setBreakpoints", source={"path": str(BUSY)}, breakpoints=[])
        assert "end of the run" in editor.go("continue")["description"]
        assert "busy: done" in editor.output


def test_steps_go_to_another_line_and_back(tmp_path: Path) -> None:
    with edited(shipped("systems/busy.toml"), tmp_path) as (editor, _):
        editor.ask("setBreakpoints", source={"path": str(BUSY)}, breakpoints=[{"line": WRITE}])
        editor.go("continue")
        before = editor.register("pc")
        editor.go("next")
        assert editor.line() == ("busy.py", WRITE + 1)
        editor.go("stepBack")
        assert editor.line() == ("busy.py", WRITE) and editor.register("pc") == before
        editor.go("stepIn", granularity="instruction")
        assert editor.register("pc") == before + 4
        editor.go("stepBack", granularity="instruction")
        assert editor.register("pc") == before


def test_memory_and_what_the_commands_show_can_be_asked_for(tmp_path: Path) -> None:
    with edited(shipped("systems/busy.toml"), tmp_path) as (editor, _):
        read = editor.ask("readMemory", memoryReference="0x800000", count=8)
        assert read["address"] == "0x800000" and read["unreadableBytes"] == 0
        assert editor.ask("readMemory", memoryReference="16", count=8) == {
            "address": "0x10", "data": "", "unreadableBytes": 8,
        }  # fmt: skip
        assert "before the first transition" in editor.ask("evaluate", expression="ps")["result"]


def test_what_tasks_write_steers_no_console_of_an_editor(tmp_path: Path) -> None:
    (tmp_path / "s.c").write_text(STEERS)
    with edited(tmp_path / "s.c", tmp_path) as (editor, _):
        editor.go("continue")
        assert SHOWN in editor.output
        assert "\x1b" not in editor.output + editor.ask("evaluate", expression="caps \x1b[2J")["result"]


def test_what_has_no_end_is_stopped_by_pause(tmp_path: Path) -> None:
    loop = tmp_path / "loop.bin"
    loop.write_bytes((0x1400_0000).to_bytes(4, "little"))
    with edited(loop, tmp_path) as (editor, session):
        editor.ask("continue", threadId=1)
        editor.socket.sendall(packed({"seq": 99, "type": "request", "command": "pause", "arguments": {"threadId": 1}}))
        assert editor.event("stopped")["reason"] == "pause" and session.replay.inside > 0


def test_an_editor_is_told_what_the_kernel_knows_of_a_task(tmp_path: Path) -> None:
    with edited(shipped("systems/supervisor.toml"), tmp_path) as (editor, session):
        session.replay.to(5)
        stack = editor.ask("stackTrace", threadId=2)["stackFrames"]
        task = editor.variables(stack[0]["id"], "Task")
        assert task["fault"].startswith("data_abort_read at 0xdead0000, pc 0x")
        assert (task["waits for"], task["whom"], task["priority"]) == ("task supervisor", "supervisor", "8")
        held = editor.variables(stack[0]["id"], "Capabilities")
        assert held == {"0x0": "console, CONSOLE_WRITE; from the description"}
        waiting = editor.ask("stackTrace", threadId=1)["stackFrames"][0]["id"]
        assert editor.variables(waiting, "Capabilities")["0x1"] == "endpoint notices, RECV; from the description"
        assert len(editor.variables(waiting, "Registers")) == 34
        for reference in (0, -1, 10**9, "x"):
            assert not editor.request("variables", variablesReference=reference)["success"]


def test_a_step_out_goes_behind_the_call_and_stops_at_what_is_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "calls.c"
    path.write_text(CALLS)
    with edited(path, tmp_path) as (editor, _):
        editor.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": INNER}])
        editor.go("continue")
        assert editor.line() == ("calls.c", INNER)
        editor.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[])
        left = 0
        while editor.ask("stackTrace", threadId=1)["stackFrames"][0]["name"] == "down":
            depth = editor.register("sp")
            editor.go("stepOut")
            assert editor.register("sp") > depth, "one call, though it calls itself"
            left += 1
        assert editor.ask("stackTrace", threadId=1)["stackFrames"][0]["name"] == "main" and left > 1
    (tmp_path / "again").mkdir()
    with edited(path, tmp_path / "again") as (editor, _):
        editor.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": CALL}, {"line": INNER}])
        editor.go("continue")
        editor.go("stepIn")
        assert editor.ask("stackTrace", threadId=1)["stackFrames"][0]["name"] == "down"
        stopped = editor.go("stepOut")
        assert stopped["reason"] == "breakpoint" and editor.line() == ("calls.c", INNER)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("fly", {}),
        ("continue", {}),
        ("continue", {"threadId": "1"}),
        ("next", {"threadId": 77}),
        ("stackTrace", {"threadId": 1 << 70}),
        ("variables", {"variablesReference": 5}),
        ("scopes", {"frameId": None}),
        ("readMemory", {"memoryReference": "pc", "count": 1}),
        ("readMemory", {"memoryReference": "0", "offset": [], "count": 1}),
        ("readMemory", {"memoryReference": "0", "offset": math.inf, "count": 1}),
        ("setBreakpoints", {"source": {"path": "\0"}, "breakpoints": []}),
        ("setBreakpoints", {"source": {"path": "\ud800"}, "breakpoints": []}),
        ("setBreakpoints", {"source": {"path": "a/" * 10_000}, "breakpoints": []}),
        ("setBreakpoints", {"source": 1}),
        ("setBreakpoints", {"source": {"path": "x"}, "breakpoints": [1]}),
        ("evaluate", {"expression": 1}),
    ],
)
def test_a_wrong_request_is_refused_and_the_next_one_answered(
    command: str, arguments: dict[str, Any], tmp_path: Path
) -> None:
    with edited(shipped("systems/hello.toml"), tmp_path) as (editor, _):
        said = editor.request(command, **arguments)
        assert not said["success"] and said["message"]
        assert editor.ask("threads")["threads"]


def test_a_path_in_a_loop_of_links_has_no_instructions(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with edited(shipped("systems/hello.toml"), tmp_path) as (editor, _):
        said = editor.ask("setBreakpoints", source={"path": str(tmp_path / "loop" / "x.py")}, breakpoints=[{"line": 1}])
        assert said["breakpoints"] == [{"verified": False, "line": 1}]


@pytest.mark.parametrize("sequence", ['"1"', "[" * 900 + "]" * 900, "Infinity", "null"])
def test_a_number_that_is_none_is_not_sent_back(sequence: str) -> None:
    sent: list[dict[str, Any]] = []
    adapter = Adapter(Session(open_run(shipped("systems/hello.toml"))), lambda asked: asked, sent.append)
    content = f'{{"type": "request", "seq": {sequence}, "command": "attach"}}'.encode()
    for message in Reader().add(b"Content-Length: %d\r\n\r\n%b" % (len(content), content)):
        adapter.answer(message)
    assert [said.get("request_seq") for said in sent] == [0, None]


def test_an_editor_that_floods_what_runs_is_left(tmp_path: Path) -> None:
    loop = tmp_path / "loop.bin"
    loop.write_bytes((0x1400_0000).to_bytes(4, "little"))
    with edited(loop, tmp_path) as (editor, _):
        editor.ask("continue", threadId=1)
        flood = packed({"seq": 99, "type": "request", "command": "threads", "arguments": {"x": "x" * 50_000}})
        with pytest.raises(ConnectionError):
            for _ in range(3 * FLOOD // len(flood)):
                editor.socket.sendall(flood)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"Content-Length: 3\r\n\r\n{]}", b"Content-Length: 2\r\n\r\n[]",
     b"Content-Length: %d\r\n\r\n" % (MOST + 1), b"x" * 5000],
)  # fmt: skip
def test_what_is_no_message_ends_the_connection(data: bytes) -> None:
    with pytest.raises(BadMessageError):
        Reader().add(data)


def test_a_message_comes_in_pieces_and_with_other_headers() -> None:
    reader, whole = Reader(), packed({"a": "ü"})
    assert [found for byte in whole for found in reader.add(bytes([byte]))] == [{"a": "ü"}]
    assert reader.add(b"Content-Type: x\r\nContent-Length: 2\r\n\r\n{}" + whole) == [{}, {"a": "ü"}]


def test_the_command_serves_an_editor_until_it_leaves() -> None:
    command = [sys.executable, "-m", "tyrne", "debug", str(shipped("systems/hello.toml")), "--dap"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:2] == ["listening", "at"] and words[3:] == ["for", "an", "editor"]
        with closing(Editor(words[2])) as editor:
            editor.ask("initialize")
            editor.ask("disconnect")
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n\r\n", b"Content-Length: -5\r\n\r\n", b"Content-Length: 2\r\n\r\n[]"]
)
def test_what_is_no_message_ends_the_command_with_a_line(sent: bytes) -> None:
    command = [sys.executable, "-m", "tyrne", "debug", str(shipped("systems/hello.toml")), "--dap"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        with closing(Editor(process.stdout.readline().split()[2])) as editor:
            editor.socket.sendall(sent)
            assert process.wait(60) == 2
        what = "tyrne: error: what came is no message of the Debug Adapter Protocol: no "
        assert re.fullmatch(what + "(Content-Length|object); without --dap gdb is served\n", process.stderr.read())


def test_the_launch_configurations_of_the_repository_lead_to_the_debugger(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    launch = re.sub(r"^\s*//.*$", "", (root / ".vscode/launch.json").read_text(), flags=re.MULTILINE)
    launches = [made for made in json.loads(launch)["configurations"] if made["type"] == "tyrne"]
    tasks = {task["label"]: task for task in json.loads((root / ".vscode/tasks.json").read_text())["tasks"]}
    extension = json.loads((root / "editors/vscode/package.json").read_text())["contributes"]
    assert {launch["type"] for launch in launches} == {each["type"] for each in extension["debuggers"]} == {"tyrne"}
    named = [tasks[launch["preLaunchTask"]] for launch in launches if "preLaunchTask" in launch]
    assert [task["label"] for task in named] == [label for label in tasks if label.startswith("tyrne: ")]
    for launch, task in zip(launches, named, strict=False):
        assert task["command"] == "tyrne" and str(launch["debugServer"]) in task["args"]
    (task, *_), port = named, free_port()
    words = [{"${file}": str(shipped("systems/busy.toml")), "4711": str(port)}.get(word, word) for word in task["args"]]
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "tyrne", *words], stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert re.search(task["problemMatcher"]["background"]["endsPattern"], process.stdout.readline())
        with closing(Editor(("127.0.0.1", port))) as editor:
            editor.ask("initialize", adapterID="tyrne")
            editor.ask("attach", debugServer=port)
            editor.event("initialized")
            editor.ask("setBreakpoints", source={"path": str(BUSY)}, breakpoints=[{"line": WRITE}])
            editor.ask("configurationDone")
            editor.event("stopped")
            assert editor.go("continue")["reason"] == "breakpoint"
            editor.ask("disconnect")
        assert process.wait(60) == 0


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
        return port
