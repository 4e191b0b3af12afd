"""The outer end of QEMU's console device: a pipe from which it reads what is typed, and one to which it writes.

What QEMU's own backends cannot take at once from a virtio console is lost: of a socket, all after 278 single bytes that
nobody has read yet. Only its log of what a console says waits until there is room. So what is said goes to nowhere, and
is logged into our pipe.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tyrne.hosted.typist import END
from tyrne.system.devices import NOWHERE, in_option
from tyrne.system.inputs import Input

_AT_ONCE: Final = 1 << 16


class ConsolePort:
    """For one run. What is `given` is typed as fast as QEMU's device takes it, and then its end."""

    def __init__(self, given: Input | None, output: Callable[[bytes], None]) -> None:
        self._typed, self._keys = os.pipe()
        self._said, self._log = os.pipe()
        self._open: Final = {self._typed, self._keys, self._said, self._log}
        for ours in (self._keys, self._said):
            os.set_blocking(ours, False)
        self._folder: Final = tempfile.TemporaryDirectory(prefix="tyrne-console-")
        self._path: Final = Path(self._folder.name, "console")
        self._path.with_suffix(".in").symlink_to(f"/dev/fd/{self._typed}")
        self._path.with_suffix(".out").symlink_to(os.devnull)
        self._output: Final = output
        self._terminal: int | None = None if given is None or given.content is not None else given.terminal
        self._left = memoryview(b"" if given is None or given.content is None else given.content + END)
        self.interactive: Final = self._terminal is not None

    @property
    def descriptors(self) -> tuple[int, int]:
        """What QEMU is to inherit, until `begin`."""
        return self._typed, self._log

    def options(self, options: Sequence[str]) -> list[str]:
        """QEMU's options, in which a console was connected to nowhere."""
        ours = f"pipe,id=console,path={in_option(self._path)},logfile=/dev/fd/{self._log}"
        return [ours if word == NOWHERE else word for word in options]

    def begin(self) -> None:
        """QEMU has been started."""
        self._close(self._typed, self._log)

    def close(self) -> None:
        self._close(*self._open)
        self._folder.cleanup()

    def _close(self, *ends: int) -> None:
        for end in self._open.intersection(ends):
            os.close(end)
            self._open.remove(end)

    def reads(self) -> list[int]:
        """The descriptors that are waited for until something can be read."""
        terminal = [self._terminal] if self._terminal is not None and not self._left else []
        return [self._said, *terminal] if self._said in self._open else []

    def writes(self) -> list[int]:
        """Those that are waited for until something can be written."""
        return [self._keys] if self._left and self._keys in self._open else []

    def move(self, ready: Sequence[int]) -> None:
        """Move what can be moved; `ready` can be read or written."""
        if self._terminal is not None and self._terminal in ready:
            try:
                data = os.read(self._terminal, _AT_ONCE)
            except OSError:
                data = b""
            self._terminal = self._terminal if data else None
            self._left = memoryview(data or END)
        if self._said in ready:
            self._receive()
        if self._keys in ready:
            self._send()

    def drain(self) -> None:
        """QEMU has ended: take all that the device has written."""
        while self._said in self._open and self._receive():
            pass

    def _receive(self) -> bool:
        """Take something that the device has written; whether there was something."""
        try:
            data = os.read(self._said, _AT_ONCE)
        except BlockingIOError:
            return False
        if data:
            self._output(data)
        else:
            self._close(self._said)  # QEMU has ended
        return bool(data)

    def _send(self) -> None:
        try:
            self._left = self._left[os.write(self._keys, self._left) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # QEMU has ended
            self._left = memoryview(b"")
