"""The files of a timeline: what Perfetto reads, and what the page holds, shows, and lets nobody do."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from browser import FOUND, MISSING, Page, browser

from tyrne.inspect import open_run
from tyrne.inspect.events import Call, Fault, Interrupt, Message, Moment, Output, State, Timeline, Turn
from tyrne.inspect.page import timeline_page
from tyrne.inspect.perfetto import perfetto_file
from tyrne.inspect.timeline import timeline_of
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped
from tyrne.testing import run_system

SYSTEMS = ["server", "supervisor", "periodic", "builder"]
HOSTILE = "</script><script>document.title='run'</script><img src=x onerror=alert(1)>&amp;\"'\u2028`${1}@DATA@"
KINDS = {1: "begin", 2: "end", 3: "instant"}
needs_browser = pytest.mark.skipif(FOUND is None, reason=MISSING)


def of_system(name: str) -> Timeline:
    return timeline_of(open_run(shipped(f"systems/{name}.toml")))


def expected(of: Timeline) -> Iterator[tuple[str, str, int, str]]:
    """Of each event what a file tells: its lane, when it begins and ends, and its text."""
    for event in of.events:
        match event:
            case State(task, start, end, _, words):
                yield of.name(task), "state", (start.time, end.time), words
            case Turn(task, start, end):
                yield "kernel", "processor", (start.time, end.time), "rests" if task is None else of.name(task)
            case Call(task, start, end, _, text, _, _, _):
                yield of.name(task), "calls", (start.time, end.time), text
            case Fault(task, at, words):
                yield of.name(task), "calls", (at.time, at.time), f"fault: {words}"
            case Interrupt(_, at, what, _):
                yield "kernel", "interrupts", (at.time, at.time), what
            case Output(task, at, words):
                yield of.name(task), "lines" if task is None else "output", (at.time, at.time), words


def carried(of: Timeline) -> list[tuple[str, str, int, int]]:
    """The messages: from whom, to whom, when sent, and when received."""
    messages = [event for event in of.events if isinstance(event, Message)]
    return sorted((of.name(m.sender), of.name(m.receiver), m.sent.time, m.received.time) for m in messages)


# --- Perfetto


def read_back(file: bytes) -> tuple[list[Any], list[Any]]:
    """The events of a file of Perfetto's, as `expected`, and its flows, as `carried`: read by Perfetto's own classes,
    in the order of their times, as its viewer does."""
    trace = import_module("perfetto.protos.perfetto.trace.perfetto_trace_pb2").Trace()
    trace.ParseFromString(file)
    tracks = {p.track_descriptor.uuid: p.track_descriptor for p in trace.packet if p.HasField("track_descriptor")}
    events: list[Any] = []
    opened: dict[int, list[Any]] = {}
    starts: dict[int, tuple[str, int]] = {}
    flows = []
    for packet in sorted((p for p in trace.packet if p.HasField("track_event")), key=lambda p: p.timestamp):
        event, track = packet.track_event, tracks[packet.track_event.track_uuid]
        group, at = tracks[track.parent_uuid].name, packet.timestamp
        if KINDS[event.type] == "begin":
            opened.setdefault(track.uuid, []).append((at, event.name))
        elif KINDS[event.type] == "end":
            start, name = opened[track.uuid].pop()
            events.append((group, track.name, (start, at), name))
        elif event.flow_ids or event.terminating_flow_ids:
            for flow in event.flow_ids:
                starts[flow] = group, at
            for flow in event.terminating_flow_ids:
                flows.append((starts[flow][0], group, starts[flow][1], at))
        else:
            events.append((group, track.name, (at, at), event.name))
    assert not any(opened.values())
    return sorted(events), sorted(flows)


@pytest.mark.parametrize("name", SYSTEMS)
def test_perfetto_reads_the_same_events_and_flows(name: str) -> None:
    of = of_system(name)
    assert read_back(perfetto_file(of)) == (sorted(expected(of)), carried(of))


@pytest.mark.qemu
def test_perfetto_reads_the_same_events_of_a_report_of_qemu(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(run_system(shipped("systems/server.toml"), "qemu").report()))
    of = timeline_of(Replay.load(path))
    assert read_back(perfetto_file(of)) == (sorted(expected(of)), carried(of))
    assert b"on qemu, 1 ns is an instruction of a task" in perfetto_file(of)


def test_a_task_that_is_called_as_the_kernel_has_tracks_of_its_own() -> None:
    trace = import_module("perfetto.protos.perfetto.trace.perfetto_trace_pb2").Trace()
    moment = Moment(0, 0, 0)
    trace.ParseFromString(perfetto_file(Timeline("run", "hosted", "ns", {0: "kernel"}, (), moment, True, 0)))
    tracks = [packet.track_descriptor for packet in trace.packet]
    assert [track.name for track in tracks].count("kernel") == 2
    merged = type(tracks[0]).SIBLING_MERGE_BEHAVIOR_NONE
    assert len({track.uuid for track in tracks}) == len(tracks) and {t.sibling_merge_behavior for t in tracks} == {
        merged
    }


def test_an_event_of_perfetto_says_where_to_look() -> None:
    trace = import_module("perfetto.protos.perfetto.trace.perfetto_trace_pb2").Trace()
    trace.ParseFromString(perfetto_file(of_system("supervisor")))
    told = [
        {each.name: each.string_value or each.int_value for each in packet.track_event.debug_annotations}
        for packet in trace.packet
        if packet.track_event.name == "wait(endpoint notices)"
    ]
    assert told[0] == {
        "transition": 3,
        "instructions": 41,
        "outcome": "OK (0x1, 0x1, 0x92000005, 0xdead0000, 0x80019c, none, answer to crasher)",
        "returned at": "5",
    }


# --- the page


class Parts(html.parser.HTMLParser):
    """The tags of a page with their attributes, and the text of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._inside, []).append(data)


def parts(of: Timeline) -> Parts:
    return Parts(timeline_page(of).decode())


def data_of(page: Parts) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.texts["script"][0])
    return found


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_page_has_the_same_events_and_messages(name: str) -> None:
    of = of_system(name)
    data = data_of(parts(of))
    lanes, strings = data["lanes"], data["strings"]
    found = []
    for lane in lanes:
        for i in range(0, len(lane["items"]), 8):
            time, _, _, end, _, _, label, _ = lane["items"][i : i + 8]
            found.append((lane["group"], lane["name"], (time, end), strings[label]))
    assert sorted(found) == sorted(expected(of))
    rows = [data["messages"][i : i + 7] for i in range(0, len(data["messages"]), 7)]
    assert sorted((lanes[r[0]]["group"], lanes[r[3]]["group"], r[1], r[4]) for r in rows) == carried(of)


def test_the_page_asks_for_nothing_and_lets_only_its_own_script_run() -> None:
    page = parts(of_system("server"))
    (policy,) = [about["content"] for tag, about in page.tags if about.get("http-equiv") == "Content-Security-Policy"]
    script, style = page.texts["script"][1], page.texts["style"][0]
    assert policy == (
        f"default-src 'none'; script-src '{sha256(script)}'; style-src '{sha256(style)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert [tag for tag, _ in page.tags].count("script") == 2
    for _, about in page.tags:
        assert not {"src", "href", "srcset", "action", "style"} & set(about)
        assert not [name for name in about if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttpRequest|innerHTML|eval\(|import\(", script + style)


def sha256(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def hostile() -> Timeline:
    """A timeline that says everywhere what a page must not take for its own."""
    start, end = Moment(0, 0, 0), Moment(10, 3, 10)
    events = (
        State(0, start, end, "waits", HOSTILE),
        Call(0, start, end, "send", HOSTILE, HOSTILE, True, HOSTILE),
        Fault(0, end, HOSTILE),
        Message(None, 0, HOSTILE, start, end, HOSTILE),
        Interrupt(None, end, "device", HOSTILE),
        Output(0, end, HOSTILE),
    )
    return Timeline(HOSTILE, HOSTILE, "ns", {0: HOSTILE}, events, end, True, None)


def test_what_a_run_says_is_data_of_the_page_and_nothing_else() -> None:
    page, plain = parts(hostile()), parts(of_system("server"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.texts["script"][1:] == plain.texts["script"][1:]
    assert data_of(page)["lanes"][-1]["group"] == HOSTILE
    assert page.texts["title"] == [f"{HOSTILE} · tyrne trace"]
    assert "<" not in page.texts["script"][0]


def hostile_report(folder: Path) -> Path:
    """A report whose path and names are of the kind, and whose run shows them."""
    report = run_system(shipped("systems/grant.toml")).report()
    report["names"]["endpoints"] = ["<script>alert(1)</script>", "\ud800</script>\x1b[31m"]
    path = folder / "<b>report.json"
    path.write_text(json.dumps(report))
    return path


def test_names_of_a_report_are_in_both_files_but_not_as_anything_else(tmp_path: Path) -> None:
    of = timeline_of(Replay.load(hostile_report(tmp_path)))
    page, plain = parts(of), parts(of_system("grant"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.texts["script"][1:] == plain.texts["script"][1:]
    assert any("<script>alert(1)</script>" in text for text in data_of(page)["strings"])
    assert any("\\ud800</script>\\x1b[31m" in text for text in data_of(page)["strings"])
    assert read_back(perfetto_file(of)) == (sorted(expected(of)), carried(of))


# --- in a browser


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


def show(page: Page, of: Timeline, folder: Path) -> Path:
    path = folder / "trace.html"
    path.write_bytes(timeline_page(of))
    page.open(path)
    return path


@needs_browser
def test_a_hostile_run_is_shown_as_text_and_nothing_of_it_runs(page: Page, tmp_path: Path) -> None:
    path = show(page, hostile(), tmp_path)
    page.press("]", ".", "]", ".")
    page.picture()
    assert page.evaluate("document.title") == f"{HOSTILE} · tyrne trace"
    assert HOSTILE in page.evaluate("document.getElementById('details').textContent")
    assert page.evaluate("[document.querySelectorAll('img').length, document.scripts.length].join()") == "0,2"
    assert (page.asked, page.said) == ([path.as_uri()], [])


@needs_browser
def test_the_policy_holds_scripts_and_requests_back_that_come_into_the_page(page: Page, tmp_path: Path) -> None:
    path = show(page, of_system("grant"), tmp_path)
    page.evaluate(
        """(() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 1";
            document.body.append(script);
            new Image().src = "http://127.0.0.1:9/x";
            return fetch("http://127.0.0.1:9/").catch(() => 0);
        })()"""
    )
    page.picture()
    assert page.evaluate("document.title") != "1"
    assert page.asked == [path.as_uri()]
    assert len([line for line in page.said if "Content Security Policy" in line]) >= 3


@needs_browser
def test_it_is_drawn_in_dark_and_light_and_follows_the_keys(page: Page, tmp_path: Path) -> None:
    pictures = []
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        show(page, of_system("server"), tmp_path)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        pictures.append(page.picture())
    page.press("+", "d")
    pictures.append(page.picture())
    page.press("f", "x")
    pictures.append(page.picture())
    page.press("t")
    pictures.append(page.picture())
    assert len(set(pictures)) == len(pictures)
    assert page.said == []


@needs_browser
def test_a_search_finds_calls_and_goes_from_one_to_the_next(page: Page, tmp_path: Path) -> None:
    show(page, of_system("server"), tmp_path)
    page.press("/", *"REPLY_wait", "Enter")
    found, details = (page.evaluate(f"document.getElementById('{each}').textContent") for each in ("found", "details"))
    assert found == "1 of 14"
    assert "reply_wait(answer to client-1" in details
    assert "from client-1: message" in details
    page.press("Escape", "n")
    assert page.evaluate("document.getElementById('found').textContent") == "2 of 14"


@needs_browser
def test_hovering_shows_an_event_and_a_click_its_details(page: Page, tmp_path: Path) -> None:
    show(page, of_system("grant"), tmp_path)
    page.picture()
    box = "canvas.getBoundingClientRect()"
    x, y = page.evaluate(f"{box}.x + toX(560)"), page.evaluate(f"{box}.y + top_(3) + 9")
    page.mouse("mouseMoved", x, y)
    assert "send_wait(endpoint channel" in page.evaluate("document.getElementById('tip').textContent")
    page.mouse("mousePressed", x, y)
    page.mouse("mouseReleased", x, y)
    assert "tyrne ps RUN --at 3" in page.evaluate("document.getElementById('details').textContent")
