"""Reading a TOML file that somebody else wrote: bounded in size and depth, with the line of what is wrong."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from tyrne.host_file import read_file
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.places import DEPTH, too_deep


def read_toml(path: Path, noun: str) -> tuple[str, dict[str, Any]]:
    """The text of a file and what it says; RequestError says in one line why it cannot be had. `noun` is what the file
    should be: "system description"."""
    try:
        content = read_file(path, limits.DESCRIPTION_BYTES)
        if len(content) > limits.DESCRIPTION_BYTES:
            raise RequestError(f"{path}: larger than {limits.DESCRIPTION_BYTES} bytes; name a {noun}")
        text = content.decode("utf-8-sig")  # Windows editors write a mark before the text
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {reason(error)}; give the path of a {noun}") from None
    except UnicodeDecodeError:
        raise RequestError(f"{path}: not UTF-8 text; a {noun} is a TOML file") from None
    line = too_deep(text)
    if line is not None:
        raise RequestError(f"{path}:{line}: nested {DEPTH} deep, and no key of a {noun.split()[-1]} is; write it flat")
    try:
        return text, _parse(text)
    except tomllib.TOMLDecodeError as error:
        raise RequestError(_syntax_error(path, text, str(error))) from None


def _parse(text: str) -> dict[str, Any]:
    """What the text says. Numbers of any length are read, which a text of bounded length has: the shape refuses them by
    their place, and the parser would say none."""
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return tomllib.loads(text)
    finally:
        sys.set_int_max_str_digits(digits)


def _syntax_error(path: Path, text: str, message: str) -> str:
    """tomllib says "<what> (at line N, column M)" or "(at end of document)"."""
    what, _, where = message.rpartition(" (at ")
    line = where.split(",")[0].removeprefix("line ")
    if not line.isdigit():
        line = str(len(text.splitlines()) or 1)
    return f"{path}:{line}: not TOML: {what[:1].lower()}{what[1:]}; correct the syntax of this line"
