"""`make scorecard`: read what the campaigns have left, count what can be counted now, and write the page.

The exit status is 0; 1 with --check when a figure is missing, unreadable or of an earlier kernel, or the page is not
what would be written now; 2 when the page could not be made.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from assurance.scorecard.campaigns import CAMPAIGNS
from assurance.scorecard.card import CardError, made
from assurance.scorecard.page import page
from assurance.scorecard.results import CARD, RESULTS, About

PAGE: Final = Path(__file__).parents[2] / "docs" / "scorecard.md"


def as_text(card: dict[str, Any]) -> str:
    return json.dumps(card, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make scorecard", description="Write docs/scorecard.md and its JSON.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is behind")
    options = parser.parse_args(arguments)
    progress = Console(stderr=True)
    try:
        with progress.status("counting lines, tests and faults"):
            card = made(CAMPAIGNS)
        wanting = [row for row in card["rows"] if row["about"] != About.THIS.value]
        for row in wanting:
            print(f"scorecard: {row['figure']}: {row['about']} {row['value']}".rstrip(), file=sys.stderr)
        if options.check:
            return _checked(card, bool(wanting))
        RESULTS.mkdir(exist_ok=True)
        CARD.write_text(as_text(card))
        PAGE.write_text(page(card))
    except (CardError, OSError) as error:
        print(f"scorecard: {error}", file=sys.stderr)
        return 2
    print(f"{PAGE.relative_to(PAGE.parents[1])}: {len(card['rows']) - len(wanting)} of {len(card['rows'])} figures")
    return 0


def _checked(card: dict[str, Any], wanting: bool) -> int:
    written = CARD.read_text() if CARD.is_file() else ""
    if written != as_text(card) or PAGE.read_text() != page(card):
        print("scorecard: docs/scorecard.md is behind; run: make scorecard", file=sys.stderr)
        return 1
    return 1 if wanting else 0


if __name__ == "__main__":
    sys.exit(main())
