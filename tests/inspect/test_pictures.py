"""Pictures: what is in them, that it can be read, and that names in them are never anything else."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser import FOUND, MISSING, Page, browser
from small_programs import office, ring_of_three

from tyrne.inspect import inspect, look_at_replay, open_run
from tyrne.inspect.pictures import Kind, Picture, chart, picture
from tyrne.inspect.pictures.holdings import holdings
from tyrne.inspect.pictures.layers import layers_of
from tyrne.inspect.pictures.svg import width_of
from tyrne.inspect.timeline import timeline_of
from tyrne.system.shipped import shipped
from tyrne.testing import run_system

GOLDEN = Path(__file__).parent / "golden" / "pictures"
"""UPDATE_GOLDEN=1 rewrites what is expected (look at the diff)."""
SYSTEMS = {"exchange": 2, "grant": 5, "server": 12, "supervisor": 5, "builder": 30}
"""Where each is drawn."""
HOSTILE = "</text><script>alert(1)</script><image href='http://127.0.0.1:9/'/>\"]; click t0 call x() %%{init}%% #35;"
SVG = "{http://www.w3.org/2000/svg}"
BOXES = {"box", "object", "stuckbox", "code", "constants", "data", "stack", "own", "memory", "device"}
needs_browser = pytest.mark.skipif(FOUND is None, reason=MISSING)


def pictures_of(run: Path, at: int | None = None, tasks: tuple[str, ...] = ()) -> dict[str, Picture]:
    """All pictures of a run, by their kinds."""
    seen = inspect(run, at)
    found = {kind.value: picture(kind, seen, tasks) for kind in Kind if kind is not Kind.MESSAGES}
    return {**found, "messages": chart(timeline_of(open_run(run), until=at), tasks)}


def sheet(found: dict[str, Picture]) -> str:
    """All that is in the pictures of a run, without its name."""
    return "\n".join(f"{kind}\n{each.mermaid}\n{each.drawing.content}\n" for kind, each in found.items())


def report(system: Path, folder: Path, machine: str = "hosted") -> Path:
    path = folder / "report.json"
    path.write_text(json.dumps(run_system(system, machine).report()))
    return path


def parsed(each: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(each.svg)


def tags(each: Picture) -> list[tuple[str, list[str]]]:
    return [(element.tag, sorted(element.attrib)) for element in parsed(each).iter()]


# --- what is drawn


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_pictures_of_a_system_are_as_expected(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    shown = sheet(pictures_of(shipped(f"systems/{name}.toml"), SYSTEMS[name]))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown)
    assert shown == path.read_text()


@pytest.mark.parametrize("name", SYSTEMS)
def test_those_of_a_report_are_the_same(name: str, tmp_path: Path) -> None:
    path = report(shipped(f"systems/{name}.toml"), tmp_path)
    assert sheet(pictures_of(path, SYSTEMS[name])) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.qemu
@pytest.mark.parametrize("name", SYSTEMS)
def test_those_of_a_report_of_qemu_are_the_same(name: str, tmp_path: Path) -> None:
    path = report(shipped(f"systems/{name}.toml"), tmp_path, "qemu")
    assert sheet(pictures_of(path, SYSTEMS[name])) == (GOLDEN / f"{name}.txt").read_text()


def test_a_cycle_is_red_and_nothing_else_is(tmp_path: Path) -> None:
    found = pictures_of(ring_of_three(tmp_path))["waits"]
    assert len(re.findall(r'<path class="stuck"', found.svg)) == 6  # each task to an endpoint, and that to the next
    assert '<path class="edge"' not in found.svg
    assert found.mermaid.count("==>") == found.mermaid.count("linkStyle") == 6
    assert "cycle: one → two → three → one" in found.svg
    assert '<path class="stuck"' not in pictures_of(shipped("systems/server.toml"), 12)["waits"].svg


def test_a_capability_that_was_derived_has_a_line_from_its_source() -> None:
    seen = inspect(shipped("systems/grant.toml"), 5)
    found = holdings(seen)
    told = {(seen.capabilities[parent].holder, seen.capabilities[child].holder) for parent, child in found.derived}
    assert told == {("grantor", "grantee")}
    assert picture(Kind.CAPABILITIES, seen).svg.count('<path class="derived"') == len(found.derived)


def test_sixteen_tasks_fit_on_a_screen_and_none_is_forgotten(tmp_path: Path) -> None:
    path = office(tmp_path)
    for at in (0, 5, None):
        found = pictures_of(path, at)
        for each in found.values():
            assert each.drawing.width <= 1500 and each.drawing.height <= 800
        seen = inspect(path, at)
        boxes = holdings(seen)
        told = [name for box in boxes.boxes for name in box.tasks]
        assert len(told) == len(set(told)) <= 16 and len(boxes.boxes) <= 8
        for task in seen.tasks:
            assert task.name in told or task.name in "".join(boxes.notes)


def test_a_picture_of_one_task_has_what_it_shares_and_says_who_is_left_out(tmp_path: Path) -> None:
    found = pictures_of(office(tmp_path), None, ("store",))
    graph = found["capabilities"].svg
    assert all(text in graph for text in ("store", "server", "guard", "endpoint orders", "memory pages"))
    assert "endpoint counter" not in graph
    assert ">client-1 … alone (13 tasks): nothing in common with them<" in graph
    assert ">nothing in common with them: bootstrap … client-11 (13 spaces)<" in found["memory"].svg
    assert re.search(r"\d+ tasks without a part in it", found["messages"].svg)


# --- that it can be read


def shapes(each: Picture) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """The boxes of a picture: left, top, right, bottom."""
    for rect in parsed(each).iter(f"{SVG}rect"):
        if rect.get("width") != "100%":
            x, y, wide, tall = (int(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            yield rect.attrib["class"], (x, y, x + wide, y + tall)


def run_of(name: str, folder: Path) -> Path:
    small = {"ring_of_three": ring_of_three, "office": office}
    return small[name](folder) if name in small else shipped(f"systems/{name}.toml")


@pytest.mark.parametrize("name", [*SYSTEMS, "dice", "watchdog", "intruder-memory", "ring_of_three", "office"])
def test_no_box_lies_on_another_and_all_is_within_the_picture(name: str, tmp_path: Path) -> None:
    path = run_of(name, tmp_path)
    replay = open_run(path)
    seen = [look_at_replay(replay)]
    for _ in range(12):
        replay.step()
        seen.append(look_at_replay(replay))
    drawn = [picture(kind, each) for kind in (Kind.CAPABILITIES, Kind.WAITS, Kind.MEMORY) for each in seen]
    for each in [*drawn, chart(timeline_of(open_run(path)))]:
        boxes = [
            place for kind, place in shapes(each) if kind in BOXES or (kind == "task" and place[3] - place[1] > 20)
        ]
        for one, other in combinations(boxes, 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)
        for _, (left, top, right, bottom) in shapes(each):
            assert 0 <= left < right <= each.drawing.width and 0 <= top < bottom <= each.drawing.height


@pytest.mark.parametrize("name", ["server", "dice", "office"])
def test_what_a_box_says_is_within_it(name: str, tmp_path: Path) -> None:
    found = pictures_of(run_of(name, tmp_path), 8)
    for kind in ("capabilities", "waits", "memory"):
        for group in parsed(found[kind]).iter(f"{SVG}g"):
            rects = group.findall(f"{SVG}rect")
            if not rects:
                continue
            right = max(int(rect.attrib["x"]) + int(rect.attrib["width"]) for rect in rects)
            for text in group.findall(f"{SVG}text"):
                assert int(text.attrib["x"]) + width_of(text.text or "") <= right + 40 * (kind == "memory")


def test_edges_go_to_the_right_but_for_one_of_each_cycle() -> None:
    chance = random.Random(5)
    for _ in range(300):
        count = chance.randint(1, 12)
        edges = [(chance.randrange(count), chance.randrange(count)) for _ in range(chance.randint(0, 20))]
        found = layers_of(count, edges)
        column = {node: place for place, nodes in enumerate(found.columns) for node in nodes}
        assert sorted(column) == list(range(count))
        assert all((start, end) in found.back or column[start] < column[end] for start, end in edges)
        kept = [edge for edge in edges if edge not in found.back]
        assert not layers_of(count, kept).back
    assert layers_of(3, [(0, 1), (1, 2), (2, 0)]).back == {(2, 0)}


# --- what comes from others


def hostile(folder: Path) -> Path:
    """A report whose names are what nothing must take for its own."""
    path = report(shipped("systems/grant.toml"), folder)
    data = json.loads(path.read_text())
    data["names"]["endpoints"] = [HOSTILE, "end"]
    path = folder / "<b>&report.json"
    path.write_text(json.dumps(data))
    return path


def test_names_are_text_of_a_picture_and_nothing_else(tmp_path: Path) -> None:
    found, plain = pictures_of(hostile(tmp_path), 5), pictures_of(shipped("systems/grant.toml"), 5)
    for kind, each in found.items():
        assert tags(each) == tags(plain[kind])
        assert not {tag for tag, _ in tags(each)} & {
            f"{SVG}{name}" for name in ("script", "image", "a", "foreignObject")
        }
        assert not [name for _, names in tags(each) for name in names if name.startswith("on") or "href" in name]
        assert parsed(each).findtext(f"{SVG}style") == parsed(plain[kind]).findtext(f"{SVG}style")
    assert HOSTILE[:40] in "".join(parsed(found["capabilities"]).itertext())


def test_names_are_labels_of_mermaid_and_nothing_else(tmp_path: Path) -> None:
    found, plain = pictures_of(hostile(tmp_path), 5), pictures_of(shipped("systems/grant.toml"), 5)
    for kind, each in found.items():
        lines = each.mermaid.splitlines()
        assert len(lines) == len(plain[kind].mermaid.splitlines())
        for line in lines:
            text = line.replace("<br/>", "").replace("<-->", "").removeprefix("    %% ")
            assert not re.search(r"[<;%`]", re.sub(r"#\d+;", "", text)), line
            assert not re.search(r"#(?!\d+;)", text.partition("classDef")[0].partition("linkStyle")[0]), line
    assert '"endpoint #101;nd' in found["capabilities"].mermaid


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


@needs_browser
def test_a_browser_shows_it_in_light_and_dark_and_runs_nothing_of_it(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(pictures_of(hostile(tmp_path), 5)["capabilities"].svg)
    seen = []
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        page.open(path)
        seen.append(page.picture())
        assert page.evaluate("document.scripts.length + document.images.length") == 0
    assert seen[0] != seen[1]
    assert (page.asked, page.said) == ([path.as_uri()] * len(page.asked), [])
