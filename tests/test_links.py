"""Every link from one document to another leads to a file, and the index of decisions has each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("programs", "bench", "tests", "assurance")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(p for f in FOLDERS for p in ROOT.glob(f"{f}/*.md"))]
)
LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    assert not [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]


def test_the_index_of_decisions_has_each_record_once_in_the_order_of_numbers() -> None:
    folder = ROOT / "docs" / "decisions"
    index = re.findall(r"^\| \[(\d+)\]\((\S+)\) \|", (folder / "README.md").read_text(), re.M)
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for _, name in index] == records, "docs/decisions/README.md: add a row for each record"
    for number, name in index:
        assert int(number) == int(name[:4])
        title = (folder / name).read_text().partition("\n")[0]
        assert re.match(rf"# (0*{number}: |{number}\. )\S", title), f"docs/decisions/{name}:1: {title}"
