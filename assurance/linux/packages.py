"""Debian's packages, without root: an apt of its own in a folder, with the machine's places to fetch from.

Packages for arm64 are unpacked, and so are sources, without Debian's patches. Nothing is installed on the machine.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

ARCHITECTURE: Final = "arm64"
_SOURCES: Final = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))
_CONFIGURATION: Final = """\
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "-";
Dir::Etc::sourceparts "{folder}/sources";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
"""


class NotHadError(Exception):
    """A package could not be had; the text says why, in one line."""


class Packages:
    """What has been fetched into a folder stays there for the next time."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder.resolve()
        self._ready = False

    def binary(self, name: str) -> Path:
        """The folder that a package's files are unpacked in."""
        target = self.folder / "binary" / name
        if not target.exists():
            archive = self._fetched("download", name, "*.deb")[0]
            self._unpacked(target, ["dpkg-deb", "--extract", str(archive)])
        return target

    def file(self, name: str, path: str) -> Path:
        """A file of a package, which has it below usr/ since Debian 13."""
        folder = self.binary(name)
        for found in (folder / path, folder / "usr" / path):
            if found.is_file():
                return found
        raise NotHadError(f"{name}: it has no {path}")

    def source(self, name: str) -> Path:
        """The folder that a package's source is unpacked in, as its authors released it."""
        target = self.folder / "source" / name
        if not target.exists():
            found = self._fetched("source", name, "*.orig.tar.*", "--download-only")
            archive = next(path for path in found if path.suffix not in (".asc", ".sig"))
            self._unpacked(target, ["tar", "--strip-components=1", "-xf", str(archive), "-C"])
        return target

    def _fetched(self, verb: str, name: str, pattern: str, *options: str) -> list[Path]:
        self._prepare()
        place = self.folder / "fetched" / name
        place.mkdir(parents=True, exist_ok=True)
        self._apt(place, "-qq", verb, *options, name)
        found = sorted(place.glob(pattern))
        if not found:
            raise NotHadError(f"{name}: apt-get {verb} brought nothing")
        return found

    def _unpacked(self, target: Path, command: list[str]) -> None:
        """Whole or not at all."""
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _run([*command, str(partial)], partial, {})
        partial.rename(target)

    def _prepare(self) -> None:
        if self._ready:
            return
        if shutil.which("apt-get") is None:
            raise NotHadError("there is no apt-get on this machine")
        for folder in ("state/lists/partial", "cache/archives/partial", "sources"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        for path in _SOURCES:
            if path.exists():
                suffix = ".list" if path.suffix == ".list" else ".sources"
                (self.folder / "sources" / f"debian{suffix}").write_text(with_sources(path.read_text()))
        text = _CONFIGURATION.format(folder=self.folder, architecture=ARCHITECTURE)
        (self.folder / "apt.conf").write_text(text)
        self._apt(self.folder, "-qq", "update")
        self._ready = True

    def _apt(self, place: Path, *words: str) -> None:
        _run(["apt-get", *words], place, {"APT_CONFIG": str(self.folder / "apt.conf")})


def with_sources(text: str) -> str:
    """A list of places to fetch from, of either format, with the sources of all that it has packages of."""
    deb822 = re.sub(r"(?m)^Types:\s*deb\s*$", "Types: deb deb-src", text)
    lines = [line for line in deb822.splitlines() if not line.startswith("deb-src ")]
    return "\n".join([*lines, *("deb-src " + line[4:] for line in lines if line.startswith("deb "))]) + "\n"


def _run(command: list[str], place: Path, more: dict[str, str]) -> None:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **more}
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NotHadError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotHadError(f"{' '.join(command[:3])}: {said[-1] if said else f'status {done.returncode}'}")
