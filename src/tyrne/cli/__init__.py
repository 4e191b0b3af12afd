"""The command line: `tyrne run`, `replay`, `build`, `check` and `new`."""

import sys

if not __debug__:
    sys.stderr.write(
        "tyrne: error: the kernel's checks are asserts; run Python without -O and without PYTHONOPTIMIZE\n"
    )
    sys.exit(2)
