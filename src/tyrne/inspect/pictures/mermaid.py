"""Text for Mermaid, which many viewers of Markdown draw.

Whatever a run says is a label with Mermaid's code for each character that could mean something to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[^\w .,:/()\-|…→]")
_END: Final = re.compile(r"\b(?=end\b)[eE]", re.IGNORECASE)
"""Of the word that ends a block, wherever it stands."""
CLASSES: Final = (
    "classDef task fill:#dcebfb,stroke:#57708c,color:#1b1f24",
    "classDef object fill:#e6f4e8,stroke:#57708c,color:#1b1f24",
    "classDef stuck fill:#ffe3e1,stroke:#cf222e,color:#1b1f24",
)
"""The colours of boxes."""


def coded(text: str) -> str:
    """A text of one line as a label."""
    safe = _PLAIN.sub(lambda found: f"#{ord(found[0])};", text)
    return _END.sub(lambda found: f"#{ord(found[0])};", safe)


def label(lines: Iterable[str]) -> str:
    """Lines in quotes."""
    return '"' + "<br/>".join(coded(line) for line in lines) + '"'


def document(first: str, lines: Iterable[str]) -> str:
    """A picture as text: its kind, then its lines."""
    return "".join([f"{first}\n", *(f"    {line}\n" for line in lines)])
