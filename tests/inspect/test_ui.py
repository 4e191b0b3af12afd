"""What the page of `tyrne ui` is told, and who is told nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from serving import TOKEN, Served, serving, viewer_of
from small_programs import program, system
from test_pictures import hostile

import tyrne.kernel
from tyrne.abi import CallNumber
from tyrne.inspect import inspect, open_run
from tyrne.inspect.pictures import Kind, picture
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.reader import Reader
from tyrne.inspect.ui.server import listen
from tyrne.inspect.ui.sources import Sources, sources_of
from tyrne.inspect.ui.viewer import Viewer
from tyrne.inspect.ui.writes import physical
from tyrne.system.errors import RequestError
from tyrne.system.line_table import to_json
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped
from tyrne.system.source_lines import Place, SourceMap
from tyrne.testing import run_system

SYSTEMS = ["exchange", "grant", "server", "supervisor", "builder"]
DATA = ("about", "state", "rows", "picture", "instructions", "move", "search", "source", "written", "memory")
KERNEL = Path(tyrne.kernel.__file__).parent


def of_system(name: str) -> Viewer:
    return viewer_of(shipped(f"systems/{name}.toml"))


@pytest.fixture(scope="module")
def grant() -> Iterator[Served]:
    with serving(of_system("grant")) as served:
        yield served


# --- who is answered


@pytest.mark.promise("`tyrne ui` listens on this computer alone")
def test_it_listens_on_this_computer_alone() -> None:
    with listen(0) as at:
        assert at.getsockname()[0] == "127.0.0.1"
        with pytest.raises(RequestError, match=r"--port \d+: .*; leave it out"):
            listen(at.getsockname()[1])


def test_no_answer_of_the_page_waits_until_an_earlier_one_is_acknowledged() -> None:
    with listen(0) as at, socket.create_connection(at.getsockname()):
        accepted, _ = at.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.promise("it gives what a run holds only to who sends its token, and asks for it by its own name")
@pytest.mark.parametrize("name", DATA)
def test_data_is_only_for_who_sends_the_token(grant: Served, name: str) -> None:
    for wrong in ("", "another", f"{TOKEN}x", TOKEN[:-1], "\xe9"):
        status, _, body = grant.ask(f"/data/{name}?at=0%2B0&token={TOKEN}", X_Tyrne_Token=wrong)
        assert (status, json.loads(body)) == (403, {"error": "open the address that tyrne ui has printed"})


@pytest.mark.promise("it gives what a run holds only to who sends its token, and asks for it by its own name")
@pytest.mark.parametrize("path", ["/", "/ui.js", "/data/about"])
def test_only_who_asks_for_its_own_name_is_answered(grant: Served, path: str) -> None:
    for host in ("example.com", f"example.com:{grant.port}", "127.0.0.1", f"127.0.0.1:{grant.port + 1}", ""):
        status, headers, body = grant.ask(path, Host=host, X_Tyrne_Token=TOKEN)
        assert status in (400, 421) and b"grant" not in body and b"<" not in body
        assert status == 400 or "content-security-policy" in headers
    assert grant.ask(path, Host=f"localhost:{grant.port}", X_Tyrne_Token=TOKEN)[0] == 200


def test_every_answer_has_the_policy_and_is_not_kept(grant: Served) -> None:
    scripts = ("/ui.js", "/panes.js", "/queue.js", "/keys.js")
    for path in ("/", "/ui.css", *scripts, "/picture.css", "/icon.svg", "/data/about", "/none"):
        _, headers, _ = grant.ask(path)
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_nothing_can_be_changed_and_no_other_file_be_read(grant: Served) -> None:
    assert grant.ask("/data/about", "POST", X_Tyrne_Token=TOKEN)[0] == 405
    assert grant.ask("/data/about", "OPTIONS", Origin="http://example.com")[0] == 405
    for path in ("/../server.py", "/%2e%2e/server.py", "/ui/../../page.py", "//etc/passwd", "/data/none"):
        assert grant.ask(path, X_Tyrne_Token=TOKEN)[0] == 404


@pytest.mark.parametrize(
    "question",
    [
        "state",
        "state?at=1",
        "state?at=-1%2B0",
        "state?at=1%2B0%2B0",
        "state?at=1111111111111111%2B0",
        "state?at=%D9%A1%2B0",
        "rows?first=a&last=2",
        "rows?first=1",
        "picture?at=0%2B0&kind=none",
        "picture?at=0%2B0&kind=waits&task=nobody",
        "instructions",
        "instructions?at=1",
        "move?at=0%2B0&way=none",
        "written?at=1%2B0&task=grantor&address=1",
        "written?at=1%2B0&task=nobody&address=0x800000",
        "memory?at=1%2B0&task=nobody&address=0x800000",
        "memory?at=1%2B0&task=grantor&address=800000",
        "memory?at=1%2B0&task=grantor&address=0x20000000",
    ],
)
def test_a_question_that_is_none_is_refused_with_a_reason(grant: Served, question: str) -> None:
    status, _, body = grant.ask(f"/data/{question}", X_Tyrne_Token=TOKEN)
    assert (status, list(json.loads(body))) == (400, ["error"])


# --- what is told


@pytest.mark.parametrize("name", SYSTEMS)
def test_at_each_position_forwards_and_backwards_the_state_is_that_of_the_run(name: str) -> None:
    path, viewer = shipped(f"systems/{name}.toml"), of_system(name)
    length = len(viewer.reader.rows)
    positions = range(0, length + 1, max(1, length // 6))
    told = {n: viewer.state(At(n), None) for n in positions}
    for n, state in told.items():
        seen = inspect(path, n)
        assert state["at"] == f"{n}+0"
        assert [(task["name"], task["does"]) for task in state["tasks"]] == [(t.name, t.does) for t in seen.tasks]
        assert state["instructions"] == seen.at.instructions
    for n in reversed(positions):
        assert viewer.state(At(n), None) == told[n]
    for kind in (Kind.CAPABILITIES, Kind.WAITS, Kind.MEMORY):
        assert viewer.picture(kind, At(2), []) == picture(kind, inspect(path, 2)).element


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_states_of_the_timeline_are_those_of_the_positions(name: str) -> None:
    path, viewer = shipped(f"systems/{name}.toml"), of_system(name)
    kinds = {"sending": "waits", "receiving": "waits", "calling": "waits", "inactive": "suspended", "exited": "ended"}
    told = viewer.rows(1, 400)
    for row in told["rows"][:: max(1, len(told["rows"]) // 5)]:
        seen = inspect(path, row["transition"])
        expected = {t.name: "runs" if t.runs else kinds.get(t.state, t.state) for t in seen.tasks}
        found = {name: state for name, state in zip(told["tasks"], row["states"], strict=True) if state}
        assert seen.at.over or found == expected


def test_one_goes_to_the_next_of_each_kind_and_back() -> None:
    viewer = of_system("supervisor")
    rows = viewer.reader.rows
    for kind in ("call", "refusal", "fault", "switch"):
        expected = [number for number, row in enumerate(rows, 1) if kind in row.kinds]
        found, at = [], At(0)
        while (to := viewer.move(at, kind, False)) is not None:
            found.append(to.transition)
            at = to
        assert found == expected
        back = []
        at = At(len(rows), 1)
        while (to := viewer.move(at, kind, True)) is not None:
            back.append(to.transition)
            at = to
        assert back == expected[::-1]
    assert "fault" in rows[4].kinds and viewer.move(At(4, 3), "fault", False) == At(5)
    assert viewer.move(At(5, 3), "fault", True) == At(5)
    assert (viewer.move(At(3), "start", False), viewer.move(At(3), "end", False)) == (At(0), At(19))


def test_steps_of_one_instruction_lead_over_every_trap_and_back_again() -> None:
    viewer = of_system("exchange")
    at, way = At(0), [At(0)]
    while at.transition < 3:
        to = viewer.move(at, "instruction", False)
        assert to is not None and to != at
        way.append(to)
        at = to
    instructions = [viewer.state(each, None)["instructions"] for each in way]
    assert len([each for each in way if each.inside]) > 20
    assert all(later - before in (0, 1) for before, later in pairwise(instructions))
    for each in reversed(way[:-1]):
        to = viewer.move(at, "instruction", True)
        assert to == each, (at, to, each)
        at = to
    assert viewer.move(At(0), "instruction", True) is None
    assert viewer.move(At(len(viewer.reader.rows)), "instruction", False) is None


def test_a_step_back_in_a_long_run_repeats_little_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = program(*[(CallNumber.TASK_YIELD, [])] * 700, (CallNumber.TASK_EXIT, [0]))
    viewer = viewer_of(system(tmp_path, "", one=(turns, ""), two=(turns, "")))
    assert viewer.state(At(1400), None)["at"] == "1400+0"
    made, step = [], Replay.step

    def counted(self: Replay) -> object:
        made.append(1)
        return step(self)

    monkeypatch.setattr(Replay, "step", counted)
    assert viewer.state(At(1399), None)["at"] == "1399+0"
    assert 0 < len(made) < 300


def test_the_page_can_be_asked_while_the_run_is_read(tmp_path: Path) -> None:
    turns = program(*[(CallNumber.TASK_YIELD, [])] * 900, (CallNumber.TASK_EXIT, [0]))
    path = system(tmp_path, "", **{f"task-{n}": (turns, "") for n in range(4)})
    replay, reader = open_run(path), Reader(open_run(path))
    viewer = Viewer(replay, reader, Sources())
    reader.start()
    read = []
    while not reader.done:
        last = len(reader.rows)
        read.append(last)
        told = viewer.rows(max(1, last - 40), max(1, last))
        assert all(len(row["states"]) == len(told["tasks"]) for row in told["rows"])
        assert viewer.about()["read"] >= last
        assert viewer.search("task_yield", At(0), False)["count"] >= last - 4
    assert len(set(read)) > 1 and (reader.failed, len(reader.rows)) == (None, 3604)
    assert viewer.rows(1, 10) == viewer_of(path).rows(1, 10)
    reader.close()


def test_nothing_is_read_while_a_question_is_answered_but_what_its_answer_waits_for(tmp_path: Path) -> None:
    turns = program(*[(CallNumber.TASK_YIELD, [])] * 900, (CallNumber.TASK_EXIT, [0]))
    reader = Reader(open_run(system(tmp_path, "", one=(turns, ""), two=(turns, ""))))
    with reader.rests():
        reader.start()
        time.sleep(0.3)
        assert len(reader.rows) == 0
        assert reader.wait(1000, 30)
        read = len(reader.rows)
        time.sleep(0.3)
        assert 1000 <= len(reader.rows) <= read + 1 < 1802
    assert reader.wait(1 << 62, 30) and len(reader.rows) == 1802
    reader.close()


def test_a_reader_that_rests_can_be_closed(tmp_path: Path) -> None:
    turns = program(*[(CallNumber.TASK_YIELD, [])] * 900, (CallNumber.TASK_EXIT, [0]))
    reader = Reader(open_run(system(tmp_path, "", one=(turns, ""))))
    with reader.rests():
        reader.start()
        reader.close()
    assert (reader.done, len(reader.rows)) == (True, 0)


def test_a_reader_that_is_closed_reads_no_more(tmp_path: Path) -> None:
    turns = program(*[(CallNumber.TASK_YIELD, [])] * 900, (CallNumber.TASK_EXIT, [0]))
    reader = Reader(open_run(system(tmp_path, "", one=(turns, ""), two=(turns, ""))))
    reader.start()
    reader.close()
    assert reader.done and reader.failed is None


@pytest.mark.qemu
def test_a_report_of_qemu_is_stepped_through_as_a_hosted_one(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(run_system(shipped("systems/supervisor.toml"), "qemu").report()))
    viewer, hosted = viewer_of(path), of_system("supervisor")
    assert viewer.about()["machine"] == "qemu"
    assert [row.text for row in viewer.reader.rows] == [row.text for row in hosted.reader.rows]
    for at in (At(0), At(5), At(4, 3), At(19)):
        for part in ("tasks", "kernel", "at", "instructions"):
            assert viewer.state(at, None)[part] == hosted.state(at, None)[part]


def test_a_position_behind_the_end_is_the_end() -> None:
    viewer = of_system("grant")
    state = viewer.state(At(1000, 5), None)
    assert (state["at"], state["over"], state["status"]) == ("15+0", True, 0)
    assert viewer.state(At(0), None)["at"] == "0+0"


def test_a_position_that_nobody_has_read_is_refused_for_a_run_may_go_on_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tyrne.inspect.ui.viewer.PATIENCE", 0.01)
    path = shipped("systems/grant.toml")
    viewer = Viewer(open_run(path), Reader(open_run(path)), Sources())  # which is not started
    for ask in (
        lambda: viewer.state(At(3), None),
        lambda: viewer.picture(Kind.WAITS, At(3), []),
        lambda: viewer.written(At(3), "grantor", 0x80_0000),
    ):
        with pytest.raises(RequestError, match="0 transitions have been read, and no position behind them is known"):
            ask()
    assert viewer.state(At(0), None)["at"] == "0+0"


def test_a_search_goes_around_and_says_which_hit_of_how_many() -> None:
    viewer = of_system("grant")
    assert viewer.search("SEND_wait(endpoint door", At(0), False) == {"at": "6+0", "number": 1, "count": 2}
    assert viewer.search("send_wait(endpoint door", At(6), False) == {"at": "12+0", "number": 2, "count": 2}
    assert viewer.search("send_wait(endpoint door", At(12), False)["at"] == "6+0"
    assert viewer.search("send_wait(endpoint door", At(6), True)["at"] == "12+0"
    assert viewer.search("nothing of the kind", At(6), True) == {"at": None, "number": 0, "count": 0}


def test_the_program_shown_is_that_of_the_chosen_task_or_of_who_runs() -> None:
    viewer = of_system("grant")
    assert viewer.state(At(12), None)["program"] | {"pc": "", "calls": []} == {
        "task": "grantee",
        "file": "programs/grantee.py",
        "line": 24,
        "function": "main",
        "pc": "",
        "calls": [],
    }
    assert viewer.state(At(12), "grantor")["program"]["task"] == "grantor"


# --- why a call was refused


def test_the_check_that_refused_is_a_line_of_the_kernel_that_returns_a_refusal() -> None:
    viewer = of_system("intruder")
    refused = viewer.reader.at["refusal"]
    assert len(refused) > 60
    spots = set()
    for position in refused[::4]:
        check = viewer.state(At(position), None)["kernel"]["check"]
        line = (KERNEL / check["file"]).read_text().splitlines()[check["line"] - 1]
        assert "Status." in line, (position, check, line)
        spots.add((check["file"], check["line"]))
    assert len(spots) > 5


def test_a_refusal_that_was_made_of_another_one_leads_to_that() -> None:
    check = of_system("grant").state(At(12), None)["kernel"]["check"]
    line = (KERNEL / check["file"]).read_text().splitlines()[check["line"] - 1]
    assert (check["function"], line.strip()) == ("authorise_here", "return Status.INVALID_HANDLE")


@pytest.mark.parametrize(
    ("name", "at", "function", "line"),
    [
        ("grant", 9, "cap_revoke", "def cap_revoke"),
        ("walks/leaks", 1, "CapTable.cap_derive", "return self._put("),
        ("walks/leaks", 9, "fast_call_2", "return kernel.leave()"),
        ("walks/hangs", 1, "call_endpoint", "return offer_message("),
        ("server", 5, "call_waiting", "return hand_over("),
        ("server", 3, "reply_and_wait", "return enter("),
        ("supervisor", 7, "configure", "return done()"),
    ],
)
def test_what_was_not_refused_shows_what_did_the_call_and_where_it_was_done(
    name: str, at: int, function: str, line: str
) -> None:
    kernel: dict[str, Any] = of_system(name).state(At(at), None)["kernel"]
    here = kernel["here"]
    assert kernel["check"] is None
    assert (here["function"], kernel["transition"]) == (function, at)
    assert kernel["calls"][0]["function"] == "Kernel.trap"
    for spot in kernel["calls"]:
        lines = (KERNEL / spot["file"]).read_text().splitlines()
        assert lines[spot["line"] - 1].strip().startswith("def "), spot
        assert spot["left"] >= spot["line"]
    assert line in "\n".join((KERNEL / here["file"]).read_text().splitlines()[here["line"] - 1 : here["left"]])


def test_the_way_through_the_kernel_has_nothing_that_a_replay_asks_the_kernel() -> None:
    calls = of_system("supervisor").state(At(5), None)["kernel"]["calls"]
    assert [spot["function"] for spot in calls if spot["depth"] == 0] == ["Kernel.trap"]


def test_the_line_that_called_is_told_after_each_call_and_none_after_an_interrupt() -> None:
    viewer = of_system("walks/leaks")
    for at, row in enumerate(viewer.reader.rows, 1):
        caller = viewer.state(At(at), None)["caller"]
        assert caller["task"] == viewer.reader.tasks[row.task or 0] and caller["line"]
        line = viewer.sources.lines(caller["file"])
        assert line is not None and "(" in line[caller["line"] - 1], caller
        around = {each["at"]: each["word"] for each in viewer.instructions(At(at), caller["task"])["code"]}
        assert not around or around[hex(row.pc or 0)] == "d4000001"  # svc
    assert viewer.state(At(1, 1), None)["caller"] is None and viewer.state(At(0), None)["caller"] is None
    assert viewer.state(At(6), "visitor")["caller"]["line"] == 32


def test_who_serves_and_waits_at_the_end_of_a_good_run_is_not_stuck() -> None:
    viewer = of_system("walks/leaks")
    end = viewer.state(At(15), None)
    assert (end["status"], {task["name"]: task["mark"] for task in end["tasks"]}["owner"]) == (0, None)


def test_of_tasks_that_have_ended_it_is_told_where_they_still_had_what_they_held() -> None:
    viewer = of_system("walks/leaks")
    assert viewer.ended(At(11)) == []
    assert viewer.ended(At(15)) == [{"task": "guest", "at": "14"}, {"task": "visitor", "at": "11"}]
    for each in viewer.ended(At(15)):
        held = viewer.picture(Kind.CAPABILITIES, At(int(each["at"])), [each["task"]])
        assert "console, CONSOLE_WRITE" in held
        after = viewer.picture(Kind.CAPABILITIES, At(int(each["at"]) + 1), [each["task"]])
        assert "console, CONSOLE_WRITE" not in after
    restarted = of_system("supervisor")
    assert [each["task"] for each in restarted.ended(At(19))] == ["supervisor", "crasher"]


def test_a_message_that_nobody_takes_is_in_the_chart_while_it_waits_and_a_capability_that_went_along() -> None:
    viewer = of_system("walks/hangs")
    for at, waits in ((0, 0), (1, 1), (2, 0), (17, 0), (18, 0), (19, 1)):
        chart = viewer.picture(Kind.MESSAGES, At(at), [])
        assert chart.count("waits for a receiver</text>") == waits, at
    assert "call(endpoint orders, 0x2, 0x28) waits for a receiver</text>" in viewer.picture(Kind.MESSAGES, At(19), [])
    keys = of_system("walks/leaks").picture(Kind.MESSAGES, At(15), [])
    assert ">message 0x1 + endpoint vault TRANSFER|SEND (since 2)</text>" in keys
    assert ">message 0x1 + endpoint vault TRANSFER|SEND|RECV</text>" in keys
    assert ">message 0x5ec2e7 (since 4)</text>" in keys


def test_below_a_long_chart_of_messages_the_names_stand_once_more() -> None:
    viewer = of_system("server")
    for at, times in ((12, 1), (40, 2)):
        assert viewer.picture(Kind.MESSAGES, At(at), []).count('<text class="name"') == times * (2 if at == 12 else 4)


def test_the_words_of_a_page_are_those_of_the_memory_of_the_task() -> None:
    viewer, replay = of_system("walks/corrupts"), open_run(shipped("systems/walks/corrupts.toml"))
    for at in (At(0), At(40), At(73, 15), At(73, 16)):
        told = viewer.memory(at, "table", 0x1000_0F38)
        assert (told["at"], told["task"], told["page"]) == (at.text, "table", "0x10000000")
        replay.go(at.transition, at.inside)
        rows = [(int(row["at"], 16), row["words"]) for row in told["rows"]]
        found = {first + 8 * i: int(word, 16) for first, row in rows for i, word in enumerate(row)}
        for address in range(0x1000_0000, 0x1000_1000, 8):
            word = replay.kernel.board.get(physical(replay, 0, address), 8)
            assert found.get(address, 0) == int.from_bytes(word, "little"), hex(address)
    assert viewer.memory(At(0), "table", 0x1000_0000)["rows"] == []
    with pytest.raises(RequestError, match="nothing is mapped at 0x20000000"):
        viewer.memory(At(40), "table", 0x2000_0000)
    with pytest.raises(RequestError, match="nothing is mapped at 0x10000000"):
        viewer.memory(At(89), "table", 0x1000_0000)


def test_functions_that_the_compiler_has_made_one_of_are_told_from_the_innermost_on() -> None:
    viewer = of_system("walks/corrupts")
    told = viewer.state(At(74), None)
    for at in (told["program"], told["caller"]):
        names = [call["function"] for call in at["calls"]]
        assert names == ["system_call", "request", "task_yield", "main"]
        assert at["calls"][-1] == {name: at[name] for name in ("file", "line", "function")}
        assert all(viewer.sources.lines(call["file"]) for call in at["calls"])
    assert viewer.state(At(89), "table")["program"]["calls"] == []


def test_a_program_begins_in_a_file_that_is_shown() -> None:
    viewer = of_system("hello")
    first = viewer.state(At(0), None)["program"]
    lines = viewer.sources.lines(first["file"])
    assert first["file"] == "start.S" and lines is not None and "_start" in "\n".join(lines[: first["line"]])


# --- what comes from others


def test_names_of_a_report_are_data(tmp_path: Path) -> None:
    with serving(viewer_of(hostile(tmp_path))) as served:
        plain = served.ask("/")[2]
        assert b"script>alert" not in plain
        assert "<script>alert(1)</script>" in json.dumps(served.data("rows", first=1, last=20))
        svg = served.data("picture", at="5+0", kind="capabilities")["svg"]
        assert "<script>" not in svg and "&lt;script&gt;alert(1)&lt;/script&gt;" in svg


@pytest.mark.promise("Of files it shows those that the description names as programs, and Tyrne's own")
def test_a_report_shows_no_file_that_it_names(tmp_path: Path) -> None:
    report = run_system(shipped("systems/grant.toml")).report()
    secret = tmp_path / "secret.py"
    secret.write_text("secret")
    lie = SourceMap([(0, Place(str(secret), 1, "main"))])
    path = tmp_path / "report.json"
    path.write_text(json.dumps({**report, "lines": to_json([lie, lie])}))
    with serving(viewer_of(path)) as served:
        assert served.data("state", at="12+0")["program"]["file"] == str(secret)
        for name in (str(secret), "/etc/passwd", "programs/grantee.py", "report.json"):
            assert served.data("source", file=name) == {"lines": None}
        assert served.data("source", file="tyrne/kernel/authority.py")["lines"]


@pytest.mark.parametrize(
    "name",
    [
        "tyrne/kernel/../system/run.py",
        "tyrne/kernel/none.py",
        "tyrne/../../pyproject.toml",
        "tyrne/user/../system/run.py",
        "tyrne/system/run.py",
        "tyrne/kernel",
        "",
        "\0",
    ],
)
def test_only_the_kernels_files_and_the_librarys_are_shown_of_tyrnes_own(name: str) -> None:
    assert Sources().lines(name) is None


def test_of_a_report_the_programs_of_its_system_are_shown_if_that_made_it(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(run_system(shipped("systems/grant.toml")).report()))
    replay, system = Replay.load(path), shipped("systems/grant.toml")
    found = sources_of(replay, system)
    lines = found.lines(str(system.parent.parent / "programs/grantee.py"))
    assert lines is not None and "KNOCK" in "\n".join(lines)
    with pytest.raises(RequestError, match="is of other programs or of another description; give the one that made it"):
        sources_of(replay, shipped("systems/server.toml"))


def test_what_is_read_is_told_with_how_much_there_is_of_each_kind() -> None:
    viewer = of_system("exchange")
    about = viewer.about()
    assert (about["read"], about["done"], about["whole"], about["failed"]) == (28, True, True, None)
    assert about["kinds"]["call"] > 20
