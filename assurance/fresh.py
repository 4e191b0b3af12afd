"""`make fresh`: what a newcomer does, on releases of Debian that hold nothing but what the README asks for.

Each release is a folder of its own, made by debootstrap once and copied for each trial. A user without rights clones
this checkout there and runs it; root then runs the tests, with the Python and the QEMU of that release. The environment
is a new login's. Only how packages are reached (proxies, pip's settings, certificates) is taken from this machine.
What is committed is tried. The exit status is 0 when all went well, 1 when a step failed, 2 when a machine could not
be made.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.system.errors import RequestError
from tyrne.testing.commands import FOUND, NOTHING_FOUND, guarded

ROOT: Final = Path(__file__).parents[1]
COMMAND: Final = "make fresh"
RELEASES: Final = {"bookworm": "Debian 12", "trixie": "Debian 13"}
PACKAGES: Final = ("python3", "python3-venv", "make", "git", "ca-certificates")
"""What the README asks for, and the certificates that `git clone` over the network would have brought."""
FOLDER: Final = Path("/var/tmp/tyrne-fresh")
"""Where the machines are; outside the checkout, since programs that walk a tree should not meet theirs."""
LOGS: Final = ROOT / "build" / "fresh"
USER: Final = "newcomer"
HOME: Final = f"/home/{USER}"
CHECKOUT: Final = f"{HOME}/tyrne"
BUNDLE: Final = f"{HOME}/tyrne.bundle"
PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy")
CERTIFICATES: Final = Path("/usr/local/share/ca-certificates")

ENTER: Final = """\
set -eu
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
machine=$1 user=$2
shift 2
while [ "$1" != -- ]; do
    mkdir -p "$machine$1"
    mount --bind -o ro "$1" "$machine$1"
    shift
done
shift
exec chroot --userspec="$user" "$machine" /usr/bin/env -i "$@"
"""
"""The machine, who, folders of this machine that are seen there as well, `--`, the environment and the
command. The mounts are of a namespace of their own: they go with the last of its processes."""


class TrialError(RequestError):
    """The machine could not be made."""


@dataclass(frozen=True)
class Step:
    """A line that somebody types in the checkout, or at home before there is one."""

    name: str
    user: str
    line: str
    folder: str = CHECKOUT


STEPS: Final = (
    Step("clone", USER, f"git clone -q -c advice.detachedHead=false {BUNDLE} tyrne", HOME),
    Step("run", USER, "make run"),
    Step("native", USER, ".venv/bin/tyrne run --machine native"),
    Step("native-again", USER, ".venv/bin/tyrne run --machine native"),
    Step("test", "root", "make test"),
)


def base(release: str, folder: Path) -> Path:
    """The release as debootstrap leaves it, whole or not there."""
    whole = folder / "base" / release
    if whole.exists():
        return whole
    if shutil.which("debootstrap") is None:
        raise TrialError("debootstrap is missing; install it with: sudo apt-get install debootstrap")
    part = whole.with_name(f".{release}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", release, str(part), *_mirror()]
    _said(f"{release}: {shlex.join(command)}")
    if _logged(command, f"{release}-debootstrap"):
        raise TrialError(f"{release}: debootstrap failed; read {LOGS / f'{release}-debootstrap.log'}")
    part.rename(whole)
    return whole


def _mirror() -> list[str]:
    """Where this machine has Debian from, if it says so."""
    command = ["apt-get", "indextargets", "--format", "$(LABEL) $(SITE)", "Created-By: Packages"]
    try:
        told = subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return []
    return [line.split()[1] for line in told.splitlines() if line.startswith("Debian ")][:1]


def machine(release: str, folder: Path) -> Path:
    """A new copy of the release, with a user and a bundle of what is committed here."""
    made = folder / "machine" / release
    shutil.rmtree(made, ignore_errors=True)
    made.parent.mkdir(parents=True, exist_ok=True)
    _done("cp", "-a", "--reflink=auto", str(base(release, folder)), str(made))
    _done("useradd", "--root", str(made), "--create-home", "--shell", "/bin/bash", USER)
    _done("git", "-C", str(ROOT), "bundle", "create", "-q", f"{made}{BUNDLE}", "HEAD")
    Path(f"{made}{BUNDLE}").chmod(0o644)
    for file in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copyfile(file, f"{made}{file}")
    _prepare_apt(made)
    _prepare_pip(made, pip_settings())
    if list(CERTIFICATES.glob("*.crt")):
        shutil.copytree(CERTIFICATES, f"{made}{CERTIFICATES}", dirs_exist_ok=True)
        _done("chroot", str(made), "update-ca-certificates")
    return made


def _prepare_apt(made: Path) -> None:
    told = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    proxies = [line for line in told.splitlines() if "::Proxy" in line]
    (made / "etc/apt/apt.conf.d/90proxy").write_text("".join(f"{line}\n" for line in proxies))


def pip_settings() -> dict[str, str]:
    """What pip on this machine was told about where packages are, by its option's name."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(global|install|:env:)\.([\w-]+)=('.*')$", told, re.MULTILINE)
    found.sort(key=lambda row: row[0] == ":env:")  # the environment outranks files
    settings = {name: " ".join(literal_eval(value).split()) for _, name, value in found}
    return {name: value for name, value in settings.items() if not name.startswith("disable-")}


def _prepare_pip(made: Path, settings: Mapping[str, str]) -> None:
    """The same settings there, with the files that they name. Folders are mounted: they may be large."""
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (made / "etc/pip.conf").write_text(f"[global]\n{text}")
    for path in named_paths(settings):
        if path.is_file() and not Path(f"{made}{path}").exists():
            Path(f"{made}{path.parent}").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, f"{made}{path}")


def named_paths(settings: Mapping[str, str]) -> list[Path]:
    """The absolute paths in pip's settings, as such or as URLs of files. Of an index it is the folder that the index is
    in: its pages link to files beside it."""
    found = []
    for name, value in settings.items():
        for word in value.split():
            path = Path(word.removeprefix("file://"))
            if path.is_absolute():
                found.append(path.parent if name.endswith("index-url") else path)
    return list(dict.fromkeys(found))


def login(user: str, outside: Mapping[str, str]) -> dict[str, str]:
    """The environment of a new login, with the proxies of the environment outside."""
    system = ":/usr/local/sbin:/usr/sbin:/sbin" if user == "root" else ""
    return {
        "HOME": "/root" if user == "root" else HOME,
        "LANG": "C.UTF-8",
        "LOGNAME": user,
        "PATH": f"/usr/local/bin:/usr/bin:/bin{system}",
        "SHELL": "/bin/bash",
        "TERM": "dumb",
        "USER": user,
        **{name: value for name, value in outside.items() if name.lower() in PROXIES},
    }


def attempt(release: str, made: Path, step: Step) -> bool:
    """Take one step in a machine; whether it went well."""
    folders = [str(path) for path in named_paths(pip_settings()) if path.is_dir()]
    line = f"cd {step.folder} && {step.line}"
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    environment = [f"{name}={value}" for name, value in login(step.user, os.environ).items()]
    inner = [str(made), step.user, *folders, "--", *environment, "/bin/sh", "-c", line]
    _said(f"{release}: {step.user}: {line}")
    started = time.monotonic()
    status = _logged([*namespace, "sh", "-c", ENTER, "enter", *inner], f"{release}-{step.name}")
    took = time.monotonic() - started
    _said(f"{release}: {step.name}: {'done' if status == 0 else f'FAILED with {status}'} in {took:.1f} s")
    return status == 0


def _logged(command: Sequence[str], name: str) -> int:
    """Run a command; what it says goes to the terminal and to a log. Its exit status."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (
        (LOGS / f"{name}.log").open("wb") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.write(line)
                log.flush()
                sys.stdout.buffer.write(line)
                sys.stdout.flush()
        except BaseException:
            process.kill()  # and with it all that runs in its machine
            raise
    return process.returncode


def _done(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise TrialError(f"{shlex.join(command)}: {done.stderr.strip() or f'ended with {done.returncode}'}")


def _said(line: str) -> None:
    print(f"fresh: {line}", flush=True)


def tried(release: str, folder: Path) -> bool:
    """Whether every step went well on a new machine of a release; the first that did not is the last."""
    _said(f"{release}: {RELEASES[release]} in {folder}, logs in {LOGS}")
    made = machine(release, folder)
    return all(attempt(release, made, step) for step in STEPS)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Run and test what is committed on a fresh Debian.")
    parser.add_argument("release", nargs="*", help=f"of {', '.join(RELEASES)} (default: all)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the machines are (default: %(default)s)")
    options = parser.parse_args(arguments)
    return guarded("fresh", lambda: _all_tried(options.release or list(RELEASES), options.folder.absolute()))


def _all_tried(releases: Sequence[str], folder: Path) -> int:
    for release in releases:
        if release not in RELEASES:
            raise TrialError(f"{release}: no release that this is tried on; choose from {', '.join(RELEASES)}")
    if os.geteuid() != 0:
        raise TrialError("only root can make a machine; run it with: sudo make fresh")
    changed = subprocess.run(["git", "-C", str(ROOT), "status", "--porcelain"], capture_output=True, text=True).stdout
    if changed:
        _said("what is changed here and not committed is not tried")
    failed = [release for release in releases if not tried(release, folder)]
    _said(f"{', '.join(failed)} FAILED" if failed else f"{', '.join(releases)}: all went well")
    return FOUND if failed else NOTHING_FOUND


if __name__ == "__main__":
    sys.exit(main())
