"""What C and assembly include, looked at before a compiler opens it: at a pipe it would wait for ever.

Names are found as they stand in sources and headers. One that a macro makes is not, and its file is left to the
compiler; nor is it asked which lines count, so that a pipe is refused which a line names that does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.inputs import READ_BYTES
from tyrne.host_file import NoFileError, read_file

_INCLUDE: Final = re.compile(
    rb'^[ \t]*#[ \t]*(?:include|include_next|import|embed)[ \t]*([<"])([^">\n]+)[">]', re.MULTILINE
)
INCBIN: Final = re.compile(rb'\.(?:incbin|include)\s+\\?"([^"\\]+)\\?"')
"""Files that the assembler reads, as far as their directives stand in a source or header as they are."""


def refuse_no_files(sources: Sequence[Path], folders: Sequence[Path]) -> None:
    """Refuse sources that include what is there and is no file, themselves or by what they include. `folders` are those
    that are searched, in their order, beside that of the file that includes. CompileError says where it stands."""
    waiting = [(str(source), "") for source in sources]
    seen = {os.path.realpath(path) for path, _ in waiting}
    for path, place in waiting:
        try:
            content = read_file(path, READ_BYTES)
        except NoFileError as error:
            what = f"{(error.strerror or 'is no file').lower()}; include a file"
            raise CompileError(f"{place}{path}: {what}") from None
        except OSError:  # the compiler says it
            continue
        for line, found in _included(path, content, folders):
            if (real := os.path.realpath(found)) not in seen:  # which links may name in any number of ways
                seen.add(real)
                waiting.append((found, f"{path}:{line}: "))


def _included(path: str, content: bytes, folders: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """Line and path of what a file includes, as far as it is there and no folder: of each name the first."""
    beside = Path(path).parent
    named = [(line, match[2], [beside] * (match[1] == b'"')) for line, match in _by_line(_INCLUDE, content)]
    named += [(line, match[1], []) for line, match in _by_line(INCBIN, content)]
    for line, name, first in named:
        for folder in (*first, *folders):
            found = os.path.join(folder, os.fsdecode(name))
            if os.path.exists(found) and not os.path.isdir(found):
                yield line, found
                break


def _by_line(pattern: re.Pattern[bytes], content: bytes) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Where a pattern matches, with the lines of that."""
    line, counted = 1, 0
    for match in pattern.finditer(content):
        line += content.count(b"\n", counted, match.start())
        counted = match.start()
        yield line, match
