"""`make counts`: what the same work of Lua and CoreMark takes on Tyrne, beside qemu-user, in instructions.

What qemu-user runs is counted by a plugin of QEMU (instructions_plugin.c), which is built here: of a system call the
other side is the host's there, and costs nothing. On the hosted machine the program and its library are counted; on
QEMU these and the kernel, from reset on. The last column is of this computer: millions of instructions that the hosted
machine runs in a second of the processor, its start not counted.

The exit status is 0; 1 when QEMU takes more than 5 % above qemu-user; 2 when a program or qemu-user cannot be had.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from assurance.linux.battery import FOLDER, Battery
from assurance.linux.building import built
from assurance.linux.packages import NotHadError, Packages
from tyrne.hosted.kept import SUMMARY
from tyrne.hosted.recorder import Listener
from tyrne.system.errors import RequestError
from tyrne.system.parts import Given
from tyrne.system.run import Machine, Request, prepare
from tyrne.system.select import load_system, select
from tyrne.testing.commands import FOUND, NOTHING_FOUND, bar, check_output, guarded, write_figures

PLUGIN: Final = Path(__file__).parent / "instructions_plugin.c"
PLUGIN_VERSIONS: Final = {7: 1, 8: 1, 9: 2, 10: 4}
"""Of QEMU's interface of plugins, by QEMU's own version."""
WIDTH: Final = 120
"""Of the table where there is no terminal."""
BUDGET: Final = 1.05
"""Of qemu-user's instructions, that QEMU takes at most."""
SCRIPT: Final = """\
local words = {}
for i = 1, 20000 do words[#words + 1] = string.format("%05d", i * 7919 % 20000) end
table.sort(words)
local sum = 0
for i, word in ipairs(words) do sum = (sum * 31 + #word * i + tonumber(word:reverse())) % 1000003 end
for i = 1, 600000 do sum = (sum + i * i) % 1000003 end
print(sum, words[1], words[#words])
"""


@dataclass(frozen=True)
class Work:
    """What a program of the battery's sources is asked to do: always the same."""

    program: str
    arguments: tuple[str, ...]


WORKS: Final = (
    Work("lua", ("-e", SCRIPT)),
    Work("coremark", ("0x0", "0x0", "0x66", "400", "7", "1", "2000")),
)


@dataclass(frozen=True)
class Counts:
    """Instructions, and millions of them a second on the hosted machine."""

    program: str
    oracle: int
    hosted: int
    qemu: int
    speed: float

    @property
    def ratio(self) -> float:
        return self.qemu / self.oracle


class Oracle:
    """qemu-user with the plugin that counts; NotHadError when it cannot be had."""

    def __init__(self, packages: Packages) -> None:
        self._command: Final = str(packages.tool("qemu-user") / "usr" / "bin" / "qemu-aarch64")
        said = self._run([self._command, "--version"])
        found = re.search(r"version (\d+)\.", said)
        version = PLUGIN_VERSIONS.get(int(found[1])) if found else None
        if version is None:
            raise NotHadError(f"qemu-user: plugins are known of QEMU {', '.join(map(str, PLUGIN_VERSIONS))} only")
        self._plugin: Final = packages.folder / "built" / f"instructions-{version}.so"
        self._plugin.parent.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "ziglang", "cc", "-O2", "-shared", "-fPIC", f"-DVERSION={version}"]
        self._run([*words, str(PLUGIN), "-o", str(self._plugin)])

    def count(self, program: Path, arguments: Sequence[str]) -> int:
        """How many instructions a run takes to its end; it has to end with 0."""
        with tempfile.TemporaryDirectory(prefix="tyrne-counts-") as folder:
            out = Path(folder) / "count"
            words = ["-cpu", "cortex-a72", "-plugin", f"{self._plugin},out={out}", "-0", program.name, str(program)]
            self._run([self._command, *words, *arguments])
            return int(out.read_text())

    @staticmethod
    def _run(command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise NotHadError(f"{Path(command[0]).name}: {said[-1] if said else f'status {done.returncode}'}")
        return done.stdout.decode(errors="replace")


def counted(work: Work, battery: Battery, oracle: Oracle) -> Counts:
    """The counts of one work."""
    program = built(work.program, battery.sources[work.program], battery.packages)
    hosted, speed = _on(Machine.HOSTED, program, work.arguments)
    qemu, _ = _on(Machine.QEMU, program, work.arguments)
    return Counts(work.program, oracle.count(program, work.arguments), hosted, qemu, speed)


def _on(machine: Machine, program: Path, arguments: tuple[str, ...]) -> tuple[int, float]:
    """Instructions of a run, and millions of them a second of the processor."""
    system = load_system(select([program], Given("linux", arguments)))
    ready = prepare(Request(system, machine, release=False, max_instructions=0))
    started = time.process_time()
    result = ready.run(Listener(), SUMMARY)
    seconds = time.process_time() - started
    if result.status != 0:
        raise RequestError(f"{program.name}: on {machine.value} the run ended with status {result.status}")
    instructions = int(result.report()["instructions"])
    return instructions, instructions / seconds / 1e6


def table(found: Sequence[Counts]) -> Table:
    shown = Table("work", "qemu-user", "hosted", "of it", "QEMU, with the kernel", "of it", "M/s, hosted")
    for each in found:
        ratios = (f"{each.hosted / each.oracle:.3f}", f"{each.ratio:.3f}")
        counts = [f"{number:,}" for number in (each.oracle, each.hosted, each.qemu)]
        shown.add_row(each.program, counts[0], counts[1], ratios[0], counts[2], ratios[1], f"{each.speed:.0f}")
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make counts", description="Instructions of the same work, beside qemu-user.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts down")
    options = parser.parse_args(arguments)
    return guarded("counts", lambda: _run(options.json))


def _run(output: Path | None) -> int:
    if output is not None:
        check_output(output)
    battery, found = Battery(FOLDER), []
    try:
        oracle = Oracle(battery.packages)
        with bar() as progress:
            for work in progress.track(WORKS, description="works"):
                found.append(counted(work, battery, oracle))
    except NotHadError as error:
        raise RequestError(str(error)) from None
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH).print(table(found))
    if output is not None:
        figures = {each.program: {"qemu-user": each.oracle, "hosted": each.hosted, "qemu": each.qemu} for each in found}
        write_figures(output, {"command": "make counts", "instructions": figures})
    return NOTHING_FOUND if all(each.ratio <= BUDGET for each in found) else FOUND


if __name__ == "__main__":
    sys.exit(main())
