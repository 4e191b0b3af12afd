"""Steps a system under a kernel that somebody has changed: `python -m tyrne.labs.stepped SYSTEM`, status 0 if every
invariant of the kernel held after each step, else a line with the first that did not."""

from __future__ import annotations

import sys

from tyrne.system.errors import RequestError
from tyrne.system.printable import one_line
from tyrne.testing import boot_system


def main(system: str) -> int:
    try:
        boot_system(system).finish()
    except (AssertionError, RequestError) as error:
        print(one_line("; ".join(str(error).splitlines()[:2]) or "a check of the kernel failed"), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
