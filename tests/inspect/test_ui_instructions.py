"""The registers and the instructions that the page of `tyrne ui` shows, at each step of one instruction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser import FOUND, MISSING, Page, browser
from serving import Served, serving, viewer_of
from small_programs import system
from test_ui_page import Looking

from tyrne.debug.registers import NAMES, registers
from tyrne.inspect import open_run
from tyrne.inspect.ui import instructions
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.viewer import Viewer
from tyrne.system.line_table import to_json
from tyrne.system.shipped import shipped
from tyrne.system.source_lines import Place, SourceMap
from tyrne.testing import run_system

ODD = "\x1b[31m<img src=x onerror=alert(1)>"
JUMPS_FAR = (0x9280_0060, 0xD61F_0000)
"""mov x0, #-4; br x0."""
NEVER_CODE = (0xD280_00A0, 0xAB00_0001, 0xFFFF_FFFF)
"""mov x0, #5; adds x1, x0, x0; what is no instruction."""
needs_browser = pytest.mark.skipif(FOUND is None, reason=MISSING)
needs_names = pytest.mark.skipif(instructions.text(0xD503_201F, 0) == "", reason="capstone is not installed")


def of_words(folder: Path, *words: int) -> Path:
    """A system of one task whose program has these words."""
    return system(folder, "", one=(b"".join(word.to_bytes(4, "little") for word in words), ""))


def of_system(name: str) -> Viewer:
    return viewer_of(shipped(f"systems/{name}.toml"))


def shown(viewer: Viewer, at: At, task: str | None = None) -> dict[str, str]:
    """Registers by their names."""
    return dict(viewer.instructions(at, task)["registers"])


def marked(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["at"], each["word"], each["text"]) for each in told["code"] if each["here"]]


def way(viewer: Viewer, most: int) -> list[At]:
    """All positions to which steps of one instruction lead from the start, up to so many."""
    found: list[At] = [At(0)]
    while len(found) < most and (to := viewer.move(found[-1], "instruction", False)) is not None:
        found.append(to)
    return found


# --- what is told


@pytest.mark.parametrize("name", ["supervisor", "intruder-memory", "timeout"])
def test_steps_of_one_instruction_lead_over_calls_and_faults_and_back_by_the_same_way(name: str) -> None:
    viewer = of_system(name)
    found = way(viewer, 120)
    assert len({at.transition for at in found}) > 2
    for earlier, later in reversed(list(pairwise(found))):
        assert viewer.move(later, "instruction", True) == earlier


def test_registers_are_those_that_the_debugger_shows_at_each_instruction() -> None:
    viewer, replay = of_system("exchange"), open_run(shipped("systems/exchange.toml"))
    for at in way(viewer, 60):
        replay.go(at.transition, at.inside)
        task = replay.next_task
        assert task is not None
        there = dict(zip(NAMES, registers(replay.kernel, task), strict=True))
        told = shown(viewer, at)
        for name in ("x0", "x8", "x19", "x30", "sp", "pc"):
            assert told[name] == hex(int.from_bytes(there[name], "little")), (at, name)


def test_an_instruction_changes_what_it_says_and_the_next_one_is_marked(tmp_path: Path) -> None:
    viewer = viewer_of(of_words(tmp_path, *NEVER_CODE))
    before, after, flags = (shown(viewer, At(0, n)) for n in range(3))
    assert (before["x0"], after["x0"], after["x1"], flags["x1"]) == ("0x0", "0x5", "0x0", "0xa")
    assert (int(after["pc"], 16) - int(before["pc"], 16), flags["flags"]) == (4, "----")
    (here,) = marked(viewer.instructions(At(0, 1), None))
    assert here[:2] == (after["pc"], "ab000001")


def test_flags_that_are_set_have_their_letters(tmp_path: Path) -> None:
    compares = (0xEB1F_001F, 0xD280_0021, 0xEB01_001F, 0xEB00_003F)  # cmp x0, xzr; mov x1, #1; cmp x0, x1; cmp x1, x0
    viewer = viewer_of(of_words(tmp_path, *compares, 0xFFFF_FFFF))
    assert [shown(viewer, At(0, n))["flags"] for n in (0, 1, 3, 4)] == ["----", "-ZC-", "N---", "--C-"]


@needs_names
def test_words_are_disassembled_and_what_is_no_instruction_stays_a_number(tmp_path: Path) -> None:
    told = viewer_of(of_words(tmp_path, *NEVER_CODE)).instructions(At(0), None)
    assert [(each["word"], each["text"]) for each in told["code"][:3]] == [
        ("d28000a0", "mov x0, #5"),
        ("ab000001", "adds x1, x0, x0"),
        ("ffffffff", ""),
    ]
    assert instructions.text(0x54FF_FFE1, 0x80_0010) == "b.ne #0x80000c"


def test_the_code_is_what_is_mapped_around_with_its_lines_in_order() -> None:
    told = of_system("grant").instructions(At(12), "grantee")
    addresses = [int(each["at"], 16) for each in told["code"]]
    assert addresses == list(range(addresses[0], addresses[0] + 4 * len(addresses), 4)) and len(addresses) > 30
    assert len(marked(told)) == 1
    assert any(str(each["line"]).startswith("programs/grantee.py:24 in main") for each in told["code"])


def test_without_a_task_that_runs_nothing_is_told_until_one_is_chosen() -> None:
    viewer = of_system("exchange")
    end = At(len(viewer.reader.rows))
    assert viewer.instructions(end, None) == {"at": "28+0", "task": None}
    ended = viewer.instructions(end, "sender")
    assert (ended["task"], ended["code"]) == ("sender", []) and ended["absent"].startswith("there is no code at 0x")


def test_without_the_disassembler_the_words_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_DISASSEMBLER", None)
    told = of_system("grant").instructions(At(0), None)
    assert told["named"] is False and {each["text"] for each in told["code"]} == {""}


@pytest.mark.qemu
def test_those_of_a_report_of_qemu_are_those_of_the_hosted_run(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(run_system(shipped("systems/supervisor.toml"), "qemu").report()))
    viewer, hosted = viewer_of(path), of_system("supervisor")
    for at in (At(0), At(5), At(4, 3), At(19)):
        assert viewer.instructions(at, "supervisor") == hosted.instructions(at, "supervisor")


# --- what comes from others


def test_a_task_that_has_jumped_where_nothing_is_shows_no_code_and_says_so(tmp_path: Path) -> None:
    viewer = viewer_of(of_words(tmp_path, *JUMPS_FAR))
    told = viewer.instructions(At(1), "one")
    assert dict(told["registers"])["pc"] == "0xfffffffffffffffc"
    assert (told["code"], told["absent"]) == ([], "there is no code at 0xfffffffffffffffc")


def hostile(folder: Path) -> Path:
    """A report whose programs come from a file with an odd name."""
    report = run_system(of_words(folder, *JUMPS_FAR)).report()
    path = folder / "report.json"
    path.write_text(json.dumps({**report, "lines": to_json([SourceMap([(0, Place(ODD, 1 << 31, ODD))])])}))
    return path


def test_what_a_report_says_of_lines_has_no_escapes_and_is_bounded(tmp_path: Path) -> None:
    told = viewer_of(hostile(tmp_path)).instructions(At(0), None)
    assert "\x1b" not in json.dumps(told, ensure_ascii=False)
    assert all(len(each["line"]) < 300 and "<img" in each["line"] for each in told["code"][:2])


# --- in the browser


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


def changed(looking: Looking) -> str:
    return str(looking.page.evaluate("[...document.querySelectorAll('.changed')].map((r) => r.textContent).join(' ')"))


def here(looking: Looking) -> str:
    return str(looking.page.evaluate("document.querySelector('#view tr.here').textContent"))


@needs_browser
def test_a_step_marks_the_registers_that_it_changes_and_the_next_instruction(page: Page, tmp_path: Path) -> None:
    with serving(viewer_of(of_words(tmp_path, *NEVER_CODE))) as served:
        looking = Looking(page, served)
        looking.press("6")
        start = here(looking)
        assert "d28000a0" in start and changed(looking) == ""
        looking.press(".")
        assert "ab000001" in here(looking)
        assert changed(looking).startswith("x00x5 pc0x")
        looking.press(".", ",")
        assert changed(looking).startswith("x10x0 pc0x")
        looking.press(",")
        assert (here(looking), looking.position) == (start, "0+0")
    assert page.said == []


@needs_browser
@pytest.mark.promise("What a run says is text in its page, and nothing of it runs or asks for anything")
def test_odd_names_and_huge_values_are_text_among_the_instructions(page: Page, tmp_path: Path) -> None:
    with serving(viewer_of(hostile(tmp_path))) as served:
        looking = Looking(page, served)
        looking.press("ArrowDown", "6")
        assert "<img src=x" in looking.text("view")
        looking.press(".", ".")
        assert "there is no code at 0xfffffffffffffffc" in looking.text("view")
        assert "pc0xfffffffffffffffc" in changed(looking)
        assert page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0
        assert asked_only(page, served)
    assert page.said == []


def asked_only(page: Page, served: Served) -> bool:
    return all(address.startswith(f"http://127.0.0.1:{served.port}/") for address in page.asked)
