"""The tools behind `tyrne cc`, `c++`, `ar` and `ranlib`: zig's, with what makes a static program of Linux.

Each build of a C project starts a driver hundreds of times: nothing here is imported that a compilation does not need.
"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

COMPILERS: Final = ("cc", "c++")
TARGET: Final = ("-target", "aarch64-linux-musl")
WHY: Final = {
    "-static": "tasks are given no loader and no libraries",
    "-fno-sanitize=undefined": "zig's debug mode checks for what C leaves undefined; gcc and clang do not",
    "-UNDEBUG": "zig's optimised modes drop assertions",
    "-Wno-date-time": "zig refuses `__DATE__` and `__TIME__`",
}
"""What the compilers are told so that they do what gcc and clang do unasked, and why. They stand first: what a user
says wins."""
FLAGS: Final = tuple(WHY)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_LINK: Final = _words(
    "-c -E -S -M -MM -r -shared --shared --compile --preprocess --assemble --analyze -fsyntax-only -emit-ast -### "
    "-help --help --version -dumpversion -dumpmachine"
)
_NO_LINK_PREFIXES: Final = ("-print-", "--print-", "-target", "--target")
"""Questions; and who names a target has one that may not be Linux."""
_LINKER: Final = _words("-r -i --relocatable -shared --shared -Bshareable")
"""What says to the linker that it makes no executable: behind -Wl, or -Xlinker."""
_WITH_WORD: Final = _words(
    "-o -x -I -D -U -L -l -T -u -e -z -A -G -F -include -imacros -isystem -iquote -idirafter -iprefix -isysroot "
    "-iwithprefix -iwithprefixbefore --sysroot -MF -MT -MQ -MJ -Xclang -Xassembler -Xpreprocessor -Xlinker "
    "-mllvm --param -target -framework -arch -rpath -dumpdir -aux-info -wrapper --serialize-diagnostics"
)
"""Options whose value is the next word."""
_HEADERS: Final = (".h", ".hh", ".hpp", ".hxx")


class DriverError(Exception):
    """A tool cannot be started: why, and the mend."""


def zig() -> str:
    """The path of zig."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise DriverError("ziglang: the compiler's back end is not installed; run: pip install ziglang")
    return str(Path(spec.origin).parent / "zig")


def command(tool: str, arguments: Sequence[str]) -> list[str]:
    """The command line that stands for a tool of Tyrne with `arguments`. A note for Linux is built if the
    command links an executable."""
    start = [zig(), tool]
    if tool not in COMPILERS:
        return [*start, *arguments]
    words = list(_expanded(arguments, set()))
    inputs = list(_inputs(words))
    if not inputs:  # a question: flags would be warned of as unused
        return [*start, *TARGET, *arguments]
    note = [str(note_object())] if _links(words, inputs) else []
    quiet = ["-Wno-unused-command-line-argument"] if "-S" in words else []  # zig says -c beside it
    return [*start, *TARGET, *FLAGS, *quiet, *note, *arguments]


def replace_process(command: list[str]) -> NoReturn:
    """Become a command, with the signals as a shell leaves them."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and what is ignored stays so
        signal.signal(number, signal.SIG_DFL)
    os.execv(command[0], command)


def note_object() -> Path:
    """The object that says Linux, from the cache. This process and what it becomes count as users of the cache."""
    from tyrne.compiler import CompileError  # here: a link takes longer than these, but not what only compiles
    from tyrne.compiler.build.cache import digest, keep_over_exec, stored
    from tyrne.compiler.build.identity import toolchain_part

    source = Path(__file__).with_name("note.S")

    def make(folder: Path) -> None:
        from tyrne.compiler.build.toolchain import run_tool

        (folder / source.name).write_bytes(source.read_bytes())
        run_tool("clang", ["--target=aarch64-none-elf", "-c", source.name, "-o", "linux.o"], folder)

    try:
        folder = stored("linux-note", digest([toolchain_part(), source.read_bytes()]), make)
    except CompileError as error:
        raise DriverError(str(error)) from None
    keep_over_exec()
    return folder / "linux.o"


def _links(words: Sequence[str], inputs: Sequence[str]) -> bool:
    """Whether a command line of a compiler links an executable for the target of Tyrne."""
    if any(word in _NO_LINK or word.startswith(_NO_LINK_PREFIXES) for word in words):
        return False
    if not _LINKER.isdisjoint(_for_linker(words)):
        return False
    return not all(name.endswith(_HEADERS) for name in inputs)


def _for_linker(words: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        if word.startswith("-Wl,"):
            yield from word.split(",")[1:]
        elif word == "-Xlinker":
            yield from words[place + 1 : place + 2]


def _inputs(words: Sequence[str]) -> Iterator[str]:
    """The files that a command line compiles or links."""
    value = False
    for word in words:
        if not value and (word == "-" or not word.startswith("-")):
            yield word
        value = not value and word in _WITH_WORD


def _expanded(words: Sequence[str], seen: set[str]) -> Iterator[str]:
    """The words of a command line, with those of the files that it names as @FILE in their place. Each file is read
    once, and no pipe, which could not be read again."""
    for word in words:
        name = word[1:]
        if not word.startswith("@") or not os.path.isfile(name):
            yield word
        elif name not in seen:
            seen.add(name)
            with suppress(OSError, ValueError):  # the compiler says it
                inside = shlex.split(Path(name).read_text(errors="surrogateescape"))
                yield from _expanded(inside, seen)
