"""The scorecard says what the campaigns have left, and nothing that they have not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from assurance import branches
from assurance.mutation import report
from assurance.scorecard.__main__ import PAGE
from assurance.scorecard.campaigns import CAMPAIGNS
from assurance.scorecard.card import made
from assurance.scorecard.faults import COLUMNS, UnknownTestError, fault_matrix
from assurance.scorecard.limits import CAVEATS, known_limits
from assurance.scorecard.lines import layers, lines_of_code
from assurance.scorecard.page import page
from assurance.scorecard.refusal_matrix import refusal_matrix
from assurance.scorecard.results import CARD, About, Campaign, Present, Row, details, rows
from assurance.scorecard.tests_by_category import Test, category, collected, counted
from tyrne.abi import CallNumber, Status
from tyrne.hal.aarch64.syndrome import FaultKind
from tyrne.testing.explore import __main__ as explored
from tyrne.testing.reach import __main__ as reached
from tyrne.testing.reach.campaign import Figures
from tyrne.user.refusals import REFUSALS

BEHIND: Final = "run: make scorecard"
RECOUNT = "run: make refusals ARGS='--json assurance/results/refusals.json', then make scorecard"
THIS, EARLIER = "a" * 64, "b" * 64
PRESENT: Final = Present(THIS)

BAKED: Final = Campaign("cakes", "Cakes", "make cakes", lambda data: [("baked", str(data["baked"]))])


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    """The card of this repository, as committed."""
    return dict(json.loads(CARD.read_text()))


def test_the_page_is_what_its_json_says(card: dict[str, Any]) -> None:
    assert PAGE.read_text() == page(card), BEHIND


def test_the_figures_are_those_that_the_campaigns_have_left(card: dict[str, Any]) -> None:
    present = Present(card["kernel"], tuple(card["images"]))
    assert card["rows"] == [row.to_json() for row in rows(CAMPAIGNS, present)], BEHIND
    assert card["details"] == details(CAMPAIGNS), BEHIND
    assert card["refusals"] == refusal_matrix(), RECOUNT
    assert About.BROKEN.value not in {row["about"] for row in card["rows"]}


def test_every_refusal_that_is_documented_or_that_random_calls_have_met_is_pinned_by_a_test() -> None:
    unpinned = {row["call"]: row["unpinned"] for row in refusal_matrix() if row["unpinned"]}
    assert not unpinned, f"in no test of tests/kernel, or counted before it was there ({RECOUNT}): {unpinned}"


# --- campaigns that left nothing, something about another kernel, or something else


def left(folder: Path, content: object) -> list[tuple[str, str, str]]:
    (folder / "cakes.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return [(row.figure, row.value, row.about) for row in rows((BAKED,), PRESENT, folder)]


def test_a_campaign_that_left_nothing_is_not_measured(tmp_path: Path) -> None:
    (row,) = rows((BAKED,), PRESENT, tmp_path)
    assert (row.value, row.about, row.command) == ("", About.NOTHING.value, "make cakes")


def test_a_figure_is_of_the_kernel_that_it_is_about(tmp_path: Path) -> None:
    assert left(tmp_path, {"kernel": THIS, "baked": 7}) == [("Cakes: baked", "7", About.THIS.value)]
    assert left(tmp_path, {"kernel": EARLIER, "baked": 7}) == [("Cakes: baked", "7", About.EARLIER.value)]


@pytest.mark.parametrize("content", ["", "{", [], {}, {"kernel": 5}, {"kernel": THIS}, {"kernel": THIS, "bake": 1}])
def test_a_file_without_its_figures_is_unreadable_and_no_number_is_made_up(tmp_path: Path, content: object) -> None:
    ((figure, value, about),) = left(tmp_path, content)
    assert (figure, about) == ("Cakes", About.BROKEN.value)
    assert "cakes.json" in value


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_no_campaign_reads_a_figure_out_of_nothing(tmp_path: Path, campaign: Campaign) -> None:
    (tmp_path / f"{campaign.name}.json").write_text(json.dumps({"kernel": THIS, "command": "make cakes"}))
    assert [row.about for row in rows((campaign,), PRESENT, tmp_path)] == [About.BROKEN.value]


FILE: Final = branches.File("kernel", "arena.py", 9, 7, 7, 4, 3, ("3->5",))
WRITTEN: Final = {
    "coverage": branches.figures([FILE]),
    "mutation": report.figures([], "make mutate"),
    "explore": explored.written([], THIS),
    "reach": reached.written(reached.parse([]), Figures(), None),
}
"""What tools write, by the campaign that reads it."""


@pytest.mark.parametrize("name", WRITTEN)
def test_the_figures_are_read_as_the_tools_write_them(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.json").write_text(json.dumps({**WRITTEN[name], "kernel": THIS}))
    campaigns = tuple(campaign for campaign in CAMPAIGNS if campaign.name == name)
    found = rows(campaigns, PRESENT, tmp_path)
    assert found and {row.about for row in found} == {About.THIS.value}
    if name == "coverage":
        assert Row("Branch coverage: branches of kernel that hosted tests take", "3 of 4", "make coverage",
                   About.THIS.value, THIS) in found  # fmt: skip
        assert "not taken: kernel, `arena.py`: 3->5" in details(campaigns, tmp_path)["Branch coverage"]


def test_the_page_says_loudly_what_is_missing_or_of_an_earlier_kernel(card: dict[str, Any], tmp_path: Path) -> None:
    missing = page({**card, "kernel": THIS, "rows": [row.to_json() for row in rows((BAKED,), PRESENT, tmp_path)]})
    assert "| Cakes |  | **NOT MEASURED** |" in missing
    (tmp_path / "cakes.json").write_text(json.dumps({"kernel": EARLIER, "baked": 7}))
    earlier = page({**card, "kernel": THIS, "rows": [row.to_json() for row in rows((BAKED,), PRESENT, tmp_path)]})
    assert "| Cakes: baked | 7 | **OF AN EARLIER KERNEL** `bbbbbbbbbbbb` |" in earlier
    assert "**1 of 1 figures are of an earlier kernel, missing or unreadable.**" in missing
    assert "**1 of 1 figures are of an earlier kernel, missing or unreadable.**" in earlier


def test_figures_of_one_command_are_a_table_below_it(card: dict[str, Any]) -> None:
    said = [("Cakes: baked", "7", "make cakes"), ("Cakes: eaten", "5", "make cakes"), ("Tea: cups", "2", "make tea")]
    made = [Row(figure, value, command, About.THIS.value, THIS).to_json() for figure, value, command in said]
    text = page({**card, "kernel": THIS, "rows": made})
    cakes, tea = text.index("`make cakes`"), text.index("`make tea`")
    assert (text.count("`make cakes`"), text.count("`make tea`")) == (1, 1)
    assert cakes < text.index("| Cakes: baked | 7 |") < text.index("| Cakes: eaten | 5 |") < tea
    assert tea < text.index("| Tea: cups | 2 |")


def test_an_image_is_of_these_sources_only_if_they_give_it(tmp_path: Path) -> None:
    """The compiler may have changed, of which the kernel's digest knows nothing."""
    image = {"form": "image", "profile": "release", "bytes": 3, "sha256": "f00d", "same": True}
    data = {"kernel": THIS, "command": "make reproducible", "system": "s", "places": 2, "images": [image]}
    (tmp_path / "image.json").write_text(json.dumps(data))
    campaigns = tuple(campaign for campaign in CAMPAIGNS if campaign.name == "image")
    for present, about in ((Present(THIS, ("f00d",)), About.THIS), (Present(THIS, ("beef",)), About.EARLIER)):
        (row,) = rows(campaigns, present, tmp_path)
        assert (row.about, row.value) == (about.value, "`f00d`, 3 bytes, the same in 2 places")


def test_a_refusal_that_no_test_pins_is_named(tmp_path: Path) -> None:
    assert refusal_matrix(tmp_path) == []
    tests = {status.name: 2 for status in REFUSALS[CallNumber.MAP] if status is not Status.OUT_OF_RANGE}
    (tmp_path / "refusals.json").write_text(json.dumps({"kernel": THIS, "calls": {"map": tests}}))
    assert refusal_matrix(tmp_path) == [{"call": "map", "tests": tests, "unpinned": ["OUT_OF_RANGE"]}]
    met = {"map": {"OK": 5, "OUT_OF_RANGE": 1, "BAD_STATE": 1}}
    (tmp_path / "fuzz-calls.json").write_text(json.dumps({"kernel": THIS, "statuses": met}))
    assert refusal_matrix(tmp_path) == [{"call": "map", "tests": tests, "unpinned": ["BAD_STATE", "OUT_OF_RANGE"]}]


# --- what is counted now


def test_lines_of_code_are_those_without_blanks_comments_and_docstrings(tmp_path: Path) -> None:
    python, assembly = tmp_path / "a.py", tmp_path / "a.S"
    python.write_text('"""Two\nlines."""\n\n# a comment\nx = 1  # one\n"""About x."""\ny = """a\nb"""\n')
    assembly.write_text("/* two\n lines */\n\n// one\n        nop // what it does\n        b . /* for ever */\n")
    assert (lines_of_code(python), lines_of_code(assembly)) == (3, 2)


def test_every_layer_has_lines() -> None:
    assert all(layer["lines"] for layer in layers())


FAULT_TESTS: Final = (
    "tests/hosted/test_machines_agree.py",
    "tests/hosted/test_fault_repair.py",
    "tests/hosted/test_access_repair.py",
    "tests/programs/test_programs.py",
)
UNIT_TESTS: Final = "tests/hal/test_timer.py"


@pytest.fixture(scope="module")
def some_tests() -> list[Test]:
    """Collected once: pytest takes seconds for it."""
    return collected([*FAULT_TESTS, UNIT_TESTS])


def test_tests_are_collected_with_their_parameters_and_counted_by_category(some_tests: list[Test]) -> None:
    kinds = {kind["name"]: kind for kind in counted(some_tests)}
    units, attacks = kinds["unit: kernel, boot, hal, lang"], kinds["attacks from EL0"]
    assert sum(kind["tests"] for kind in kinds.values()) == len(some_tests)  # type: ignore[misc]
    assert (units["tests"], units["qemu"]) == (sum(test.file == UNIT_TESTS for test in some_tests), 0)
    assert 0 < attacks["qemu"] < attacks["tests"]  # type: ignore[operator]
    assert {test.qemu for test in some_tests if test.parameters.get("machine") == "qemu"} == {True}
    assert {test.qemu for test in some_tests if test.parameters.get("machine") == "hosted"} == {False}


def test_a_file_of_tests_counts_in_the_first_category_that_has_it() -> None:
    assert category("tests/hosted/test_fault_repair.py") == "attacks from EL0"
    assert category("tests/hosted/test_recorder.py") == "unit: boards, hosted machine"
    assert category("tests/test_links.py") == "the repository: imports, links, sizes, audit log"


def test_every_kind_of_fault_that_el0_can_provoke_is_provoked_and_repaired_on_each_machine(
    some_tests: list[Test],
) -> None:
    matrix = {row["fault"]: [row[column] for column in COLUMNS] for row in fault_matrix(some_tests)}
    kinds = {fault.split(",")[0]: sum(map(sum, (matrix[f] for f in matrix if f.startswith(fault)))) for fault in matrix}
    assert kinds.keys() == {kind.name.lower().replace("_", " ") for kind in FaultKind}
    assert {kind for kind, programs in kinds.items() if not programs} == {"sp alignment", "system error", "unknown"}
    needed = [COLUMNS.index(column) for column in ("hosted", "qemu", "repaired", "repaired on qemu")]
    assert not [fault for fault, row in matrix.items() if any(row) and not all(row[i] for i in needed)]
    with pytest.raises(UnknownTestError, match="has no test named test_tasks_do_the_same"):
        fault_matrix([test for test in some_tests if test.function != "test_tasks_do_the_same"])


def test_known_limits_are_the_bold_beginnings_of_the_caveats() -> None:
    text = "# Caveats\n\n## The oven\n\n- **One tray.** A\n  tray.\n- **No\n  timer**: none.\n\n## Else\n\nProse.\n"
    assert known_limits(text) == [
        {"section": "The oven", "limits": ["One tray", "No timer"]}, {"section": "Else", "limits": []}
    ]  # fmt: skip
    with pytest.raises(ValueError, match="- a limit; or not: begin with the limit in bold"):
        known_limits("## The oven\n\n- a limit; or not\n")
    assert sum(len(section["limits"]) for section in known_limits(CAVEATS.read_text())) > 20


def test_a_card_is_made_where_no_campaign_has_ever_run(
    some_tests: list[Test], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assurance.scorecard.card.collected", lambda: some_tests)
    monkeypatch.setattr("assurance.scorecard.card.image_of", lambda release: "f00d")  # a build takes seconds
    card = made(CAMPAIGNS, tmp_path)
    assert {row["about"] for row in card["rows"]} == {About.NOTHING.value}
    assert page(card).count("**NOT MEASURED**") == len(CAMPAIGNS)
