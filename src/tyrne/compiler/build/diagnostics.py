"""What clang and lld say about a program in C or assembly, in Tyrne's form: one line for an error, with its mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tyrne.compiler.build.toolchain import ToolError
from tyrne.compiler.front.reject import shown

SHOWN_WARNINGS: Final = 20
"""Warnings of one program beyond these are counted, not shown."""

_HEAD: Final = re.compile(r"^(?P<file>[^\n]*?):(?P<line>\d+):(?P<column>\d+): (?P<kind>[a-z ]+): (?P<text>.*)$")
_LINK_ERROR: Final = re.compile(r"^ld\.lld: error: (?P<text>.*)\n(?P<rest>(?:>>> .*\n)*)", re.MULTILINE)
_REFERENCE: Final = re.compile(r"^>>> (?:referenced by|defined at) (?P<file>[^\n]*?):(?P<line>\d+)", re.MULTILINE)
_MISSING_HEADER: Final = re.compile(r"^'(?P<name>[^']*)' file not found$")
_UNDEFINED: Final = re.compile(r"^undefined symbol: (?P<name>.*)$")
_UNKNOWN: Final = re.compile(
    r"^(?:use of undeclared identifier|call to undeclared(?: library)? function) '(?P<name>\w+)'"
)

NO_LIBRARY: Final = "there is no C library"
PRINTING: Final = "print with tyrne_print, tyrne_print_decimal and tyrne_print_hex of tyrne.h"
MEMORY: Final = "memcpy, memmove, memset, memcmp and strlen are in tyrne.h"
HEAP: Final = "use arrays of a fixed size, or map memory (tyrne_create_memory and tyrne_map)"
EXIT: Final = "return from main, or call tyrne_exit of tyrne.h"
RUNTIME: Final = "divide and convert integers of 64 bits, and compute in double in place of long double"
_RUNTIME: Final = re.compile(r"__\w+(?:ti|tf)\w*")
SYSTEM: Final = "what a task may do are the system calls of tyrne.h"

HEADERS: Final = {
    "stdio.h": PRINTING,
    "iostream": PRINTING,
    "stdlib.h": f"{EXIT}; for malloc, {HEAP}",
    "malloc.h": HEAP,
    "string.h": MEMORY,
    "strings.h": MEMORY,
    "memory.h": MEMORY,
    "assert.h": "test it with if, and end with tyrne_exit of tyrne.h",
    "errno.h": "a call's status is in x[0] of its reply; tyrne.h names the values",
    "unistd.h": f"{SYSTEM}; tyrne_print writes to the console",
    "fcntl.h": SYSTEM,
    "signal.h": "a task's faults go to its supervisor, and tasks signal by notifications (tyrne_notify)",
    "pthread.h": "a task has one thread; other tasks are made with tyrne_create, or by the description",
    "threads.h": "a task has one thread; other tasks are made with tyrne_create, or by the description",
    "time.h": "who holds the clock reads it with tyrne_clock_read, and sleeps with tyrne_sleep_until",
    "math.h": "use the operators of double, and __builtin_sqrt and the like",
    "setjmp.h": "use __builtin_setjmp and __builtin_longjmp",
    "locale.h": "text is bytes",
    "wchar.h": "text is bytes",
}
"""What to write instead of the headers of a C library."""

FUNCTIONS: Final = {
    **dict.fromkeys(("printf", "puts", "putchar", "fprintf", "sprintf", "snprintf", "write", "perror"), PRINTING),
    **dict.fromkeys(("malloc", "calloc", "realloc", "free"), HEAP),
    **dict.fromkeys(("exit", "_exit", "abort"), EXIT),
    **dict.fromkeys(("memcpy", "memmove", "memset", "memcmp", "strlen"), '#include "tyrne.h", which declares it'),
}
"""What to write instead of the functions of a C library that are missed most."""


def compile_errors(error: ToolError, source: Path) -> Iterator[str]:
    """The errors of the compiler in a source, each with its mend where the kind is known."""
    found = False
    for line in error.output.splitlines():
        head = _HEAD.match(line)
        if head is not None and head["kind"] in ("error", "fatal error"):
            found = True
            yield f"{shown(head['file'])}:{head['line']}:{head['column']}: {head['text']}{_mend(head['text'])}"
    if not found:  # the assembler names no place
        placeless = re.findall(r"^error: (.*)$", error.output, re.MULTILINE) or [str(error)]
        yield from (f"{shown(str(source))}: {what}" for what in placeless)


def _mend(text: str) -> str:
    """What to write instead, if the error is about a C library, or a file that is nowhere."""
    missing = _MISSING_HEADER.match(text)
    if missing is not None:
        name = missing["name"]
        if name in HEADERS or name.startswith(("sys/", "c++/", "netinet/", "arpa/")):
            return f": {NO_LIBRARY}; {HEADERS.get(name, SYSTEM)}"
        return "; put it beside the source, or name its folder in include = [...] of the program"
    unknown = _UNKNOWN.match(text)
    if unknown is None:
        return ""
    name = unknown["name"]
    if name.startswith("HANDLE_"):
        return '; the task has no capability of that name: give one name = "…" in the description, include "handles.h"'
    return f": {NO_LIBRARY}; {FUNCTIONS[name]}" if name in FUNCTIONS else ""


def link_errors(error: ToolError, source: Path, folder: Path) -> Iterator[str]:
    """The errors of the linker. `folder` is what the names in debug information are relative to."""
    found = dict.fromkeys(_link_error(match, source, folder) for match in _LINK_ERROR.finditer(f"{error.output}\n"))
    yield from found or [f"{shown(str(source))}: {error}"]


def _link_error(match: re.Match[str], source: Path, folder: Path) -> str:
    places = [f"{shown(str(folder / place['file']))}:{place['line']}" for place in _REFERENCE.finditer(match["rest"])]
    place = places[0] if places else shown(str(source))
    text = match["text"]
    undefined = _UNDEFINED.match(text)
    if undefined is None:
        others = f", also at {', '.join(places[1:])}" if len(places) > 1 else ""
        return f"{place}: {text}{others}; keep one of them" if "duplicate symbol" in text else f"{place}: link: {text}"
    name = undefined["name"]
    if name == "main" or text.endswith("_start"):
        what = "there is no main and no _start, where a program begins"
        return f"{shown(str(source))}: {what}; define int main(void)"
    if name in FUNCTIONS:
        return f"{place}: undefined symbol: {name}: {NO_LIBRARY}; {FUNCTIONS[name]}"
    if _RUNTIME.fullmatch(name):
        return f"{place}: undefined symbol: {name} of the compiler's runtime, which is not there; {RUNTIME}"
    return f"{place}: undefined symbol: {name}; define it in a source of this program"


def warnings(output: str) -> list[str]:
    """The compiler's warnings with the lines that they quote. Each begins with `warning: `; the others are indented."""
    found: list[str] = []
    count = 0
    kept = False
    for line in output.splitlines():
        head = _HEAD.match(line)
        if head is not None and head["kind"] == "warning":
            count += 1
            kept = count <= SHOWN_WARNINGS
        if not kept or line.startswith("In file included from ") or re.fullmatch(r"\d+ warnings? generated\.", line):
            continue
        if head is None:
            found.append(line)
        else:
            place = f"{shown(head['file'])}:{head['line']}:{head['column']}"
            start = "warning: " if head["kind"] == "warning" else "    "
            found.append(f"{start}{place}: {head['text']}")
    if count > SHOWN_WARNINGS:
        found.append(f"warning: {count - SHOWN_WARNINGS} more warnings")
    return found
