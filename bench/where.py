"""Where the instructions of a path go, by function of the kernel's source, by line of it, or by what they are for.

    .venv/bin/python bench/where.py "call → reply"
    .venv/bin/python bench/where.py "call → reply" --rows

One sample is followed instruction by instruction. That the followed ones are the counted ones is checked: by the
readings of the counter the span must end with the kernel's ERET, and a task's instruction must follow.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from bisect import bisect_right
from collections import Counter as Tally
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from counts import BenchError, Counter, system_of
from elftools.elf.elffile import ELFFile
from follow import executed
from rich.console import Console
from rich.table import Table
from scenarios import FIGURES, Figure

import tyrne
from tyrne.system.build import kernel_elf
from tyrne.system.errors import RequestError

SAMPLES: Final = 4
CHOSEN: Final = 2
"""Which sample is followed: what is done only once is done by then."""
START_COUNTER: Final = 0xD51B9C00
"""msr pmcr_el0, x0; the register in bits 0 to 4. The counter is 0 when it is executed."""
ERET: Final = 0xD69F03E0
ROWS: Final = (
    (
        "way in and out: registers saved and loaded, the cause told from the others",
        r"vectors\.S|unit\.c|image\.py|the tasks",
    ),
    ("registers besides: thread pointers, FP/SIMD", r"threads\.py|floating\.S"),
    ("the other space: TTBR0 and ASID", r"translation\.py: (activate|asid_field)|kernel\.py: activate"),
    (
        "which call it is, and which path may do it",
        r"calls\.py|frame\.py: (number|call)$|: fast_call|kernel\.py: (context|general_call|other_call)",
    ),
    (
        "who calls is whole: table, window and space, and alive",
        r"authority\.py(: live_space|: living_space)?$|: live_table|life\.py: lasts",
    ),
    (
        "what the handle names: slot, generation, kind, rights",
        r"handles\.py|rights\.py|authority\.py|cap_table\.py|capability\.py|cap_slot\.py(: held)?$|: endpoint_for",
    ),
    (
        "turns: what was used of one, the next, the timer",
        r": _?(begin|leave|arm)_turn|: settle|kernel\.py: _enter|timer\.py|interrupt\.py",
    ),
    (
        "who runs next: queues, who is more urgent",
        r"core\.py|scheduler\.py|task\.py: (pop|push)|kernel/kernel\.py(: leave)?$",
    ),
    (
        "a capability that moves, that of the answer among them",
        r"cap_slot\.py: (_unlink|handle|hold|move_to|recycle)|rendezvous\.py",
    ),
    (
        "page tables and regions",
        r"mapping\.py|page_|pages\.py|descriptors\.py|memory\.py|quota\.py|translation\.py|deletion\.py",
    ),
    ("the message, states of tasks, the answer", ""),
)
"""What the functions of messages, yields, signals and mappings are for, as decision 36 has it: each belongs to the
first row whose pattern is found in its name."""


class Image:
    """What stands at an address of a kernel."""

    def __init__(self, kernel: Path) -> None:
        with kernel.open("rb") as file:
            elf = ELFFile(file)
            text = elf.get_section_by_name(".text")
            assert text is not None
            self._start: Final[int] = text["sh_addr"]
            self._code: Final[bytes] = text.data()
            lines = sorted(_lines(elf))
        self._addresses: Final = [address for address, _ in lines]
        self._places: Final = [place for _, place in lines]

    def word(self, address: int) -> int | None:
        """The instruction at an address; None outside the kernel's high half."""
        at = address - self._start
        return int.from_bytes(self._code[at : at + 4], "little") if 0 <= at < len(self._code) else None

    def place(self, address: int) -> tuple[str, int]:
        """File and line that an instruction was made of; line 0 where the compiler does not know."""
        if self.word(address) is None:
            return "the tasks", 0
        return self._places[bisect_right(self._addresses, address) - 1]


def _lines(elf: Any) -> Iterator[tuple[int, tuple[str, int]]]:
    """Where each stretch of instructions begins, and the file and line that it was made of."""
    for unit in (dwarf := elf.get_dwarf_info()).iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        folders = [folder.decode() for folder in program.header.include_directory]
        files = [
            "/".join(part for part in (folders[entry.dir_index].strip("."), entry.name.decode()) if part)
            for entry in program.header.file_entry
        ]
        for entry in program.get_entries():
            if entry.state is not None:
                yield entry.state.address, (files[entry.state.file].removeprefix("/"), entry.state.line)


@cache
def _functions(file: str) -> list[tuple[int, int, str]]:
    """First line, last line and name of the functions of a module of the package."""
    source = Path(tyrne.__file__).parent.parent / file
    if source.suffix != ".py" or not source.is_file():
        return []
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef):
            found.append((node.lineno, node.end_lineno or node.lineno, node.name))
    return found


def function(place: tuple[str, int]) -> str:
    """The function that a line is in, with its file; just the file where it is not Python's."""
    file, line = place
    names = [name for first, last, name in _functions(file) if first <= line <= last]
    return f"{file}: {names[-1]}" if names else file


def spent(figure: Figure) -> list[tuple[str, int]]:
    """The instructions of one sample of a path, each as file and line."""
    kernel = kernel_elf(system_of(figure.scenario, SAMPLES), release=True, counted=True)
    counter = Counter(SAMPLES)
    sample = counter.readings(figure.scenario)[CHOSEN]
    image = Image(kernel)
    stream = executed(kernel)
    for address in stream:
        word = image.word(address)
        if word is not None and word & ~0x1F == START_COUNTER:
            break
    since = [0, *islice(stream, max(sample))]  # since[n] is the instruction at which the counter is n
    places = []
    for start, end in figure.spans:
        span = since[sample[start] + counter.overhead() : sample[end]]
        within = all(image.word(address) is not None for address in span[1:])
        if not within or image.word(span[-1]) != ERET or image.word(since[sample[end]]) is not None:
            raise BenchError(f"{figure.name}: what was followed is not what was counted")
        places += [image.place(address) for address in span]
    return places


def row(name: str) -> str:
    """The row of a function."""
    return next(what for what, pattern in ROWS if re.search(pattern, name))


def by_rows(figure: Figure) -> dict[str, Tally[str]]:
    """The instructions of one sample by row, and in it by function."""
    rows: dict[str, Tally[str]] = {what: Tally() for what, _ in ROWS}
    for name in map(function, spent(figure)):
        rows[row(name)][name] += 1
    return rows


def show_rows(figure: Figure, console: Console) -> None:
    """Each row with its functions."""
    rows = by_rows(figure)
    for what, functions in rows.items():
        if not functions:
            continue
        console.print(f"{functions.total():5} {what}", soft_wrap=True)
        for name, count in functions.most_common():
            console.print(f"{count:12} {name}", soft_wrap=True)
    console.print(f"{sum(each.total() for each in rows.values()):5} {figure.name}", soft_wrap=True)


def show(figure: Figure, by_line: bool, console: Console) -> None:
    places = spent(figure)
    table = Table(title=f"{figure.name}: {len(places)} instructions", title_justify="left")
    table.add_column("instructions", justify="right")
    table.add_column("of")
    names = [f"{file}:{line}" if by_line else function((file, line)) for file, line in places]
    for name, count in Tally(names).most_common():
        table.add_row(str(count), name)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description="Where the instructions of a path go.")
    parser.add_argument("path", help="part of its name, as `make bench` prints it")
    parser.add_argument("--lines", action="store_true", help="by line instead of by function")
    parser.add_argument("--rows", action="store_true", help="by function, below the rows of decision 36")
    options = parser.parse_args()
    try:
        for figure in [figure for figure in FIGURES if options.path in figure.name]:
            console = Console(highlight=False)
            if options.rows:
                show_rows(figure, console)
            else:
                show(figure, options.lines, console)
    except (BenchError, RequestError) as error:
        print(f"where: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
