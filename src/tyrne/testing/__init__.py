"""For tests: whole systems, small kernels, and what must hold of every one of them. docs/testing.md shows how.

A system that somebody has written runs on any machine with `run_system`, or is stepped with `boot_system`. `World` is a
booted kernel without machine code, whose tasks make the calls that a test says. `check_system` checks a kernel between
any two traps. Needs nothing but the package: the fixtures of pytest are in `tyrne.testing.plugin`.
"""

from tyrne.abi import CallNumber, CapKind, Rights, Status, TaskState
from tyrne.inspect.held import HeldCapability
from tyrne.system.errors import RequestError
from tyrne.testing.board import MemoryBoard
from tyrne.testing.invariants import INVARIANTS, Invariant, check_system, violations
from tyrne.testing.live import LiveSystem, boot_system
from tyrne.testing.observations import Call, TaskOutcome
from tyrne.testing.systems import Ending, Run, run_system
from tyrne.testing.world import World

__all__ = [
    "INVARIANTS",
    "Call",
    "CallNumber",
    "CapKind",
    "Ending",
    "HeldCapability",
    "Invariant",
    "LiveSystem",
    "MemoryBoard",
    "RequestError",
    "Rights",
    "Run",
    "Status",
    "TaskOutcome",
    "TaskState",
    "World",
    "boot_system",
    "check_system",
    "run_system",
    "violations",
]
