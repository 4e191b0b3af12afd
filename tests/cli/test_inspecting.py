"""The commands that look into a run: what they print of five systems from each source, their JSON, and their errors."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from commands import Outcome, Tyrne
from test_run import MOV_X0, MOV_X8, SVC, exits, immediate, words, writes

from tyrne.inspect.data import schema
from tyrne.system.shipped import shipped
from tyrne.testing import run_system

GOLDEN = Path(__file__).parent / "golden"
"""UPDATE_GOLDEN=1 rewrites what is expected (look at the diff)."""
ROOT = shipped("systems/hello.toml").parents[1]
COMMANDS = ("ps", "caps", "tree", "waits", "maps", "top")
SHOWN = {
    "exchange": (("2", COMMANDS), ("-1", ("ps", "waits"))),
    "grant": (("1", ("caps", "tree")), ("5", COMMANDS), ("-2", ("caps", "tree"))),
    "server": (("12", COMMANDS),),
    "supervisor": (("5", COMMANDS), ("-1", ("ps", "waits"))),
    "builder": (("30", COMMANDS), ("-3", ("ps", "tree"))),
}
"""Of each system at which positions which commands."""
DEADLOCK = [(name, to, own) for name, to, own in (("one", "b", "a"), ("two", "c", "b"), ("three", "a", "c"))]
SENDS = words(MOV_X0, immediate(MOV_X8, 12), 0x92800005, SVC)
"""send_wait of an empty message by handle 0."""


def sheet(tyrne: Tyrne, name: str, run: Path) -> str:
    """How a run differs from a system, and all that is shown of it without the lines that name it and its machine."""
    differs = tyrne("diff", shipped(f"systems/{name}.toml"), run)
    assert (differs.status, differs.err) == (0, "")
    found = [f"$ tyrne diff {name} {name}", differs.out]
    for position, commands in SHOWN[name]:
        for command in commands:
            outcome = tyrne(command, run, "--at", position)
            assert (outcome.status, outcome.err) == (0, "")
            found += [f"$ tyrne {command} {name} --at {position}", *outcome.out.splitlines()[1:], ""]
    return "\n".join(found).replace(f"{ROOT}/", "")


def report(name: str, folder: Path, machine: str) -> Path:
    path = folder / "report.json"
    path.write_text(json.dumps(run_system(shipped(f"systems/{name}.toml"), machine).report()))
    return path


def compare(name: str, shown: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown)
    assert shown == path.read_text()


def deadlock(folder: Path) -> Path:
    """Three tasks, each of which waits for the next to receive."""
    lines = ['[system]\nname = "three"', *(f'[[endpoint]]\nname = "{name}"' for name in "abc")]
    for name, to, own in DEADLOCK:
        (folder / f"{name}.bin").write_bytes(SENDS)
        caps = f'[{{ endpoint = "{to}", rights = ["SEND"] }}, {{ endpoint = "{own}", rights = ["RECV"] }}]'
        lines.append(f'[[task]]\nname = "{name}"\nprogram = "{name}.bin"\ncaps = {caps}')
    path = folder / "three.toml"
    path.write_text("\n".join(lines))
    return path


# --- what is shown


@pytest.mark.parametrize("name", SHOWN)
def test_a_system_is_shown_as_expected(tyrne: Tyrne, name: str) -> None:
    compare(name, sheet(tyrne, name, shipped(f"systems/{name}.toml")))


@pytest.mark.parametrize("name", SHOWN)
def test_a_report_of_a_hosted_run_is_shown_as_the_system_is(tyrne: Tyrne, tmp_path: Path, name: str) -> None:
    assert sheet(tyrne, name, report(name, tmp_path, "hosted")) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.qemu
@pytest.mark.parametrize("name", SHOWN)
def test_a_report_of_qemu_is_shown_as_the_system_is(tyrne: Tyrne, tmp_path: Path, name: str) -> None:
    path = report(name, tmp_path, "qemu")
    assert sheet(tyrne, name, path) == (GOLDEN / f"{name}.txt").read_text()
    assert ", on qemu, after transition 1, " in tyrne("ps", path, "--at", 1).out


def test_a_cycle_of_three_is_told_and_is_red_on_a_terminal(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deadlock(tmp_path)
    lines = tyrne("waits", path).out.splitlines()
    assert lines[1].split() == ["task", "waits", "for"]
    assert [line.split()[:2] + line.split()[-1:] for line in lines[2:5]] == [
        ["one", "cycle", "two"],
        ["two", "cycle", "three"],
        ["three", "cycle", "one"],
    ]
    assert lines[5] == "cycle: one → two → three → one"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    coloured = tyrne("waits", path).out
    assert "\x1b[1;31mcycle: one → two → three → one\x1b[0m" in coloured


def test_nothing_is_wider_than_a_terminal_of_80_columns_but_names_of_runs(
    tyrne: Tyrne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("ps", "caps", "waits", "maps", "top"):
        lines = tyrne(command, shipped("systems/builder.toml"), "--at", 30).out.splitlines()[1:]
        assert [line for line in lines if len(re.sub(r"\x1b\[[0-9;]*m", "", line)) > 80] == []


def test_without_a_position_the_end_is_shown(tyrne: Tyrne) -> None:
    outcome = tyrne("ps", shipped("systems/exchange.toml"))
    assert outcome.out.splitlines()[0].endswith("instructions of tasks, the run is over with status 0")
    assert [line.split()[2:] for line in outcome.out.splitlines()[2:]] == [["exited", "with", "0"]] * 2


def test_one_task_can_be_asked_for(tyrne: Tyrne) -> None:
    source = shipped("systems/exchange.toml")
    assert "receiver" not in tyrne("caps", source, "sender", "--at", 1).out
    assert "space receiver" not in tyrne("maps", source, "sender", "--at", 1).out
    found = json.loads(tyrne("caps", source, "sender", "--at", 1, "--json").out)
    assert {cap["holder"] for cap in found["capabilities"]} == {"sender"}


def test_of_a_task_that_has_ended_it_is_said_that_it_holds_nothing_any_more(tyrne: Tyrne) -> None:
    source = shipped("systems/exchange.toml")
    earlier = "; --at N shows an earlier position"
    assert tyrne("caps", source, "sender").out.splitlines()[1:] == [
        f"sender has ended (exited with 0), and holds nothing any more{earlier}"
    ]
    assert tyrne("caps", source).out.splitlines()[1:] == [
        f"all tasks have ended, and hold nothing any more{earlier}"
    ]
    assert "has ended" not in tyrne("caps", source, "--at", 1).out


# --- JSON


@pytest.mark.parametrize("command", COMMANDS)
def test_the_json_of_a_command_has_its_parts_as_the_schema_has_them(tyrne: Tyrne, command: str) -> None:
    parts = {
        "ps": {"tasks"},
        "caps": {"capabilities"},
        "tree": {"capabilities"},
        "waits": {"waits", "cycles", "endpoints", "notifications", "interrupts"},
        "maps": {"spaces", "regions", "frames"},
        "top": {"tasks", "quotas", "frames"},
    }
    found = json.loads(tyrne(command, shipped("systems/grant.toml"), "--at", 4, "--json").out)
    assert found.keys() == {"format", "at", *parts[command]}
    assert found["format"] == 2
    described = schema()["properties"]
    for key in parts[command] | {"at"}:
        fits(found[key], described[key], schema()["$defs"])


def fits(value: Any, described: dict[str, Any], known: dict[str, Any]) -> None:
    """Fail unless a value is what its part of the schema says."""
    if "$ref" in described:
        described = known[described["$ref"].rpartition("/")[2]]
    if "anyOf" in described:
        described = next(one for one in described["anyOf"] if (one.get("type") == "null") == (value is None))
        return fits(value, described, known)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    assert type(value) is kinds[described["type"]]
    if isinstance(value, dict):
        assert value.keys() == described["properties"].keys()
        for key, item in value.items():
            fits(item, described["properties"][key], known)
    if isinstance(value, list):
        items = described.get("prefixItems", [described.get("items", {})] * len(value))
        for item, one in zip(value, items, strict=True):
            fits(item, one, known)
    return None


def test_the_schema_is_the_one_that_others_rely_on() -> None:
    """But for what describes: that may be said better."""
    path = GOLDEN / "inspection.schema.json"
    text = json.dumps(undescribed(schema()), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def undescribed(part: Any) -> Any:
    if isinstance(part, dict):
        kept = {key: value for key, value in part.items() if not isinstance(value, str) or key in ("$ref", "type")}
        return {key: undescribed(value) for key, value in kept.items()}
    return list(map(undescribed, part)) if isinstance(part, list) else part


# --- what is wrong


@pytest.mark.parametrize("command", COMMANDS)
def test_a_position_that_is_not_there_is_refused_with_those_that_are(tyrne: Tyrne, command: str) -> None:
    outcome = tyrne(command, shipped("systems/hello.toml"), "--at", 3)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == "tyrne: error: --at 3: the run has 2 transitions; give a number from -2 to 2"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("ps none.json", "none.json: cannot be read: no such file"),
        ("ps none.toml", "none.toml: cannot be read"),
        ("ps bad.json", "bad.json:1: not JSON, or cut off; give a file that tyrne run --report has written"),
        ("ps empty.json", "empty.json: not a report"),
        ("ps .", ": "),
        ("waits writer.bin --at x", "--at x: not a position; write 4 or -1, 4+120 or 2000i"),
        ("caps writer.bin reader --at 0", 'no task "reader" there'),
        ("maps writer.bin --at 0+99", "there are"),
        ("ps", "Missing argument 'RUN'; see tyrne ps --help"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(tyrne: Tyrne, tmp_path: Path, arguments: str, expected: str) -> None:
    (tmp_path / "writer.bin").write_bytes(writes(b"one\n"))
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    outcome = tyrne(*arguments.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert expected in outcome.error


def test_a_run_that_reaches_its_limit_before_the_position_is_shown_there_with_status_4(
    tyrne: Tyrne, tmp_path: Path
) -> None:
    (tmp_path / "spin.bin").write_bytes(b"\x00\x00\x00\x14")
    outcome = tyrne("ps", "spin.bin", "--max-instructions", 1000)
    assert outcome.status == 4
    assert outcome.error == "tyrne: stopped: the limit of 1000 instructions was reached"
    assert "runs next" in outcome.out


def test_a_kernel_that_panicked_is_not_looked_at(tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("the sky fell")

    (tmp_path / "good.bin").write_bytes(exits(0))
    monkeypatch.setattr("tyrne.hosted.machine.start_system", broken)
    outcome = tyrne("tree", "good.bin")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.endswith("good.bin: the kernel panicked in transition 0; there is none before")


# --- what comes from others


def hostile(tyrne: Tyrne, folder: Path) -> Outcome:
    """A report whose names steer a terminal, are far too long, or the same."""
    assert tyrne("run", deadlock(folder), "--report", "r.json").status == 5
    found = json.loads((folder / "r.json").read_text())
    found["names"]["endpoints"] = ["\x1b[31mred\x1b]0;title\x07", "x" * 1_000_000, "same"]
    found["names"]["notifications"] = ["[bold]no[/bold]"] * 100_000
    (folder / "r.json").write_text(json.dumps(found))
    return tyrne("ps", "r.json", "--at", 3)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["plain", "terminal", "json"])
def test_names_in_a_report_steer_no_terminal_and_are_bounded(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, form: str
) -> None:
    assert hostile(tyrne, tmp_path).status == 0
    if form == "terminal":
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("NO_COLOR", "1")
    outcome = tyrne(command, "r.json", "--at", 3, *(["--json"] if form == "json" else []))
    assert outcome.status == 0
    assert "\x1b]" not in outcome.out and "\x1b[31m" not in outcome.out and "\x07" not in outcome.out
    assert "x" * 100 not in outcome.out.replace("\n", "")
    if command in ("caps", "tree", "waits"):
        assert "x" * 20 in outcome.out and "red" in outcome.out


@pytest.mark.parametrize("key", ["names", "lines", "replay", "tasks", "machine", "instructions"])
@pytest.mark.parametrize("damage", [None, 7, "x", [], {}, [[]], {"tasks": 1}])
def test_a_damaged_report_is_refused_in_one_line_or_shown(
    tyrne: Tyrne, tmp_path: Path, key: str, damage: object
) -> None:
    (tmp_path / "writer.bin").write_bytes(writes(b"one\n"))
    assert tyrne("run", "writer.bin", "--report", "r.json").status == 0
    found = json.loads((tmp_path / "r.json").read_text())
    found[key] = damage
    (tmp_path / "r.json").write_text(json.dumps(found))
    outcome = tyrne("tree", "r.json", "--at", 1)
    assert outcome.status in (0, 2)
    assert outcome.status == 0 or (outcome.out == "" and outcome.error.startswith("tyrne: error: "))


def test_who_serves_when_the_others_have_ended_is_not_called_stuck(tyrne: Tyrne) -> None:
    system = shipped("systems/serve.toml")
    assert [line.split()[:2] for line in tyrne("waits", system).out.splitlines()[2:3]] == [["ticket", "serves"]]
    before = tyrne("waits", system, "--at", "-1").out
    assert "ticket" in before and "serves" not in before and "stuck" not in before


def test_who_serves_in_a_deadlock_is_stuck(tyrne: Tyrne, tmp_path: Path) -> None:
    path = deadlock(tmp_path)
    path.write_text(path.read_text().replace('name = "two"', 'name = "two"\nserves = true'))
    shown = tyrne("waits", path).out
    assert "status 5" in shown and shown.count("cycle  waits") == 3
