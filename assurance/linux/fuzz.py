"""The fuzz of the library OS: each run has a program that calls Linux at random, files from a damaged archive, and a
folder for what comes back; and to that folder the tool is given what a hostile program may have left, many times over.

The task may die. The kernel never panics, nothing but a request that is refused is an error of the tool, and nothing is
written outside the folder. `python -m assurance.linux.fuzz 200 --seed 1` makes 200 runs; a finding names its seed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from assurance.linux.hostile import archive, caller, left_behind
from tyrne.hosted.recorder import Listener, Recorder
from tyrne.linux.archive import entry
from tyrne.system.description import describe
from tyrne.system.errors import RequestError
from tyrne.system.manifest import System
from tyrne.system.parts import Region
from tyrne.system.policy import Policy
from tyrne.system.record import from_json
from tyrne.system.returned_files import take_files
from tyrne.system.run import STATUS_PANIC, Machine, Request, Result, prepare
from tyrne.system.select import load_system
from tyrne.testing import commands

INSTRUCTIONS: Final = 3_000_000
"""Of one run: a program may end in a loop."""
LEFT: Final = 20
"""What a hostile program may have left, for each run."""
_WHOLE: Final = b"".join(
    entry(name, mode, content, number)
    for number, (name, mode, content) in enumerate(
        (
            (b"a", 0o100644, b"text of a\n"),
            (b"folder", 0o040755, b""),
            (b"folder/inner", 0o100600, b"inner\n" * 900),
            (b"link", 0o120777, b"folder/inner"),
            (b"loop", 0o120777, b"loop"),
            (b"TRAILER!!!", 0, b""),
        )
    )
)


@dataclass
class Tally:
    """What the runs came to: exit statuses of the command, calls of Tyrne, calls of Linux that were refused, and lines
    that the command would say."""

    runs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    calls: int = 0
    refused: int = 0
    lines: int = 0
    findings: list[str] = field(default_factory=list)


def trial(seed: int, machine: Machine, tally: Tally) -> None:
    """One run of a seed, and what is made of hostile memory."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="tyrne-") as folder:
        base = Path(os.path.realpath(folder))
        furnish(base, random)
        before = _around(base)
        try:
            _run(base, random, machine, tally)
            for _ in range(LEFT):
                tally.lines += sum(1 for _ in take_files(_result(base, left_behind(random))))
        except RequestError:
            tally.statuses[2] += 1
        except Exception:
            tally.findings.append(f"seed {seed}: an error of the tool:\n{traceback.format_exc()}")
        if (after := _around(base)) != before:
            changed = sorted(map(str, dict(before.items() ^ after.items())))
            tally.findings.append(f"seed {seed}: written outside the folder: {', '.join(changed)}")
    tally.runs += 1


def furnish(base: Path, random: Random) -> None:
    """The program with its files, a folder in which links lead elsewhere, and what nobody may touch."""
    (base / "outside").mkdir()
    (base / "outside" / "secret").write_text("secret")
    out = base / "system" / "out"
    out.mkdir(parents=True)
    (out / "link").symlink_to(base / "outside")
    (out / "file-link").symlink_to(base / "outside" / "secret")
    (out / "a").mkdir()
    (base / "system" / "caller").write_bytes(caller(random))
    (base / "system" / "files.cpio").write_bytes(_WHOLE if random.random() < 0.5 else b"070701" + archive(random)[6:])


def system_in(base: Path, random: Random) -> System:
    """The system of a run, whose files are there."""
    folder = base / "system"
    task: dict[str, object] = {"name": "caller", "program": "caller", "files": "files.cpio", "out": "out"}
    task |= {"heap_pages": random.choice((1, 64, 256)), "threads": random.choice((1, 1, 2, 4))}
    task["caps"] = [{"console": True}, *([{"clock": True}] if random.random() < 0.5 else [])]
    return load_system(describe({"system": {"name": "s"}, "task": [task]}, folder))


def _run(base: Path, random: Random, machine: Machine, tally: Tally) -> None:
    system = system_in(base, random)
    result = prepare(Request(system, machine, False, INSTRUCTIONS)).run(Listener())
    tally.statuses[result.status] += 1
    tally.calls += result.recorder.call_count
    if result.status == STATUS_PANIC:
        raise AssertionError("the kernel has panicked:\n" + "\n".join(result.recorder.log_lines()))
    tally.lines += sum(1 for _ in take_files(result))
    policy = Policy(call for call in result.recorder.calls if call.refusal)
    tally.refused += sum(policy.kinds.values())
    tally.lines += sum(1 for _ in policy.rows(result.explainer))
    from_json(result.report()["replay"])


def _result(base: Path, memory: bytes) -> Result:
    """A run that has left this."""
    folder = base / "system"
    region = Region("files", 512, out=folder / "out")
    recorder = Recorder()
    recorder.status = 0
    recorder.returned["files"] = memory
    return Result(Request(System("s", 0, (), memory=(region,)), Machine.NATIVE, False, 0), recorder)


def _around(base: Path) -> dict[Path, tuple[int, bytes]]:
    """All that lies outside the folder for what comes back: its mode and content."""
    found = {}
    for path in _walk(base, base / "system" / "out"):
        status = path.lstat()
        found[path] = (status.st_mode, path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
    return found


def _walk(folder: Path, without: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path != without:
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _walk(path, without)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="assurance.linux.fuzz", description=__doc__)
    parser.add_argument("runs", type=commands.positive, nargs="?", default=200, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first run (default: %(default)s)")
    parser.add_argument("--machine", choices=[machine.value for machine in Machine], default=Machine.NATIVE.value)
    options = parser.parse_args(arguments)
    return commands.guarded("assurance.linux.fuzz", lambda: _fuzz(options))


def _fuzz(options: argparse.Namespace) -> int:
    tally = Tally()
    with commands.bar() as progress:
        for seed in progress.track(range(options.seed, options.seed + options.runs), description="runs"):
            trial(seed, Machine(options.machine), tally)
    ends = ", ".join(f"{count} with {status}" for status, count in sorted(tally.statuses.items()))
    calls = f"{tally.calls} calls of Tyrne, {tally.refused} refused"
    print(f"{tally.runs} runs on {options.machine}, {calls}; they ended: {ends}")
    for finding in tally.findings:
        print(finding, file=sys.stderr)
    print(f"{len(tally.findings)} findings")
    return commands.FOUND if tally.findings else commands.NOTHING_FOUND


if __name__ == "__main__":
    sys.exit(main())
