"""The shape of a system description: its tables, their keys, the types of the values.

What the values mean is checked elsewhere. A mistake of shape is told in TOML's words, with an example of what fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from tyrne.system.mistakes import Mistakes
from tyrne.system.parts import DEFAULT_PRIORITY, DEFAULT_SLICE
from tyrne.system.similar import meant

M = TypeVar("M", bound=BaseModel)


class Table(BaseModel):
    """Any table: keys that are not named are refused, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _is_true(value: object) -> bool:
    if value is not True:  # 1 == True
        raise ValueError
    return True


OnlyTrue = Annotated[bool | None, BeforeValidator(_is_true)]
Number = Annotated[int, Field(ge=-(1 << 63), lt=1 << 64)]
"""Any integer of the description: what a word holds, so that each may be shown whatever its file says."""


class CapTable(Table):
    """One capability: just one of the first ten keys. `name` is by what its program finds it."""

    console: OnlyTrue = None
    clock: OnlyTrue = None
    endpoint: str | None = None
    notification: str | None = None
    memory: str | None = None
    device: str | None = None
    task: str | None = None
    space: str | None = None
    quota: OnlyTrue = None
    interrupt: Number | None = None
    name: str | None = None
    rights: list[str] | None = None
    badge: Number | None = None
    at: Number | None = None
    writable: bool | None = None
    executable: bool | None = None


class SupervisorTable(Table):
    endpoint: str
    badge: Number = 0


class QuotaTable(Table):
    tasks: Number = 0
    endpoints: Number = 0
    notifications: Number = 0
    spaces: Number = 0
    memory: Number = 0
    quotas: Number = 0
    frames: Number = 0


class ProgramTable(Table):
    """What a program is made from. A string stands for its one file."""

    sources: list[str]
    include: list[str] = []
    define: list[str] = []


def _one_source(value: object) -> object:
    return {"sources": [value]} if isinstance(value, str) else value


class TaskTable(Table):
    name: str
    program: Annotated[ProgramTable, BeforeValidator(_one_source)]
    abi: str | None = None
    args: list[str] = []
    env: dict[str, str] = {}
    heap_pages: Number | None = None
    threads: Number | None = None
    files: str | None = None
    stdin: str | None = None
    out: str | None = None
    stack_pages: Number | None = None
    priority: Number = DEFAULT_PRIORITY
    start: bool = True
    serves: bool = False
    supervisor: SupervisorTable | None = None
    quota: QuotaTable = QuotaTable()
    caps: list[CapTable] = []


class NameTable(Table):
    """An endpoint or a notification."""

    name: str


class MemoryTable(Table):
    name: str
    pages: Number | None = None
    address: Number | None = None
    dma: OnlyTrue = None
    file: str | None = None


class ForwardTable(Table):
    """A UDP port of the host that leads to one of the system."""

    udp: Number
    to: Number


class DeviceTable(Table):
    name: str
    kind: str
    file: str | None = None
    keep: OnlyTrue = None
    address: str | None = None
    forward: list[ForwardTable] = []


class SystemTable(Table):
    name: str
    slice: Number = DEFAULT_SLICE
    memory: str | None = None


class Description(Table):
    """A whole file."""

    system: SystemTable
    endpoint: list[NameTable] = []
    notification: list[NameTable] = []
    memory: list[MemoryTable] = []
    device: list[DeviceTable] = []
    task: list[TaskTable]


_TABLES: Final[dict[str, tuple[type[Table], str]]] = {
    "": (Description, ""),
    "system": (SystemTable, " in [system]"),
    "endpoint": (NameTable, " in [[endpoint]]"),
    "notification": (NameTable, " in [[notification]]"),
    "memory": (MemoryTable, " in [[memory]]"),
    "device": (DeviceTable, " in [[device]]"),
    "forward": (ForwardTable, " in forward"),
    "task": (TaskTable, " in [[task]]"),
    "caps": (CapTable, " in a capability"),
    "program": (ProgramTable, " in a program"),
    "supervisor": (SupervisorTable, " in a supervisor"),
    "env": (Table, " in an environment"),
    "quota": (QuotaTable, " in a quota"),
}
"""Each table by the key that leads to it, and how an error says where it is."""

_EXAMPLES: Final = {
    ".system": '[system] with name = "…"',
    ".endpoint": '[[endpoint]] with name = "…"',
    ".notification": '[[notification]] with name = "…"',
    ".memory": '[[memory]] with name = "…" and pages = 1',
    ".device": '[[device]] with name = "…" and kind = "rtc"',
    ".task": '[[task]] with name = "…" and program = "…"',
    "name": 'name = "…"',
    "slice": "slice = 1_000_000",
    "system.memory": 'memory = "256M"',
    "pages": "pages = 1",
    "address": "address = 0x0901_0000",
    "device.address": 'address = "52:54:00:12:34:56"',
    "dma": "dma = true",
    "keep": "keep = true",
    "kind": 'kind = "rtc"',
    "memory.file": 'file = "data.bin"',
    "file": 'file = "disk.img"',
    "forward": "forward = [ { udp = 4000, to = 7 } ]",
    "udp": "udp = 4000",
    "to": "to = 7",
    "program": 'program = "hello.py"',
    "sources": 'sources = ["main.c", "other.c"]',
    "include": 'include = ["include"]',
    "define": 'define = ["NAME", "SIZE=4"]',
    "caps.name": 'name = "requests"',
    "abi": 'abi = "linux"',
    "args": 'args = ["-c", "echo hello"]',
    "env": 'env = { HOME = "/" }',
    "heap_pages": "heap_pages = 1024",
    "threads": "threads = 4",
    "files": 'files = "root"',
    "stdin": 'stdin = "input.txt"',
    "out": 'out = "changed"',
    "stack_pages": "stack_pages = 1",
    "priority": "priority = 8",
    "start": "start = false",
    "serves": "serves = true",
    "supervisor": 'supervisor = { endpoint = "name", badge = 1 }',
    "task.quota": "quota = { tasks = 1, frames = 32 }",
    "caps": "caps = [ { console = true } ]",
    "console": "console = true",
    "clock": "clock = true",
    "caps.quota": "quota = true",
    "interrupt": "interrupt = 34",
    "rights": 'rights = ["SEND", "RECV"]',
    "badge": "badge = 1",
    "at": "at = 0x1000_0000",
    "writable": "writable = true",
    "executable": "executable = true",
}
"""What to write for a key; "table.key" where the same key means different things."""


def example(key: str, table: str = "") -> str:
    """Something that may stand for a key of a table."""
    if f"{table}.{key}" in _EXAMPLES:
        return _EXAMPLES[f"{table}.{key}"]
    return _EXAMPLES.get(key, f"{key} = 1" if table == "quota" else f'{key} = "name"')


def read_shape(data: dict[str, Any], mistakes: Mistakes) -> Description | None:
    """The tables of a parsed description; None after a mistake of shape, and all of them are told."""
    return validated(Description, data, mistakes, _told)


def validated(
    model: type[M], data: dict[str, Any], mistakes: Mistakes, told: Callable[[ErrorDetails], str]
) -> M | None:
    """The tables of any parsed file; None after a mistake of shape, and `told` says each in the words of its author."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            mistakes.add(detail["loc"], told(detail))
        return None


def _told(detail: ErrorDetails) -> str:
    """An error of shape, in the words of the file's author."""
    keys = [part for part in detail["loc"] if isinstance(part, str)]
    key = keys[-1]
    table = keys[-2] if len(keys) > 1 else ""
    model, within = _TABLES[table]
    match detail["type"]:
        case "extra_forbidden":
            known = f"the keys are {', '.join(model.model_fields)}"
            return f'unknown key "{key}"{within}; {known}{meant(key, model.model_fields)}'
        case "missing":
            return f'no "{key}"{within}; add {example(key, table)}'
        case "greater_than_equal" | "less_than":
            return f'"{key}" is a number that no 64-bit word holds; write {example(key, table)}'
    return f'"{key}" is {_toml_type(detail["input"])}; write {example(key, table)}'


def _toml_type(value: object) -> str:
    """What a TOML author calls a value of the wrong type."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "a string"
        case int():
            return "a number"
        case float():
            return "a floating-point number"
        case list():
            return "an array"
        case dict():
            return "a table"
    return "a date or time"


def keys_given(table: Table) -> Iterator[str]:
    """The keys that the author wrote, in the order of the model."""
    return (key for key in type(table).model_fields if key in table.model_fields_set)
