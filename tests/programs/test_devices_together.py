"""A disk, a console that is typed into, and 1,000 frames in one run, which is repeated."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from random import Random
from typing import Any

from test_echo import many

from tyrne import testing
from tyrne.hosted.devices.pcap import pcap_of
from tyrne.system.replay import Replay
from tyrne.system.transition import Interrupt

ROOT = Path(__file__).parents[2]
KEYS = ("device", "memory", "endpoint", "notification", "task")


def together(folder: Path, *names: str) -> dict[str, Any]:
    """Several systems as one: their names get a number, and their programs find what they hold by the old ones."""
    whole: dict[str, Any] = {"system": {"name": "whole"}, **{key: [] for key in KEYS}}
    for number, name in enumerate(names):
        system = tomllib.loads((ROOT / "systems" / f"{name}.toml").read_text())
        for key in KEYS:
            for table in system.get(key, []):
                whole[key].append(table | {"name": f"{table['name']}-{number}"})
        for task in whole["task"][-len(system["task"]) :]:
            task["program"] = str(ROOT / "systems" / task["program"])
            for cap in task["caps"]:
                for key in KEYS:
                    if key in cap:
                        cap.setdefault("name", cap[key])
                        cap[key] = f"{cap[key]}-{number}"
    (folder / "disk.img").write_bytes((ROOT / "systems" / "disk.img").read_bytes())
    return whole


def test_a_run_with_keys_a_disk_and_a_thousand_frames_is_repeated(tmp_path: Path) -> None:
    frames, right = many(Random(6))
    (tmp_path / "echo.pcap").write_bytes(pcap_of((10_000 * number, made) for number, made in enumerate(frames)))
    system = together(tmp_path, "echo", "greeter", "disk")
    reports = [
        testing.run_system(system, machine, max_instructions=0, folder=tmp_path, typed=b"Ada\nGrace\n").report()
        for machine in ("native", "hosted", "native")
    ]
    first, hosted, again = reports
    assert first == again and hosted["console"] == first["console"] and first["status"] == 0
    assert f"answered {right[0]} for an address, {right[1]} pings, {right[2]} datagrams" in first["console"]
    assert first["console"].count("writer: eight blocks came back") == 2 and "Good day, Grace!" in first["console"]
    assert {device["kind"] for device in first["replay"]["devices"]} == {"network", "console", "block"}
    for file in tmp_path.iterdir():
        file.unlink()
    (tmp_path / "report.json").write_text(json.dumps(first))
    replay = Replay.load(tmp_path / "report.json")
    assert replay.difference() is None
    repeated = replay.report()
    assert {key: repeated[key] for key in ("console", "status", "syscalls", "tasks", "log", "replay")} == {
        key: first[key] for key in ("console", "status", "syscalls", "tasks", "log", "replay")
    }
    found = [replay.length // 2 + number for number in range(400)]
    replay.to(found[0])
    interrupted = 0
    for _ in found:
        step = replay.step()
        if step is not None and step.cause is Interrupt.DEVICE:
            interrupted = replay.position
    assert interrupted
    replay.to(interrupted)
    there = replay.instructions, replay.recorder.console_text()
    replay.back()
    again_step = replay.step()
    assert again_step is not None and again_step.cause is Interrupt.DEVICE
    assert (replay.instructions, replay.recorder.console_text()) == there
