"""The Debug Adapter Protocol over a session: what editors speak. Threads are tasks, by their number and one.

A message that makes no sense is answered by an error, or ends the connection where its length is none.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tyrne.debug.debugged import Breakpoint, Debugged, Stop, Why
from tyrne.debug.sources import (
    MOST_FRAMES,
    frames,
    instructions_of,
    path_of,
    step_line,
    step_line_back,
    step_out,
)
from tyrne.debug.variables import scopes, variables
from tyrne.system.errors import RequestError
from tyrne.system.printable import Written, printable

MOST: Final = 1 << 20
"""Bytes of a message."""
_LINES: Final = rb"(?:[\w-]+:[^\r\n]*\r\n)*"
_HEAD: Final = re.compile(_LINES + rb"?Content-Length: *(\d{1,7})\r\n" + _LINES + rb"\r\n", re.IGNORECASE)
_HEAD_BYTES: Final = 4096
_PATH_BYTES: Final = 4096
_CAPABILITIES: Final = {
    "supportsConfigurationDoneRequest": True,
    "supportsSteppingGranularity": True,
    "supportsReadMemoryRequest": True,
    "supportsTerminateRequest": True,
}
_BACKWARDS: Final = ("reverseContinue", "stepBack")
_REASONS: Final = {Why.BREAKPOINT: "breakpoint", Why.FAULT: "exception", Why.WISH: "pause"}

Body = dict[str, Any]


class BadMessageError(Exception):
    """What came is no message: nothing that follows can be understood."""


def packed(message: Body) -> bytes:
    """A message as it is sent."""
    content = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(content), content)


class Reader:
    """Takes bytes as they come, and gives the messages in them."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def add(self, data: bytes) -> list[Body]:
        self._buffer += data
        found = []
        while self._buffer:
            head = _HEAD.match(self._buffer[:_HEAD_BYTES])
            if head is None:
                if len(self._buffer) >= _HEAD_BYTES or b"\r\n\r\n" in self._buffer:
                    raise BadMessageError("no Content-Length")
                break
            length = int(head[1])
            if length > MOST:
                raise BadMessageError("too long")
            if len(self._buffer) < head.end() + length:
                break
            content = bytes(self._buffer[head.end() : head.end() + length])
            del self._buffer[: head.end() + length]
            try:
                message = json.loads(content)
            except (ValueError, RecursionError):
                raise BadMessageError("no JSON") from None
            if not isinstance(message, dict):
                raise BadMessageError("no object")
            found.append(message)
        return found


class RefusedError(Exception):
    """Why a request has no answer."""


class Adapter:
    """Answers the requests of one client."""

    def __init__(self, session: Debugged, monitor: Callable[[str], str], send: Callable[[Body], None]) -> None:
        """`monitor` answers what is typed into the console; `send` sends a message at once."""
        self.ends = False
        self._session: Final = session
        self._monitor: Final = monitor
        self._written: Final = Written()
        self._send: Final = send
        self._sequence = 0
        self._breakpoints: Final[dict[Path, list[Breakpoint]]] = {}
        self._ways: Final[dict[str, Callable[[Body], Stop]]] = {
            "continue": lambda a: session.run(),
            "reverseContinue": lambda a: session.run_back(),
            "next": lambda a: self._step(a, True),
            "stepIn": lambda a: self._step(a, False),
            "stepOut": lambda a: step_out(session, self._thread(a)),
            "stepBack": self._step_back,
        }
        self._requests: Final[dict[str, Callable[[Body], Body]]] = {
            "initialize": lambda a: {**_CAPABILITIES, "supportsStepBack": not session.way_back},
            "launch": lambda a: {},
            "attach": lambda a: {},
            "configurationDone": lambda a: {},
            "setExceptionBreakpoints": lambda a: {},
            "setBreakpoints": self._set_breakpoints,
            "threads": self._threads,
            "stackTrace": self._stack,
            "scopes": lambda a: {"scopes": scopes(session, _integer(a, "frameId") // MOST_FRAMES)},
            "variables": self._variables,
            "evaluate": self._evaluate,
            "readMemory": self._memory,
            "pause": lambda a: {},
            "disconnect": self._leave,
            "terminate": self._leave,
        }

    def answer(self, message: Body) -> None:
        """Answer a request, and send the events that follow from it."""
        command, given = message.get("command"), message.get("arguments", {})
        if message.get("type") != "request" or not isinstance(command, str):
            return
        try:
            if not isinstance(given, dict):
                raise RefusedError("arguments are no object")
            if command in self._ways:
                self._thread(given)
                if command in _BACKWARDS and self._session.way_back:
                    raise RefusedError(self._session.way_back)
                self._respond(message, {"allThreadsContinued": True})
                self._stopped(self._ways[command](given))
                return
            request = self._requests.get(command)
            if request is None:
                raise RefusedError("there is no such request")
            self._respond(message, request(given))
        except (RefusedError, RequestError) as error:
            self._respond(message, None, str(error))
            return
        if command in ("launch", "attach"):
            self._event("initialized", {})
        elif command == "configurationDone":
            self._event("stopped", self._reason("entry"))
        elif command in ("disconnect", "terminate"):
            self._event("terminated", {})

    def _respond(self, message: Body, body: Body | None, why: str = "") -> None:
        refused = {"message": why} if body is None else {"body": body}
        command, number = message["command"], message.get("seq")
        number = number if type(number) is int else 0  # it may be anything, and is sent back
        said = {"type": "response", "request_seq": number, "command": command, "success": body is not None, **refused}
        self._say(said)

    def _event(self, name: str, body: Body) -> None:
        self._say({"type": "event", "event": name, "body": body})

    def _say(self, message: Body) -> None:
        self._sequence += 1
        self._send({"seq": self._sequence, **message})

    # Ways

    def _step(self, given: Body, over: bool) -> Stop:
        number = self._thread(given)
        if given.get("granularity") == "instruction":
            return self._session.step(number)
        return step_line(self._session, number, over)

    def _step_back(self, given: Body) -> Stop:
        number = self._thread(given)
        if given.get("granularity") == "instruction":
            return self._session.step_back(number)
        return step_line_back(self._session, number)

    def _stopped(self, stop: Stop) -> None:
        if output := self._written.add(self._session.output(), stop.why is Why.END):
            self._event("output", {"category": "stdout", "output": output})
        if stop.status is not None:
            self._event("exited", {"exitCode": stop.status})
            self._event("terminated", {})
            self.ends = True
            return
        words = f"{stop.why.value}{f': {stop.kind}' if stop.kind else ''}"
        self._event("stopped", {**self._reason(_REASONS.get(stop.why, "step")), "description": words})

    def _reason(self, reason: str) -> Body:
        return {"reason": reason, "threadId": self._session.current() + 1, "allThreadsStopped": True}

    def _set_breakpoints(self, given: Body) -> Body:
        source, wanted = given.get("source"), given.get("breakpoints", [])
        if not isinstance(source, dict) or not isinstance(wanted, list) or not all(isinstance(e, dict) for e in wanted):
            raise RefusedError("breakpoints need a source and a list")
        path = _path(source)
        for known in self._breakpoints.pop(path, []):
            self._session.forget(known)
        made, answers = self._breakpoints.setdefault(path, []), []
        for entry in wanted[:256]:
            line, places = instructions_of(self._session, path, _integer(entry, "line"))
            for place in places:
                self._session.break_at(place)
            made += places
            answers.append({"verified": bool(places), "line": line})
        return {"breakpoints": answers}

    # State

    def _thread(self, given: Body) -> int:
        number = _integer(given, "threadId") - 1
        if number not in self._session.numbers():
            raise RefusedError("there is no such task")
        return number

    def _threads(self, given: Body) -> Body:
        session = self._session
        found = {number: f"{session.name(number)}: {session.does(number)}" for number in session.numbers()}
        return {"threads": [{"id": number + 1, "name": printable(text)} for number, text in found.items()]}

    def _stack(self, given: Body) -> Body:
        number = self._thread(given)
        pc = f"{self._session.pc(number):#x}"
        found: list[Body] = []
        for place in frames(self._session, number):
            path = path_of(place.file)
            source = {"source": {"name": path.name, "path": str(path)}} if path is not None else {}
            name = printable(place.function or place.file or pc)
            found.append({"name": name, "line": place.line, "column": 0, **source})
        found = found or [{"name": pc, "line": 0, "column": 0}]
        ids = range(number * MOST_FRAMES, (number + 1) * MOST_FRAMES)
        stack = [{"id": i, "instructionPointerReference": pc, **frame} for i, frame in zip(ids, found, strict=False)]
        return {"stackFrames": stack, "totalFrames": len(stack)}

    def _variables(self, given: Body) -> Body:
        try:
            return {"variables": variables(self._session, _integer(given, "variablesReference"))}
        except KeyError:
            raise RefusedError("there is no such group of variables") from None

    def _evaluate(self, given: Body) -> Body:
        said = printable(self._monitor(_text(given, "expression")), keep="\n")
        return {"result": said, "variablesReference": 0}

    def _memory(self, given: Body) -> Body:
        try:
            address = int(_text(given, "memoryReference"), 0) + _integer({"offset": 0, **given}, "offset")
        except ValueError:
            raise RefusedError("memoryReference is no address") from None
        wanted = min(max(0, _integer(given, "count")), MOST // 4)
        content = self._session.read(self._session.current(), address, wanted)
        data, absent = b64encode(content).decode(), wanted - len(content)
        return {"address": f"{address:#x}", "data": data, "unreadableBytes": absent}

    def _leave(self, given: Body) -> Body:
        self.ends = True
        return {}


def _integer(given: Body, key: str) -> int:
    value = given.get(key)
    if type(value) is not int or abs(value) >= 1 << 62:
        raise RefusedError(f"{key} is no number")
    return value


def _path(source: Body) -> Path:
    """Of a source, without links."""
    text = _text(source, "path")
    try:
        if len(os.fsencode(text)) > _PATH_BYTES:
            raise RefusedError(f"path is longer than {_PATH_BYTES} bytes")
    except UnicodeEncodeError:
        raise RefusedError("path is no text") from None
    return Path(os.path.realpath(text))  # passes a loop of links, unlike Path


def _text(given: Body, key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or "\0" in value:
        raise RefusedError(f"{key} is no text")
    return value
