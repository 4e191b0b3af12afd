"""What QEMU does for the machine it emulates: a stream of bytes to the host, and the end with a status.

A call is answered by QEMU itself, started with `-semihosting-config enable=on`. Elsewhere the instruction is undefined:
a panic, but at the end of the machine, which the firmware is asked for then (leave.S).
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, extern, u8, u64
from tyrne.lang.machine import address_of, semihosting

SYS_WRITE0: Final = u64(0x04)
"""Writes a string that ends with a zero byte. Unlike a stream opened as ":tt", it goes to the console's chardev."""
SYS_EXIT_EXTENDED: Final = u64(0x20)
APPLICATION_EXIT: Final = u64(0x2_0026)
"""ADP_Stopped_ApplicationExit, the reason that carries a status."""
BUFFER: Final = 1024


class HostStream:
    """Text to the chardev of the semihosting console, collected until it fills the buffer or `flush`. No zero bytes."""

    def __init__(self) -> None:
        self.buffer: Array[u8] = Array.filled(BUFFER, u8(0))
        self.used: u64 = u64(0)

    def put(self, byte: u8) -> None:
        if self.used + 1 == len(self.buffer):
            self.flush()
        self.buffer[self.used] = byte
        self.used += 1

    def flush(self) -> None:
        self.buffer[self.used] = u8(0)
        # audit: U-12
        semihosting(SYS_WRITE0, address_of(self.buffer))
        self.used = u64(0)


class HostExit:
    """The end of the machine."""

    def __init__(self) -> None:
        self.parameters: Array[u64] = Array.filled(2, u64(0))

    def leave(self, status: u64) -> None:
        """QEMU ends with `status`; a machine without semihosting is off, or waits for ever. Does not return."""
        self.parameters[0] = APPLICATION_EXIT
        self.parameters[1] = status
        # audit: U-13
        leave_machine(SYS_EXIT_EXTENDED, address_of(self.parameters))


@extern
def leave_machine(operation: u64, parameter: u64) -> None:
    """In leave.S: end the machine by a semihosting call, or as can be. Never returns."""
    raise NotImplementedError
