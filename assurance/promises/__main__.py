"""`make promises`: writes docs/promises.md, or puts faults into the kernel that tests must notice.

The exit status is 1 when something is missing or not noticed, with a line for each; 2 when an entry is wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assurance.promises.faults import FAULTS, FaultError, read_faults, report, try_faults
from assurance.promises.listing import LIST, listing
from assurance.promises.marks import MarkError
from assurance.promises.page import ROOT
from assurance.promises.promises import complaints, read


def main() -> int:
    parser = argparse.ArgumentParser("make promises", description=__doc__)
    parser.add_argument(
        "--faults", nargs="?", const=FAULTS, metavar="FILE", help="put each fault into the kernel: a test must notice"
    )
    parser.add_argument("--section", help="only those against rows of this section")
    parser.add_argument("--workers", type=int, default=1, help="processes for that")
    options = parser.parse_args()
    try:
        promises, faults = read(), read_faults(Path(options.faults or FAULTS))
        if options.section:
            faults = [fault for fault in faults if fault.row in promises.rows(options.section)]
        if options.faults:
            return report(try_faults(faults, promises, options.workers))
    except (MarkError, FaultError) as error:
        print(f"promises: {error}", file=sys.stderr)
        return 2
    found = complaints(promises)
    for one in found:
        print(f"promises: {one}", file=sys.stderr)
    LIST.write_text(listing(promises, faults))
    print(f"{LIST.relative_to(ROOT)}: {len(promises.statements)} statements, {len(promises.pins)} pins")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
