"""What a run shows while it runs, into a pipe: plain bytes."""

from __future__ import annotations

from typing import BinaryIO, Final

from tyrne.hosted.happened import CallEvent
from tyrne.hosted.kept import SUMMARY, forget_oldest
from tyrne.hosted.recorder import Listener
from tyrne.system.policy import Policy

REFUSED: Final = b"refused: "
"""What `granted` and `done` of the user library write before a status."""
SAID_BYTES: Final = 64
"""Of a line, as much as is looked at: more than the longest status."""
NEWLINE: Final = 0x0A


class Presenter(Listener):
    """Shows the bytes of a run as they appear, and remembers each task's last refusal."""

    def __init__(self) -> None:
        self.quiet = False
        """Whether the kernel's own lines are left out, except of a panic."""
        self.refusals: dict[int, CallEvent] = {}
        """By task; a refused `console_write` only if nothing else was refused: a program may fail to say what was."""
        self.policy = Policy()
        """All that was refused."""
        self.said: dict[int, str] = {}
        """By task: the status that `granted` and `done` have last written when they ended its program."""
        self._lines: dict[int, bytearray] = {}
        """The beginning of the line that each task writes just now, as far as it may be such a one."""

    def refusal(self, event: CallEvent) -> None:
        if not self.policy.add(event):
            return
        if event.name != "console_write" or event.task not in self.refusals:
            self.refusals[event.task] = event
            forget_oldest(self.refusals, SUMMARY.tasks)

    def log(self, byte: int) -> None:
        if not self.quiet:
            self.show(None, byte)

    def console(self, task: int, byte: int) -> None:
        line = self._lines.get(task)
        if line is None:
            line = self._lines[task] = bytearray()
            forget_oldest(self._lines, SUMMARY.tasks)
        if byte == NEWLINE:
            if line.startswith(REFUSED):
                self.said[task] = line.removeprefix(REFUSED).decode("ascii", "replace")
                forget_oldest(self.said, SUMMARY.tasks)
            line.clear()
        elif len(line) < SAID_BYTES:
            line.append(byte)
        self.show(task, byte)

    def device(self, name: str, data: bytes) -> None:
        for byte in data:
            self.show(name, byte)

    def panic(self, text: bytes) -> None:
        """The panic report is the kernel's own, too."""
        for byte in text:
            self.show(None, byte)

    def show(self, source: int | str | None, byte: int) -> None:
        """Show a byte of a task; of a device, by its name; or of the kernel, which is None."""
        raise NotImplementedError

    def finish(self) -> None:
        """Show what is still held back."""


class PlainPresenter(Presenter):
    """Every byte as it is, in the order of the machine's one serial line."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out

    def show(self, source: int | str | None, byte: int) -> None:
        self._out.write(bytes((byte,)))
        if byte == NEWLINE:
            self._out.flush()

    def device(self, name: str, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()

    def finish(self) -> None:
        self._out.flush()
