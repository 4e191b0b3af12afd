"""A client of gdb's remote protocol, as small as it can be."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tyrne.cli.debugging import answer
from tyrne.debug.server import listen, serve
from tyrne.debug.session import Session
from tyrne.system.gdb_packets import Reader, packed
from tyrne.system.replay import Replay


class Client:
    """Speaks with a server at a Unix socket; ends with a kill."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.reader = Reader()
        self.reader.acknowledges = False
        self.output = b""
        self._packets: list[bytes] = []
        assert self.ask(b"QStartNoAckMode") == b"OK"

    def close(self) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        self.socket.sendall(packed(content))

    def receive(self) -> bytes:
        """The next packet that is no output; output is kept."""
        while True:
            while not self._packets:
                data = self.socket.recv(65536)
                assert data, "the server is gone"
                self._packets += self.reader.add(data)
            packet = self._packets.pop(0)
            if packet[:1] != b"O" or packet == b"OK":
                return packet
            self.output += bytes.fromhex(packet[1:].decode())

    def ask(self, content: bytes) -> bytes:
        self.send(content)
        return self.receive()

    def register(self, number: int) -> int:
        return int.from_bytes(bytes.fromhex(self.ask(b"p%x" % number).decode()), "little")

    @property
    def pc(self) -> int:
        return self.register(32)

    def monitor(self, what: str) -> str:
        return bytes.fromhex(self.ask(b"qRcmd," + what.encode().hex().encode()).decode()).decode()


@contextmanager
def served(replay: Replay, folder: Path) -> Iterator[tuple[Client, Session]]:
    """A client of a server over a run, which is killed afterwards."""
    session = Session(replay)
    listening, path = listen(folder / "gdb")
    thread = threading.Thread(target=serve, args=(listening, session, lambda asked: answer(session, asked)))
    with listening:
        thread.start()
        client = Client(path)
        try:
            yield client, session
        finally:
            client.close()
            last = Client(path)
            last.send(b"k")
            thread.join(60)
            assert not thread.is_alive()
            last.close()
