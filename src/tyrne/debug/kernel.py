"""Stops in the kernel itself, which is Python while a run is repeated: pdb, at each trap of a task.

`step` passes over all but the kernel: the machine, the language's integers, the tools.
"""

from __future__ import annotations

import pdb
from bdb import BdbQuit
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

import tyrne.kernel.kernel
from tyrne.kernel.kernel import Kernel
from tyrne.system.checkpoints import Place
from tyrne.system.replay import Replay

_KERNEL: Final = "tyrne.kernel."
_TRAP: Final = Kernel.trap.__code__


def _first_line() -> int:
    """The first line of a trap that does something."""
    return min(line for _, _, line in _TRAP.co_lines() if line is not None and line > _TRAP.co_firstlineno + 1)


class KernelDebugger(pdb.Pdb):
    """pdb over the transitions that follow a place; `back` undoes some."""

    def __init__(self, replay: Replay) -> None:
        """Of the replay checkpoints are kept."""
        super().__init__(skip=[_KERNEL], nosigint=True, readrc=False)
        self.replay: Final = replay
        self.target: int | None = None
        """Where to go on, once what runs has been left."""
        self.set_break(str(Path(tyrne.kernel.kernel.__file__)), _first_line(), funcname="trap")

    def is_skipped_module(self, module_name: str | None) -> bool:
        """All but the kernel is."""
        return not (module_name or "").startswith(_KERNEL)

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[list[tuple[FrameType, int]], int]:
        """Of the stack, the kernel's frames."""
        stack, current = super().get_stack(f, t)
        own = [each for each in stack if not self.is_skipped_module(each[0].f_globals.get("__name__"))]
        return (own, len(own) - 1) if own else (stack, current)

    def preloop(self) -> None:
        self.prompt = f"(after transition {self.replay.position}) "

    def do_back(self, argument: str) -> bool:
        """back [N]
        Undo N transitions, or one, and the one that is being made; stop in the next one."""
        if argument and not (argument.isascii() and argument.isdigit() and len(argument) < 19):
            self.error("back [N]: N is a number of transitions")
            return False
        self.target = max(0, self.replay.position - int(argument or 1))
        self.set_quit()
        return True

    def walk(self) -> None:
        """Let the run go on from its place, as what is typed says, until it ends or somebody quits."""
        while True:
            self.target = None
            with suppress(BdbQuit):
                self.runcall(self._to_the_end)
            if self.target is None:
                break
            self.replay.approach(Place(self.target, 0), anew=True)
            self.replay.to(self.target)
        if self.replay.over:
            self.message(f"the run is over after transition {self.replay.position}")

    def _to_the_end(self) -> None:
        while self.replay.step() is not None:
            pass
