"""The server of the page: on this computer alone, for who has its token, and for its own page alone.

| who might ask | what stands in the way |
|---|---|
| another computer | it listens at 127.0.0.1 |
| another user or program of this computer | data only for who sends the token |
| a page from elsewhere, in the same browser | it does not know the token, nor may it send the header |
| the same, by a name that it has led to 127.0.0.1 | the header Host must be the server's own |
| a run that is looked at | its words are data in JSON and text in pictures; the policy (CSP) lets only own files run |
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import re
import socket
from collections.abc import Callable
from contextlib import nullcontext
from importlib.resources import files
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tyrne.inspect.pictures import Kind
from tyrne.inspect.pictures.svg import style
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.viewer import WAYS, Viewer
from tyrne.system.errors import RequestError
from tyrne.system.loopback import LOOPBACK, tcp_socket

TOKEN: Final = "x-tyrne-token"
"""The header that every question for data has."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_FOLDER: Final = files("tyrne.inspect") / "ui_files"
_FILES: Final = {
    "/": ("ui.html", "text/html"),
    "/ui.css": ("ui.css", "text/css"),
    "/ui.js": ("ui.js", "text/javascript"),
    "/panes.js": ("panes.js", "text/javascript"),
    "/keys.js": ("keys.js", "text/javascript"),
    "/queue.js": ("queue.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_AT: Final = re.compile(r"(\d{1,15})\+(\d{1,15})", re.ASCII)
TEXT: Final = 200
"""Characters of a name or a text that is looked for."""
END_SECONDS: Final = 1
"""How long answers and connections may keep the server from its end."""
STEPS: Final = 100
"""At most in one question."""

Answer = Callable[[Viewer, Any], Any]
"""Data for the parameters of a question; RequestError says what is wrong with them."""


class _Guard:
    """Answers only who asks for this server by its own name, and adds what holds for every answer."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app: Final = app
        self._hosts: Final = {f"{LOOPBACK}:{port}".encode(), f"localhost:{port}".encode()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        if scope["type"] != "http":
            return
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        app: ASGIApp = self._app if len(hosts) == 1 and hosts[0] in self._hosts else _MISDIRECTED
        await app(scope, receive, marked)


_MISDIRECTED: Final = PlainTextResponse("not the name of this server\n", 421)


def application(viewer: Viewer, token: str, port: int) -> ASGIApp:
    """The server's answers."""

    def guarded(answer: Answer) -> Callable[[Request], Response]:
        rests = answer is not _about  # which the page asks again and again

        def respond(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get(TOKEN, "").encode(), token.encode()):
                return JSONResponse({"error": "open the address that tyrne ui has printed"}, 403)
            try:
                with viewer.reader.rests() if rests else nullcontext():
                    return JSONResponse(answer(viewer, request.query_params))
            except RequestError as error:
                return JSONResponse({"error": "; ".join(error.lines)}, 400)

        return respond

    routes = [Route(path, _file(*about)) for path, about in _FILES.items()]
    routes.append(Route("/picture.css", lambda request: Response(style(), media_type="text/css")))
    routes += [Route(f"/data/{name}", guarded(answer)) for name, answer in _ANSWERS.items()]
    return _Guard(Starlette(routes=routes), port)


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    content = (_FOLDER / name).read_bytes()
    return lambda request: Response(content, media_type=kind)


def _about(viewer: Viewer, asked: Any) -> Any:
    return viewer.about()


def _state(viewer: Viewer, asked: Any) -> Any:
    return viewer.state(_at(asked), _word(asked, "task") or None)


def _rows(viewer: Viewer, asked: Any) -> Any:
    return viewer.rows(_number(asked, "first"), _number(asked, "last"))


def _picture(viewer: Viewer, asked: Any) -> Any:
    kind = _word(asked, "kind")
    if kind not in [each.value for each in Kind]:
        raise RequestError("no such picture")
    tasks = [name[:TEXT] for name in asked.getlist("task")[:100]]
    ended = viewer.ended(_at(asked)) if kind in (Kind.CAPABILITIES.value, Kind.MEMORY.value) else []
    return {"svg": viewer.picture(Kind(kind), _at(asked), tasks), "ended": ended}


def _instructions(viewer: Viewer, asked: Any) -> Any:
    return viewer.instructions(_at(asked), _word(asked, "task") or None)


def _move(viewer: Viewer, asked: Any) -> Any:
    way = _word(asked, "way")
    if way not in WAYS:
        raise RequestError("no such way")
    count = _number(asked, "count") if _word(asked, "count") else 1
    found, made = viewer.moves(_at(asked), way, _word(asked, "back") == "1", min(count, STEPS))
    return {"at": None if found is None else found.text, "made": made}


def _search(viewer: Viewer, asked: Any) -> Any:
    return viewer.search(_word(asked, "text"), _at(asked), _word(asked, "back") == "1")


def _written(viewer: Viewer, asked: Any) -> Any:
    return viewer.written(_at(asked), _word(asked, "task"), _address(asked))


def _memory(viewer: Viewer, asked: Any) -> Any:
    return viewer.memory(_at(asked), _word(asked, "task"), _address(asked))


def _source(viewer: Viewer, asked: Any) -> Any:
    return {"lines": viewer.sources.lines(_word(asked, "file"))}


_ANSWERS: Final[dict[str, Answer]] = {
    "about": _about,
    "state": _state,
    "rows": _rows,
    "picture": _picture,
    "instructions": _instructions,
    "move": _move,
    "search": _search,
    "source": _source,
    "written": _written,
    "memory": _memory,
}


def _word(asked: Any, name: str) -> str:
    return str(asked.get(name, ""))[:TEXT]


def _number(asked: Any, name: str) -> int:
    word = _word(asked, name)
    if not re.fullmatch(r"\d{1,15}", word, re.ASCII):
        raise RequestError(f"{name} is not a number")
    return int(word)


def _address(asked: Any) -> int:
    word = _word(asked, "address")
    if not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", word):
        raise RequestError("that is no address; write it as 0x10000000")
    return int(word, 16)


def _at(asked: Any) -> At:
    found = _AT.fullmatch(_word(asked, "at"))
    if found is None:
        raise RequestError("that is no position; write 12, or 12+3 for three instructions after the twelfth transition")
    return At(int(found[1]), int(found[2]))


def listen(port: int) -> socket.socket:
    """A socket on this computer alone; RequestError where the port is taken. Port 0: any that is free."""
    made = tcp_socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
        made.listen()
    except OSError as error:
        made.close()
        raise RequestError(f"--port {port}: {error.strerror}; leave it out, and a free one is taken") from None
    return made


def server(viewer: Viewer, token: str, at: socket.socket) -> uvicorn.Server:
    """The server at a socket; its `run` returns when it is asked to end."""
    app = application(viewer, token, at.getsockname()[1])
    settings = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=END_SECONDS,
    )
    return _Server(settings)


class _Server(uvicorn.Server):
    """Bears that somebody holds more connections than this process may have files. The next ones wait, which is nothing
    to be told; nor is it that asyncio would still take them up when the server has ended."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._bear)
        await super().serve(sockets)

    def _bear(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        too_many = isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
        if not too_many and not self.should_exit:
            loop.default_exception_handler(context)
