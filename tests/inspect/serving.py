"""A server of the page within a test, and questions to it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tyrne.inspect import open_run
from tyrne.inspect.ui.reader import Reader
from tyrne.inspect.ui.server import listen, server
from tyrne.inspect.ui.sources import Sources, sources_of
from tyrne.inspect.ui.viewer import Viewer
from tyrne.system.loopback import LOOPBACK

TOKEN = "a-token"


def viewer_of(run: Path, sources: Sources | None = None) -> Viewer:
    """A viewer whose run is all read."""
    replay = open_run(run)
    replay.keep_checkpoints()
    reader = Reader(open_run(run))
    reader.run()
    return Viewer(replay, reader, sources or sources_of(replay, None))


class Served:
    """A server that runs at `port`."""

    def __init__(self, viewer: Viewer, port: int) -> None:
        self.viewer, self.port = viewer, port

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/#{TOKEN}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. `Host=""` sends none."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            if value:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def data(self, name: str, **parameters: object) -> Any:
        """What the page gets."""
        path = f"/data/{name}?{urlencode(parameters)}"
        status, _, body = self.ask(path, X_Tyrne_Token=TOKEN)
        assert status == 200, body
        return json.loads(body)


@contextmanager
def serving(viewer: Viewer) -> Iterator[Served]:
    with listen(0) as at:
        running = server(viewer, TOKEN, at)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [at]})
        thread.start()
        try:
            yield Served(viewer, at.getsockname()[1])
        finally:
            running.should_exit = True
            thread.join()
