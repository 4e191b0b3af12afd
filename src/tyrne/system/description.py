"""System descriptions: a TOML file that says which programs run as which tasks, and what each may do.

Keys: [system] name; [[endpoint]] name; [[task]] name, program (relative to the file), stack_pages (default 1), caps.
A capability is `{ console = true }` or `{ endpoint = "name", rights = ["SEND", "RECV"] }`; without `rights` an endpoint
capability may send and receive. The capabilities of a task stand at its handle words 0, 1, … in the order given.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from tyrne.kernel.abi import Rights
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.places import Places


@dataclass(frozen=True)
class Cap:
    """A capability that a task starts with; `endpoint` is an index, None the debug console."""

    endpoint: int | None
    rights: Rights


CONSOLE_CAP: Final = Cap(None, Rights.CONSOLE_WRITE)
ENDPOINT_RIGHTS: Final = Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER | Rights.SEND | Rights.RECV
"""What may be given over an endpoint."""


@dataclass(frozen=True)
class TaskDescription:
    """One task. `place` is where an error about its program points: "file:line", or empty for the command line."""

    name: str
    program: Path
    stack_pages: int
    caps: tuple[Cap, ...]
    place: str


@dataclass(frozen=True)
class SystemDescription:
    """A checked description: every reference resolves, every number is within the limits."""

    name: str
    endpoints: tuple[str, ...]
    tasks: tuple[TaskDescription, ...]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _is_true(value: object) -> bool:
    if value is not True:  # 1 == True
        raise ValueError
    return True


class _Cap(_Table):
    console: Annotated[bool | None, BeforeValidator(_is_true)] = None
    endpoint: str | None = None
    rights: list[str] | None = None


class _Task(_Table):
    name: str
    program: str
    stack_pages: int = 1
    caps: list[_Cap] = []


class _Endpoint(_Table):
    name: str


class _System(_Table):
    name: str


class _Description(_Table):
    system: _System
    endpoint: list[_Endpoint] = []
    task: list[_Task]


_EXAMPLES: Final = {
    "system": '[system] with name = "…"',
    "endpoint": '[[endpoint]] with name = "…"',
    "task": '[[task]] with name = "…" and program = "…"',
    "name": 'name = "…"',
    "program": 'program = "hello.py"',
    "stack_pages": "stack_pages = 1",
    "caps": "caps = [ { console = true } ]",
    "console": "console = true",
    "rights": 'rights = ["SEND", "RECV"]',
}
_KEYS: Final[dict[str, type[_Table]]] = {"system": _System, "endpoint": _Endpoint, "task": _Task, "caps": _Cap}


def read_description(path: Path) -> SystemDescription:
    """The description in a file; RequestError with one line per mistake."""
    try:
        with path.open("rb") as file:
            content = file.read(limits.DESCRIPTION_BYTES + 1)
        if len(content) > limits.DESCRIPTION_BYTES:
            raise RequestError(f"{path}: larger than {limits.DESCRIPTION_BYTES} bytes; name a system description")
        text = content.decode("utf-8-sig")  # Windows editors write a mark before the text
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {reason(error)}; give the path of a system description") from None
    except UnicodeDecodeError:
        raise RequestError(f"{path}: not UTF-8 text; a system description is a TOML file") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RequestError(_syntax_error(path, text, str(error))) from None
    except (RecursionError, ValueError):  # its parser is recursive, and int() reads 4300 digits
        raise RequestError(f"{path}: nested too deeply, or a number of too many digits; write it shorter") from None
    return _Reader(path, Places(text)).read(data)


def _syntax_error(path: Path, text: str, message: str) -> str:
    """tomllib says "<what> (at line N, column M)" or "(at end of document)"."""
    what, _, where = message.rpartition(" (at ")
    line = where.split(",")[0].removeprefix("line ")
    if not line.isdigit():
        line = str(len(text.splitlines()) or 1)
    return f"{path}:{line}: not TOML: {what[:1].lower()}{what[1:]}; correct the syntax of this line"


class _Reader:
    """Checks one file and collects its mistakes."""

    def __init__(self, path: Path, places: Places) -> None:
        self._path = path
        self._places = places
        self._errors: list[tuple[int, str]] = []

    def read(self, data: dict[str, Any]) -> SystemDescription:
        try:
            model = _Description.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._error(detail["loc"], _shape_error(detail))
            raise self._failure() from None
        self._check_names(model)
        endpoints = [endpoint.name for endpoint in model.endpoint]
        tasks = tuple(self._task(index, task, endpoints) for index, task in enumerate(model.task))
        if self._errors:
            raise self._failure()
        return SystemDescription(model.system.name, tuple(endpoints), tasks)

    def _error(self, path: Sequence[str | int], what: str) -> None:
        self._errors.append((self._places.line(tuple(path)), what))

    def _failure(self) -> RequestError:
        return RequestError(*(f"{self._path}:{line}: {what}" for line, what in sorted(self._errors)))

    def _check_names(self, model: _Description) -> None:
        if not model.task:
            self._error(("task",), f"a system without a task; add a {_EXAMPLES['task']}")
        for kind, names, limit in (
            ("endpoint", [e.name for e in model.endpoint], limits.ENDPOINTS),
            ("task", [t.name for t in model.task], limits.TASKS),
        ):
            if len(names) > limit:
                self._error((kind, limit), f"{len(names)} {kind}s; a system has at most {limit}, remove some")
            for index, name in enumerate(names):
                if wrong := name_error(name):
                    self._error((kind, index, "name"), wrong)
                elif name in names[:index]:
                    self._error((kind, index, "name"), f'a second {kind} "{name}"; give each {kind} its own name')
        if wrong := name_error(model.system.name):
            self._error(("system", "name"), wrong)

    def _task(self, index: int, task: _Task, endpoints: list[str]) -> TaskDescription:
        here = ("task", index)
        if not 1 <= task.stack_pages <= limits.STACK_PAGES:
            what = f"stack_pages is {task.stack_pages}; write a number from 1 to {limits.STACK_PAGES}"
            self._error((*here, "stack_pages"), what)
        if len(task.caps) > limits.CAPS:
            what = f"{len(task.caps)} capabilities; a task starts with at most {limits.CAPS}, remove some"
            self._error((*here, "caps", limits.CAPS), what)
        caps = tuple(self._cap((*here, "caps", number), cap, endpoints) for number, cap in enumerate(task.caps))
        if "\0" in task.program:
            self._error((*here, "program"), f"no file is named {task.program!r}; write {_EXAMPLES['program']}")
        place = f"{self._path}:{self._places.line((*here, 'program'))}"
        return TaskDescription(task.name, _beside(self._path, task.program), task.stack_pages, caps, place)

    def _cap(self, here: tuple[str | int, ...], cap: _Cap, endpoints: list[str]) -> Cap:
        if (cap.console is None) == (cap.endpoint is None):
            what = 'a capability names one object; write { console = true } or { endpoint = "name" }'
            self._error(here, what)
            return CONSOLE_CAP
        if cap.endpoint is None:
            if cap.rights is not None:
                what = "a console capability has just the right to write; remove rights"
                self._error((*here, "rights"), what)
            return CONSOLE_CAP
        rights = Rights.SEND | Rights.RECV if cap.rights is None else Rights.NONE
        for number, name in enumerate(cap.rights or []):
            right = Rights.__members__.get(name, Rights.NONE)
            if right & ENDPOINT_RIGHTS == Rights.NONE:
                known = ", ".join(str(member.name) for member in ENDPOINT_RIGHTS)
                self._error((*here, "rights", number), f'no right "{name}" over an endpoint; write one of {known}')
            rights |= right
        if cap.endpoint not in endpoints:
            known = ", ".join(endpoints) or "none"
            what = f'no endpoint "{cap.endpoint}" (there is {known}); add a [[endpoint]] with name = "{cap.endpoint}"'
            self._error((*here, "endpoint"), what)
            return CONSOLE_CAP
        return Cap(endpoints.index(cap.endpoint), rights)


def _beside(description: Path, program: str) -> Path:
    """The path of a program, as short as it can be said from the working directory."""
    path = Path(os.path.realpath(description.parent / program.replace("\0", "")))  # passes a loop of links, unlike Path
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def name_error(name: str) -> str | None:
    """What is wrong with the name of a system, task or endpoint; None for a good one."""
    if not name or not name.isprintable() or len(name.encode()) > limits.NAME_BYTES:
        return f"the name {name!r} is not usable; write 1 to {limits.NAME_BYTES} printable bytes"
    return None


def _shape_error(detail: ErrorDetails) -> str:
    """An error of shape, in the words of the file's author."""
    keys = [part for part in detail["loc"] if isinstance(part, str)]
    key = keys[-1]
    table = keys[-2] if len(keys) > 1 else ""
    match detail["type"]:
        case "extra_forbidden":
            known = ", ".join(_KEYS[table].model_fields if table else _Description.model_fields)
            return f'unknown key "{key}"{_within(table)}; the keys are {known}'
        case "missing":
            return f'no "{key}"{_within(table)}; add {_EXAMPLES[key]}'
    example = 'endpoint = "name"' if key == "endpoint" and table == "caps" else _EXAMPLES[key]
    return f'"{key}" is {_toml_type(detail["input"])}; write {example}'


def _within(table: str) -> str:
    if table == "caps":
        return " in a capability"
    brackets = {"system": "[system]", "endpoint": "[[endpoint]]", "task": "[[task]]"}
    return f" in {brackets[table]}" if table else ""


def _toml_type(value: object) -> str:
    """What a TOML author calls a value of the wrong type."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case dict():
            return "a table"
    return "a date or time"
