"""`make reproducible`: two clean builds in two places give the same bytes, and which bytes those are.

Each build has a copy of the sources of its own, in a folder of its own, with an empty cache; and whatever may leak
into an image by accident differs between the two: paths and their lengths, file times, the time zone, the locale, the
mode of new files, the order of sets of strings. The exit status is 0 when all bytes agree, 1 when they do not, 2 when
there was nothing to compare.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from tyrne.compiler.build import image_bytes
from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest
from tyrne.testing.commands import check_output, guarded, write_figures

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ("src/tyrne", "programs", "systems", "pyproject.toml")
"""What a build reads of a checkout."""
SYSTEM: Final = "systems/hello.toml"
"""What `make qemu` boots."""
PROFILES: Final = ("debug", "release")
COMMAND: Final = "make reproducible"


class BuildError(RequestError):
    """A build failed; the text is what it said."""


@dataclass(frozen=True)
class Place:
    """Where one of the builds happens, and what is different there. `folder` is relative, `umask` a file mode mask."""

    folder: str
    umask: int
    environment: dict[str, str]


PLACES: Final = (
    Place("one", 0o022, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}),
    Place(
        "another/place with a longer name/tyrne",
        0o077,
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "4242", "SOURCE_DATE_EPOCH": "1"},
    ),
)


@dataclass(frozen=True)
class Built:
    """One file of one profile. `hashes` are SHA-256 in hexadecimal, one for each place; `bytes` is the first's size."""

    profile: str
    form: str
    bytes: int
    hashes: tuple[str, ...]

    @property
    def same(self) -> bool:
        return len(set(self.hashes)) == 1


def prepared(folder: Path) -> list[tuple[Place, Path]]:
    """The places, each with its copy of the sources below `folder`, where nothing is yet."""
    return [(place, _copied(folder / place.folder)) for place in PLACES]


def compared(places: Sequence[tuple[Place, Path]], profile: str, system: Path) -> list[Built]:
    """Build one profile in each place and hash what comes out: the ELF, and the flat image in it.

    `system` is a description or a program, relative to the checkout or absolute.
    """
    with ThreadPoolExecutor(len(places)) as pool:
        elves = list(pool.map(lambda pair: _elf(pair[0], pair[1], profile, system), places))
    return [
        _built(profile, "elf", [elf.read_bytes() for elf in elves]),
        _built(profile, "image", [image_bytes(elf) for elf in elves]),
    ]


def _built(profile: str, form: str, contents: Sequence[bytes]) -> Built:
    return Built(profile, form, len(contents[0]), tuple(hashlib.sha256(data).hexdigest() for data in contents))


def _copied(folder: Path) -> Path:
    """A copy of the sources in `folder`, without what runs have left among them; its files are of now."""
    copy = folder / "sources"
    for name in SOURCES:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copyfile(source, target)
        else:
            leftovers = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, target, ignore=leftovers, copy_function=shutil.copyfile)
    return copy


def _elf(place: Place, copy: Path, profile: str, system: Path) -> Path:
    """The kernel of a copy with a system inside, built there with a cache that only its own builds have filled."""
    folder = copy.parent
    output = folder / f"{profile}.elf"
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TYRNE_CACHE": str(folder / "cache"),
        "PYTHONPATH": str(copy / "src"),
        **place.environment,
    }
    command = [sys.executable, "-c", _TYRNE, "build", str(system), "--emit", "elf", "-o", str(output)]
    command += ["--release"] if profile == "release" else []
    done = subprocess.run(
        command, cwd=copy, env=environment, umask=place.umask, stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode:
        raise BuildError(done.stderr.decode(errors="replace").strip() or f"a build ended with {done.returncode}")
    return output


_TYRNE: Final = """\
import os, sys, tyrne
assert tyrne.__file__.startswith(os.getcwd()), "the build uses the sources of its own place"
from tyrne.cli.main import main
sys.argv[0] = "tyrne"
sys.exit(main())
"""
"""The command, of the copy: the environment's own `tyrne` would take the sources that it was installed from."""


def figures(system: str, built: Sequence[Built]) -> dict[str, object]:
    """What the scorecard reads."""
    return {
        "command": COMMAND,
        "kernel": digest(),
        "system": system,
        "places": len(PLACES),
        "images": [
            {"profile": b.profile, "form": b.form, "bytes": b.bytes, "sha256": b.hashes[0], "same": b.same}
            for b in built
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Build twice in two places and compare the bytes.")
    parser.add_argument("system", nargs="?", default=SYSTEM, help="a description or a program (default: %(default)s)")
    parser.add_argument("--profile", choices=PROFILES, action="append", help="just this one (default: both)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the hashes there as well")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="build there and leave what was built")
    options = parser.parse_args(arguments)
    if options.keep is not None and options.keep.exists():
        parser.error(f"--keep {options.keep}: is there already; name a folder that is not")
    profiles = options.profile or list(PROFILES)
    system = Path(options.system) if (ROOT / options.system).exists() else Path(options.system).absolute()
    return guarded("reproducible", lambda: _reproduced(options, profiles, system))


def _reproduced(options: argparse.Namespace, profiles: Sequence[str], system: Path) -> int:
    if options.json is not None:
        check_output(options.json)
    with (
        tempfile.TemporaryDirectory(prefix="tyrne-reproducible-") as temporary,
        Console(stderr=True).status(f"building {' and '.join(profiles)} in {len(PLACES)} places"),
    ):
        places = prepared(options.keep or Path(temporary))
        built = [b for profile in profiles for b in compared(places, profile, system)]
    if options.json is not None:
        write_figures(options.json, figures(options.system, built))
    for b in built:
        print(f"{b.profile:8} {b.form:6} {b.bytes:8,} bytes  {' != '.join(dict.fromkeys(b.hashes))}")
    if all(b.same for b in built):
        print(f"the same in {len(PLACES)} places")
        return 0
    print("reproducible: the bytes differ; build with --keep FOLDER and compare the files there", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
