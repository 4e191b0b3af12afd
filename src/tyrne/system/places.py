"""Where each key and value of a TOML text stands, so that an error can name the line.

The parser of the standard library keeps no positions. This scanner reads only texts which that parser has accepted,
so it follows the structure and does not check it. Only `too_deep` reads any text, and in time that grows with its size.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

Path = tuple[str | int, ...]

DEPTH: Final = 32
"""Brackets within brackets, or parts of one key. A description needs five."""

_TOKEN = re.compile(
    r"""
      (?P<skip>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<multiline>\"{3}(?:[^\\]|\\.?)*?(?:\"{3,5}|\Z)|'{3}.*?(?:'{3,5}|\Z))
    | (?P<string>"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?)
    | (?P<mark>[\[\]{}=,.])
    | (?P<bare>[^\s\[\]{}=,.\#"']+)
    """,
    re.VERBOSE | re.DOTALL,
)
"""A string that is never closed is one token all the same: no character is looked at for each quote before it."""


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind != "skip":
            yield _Token(kind, match.group(), line)
        line += match.group().count("\n")
    yield _Token("newline", "\n", line)


def too_deep(text: str) -> int | None:
    """The line where a text nests deeper than any description; the parser would take time that grows with the square,
    or come to the end of Python's stack. None for most texts."""
    brackets = dots = 0
    for token in _tokens(text):
        if token.kind not in ("mark", "newline"):
            continue
        dots = dots + 1 if token.text == "." else 0
        brackets += (token.text in ("[", "{")) - (token.text in ("]", "}"))
        if max(brackets, dots) >= DEPTH:
            return token.line
    return None


def _key_part(token: _Token) -> str:
    """What one part of a key says, as the parser reads it."""
    return str(tomllib.loads(f"key = {token.text}")["key"]) if token.kind == "string" else token.text


class Places:
    """Lines of one text, counted from 1, by the path of keys and indices that leads to a value."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        self._tokens = list(_tokens(text))
        self._next = 0
        self._scan()

    def line(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest thing around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _peek(self) -> str:
        token = self._tokens[self._next]
        return token.text if token.kind in ("mark", "newline") else ""

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _skip_newlines(self) -> None:
        while self._peek() == "\n":
            self._next += 1

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)

    def _scan(self) -> None:
        table: Path = ()
        elements: Counter[Path] = Counter()
        while self._next < len(self._tokens):
            if self._peek() == "\n":
                self._next += 1
            elif self._peek() == "[":
                line = self._take().line
                many = self._peek() == "["
                if many:
                    self._next += 1
                table = self._last_elements(self._key(), elements, line, drop_last=many)
                self._next += 2 if many else 1
                if many:
                    elements[table] += 1
                    table = (*table, elements[table] - 1)
                self._note(table, line)
            else:
                self._pair(table)

    def _last_elements(self, key: list[str], elements: Counter[Path], line: int, drop_last: bool) -> Path:
        """The path of a table header: a key that names an array of tables means its last element."""
        path: Path = ()
        for position, part in enumerate(key):
            path = (*path, part)
            self._note(path, line)
            if elements[path] and not (drop_last and position == len(key) - 1):
                path = (*path, elements[path] - 1)
        return path

    def _key(self) -> list[str]:
        parts: list[str] = []
        while self._peek() not in ("=", "]"):
            token = self._take()
            if token.kind in ("string", "bare"):
                parts.append(_key_part(token))
        return parts

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._next].line
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path, line)
        self._next += 1
        self._value(path)

    def _value(self, path: Path) -> None:
        mark = self._peek()
        if mark == "[":
            self._next += 1
            index = 0
            while True:
                self._skip_newlines()
                if self._peek() == "]":
                    break
                if self._peek() == ",":
                    self._next += 1
                    continue
                self._note((*path, index), self._tokens[self._next].line)
                self._value((*path, index))
                index += 1
            self._next += 1
        elif mark == "{":
            self._next += 1
            while self._peek() != "}":
                if self._peek() in (",", "\n"):
                    self._next += 1
                else:
                    self._pair(path)
            self._next += 1
        else:
            self._next += 1
            while self._peek() not in (",", "]", "}", "\n"):
                self._next += 1
