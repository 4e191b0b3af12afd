"""What QEMU does for the machine it emulates: a stream of bytes to the host, and the end with a status.

A call is answered by QEMU itself, started with `-semihosting-config enable=on`; elsewhere the instruction traps, which
is a panic.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, u8, u64
from tyrne.lang.machine import address_of, semihosting

SYS_OPEN: Final = u64(0x01)
SYS_WRITE: Final = u64(0x05)
SYS_EXIT_EXTENDED: Final = u64(0x20)
APPLICATION_EXIT: Final = u64(0x2_0026)
"""ADP_Stopped_ApplicationExit, the reason that carries a status."""
MODE_WRITE: Final = u64(4)
""""w"."""
BUFFER: Final = 1024


class Parameters:
    """The block that a call's argument points at."""

    def __init__(self) -> None:
        self.first: u64 = u64(0)
        self.second: u64 = u64(0)
        self.third: u64 = u64(0)


class HostStream:
    """Bytes to the chardev of the semihosting console, collected until they fill the buffer or `flush`."""

    def __init__(self) -> None:
        self.name: Array[u8] = Array([u8(byte) for byte in b":tt\0"])
        self.buffer: Array[u8] = Array.filled(BUFFER, u8(0))
        self.used: u64 = u64(0)
        self.parameters: Parameters = Parameters()
        self.is_open: bool = False
        self.handle: u64 = u64(0)

    def put(self, byte: u8) -> None:
        if self.used == len(self.buffer):
            self.flush()
        self.buffer[self.used] = byte
        self.used += 1

    def flush(self) -> None:
        """Bytes that the host does not take are lost."""
        if self.used == 0:
            return
        if not self.is_open:
            self.is_open = True
            # audit: U-12
            self.handle = self._call(SYS_OPEN, address_of(self.name), MODE_WRITE, u64(3))
        # audit: U-12
        self._call(SYS_WRITE, self.handle, address_of(self.buffer), self.used)
        self.used = u64(0)

    def _call(self, operation: u64, first: u64, second: u64, third: u64) -> u64:
        self.parameters.first = first
        self.parameters.second = second
        self.parameters.third = third
        # audit: U-12
        return semihosting(operation, address_of(self.parameters))


class HostExit:
    """The end of the machine."""

    def __init__(self) -> None:
        self.parameters: Parameters = Parameters()

    def leave(self, status: u64) -> None:
        """QEMU ends with `status`; returns only on a machine without semihosting."""
        self.parameters.first = APPLICATION_EXIT
        self.parameters.second = status
        # audit: U-13
        semihosting(SYS_EXIT_EXTENDED, address_of(self.parameters))
