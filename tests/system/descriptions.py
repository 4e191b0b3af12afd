"""Descriptions in tests: reading a text, changing it, and the mistakes that are found in it."""

from pathlib import Path
from typing import Any

import pytest

from tyrne.system.described import SystemDescription
from tyrne.system.description import read_description
from tyrne.system.errors import RequestError


def read(folder: Path, text: str) -> SystemDescription:
    path = folder / "s.toml"
    path.write_text(text)
    return read_description(path)


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    """The lines of the error, with "s" for the path of the file."""
    path = folder / "s.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RequestError) as caught:
        read_description(path)
    return str(caught.value).replace(f"{path}:", "s:").splitlines()


def changes(text: str, *pairs: str) -> str:
    """A text with the first of each `old, new` replaced, which must be there."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    return text


def cases(table: str) -> list[Any]:
    r"""The cases of a text, parted by empty lines: what to change (`- old`, then `+ new`, with \n for the end of a
    line) and the mistakes that must be found (`! mistake`, continued on lines with an indent)."""
    found = []
    for block in table.strip().split("\n\n"):
        change: list[str] = []
        expected: list[str] = []
        for line in block.splitlines():
            match line[:2]:
                case "- " | "+ ":
                    change.append(line[2:].replace("\\n", "\n"))
                case "! ":
                    expected.append(line[2:])
                case _:
                    expected[-1] += f" {line.strip()}"
        found.append(pytest.param(change, expected, id=expected[0]))
    return found
