"""Bytes as text for JSON: base64 of what zlib has compressed."""

from __future__ import annotations

import base64
import zlib


def pack(content: bytes) -> str:
    """The text of bytes."""
    return base64.b64encode(zlib.compress(content, 9)).decode()


def beginning(text: str, length: int) -> bytes:
    """The first bytes of a text, `length` at most; ValueError if it is damaged there."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text, validate=True), length)
    except (ValueError, zlib.error):
        raise ValueError("damaged") from None


def unpack(text: str, limit: int) -> bytes:
    """The bytes of a text, of which there may be `limit`; ValueError says what is wrong with it."""
    try:
        stream = zlib.decompressobj()
        content = stream.decompress(base64.b64decode(text, validate=True), limit + 1)
    except (ValueError, zlib.error):
        raise ValueError("damaged") from None
    if len(content) > limit or not stream.eof or stream.unused_data:
        raise ValueError("damaged, or larger than that of any system")
    return content
