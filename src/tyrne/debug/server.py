"""Serves gdb's protocol, or that of editors (DAP), at a Unix socket or at a port of the loopback interface."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tyrne.debug import dap
from tyrne.debug.debugged import Debugged
from tyrne.debug.gdb import Gdb
from tyrne.system.errors import RequestError
from tyrne.system.gdb_packets import INTERRUPT, Reader, packed
from tyrne.system.loopback import LOOPBACK, tcp_socket

_BYTES: Final = 1 << 16
PORTS: Final = 65535
"""The last port."""
FLOOD: Final = 4 << 20
"""Bytes that a client may send while what it debugs runs: who sends more has gone mad, and is left."""
_BEGINNINGS: Final = b"+-$\x03"
"""What a client of gdb's protocol can begin with: no browser does, whatever page it shows."""


def listen(at: Path | int) -> tuple[socket.socket, str]:
    """A socket that waits for a client, and what gdb's `target remote` takes for it. A path is that of a new Unix
    socket, which only this user may open; a number a port, 0 any that is free. RequestError when it cannot be had."""
    if isinstance(at, int) and at > PORTS:
        raise RequestError(f"port {at}: there is none; name one up to {PORTS}, or 0 for any that is free")
    made = tcp_socket() if isinstance(at, int) else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        if isinstance(at, int):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, at) if isinstance(at, int) else str(at))
        made.listen(1)
    except (OSError, OverflowError) as error:
        made.close()
        what, why = f"port {at}" if isinstance(at, int) else str(at), getattr(error, "strerror", None) or error
        raise RequestError(f"{what}: cannot listen there: {why}; name another one") from None
    finally:
        os.umask(before)
    return made, f"{LOOPBACK}:{made.getsockname()[1]}" if isinstance(at, int) else str(at)


def serve(listening: socket.socket, session: Debugged, monitor: Callable[[str], str]) -> None:
    """Serve clients until one kills what it debugs."""
    while True:
        client, _ = listening.accept()
        with client:
            if _serve_one(client, session, monitor):
                return


def _serve_one(client: socket.socket, session: Debugged, monitor: Callable[[str], str]) -> bool:
    """Serve a client until it leaves. Whether it has killed what it debugs."""
    reader, waiting, spoken, flood = Reader(), list[bytes](), False, 0

    def send(content: bytes) -> None:
        client.sendall(packed(content))

    def wishes() -> bool:
        """Whether the client wants a stop, or is gone."""
        nonlocal flood
        if select.select([client], [], [], 0)[0]:
            data = client.recv(_BYTES)
            flood += len(data)
            if not data or flood > FLOOD:
                gdb.ends = True
                return True
            waiting.extend(reader.add(data))
        if INTERRUPT in waiting:
            waiting.remove(INTERRUPT)
            return True
        return False

    gdb = Gdb(session, monitor, send)
    session.wishes = wishes
    try:
        while not gdb.ends:
            if not waiting:
                data = client.recv(_BYTES)
                if not data or (not spoken and data[0] not in _BEGINNINGS):
                    break
                spoken, flood = True, 0
                waiting.extend(reader.add(data))
                client.sendall(bytes(reader.answers))
                reader.answers.clear()
                continue
            packet = waiting.pop(0)
            if packet == INTERRUPT:
                continue
            if packet == b"QStartNoAckMode":
                send(b"OK")
                reader.acknowledges = False
            else:
                send(gdb.answer(packet))
    except OSError:  # the client is gone
        pass
    finally:
        session.count_only(None)
        session.wishes = lambda: False
    return gdb.kills


def serve_editor(listening: socket.socket, session: Debugged, monitor: Callable[[str], str]) -> None:
    """Serve one client that speaks DAP, until it leaves. RequestError where it speaks something else."""
    client, _ = listening.accept()
    reader, waiting, flood = dap.Reader(), list[dap.Body](), 0

    def wishes() -> bool:
        nonlocal flood
        if select.select([client], [], [], 0)[0]:
            data = client.recv(_BYTES)
            flood += len(data)
            if not data or flood > FLOOD:
                adapter.ends = True
                return True
            waiting.extend(reader.add(data))
        return any(message.get("command") in ("pause", "disconnect", "terminate") for message in waiting)

    with client:
        adapter = dap.Adapter(session, monitor, lambda message: client.sendall(dap.packed(message)))
        session.wishes = wishes
        try:
            while not adapter.ends:
                if waiting:
                    adapter.answer(waiting.pop(0))
                elif data := client.recv(_BYTES):
                    flood = 0
                    waiting.extend(reader.add(data))
                else:
                    break
        except dap.BadMessageError as error:
            what = f"what came is no message of the Debug Adapter Protocol: {error}"
            raise RequestError(f"{what}; without --dap gdb is served") from None
        except OSError:  # the client is gone
            pass
