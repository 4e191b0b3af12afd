"""docs/walks.md: what it says that one sees is what the page shows, and each planted mistake is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from serving import viewer_of

from tyrne.inspect.pictures import Kind
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.viewer import Viewer
from tyrne.inspect.ui.writes import last_write, physical
from tyrne.system.errors import RequestError
from tyrne.system.shipped import shipped

ROOT = Path(__file__).parents[2]
WALKS = (ROOT / "docs" / "walks.md").read_text()
QUOTED = re.findall(r"`([^`\n]+\([^`\n]+\)|Rights[^`\n]+)`", WALKS)
"""Lines of programs that are quoted."""


def walk(name: str) -> Viewer:
    assert f"tyrne ui systems/walks/{name}.toml" in WALKS
    return viewer_of(shipped(f"systems/walks/{name}.toml"))


def marked(viewer: Viewer, at: At, task: str | None = None) -> str:
    """The line of the program that is marked."""
    program = viewer.state(at, task)["program"]
    lines = (ROOT / "programs/walks" / Path(program["file"]).name).read_text().splitlines()
    return str(lines[program["line"] - 1]).strip()


def test_the_walk_to_who_hangs_ends_at_the_two_calls_of_the_cycle() -> None:
    viewer = walk("hangs")
    end = viewer.move(At(0), "end", False)
    assert end == At(19)
    state = viewer.state(end, None)
    assert state["status"] == 5
    assert {task["name"]: task["mark"] for task in state["tasks"]} == {
        "clerk": "stuck",
        "orders": "cycle",
        "stock": "cycle",
    }
    svg = viewer.picture(Kind.WAITS, end, [])
    assert svg.count('<path class="stuck"') == 3
    assert marked(viewer, end, "orders") in QUOTED and marked(viewer, end, "stock") in QUOTED
    assert viewer.move(end, "call", True) == At(18) and "0x28" in viewer.reader.rows[17].text


def test_the_walk_to_the_leak_ends_at_the_line_that_derived_too_much() -> None:
    viewer = walk("leaks")
    found = [viewer.search("5ec2e7", At(n), False)["at"] for n in (0, 4)]
    assert found == ["4+0", "10+0"] and "visitor: wait(endpoint vault)" in viewer.reader.rows[9].text
    graph = viewer.picture(Kind.CAPABILITIES, At(10), [])
    assert "endpoint vault, TRANSFER|SEND|RECV" in graph and graph.count('<path class="derived"') == 2
    found = [viewer.search("cap_derive", At(n), False)["at"] for n in (0, 1)]
    assert found == ["1+0", "6+0"]
    assert "TRANSFER|SEND|RECV" in viewer.reader.rows[5].text and "TRANSFER|SEND," in viewer.reader.rows[0].text
    assert viewer.state(At(6), None)["program"]["file"].endswith("owner.py")
    assert any(line in (ROOT / "programs/walks/owner.py").read_text() for line in QUOTED if line.startswith("Rights"))


def test_the_walk_to_the_corruption_ends_before_the_instruction_that_writes() -> None:
    viewer = walk("corrupts")
    assert viewer.search("console_write", At(0), False)["at"] == "76+0"
    assert viewer.picture(Kind.MEMORY, At(76), []).count(">rw-</text>") >= 6
    told = viewer.written(At(76), "table", 0x1000_0038)
    assert told["at"] == "73+15"
    assert told["text"] == "logger writes 0x240 at 0x10000038, where 0x8 was (programs/walks/logger.py:17)"
    for chosen, last, end in (("", "reader", 89), ("table", "table", 77)):
        text = viewer.written(At(89), chosen, 0x1000_0038)["text"]
        assert text == f"{told['text']}; it is the last write before {last} ended, in {end}"
    state = viewer.state(At(73, 15), None)
    assert state["program"]["task"] == "logger"
    assert marked(viewer, At(73, 15)) in QUOTED
    assert viewer.move(At(73, 15), "instruction", False) == At(73, 16)


# --- which write


@pytest.mark.parametrize("position", [(20, 0), (25, 3), (45, 0)])
@pytest.mark.parametrize("offset", [0x0, 0x8, 0x40, 0x48])
def test_before_the_write_that_is_found_the_word_is_another_and_after_it_is_that(
    position: tuple[int, int], offset: int
) -> None:
    replay = viewer_of(shipped("systems/ring.toml"))._replay
    replay.go(*position)
    place = physical(replay, 1, 0x1000_0000 + offset)

    def word() -> int:
        return int.from_bytes(replay.kernel.board.get(place, 8), "little")

    value = word()
    found = last_write(replay, place, *position)
    assert found is not None and found.after == value != found.before
    replay.go(found.transition, found.inside)
    assert word() == found.before and replay.next_task is not None and int(replay.next_task.number) == found.task
    replay.go(found.transition, found.inside + 1)
    assert word() == value
    for transition in range(found.transition + 1, position[0] + 1):  # nothing after it
        replay.to(transition)
        assert word() == value


def test_tasks_that_have_different_memory_at_an_address_are_named_where_none_is_chosen() -> None:
    viewer = walk("hangs")
    with pytest.raises(RequestError, match="choose a task: clerk and orders and stock have different memory"):
        viewer.written(At(19), "", 0x90_5FF0)
    with pytest.raises(RequestError, match="nothing is mapped at 0x20000000"):
        viewer.written(At(19), "", 0x2000_0000)


def test_what_the_kernel_wrote_and_what_nobody_wrote_is_told_as_such() -> None:
    viewer = viewer_of(shipped("systems/ring.toml"))
    assert viewer.written(At(20), "consumer", 0x1000_0800) == {
        "at": None,
        "text": "nothing has written at 0x10000800 before",
    }
    for address, reason in ((0x1000_0001, "no address of a word"), (0x2000_0000, "nothing is mapped at")):
        with pytest.raises(RequestError, match=reason):
            viewer.written(At(20), "consumer", address)
    with pytest.raises(RequestError, match="no such task"):
        viewer.written(At(20), "nobody", 0)
    disk = viewer_of(shipped("systems/rtc.toml"))
    with pytest.raises(RequestError, match="registers of a device"):
        disk.written(At(1), disk.state(At(1), None)["tasks"][0]["name"], 0x1000_0000)
