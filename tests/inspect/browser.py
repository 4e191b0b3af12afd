"""A headless Chromium that a test looks into, by its debugging protocol over two pipes: no library is needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = f"no browser: none of {', '.join(NAMES)} is installed (Debian: apt install chromium)"
ALWAYS = ("--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--window-size=1300,640")
WITH_PIPES = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 5) for end in sys.argv[1:3]]  # first away from the places to be taken
for place, end in zip((3, 4), ends):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""A browser reads commands from file 3, and answers in file 4."""


class Page:
    """A page that is open. `asked` are the addresses that it has asked for, without those that its policy has held
    back, `said` the lines of its console, with what was held back."""

    def __init__(self, read: Any, write: Any) -> None:
        self._read, self._write = read, write
        self._number, self._session = 0, ""
        self._requests: dict[str, str] = {}
        self.said: list[str] = []
        self._loaded = False
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.send(f"{domain}.enable")

    @property
    def asked(self) -> list[str]:
        return list(self._requests.values())

    def open(self, path: Path) -> None:
        self.visit(path.as_uri())

    def visit(self, address: str) -> None:
        self._loaded = False
        self.send("Page.navigate", url=address)
        while not self._loaded:
            self._next()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, which the page's policy does not hold back."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, *keys: str) -> None:
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def mouse(self, kind: str, x: float, y: float) -> None:
        more = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def prefer(self, scheme: str) -> None:
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self) -> bytes:
        """As PNG, when what was asked for is drawn."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        self._write.flush()
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                found: dict[str, Any] = answer["result"]
                return found

    def _next(self) -> dict[str, Any]:
        piece = bytearray()
        while (byte := self._read.read(1)) != b"\0":
            assert byte, "the browser has ended"
            piece += byte
        message: dict[str, Any] = json.loads(piece)
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self._requests[parameters["requestId"]] = parameters["request"]["url"]
        elif method == "Network.loadingFailed" and parameters.get("blockedReason") == "csp":
            del self._requests[parameters["requestId"]]
        elif method == "Log.entryAdded":
            self.said.append(parameters["entry"]["text"])
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
            self.said.append(json.dumps(parameters))
        self._loaded = self._loaded or method == "Page.loadEventFired"
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with a profile of its own; only root's needs to be told that it has no sandbox."""
    assert FOUND is not None
    (get, command), (answer, put) = os.pipe(), os.pipe()
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    arguments = [FOUND, *ALWAYS, *root, f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"]
    started = subprocess.Popen(
        [sys.executable, "-c", WITH_PIPES, str(get), str(put), *arguments],
        pass_fds=(get, put),
        stderr=subprocess.DEVNULL,
    )
    os.close(get)
    os.close(put)
    with open(answer, "rb") as read, open(command, "wb") as write:
        try:
            yield Page(read, write)
        finally:
            started.kill()
            started.wait()
