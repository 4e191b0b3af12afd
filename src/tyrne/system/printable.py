"""Text that comes from others, made fit to be shown: it steers no terminal, and begins no line of its own.

Descriptions, paths, reports and what tasks write are data. Every character that is not printable leaves as an escape:
the controls of ASCII and of Latin 1 (C1), line and paragraph separators, marks that turn the direction of writing, and
the halves of surrogate pairs, by which Python stands for bytes that are not UTF-8.
"""

from __future__ import annotations

import codecs
import itertools
import json
import re
from typing import Any, Final

LINE: Final = 2000
"""Characters of one line. Of a longer one the middle is left out: the place stands first, the mend last."""
_NOT_PLAIN: Final = re.compile(r"[^ -~]+")
_PIECES: Final = 10_000


def printable(text: str, keep: str = "") -> str:
    """The text with an escape for each character that is not printable, those of `keep` excepted."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """The text as one line of bounded length, with escapes."""
    if len(text) > 2 * LINE:  # before the escapes, which are longer
        text = f"{text[:LINE]} … {text[-LINE:]}"
    line = printable(text)
    return line if len(line) <= LINE else f"{line[: LINE // 2]} … {line[-LINE // 2 :]}"


class Written:
    """What tasks have written, as it comes, with escapes but for the ends of its lines and for tabs."""

    def __init__(self) -> None:
        self._decoder: Final = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._rest = ""

    def add(self, data: bytes, last: bool) -> str:
        """The text of more bytes. What has only begun, a character or the end of a line, waits unless these are the
        last ones."""
        text = self._rest + self._decoder.decode(data, last)
        self._rest = "\r" if text.endswith("\r") and not last else ""
        return printable(text.removesuffix(self._rest).replace("\r\n", "\n"), keep="\n\t")


def json_text(data: Any) -> str:
    """Data as JSON of several lines, in which only its own line ends are not printable."""
    pieces = json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(data)
    found = []
    while block := "".join(itertools.islice(pieces, _PIECES)):  # all at once they would take ten times their text
        found.append(_NOT_PLAIN.sub(lambda run: _json_escapes(run[0]), block))
    return "".join(found) + "\n"


def _json_escapes(text: str) -> str:
    """What stands outside ASCII; of ASCII's own controls JSON leaves none but its line ends."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
