"""Connections that do not leave this computer."""

from __future__ import annotations

import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"


def tcp_socket() -> socket.socket:
    """A socket for TCP. What is said there, and at those that it accepts, does not wait until what was said before is
    acknowledged, which takes 40 ms."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
