"""Static programs of Debian for arm64 as they are, on every machine; where qemu-user is there too, beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from linux_programs import ORACLE, by_oracle, debian_file, on_all_machines, run, told

from tyrne.system.run import Machine

COMMANDS = {
    "echo": ("echo", "hello", "world"),
    "arithmetic": ("sh", "-c", "echo $((6*7))"),
    "loop": ("sh", "-c", 'for i in 1 2 3; do printf "%s-" $i; done; echo; exit 7'),
    "functions": ("sh", "-c", 'f() { local x=$1; [ $x -gt 0 ] && { echo $x; f $((x-1)); }; return 0; }; f 5'),
    "case": ("sh", "-c", 'x=abc.def; case $x in *.def) echo ${x%.def} ${#x} ${x#*.};; esac'),
    "false": ("false",),
    "machine": ("uname", "-sm"),
    "awk": ("awk", 'BEGIN { for (i = 0; i < 5; i++) s += i / 7; printf "%.9f %s\\n", s, toupper("abc") }'),
    "awk_words": ("awk", 'BEGIN { for (i = split("c b a", a); i; i--) { gsub(/b/, "x", a[i]); print a[i] } }'),
    "sort": ("sort",),
    "wc": ("wc",),
    "seq": ("seq", "3", "2", "11"),
    "expr": ("expr", "2", "+", "3"),
    "printf": ("printf", "%05d|%-6s|%x\\n", "42", "ab", "255"),
    "basename": ("basename", "/usr/lib/x.so", ".so"),
    "no_file": ("cat", "/etc/passwd"),
    "no_applet": ("nonsense",),
    "dc": ("sh", "-c", "let x=2**10; echo $x; set -- a b c; echo $# $2; shift; echo $*"),
    "sha": ("sha256sum",),
    "factor": ("factor", "1234567890"),
    "test": ("test", "3", "-lt", "2"),
}


SHELLS = {
    ("bash-static", "bin/bash-static"): (
        "-c",
        'x=(a b c); echo ${x[@]^^} ${#x[@]}; for ((i=0;i<3;i++)); do printf "%d " $i; done; [[ abc =~ b. ]]; exit 5',
    ),
    ("zsh-static", "bin/zsh-static"): ("-f", "-c", "echo $((6*7)) ${(U):-abc}; a=(3 1 2); print -l ${(o)a}; exit 6"),
    ("sash", "bin/sash"): ("-c", "-echo hi"),
}

TRAPS = """\
trap 'echo one' USR1; kill -USR1 $$; echo after; trap 'echo term; exit 5' TERM; trap 'echo bye' EXIT
trap '' HUP; kill -HUP $$; f() { trap 'echo in f' USR2; kill -USR2 $$; echo f; }; f; kill -USR2 $$; trap
kill -TERM $$; echo never
"""
TRAPPED = {
    ("busybox-static", "bin/busybox"): ("sh", "-c"),
    ("bash-static", "bin/bash-static"): ("-c",),
    ("zsh-static", "bin/zsh-static"): ("-f", "-c"),
    ("mksh", "usr/lib/diet/bin/mksh"): ("-c",),
}


def of_debian(package: str, path: str) -> Path:
    found = debian_file(package, path)
    if found is None:
        pytest.skip(f"{package}:arm64 could not be downloaded with apt-get")
    return found


@pytest.fixture(scope="module")
def busybox() -> Path:
    return of_debian("busybox-static", "bin/busybox")


@on_all_machines
def test_a_shell_computes(busybox: Path, machine: Machine) -> None:
    assert told(run(busybox, "sh", "-c", "echo $((6*7))", machine=machine)) == ("42\n", 0)


@on_all_machines
def test_awk_computes_with_floating_point(busybox: Path, machine: Machine) -> None:
    assert told(run(busybox, *COMMANDS["awk"], machine=machine)) == ("1.428571429 ABC\n", 0)


@pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_it_does_on_linux(busybox: Path, command: str) -> None:
    arguments = COMMANDS[command]
    console, code = by_oracle(busybox, *arguments)
    missing = "cat: can't open '/etc/passwd': No such file or directory\n"
    expected = {"no_file": (missing, 1)}.get(command, (console, code))
    assert told(run(busybox, *arguments)) == expected


@pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")
@pytest.mark.parametrize(("package", "path"), SHELLS, ids=[package for package, _ in SHELLS])
def test_other_shells_do_what_they_do_on_linux(package: str, path: str) -> None:
    program, arguments = of_debian(package, path), SHELLS[package, path]
    assert told(run(program, *arguments)) == by_oracle(program, *arguments)


@on_all_machines
def test_a_shell_runs_what_it_traps(busybox: Path, machine: Machine) -> None:
    script = "trap 'echo caught' USR1; kill -USR1 $$; echo after; trap 'echo bye' EXIT; kill -TERM $$; echo never"
    assert told(run(busybox, "sh", "-c", script, machine=machine)) == ("caught\nafter\n", 143)


@pytest.mark.skipif(ORACLE is None, reason="qemu-user is not installed")
@pytest.mark.parametrize(("package", "path"), TRAPPED, ids=[package for package, _ in TRAPPED])
def test_shells_trap_signals_as_on_linux(package: str, path: str) -> None:
    program, arguments = of_debian(package, path), (*TRAPPED[package, path], TRAPS)
    assert told(run(program, *arguments)) == by_oracle(program, *arguments)
