"""The outer end of QEMU's console device: a socket from which it reads what is typed, and to which it writes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Final

from tyrne.hosted.typist import END
from tyrne.system.devices import NOWHERE
from tyrne.system.inputs import Input

_AT_ONCE: Final = 1 << 16


class ConsolePort:
    """For one run. What is `given` is typed as fast as QEMU's device takes it, and then its end."""

    def __init__(self, given: Input | None, output: Callable[[bytes], None]) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._output: Final = output
        self._terminal: int | None = None if given is None or given.content is not None else given.terminal
        self._left = memoryview(b"" if given is None or given.content is None else given.content + END)
        self.interactive: Final = self._terminal is not None

    @property
    def descriptor(self) -> int:
        """What QEMU is to inherit, until `begin`."""
        return self._theirs.fileno()

    def options(self, options: Sequence[str]) -> list[str]:
        """QEMU's options, in which a console was connected to nowhere."""
        ours = f"socket,id=console,fd={self.descriptor}"
        return [ours if word == NOWHERE else word for word in options]

    def begin(self) -> None:
        """QEMU has been started."""
        self._theirs.close()

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()

    def reads(self) -> list[int]:
        """The descriptors that are waited for until something can be read."""
        terminal = [self._terminal] if self._terminal is not None and not self._left else []
        return [self._ours.fileno(), *terminal] if self._ours.fileno() >= 0 else []

    def writes(self) -> list[int]:
        """Those that are waited for until something can be written."""
        return [self._ours.fileno()] if self._left and self._ours.fileno() >= 0 else []

    def move(self, ready: Sequence[int]) -> None:
        """Move what can be moved; `ready` can be read or written."""
        if self._terminal is not None and self._terminal in ready:
            try:
                data = os.read(self._terminal, _AT_ONCE)
            except OSError:
                data = b""
            self._terminal = self._terminal if data else None
            self._left = memoryview(data or END)
        if self._ours.fileno() in ready:
            self._receive()
            self._send()

    def drain(self) -> None:
        """QEMU has ended: take all that the device has written."""
        while self._receive():
            pass

    def _receive(self) -> bool:
        """Take something that the device has written; whether there was something."""
        try:
            data = self._ours.recv(_AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self._output(data)
        else:
            self._ours.close()  # QEMU has ended
        return bool(data)

    def _send(self) -> None:
        if self._left and self._ours.fileno() >= 0:
            try:
                self._left = self._left[self._ours.send(self._left) :]
            except BlockingIOError:
                pass
            except OSError:
                self._left = memoryview(b"")
