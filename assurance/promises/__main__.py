"""`make promises`: writes docs/promises.md. The exit status is 1 when something is missing, with a line for each."""

from __future__ import annotations

import sys
from typing import Final

from assurance.promises.listing import listing
from assurance.promises.marks import MarkError
from assurance.promises.page import ROOT
from assurance.promises.promises import complaints, read

LIST: Final = ROOT / "docs" / "promises.md"


def main() -> int:
    try:
        promises = read()
    except MarkError as error:
        print(f"promises: {error}", file=sys.stderr)
        return 1
    found = complaints(promises)
    for one in found:
        print(f"promises: {one}", file=sys.stderr)
    LIST.write_text(listing(promises))
    print(f"{LIST.relative_to(ROOT)}: {len(promises.statements)} statements, {len(promises.pins)} pins")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
