"""Packages of Debian, without root: an apt of its own in a folder, with the machine's places to fetch from.

Packages for arm64 are unpacked, and so are sources, without Debian's patches, tools for this machine, and wheels of
PyPI. Nothing is installed on the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ARCHITECTURE: Final = "arm64"
_SOURCES: Final = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))
_INSTALLED: Final = Path("/var/lib/dpkg/status")
_CONFIGURATION: Final = """\
Dir::State "{folder}/state";
Dir::State::status "{status}";
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
    """What has been fetched into a folder stays there for the next time. The release is the machine's, or `suite`; the
    architecture is arm64's, or `architecture`."""

    def __init__(self, folder: Path, suite: str = "", architecture: str = ARCHITECTURE) -> None:
        self.folder: Final = folder.resolve()
        self._suite: Final = suite
        self._architecture: Final = architecture
        self._ready = False

    def of(self, suite: str) -> Packages:
        """Those of another release of Debian, in a folder of their own; without one, these."""
        return Packages(self.folder / suite, suite) if suite else self

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
            self._unpacked(target, ["tar", "-xf", str(archive), "-C"])
        inside = list(target.iterdir())  # mostly one folder, which has the version in its name
        return inside[0] if len(inside) == 1 and inside[0].is_dir() else target

    def wheel(self, requirement: str) -> Path:
        """The folder that a wheel of PyPI is unpacked in, `name==version`."""
        target = self.folder / "wheel" / requirement
        if not target.exists():
            place = self.folder / "fetched" / requirement
            place.mkdir(parents=True, exist_ok=True)
            words = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(place), requirement]
            _run([sys.executable, "-m", "pip", *words], place, _settings_of_pip())
            archive = next(place.glob("*.whl"))
            self._unpacked(target, [sys.executable, "-m", "zipfile", "-e", str(archive)])
        return target

    def tool(self, name: str) -> Path:
        """The folder that a package for this machine is unpacked in, with all of those that it needs and that are not
        installed."""
        target = self.folder / "tools" / name
        if not target.exists():
            architecture = _run(["dpkg", "--print-architecture"], self.folder, {}).strip()
            own = Packages(self.folder / "tool", architecture=architecture)
            own._prepare(_INSTALLED)
            place = own.folder / "fetched" / name
            (place / "partial").mkdir(parents=True, exist_ok=True)
            words = ("install", "--download-only", "--no-install-recommends", "-o", f"Dir::Cache::archives={place}")
            own._apt(own.folder, "-qq", "-y", *words, name)
            archives = sorted(str(path) for path in place.glob("*.deb"))
            if not archives:
                raise NotHadError(f"{name}: it is installed, and yet not found")
            unpack = 'folder=$1; shift; for archive in "$@"; do dpkg-deb --extract "$archive" "$folder"; done'
            self._unpacked(target, ["sh", "-ec", unpack, "unpack", "."], archives)
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

    def _unpacked(self, target: Path, command: list[str], rest: list[str] | None = None) -> None:
        """Whole or not at all. The command is followed by the folder, or by `rest` instead."""
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _run([*command, *([str(partial)] if rest is None else rest)], partial, {})
        partial.rename(target)

    def _prepare(self, status: Path | None = None) -> None:
        """`status` is the list of what counts as installed: nothing, if none is said."""
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
                listed = of_suite(path.read_text(), self._suite) if self._suite else path.read_text()
                (self.folder / "sources" / f"debian{suffix}").write_text(with_sources(listed))
        status = status or self.folder / "status"
        text = _CONFIGURATION.format(folder=self.folder, architecture=self._architecture, status=status)
        (self.folder / "apt.conf").write_text(text)
        self._apt(self.folder, "-qq", "update")
        if not any((self.folder / "state" / "lists").glob("*Packages*")):  # of what it cannot reach apt-get only warns
            raise NotHadError("apt-get update brought no list of packages; is there a network?")
        self._ready = True

    def _apt(self, place: Path, *words: str) -> None:
        _run(["apt-get", *words], place, {"APT_CONFIG": str(self.folder / "apt.conf")})


def _settings_of_pip() -> dict[str, str]:
    """How pip reaches its index is the machine's affair."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "HOME"}


def with_sources(text: str) -> str:
    """A list of places to fetch from, of either format, with the sources of all that it has packages of."""
    deb822 = re.sub(r"(?m)^Types:\s*deb\s*$", "Types: deb deb-src", text)
    lines = [line for line in deb822.splitlines() if not line.startswith("deb-src ")]
    return "\n".join([*lines, *("deb-src " + line[4:] for line in lines if line.startswith("deb "))]) + "\n"


def of_suite(text: str, suite: str) -> str:
    """The first place of a list to fetch from, of either format, for another release."""
    deb822 = text.partition("Types:")
    if deb822[1]:
        return re.sub(r"(?m)^Suites:.*$", f"Suites: {suite}", deb822[1] + deb822[2].split("\n\n")[0]) + "\n"
    lines = [line for line in text.splitlines() if line.startswith("deb ")][:1]
    return "".join(re.sub(r"^(deb (?:\[[^]]*\] )?\S+) \S+", rf"\1 {suite}", line) + "\n" for line in lines)


def _run(command: list[str], place: Path, more: dict[str, str]) -> str:
    """What a command writes; NotHadError when it fails."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **more}
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NotHadError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotHadError(f"{' '.join(command[:3])}: {said[-1] if said else f'status {done.returncode}'}")
    return done.stdout.decode(errors="replace")
