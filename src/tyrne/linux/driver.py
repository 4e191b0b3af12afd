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
from typing import Final, NamedTuple, NoReturn

from tyrne.host_file import read_file

COMPILERS: Final = ("cc", "c++")
TARGET: Final = ("-target", "aarch64-linux-musl")
WHY: Final = {
    "-static": "tasks are given no loader and no libraries",
    "-g": "faults name the line of the source; zig's `-Os` would leave not even symbols",
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
_STOPS: Final = _words("-c -E -S -M -MM -fsyntax-only")
"""What stops before the link, for each source."""
_BUILT: Final = (".o", ".a", ".so", ".obj", ".lo")
_PREPROCESSED: Final = (".s", ".ll", ".bc")
_HEADERS: Final = (".h", ".hh", ".hpp", ".hxx")
WORDS_BYTES: Final = 16 << 20
"""A file of words for the command line."""


class DriverError(Exception):
    """A tool cannot be started: why, and the mend."""


def zig() -> str:
    """The path of zig."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise DriverError("ziglang: the compiler's back end is not installed; run: pip install ziglang")
    return str(Path(spec.origin).parent / "zig")


class Step(NamedTuple):
    """A command line of zig's. With a `target` it has no -o: what it makes goes there, to a device, or - for standard
    output."""

    words: list[str]
    target: str | None = None


def steps(tool: str, arguments: Sequence[str]) -> list[Step]:
    """What a tool of Tyrne does with `arguments`: as a rule one step. A note for Linux is built if an executable is
    linked.

    zig differs from gcc and clang where this makes more of it: of several sources that are only compiled it makes one
    object, -fsyntax-only fails, and a device that -o names may be replaced by a file.
    """
    start = [zig(), tool]
    if tool not in COMPILERS:
        return [Step([*start, *arguments])]
    line = _Line(list(_expanded(arguments, set())))
    if not line.inputs:  # a question: flags would be warned of as unused
        return [Step([*start, *TARGET, *arguments])]
    start += [*TARGET, *FLAGS]
    if line.warns():
        start += ["-Wno-unused-command-line-argument"]
    if line.links():
        start += [str(note_object())]
    target = line.target()
    sources = [place for place in line.inputs if not line.words[place].endswith(_BUILT)]
    several = len(sources) > 1 and not _STOPS.isdisjoint(line.words)
    if target is None and not several:
        return [Step([*start, *arguments])]
    if several and line.output is not None and target != os.devnull:
        raise DriverError("several sources cannot be compiled to one file; leave -o out, or name one of them")
    left = [sources] if not several else [[place] for place in sources]
    return [Step([*start, *line.without(set(sources) - set(kept), target is not None)], target) for kept in left]


def run(step: Step) -> int:
    """Run a step as a child; its exit status, as a shell tells it."""
    import subprocess
    from tempfile import TemporaryDirectory

    def called(words: list[str]) -> int:
        status = subprocess.run(words).returncode
        return status if status >= 0 else 128 - status

    if step.target is None:
        return called(step.words)
    with TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        status = called([*step.words, "-o", str(made)])
        if made.is_file():
            with open(1 if step.target == "-" else step.target, "wb", closefd=step.target != "-") as stream:
                stream.write(made.read_bytes())
        return status


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


class _Line:
    """The words of a command line of a compiler, as far as the driver understands them."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.inputs: list[int] = []
        """Where the files stand that are compiled or linked."""
        self.output: tuple[str, set[int]] | None = None
        """What -o says, and where."""
        before = ""
        for place, word in enumerate(words):
            if before == "-o":
                self.output = word, {place - 1, place}
            elif before:
                pass
            elif word == "-" or not word.startswith("-"):
                self.inputs.append(place)
            elif word.startswith("-o") and not word.startswith("-obj") and len(word) > 2:
                self.output = word[2:], {place}
            before = word if not before and word in _WITH_WORD else ""

    def links(self) -> bool:
        """Whether an executable is linked, for the target of Tyrne."""
        if any(word in _NO_LINK or word.startswith(_NO_LINK_PREFIXES) for word in self.words):
            return False
        if not _LINKER.isdisjoint(self._for_linker()):
            return False
        return not all(self.words[place].endswith(_HEADERS) for place in self.inputs)

    def warns(self) -> bool:
        """Whether words are unused that the user has not written: what is not preprocessed takes no -U, and zig says
        -c beside -S."""
        if not {"-S", "assembler", "-xassembler"}.isdisjoint(self.words):
            return True
        return any(self.words[place].endswith(_PREPROCESSED) for place in self.inputs)

    def target(self) -> str | None:
        """Where what is made has to be copied to, as zig does not write it there."""
        if "-fsyntax-only" in self.words:
            return os.devnull
        if self.output is None or not {"-M", "-MM"}.isdisjoint(self.words):
            return None
        name = self.output[0]
        if name == "-":
            return name if "-S" in self.words else None
        return name if os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name) else None

    def without(self, places: set[int], output: bool) -> list[str]:
        """The words without those at `places`, and without -o if `output`; and with -c for -fsyntax-only."""
        dropped = places | (self.output[1] if output and self.output is not None else set())
        left = [word for place, word in enumerate(self.words) if place not in dropped]
        return ["-c" if word == "-fsyntax-only" else word for word in left]

    def _for_linker(self) -> Iterator[str]:
        for place, word in enumerate(self.words):
            if word.startswith("-Wl,"):
                yield from word.split(",")[1:]
            elif word == "-Xlinker":
                yield from self.words[place + 1 : place + 2]


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
                content = read_file(name, WORDS_BYTES)
                if len(content) > WORDS_BYTES:
                    raise DriverError(f"@{name}: larger than {WORDS_BYTES} bytes; write its words into several files")
                inside = shlex.split(os.fsdecode(content))
                yield from _expanded(inside, seen)
