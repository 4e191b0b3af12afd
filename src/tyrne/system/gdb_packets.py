"""Packets of gdb's remote protocol: `$DATA#HH`, with acknowledgements until they are switched off.

What comes is from somebody else: what is no packet is passed over, and a longer one than MOST is refused.
"""

from __future__ import annotations

from typing import Final

MOST: Final = 1 << 16
"""Bytes of a packet."""
INTERRUPT: Final = b"\x03"
"""What a client sends, outside packets, to stop what runs."""
_ESCAPE: Final = 0x7D
_SPECIAL: Final = frozenset(b"#$}*")


def packed(data: bytes) -> bytes:
    """A packet with this content."""
    escaped = bytearray()
    for byte in data:
        escaped += bytes((_ESCAPE, byte ^ 0x20)) if byte in _SPECIAL else bytes((byte,))
    return b"$%b#%02x" % (bytes(escaped), sum(escaped) % 256)


class Reader:
    """Takes bytes as they come, and gives the packets in them."""

    def __init__(self) -> None:
        self.acknowledges = True
        """Whether both sides acknowledge packets."""
        self.answers = bytearray()
        """What is to be sent for what has come: acknowledgements, and requests to send a packet again."""
        self._buffer = bytearray()

    def add(self, data: bytes) -> list[bytes]:
        """The contents of the packets that are complete now, or INTERRUPT for a wish to stop."""
        self._buffer += data
        found = []
        while self._buffer:
            if self._buffer[0] != ord("$"):
                if self._buffer[0] == INTERRUPT[0]:
                    found.append(INTERRUPT)
                del self._buffer[0]
                continue
            end = self._buffer.find(b"#")
            if end < 0 or len(self._buffer) < end + 3:
                if len(self._buffer) > MOST:
                    self._buffer.clear()
                break
            content, written = bytes(self._buffer[1:end]), bytes(self._buffer[end + 1 : end + 3])
            del self._buffer[: end + 3]
            right = written.lower() == b"%02x" % (sum(content) % 256)
            if self.acknowledges:
                self.answers += b"+" if right else b"-"
            if right:
                found.append(_plain(content))
        return found


def _plain(content: bytes) -> bytes:
    if _ESCAPE not in content:
        return content
    plain, escaped = bytearray(), False
    for byte in content:
        if escaped:
            plain.append(byte ^ 0x20)
        elif byte != _ESCAPE:
            plain.append(byte)
        escaped = byte == _ESCAPE and not escaped
    return bytes(plain)
