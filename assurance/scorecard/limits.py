"""The known limits: the headings and the first words of CAVEATS.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

CAVEATS: Final = Path(__file__).parents[2] / "CAVEATS.md"
_LIMIT: Final = re.compile(r"^- \*\*(?P<name>.+?)\*\*", re.DOTALL)


def known_limits(text: str) -> list[dict[str, str | list[str]]]:
    """Sections with their limits: `## heading`, below it `- **limit.** …`. ValueError where an item names no limit."""
    sections: list[tuple[str, list[str]]] = []
    for block in re.split(r"\n(?=## |- )", text):
        if block.startswith("## "):
            sections.append((block.splitlines()[0].removeprefix("## "), []))
        elif block.startswith("- "):
            found = _LIMIT.match(block)
            if found is None or not sections:
                raise ValueError(f"{block.splitlines()[0]}: begin with the limit in bold, below a heading")
            sections[-1][1].append(" ".join(found["name"].split()).rstrip(".:,"))
    return [{"section": name, "limits": limits} for name, limits in sections]
