"""What tyrne.testing offers: its names, each documented, and none of them pytest's."""

from __future__ import annotations

import subprocess
import sys

import tyrne.testing
from tyrne.hal.board import Board


def test_all_names_are_there_in_order_and_nothing_else_is_public() -> None:
    exported = tyrne.testing.__all__
    assert exported == sorted(exported, key=lambda name: (not name.isupper(), name))
    modules = {name for name, value in vars(tyrne.testing).items() if type(value) is type(sys)}
    public = {name for name in vars(tyrne.testing) if not name.startswith("_")} - modules
    assert public == set(exported)


def test_everything_that_the_library_defines_is_documented() -> None:
    exported = (getattr(tyrne.testing, name) for name in tyrne.testing.__all__)
    own = [thing for thing in exported if getattr(thing, "__module__", "").startswith("tyrne.testing.")]
    assert len(own) > 8
    missing = [thing.__name__ for thing in own if not thing.__doc__]
    for thing in own:
        public = {name: part for name, part in vars(thing).items() if not name.startswith("_") and callable(part)}
        undocumented = {name for name, part in public.items() if not part.__doc__} - set(dir(Board))
        missing += [f"{thing.__name__}.{name}" for name in sorted(undocumented)]
    assert missing == []


def test_every_invariant_says_what_holds() -> None:
    assert [invariant.__name__ for invariant in tyrne.testing.INVARIANTS if not invariant.__doc__] == []


def test_the_library_needs_no_test_framework() -> None:
    code = "import sys, tyrne.testing; print(*{'pytest', 'hypothesis', 'coverage'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")
