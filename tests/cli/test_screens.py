"""What the command shows of itself: help, version, completion, the names that somebody meant; and where output goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from bdb import BdbQuit
from pathlib import Path

import pytest
from commands import Tyrne

from tyrne.cli.errors import guarded
from tyrne.system.similar import LONGEST, meant

WRITES = bytes.fromhex("000080d2 e1000010 820080d2 a80080d2 010000d4 000080d2 880080d2 010000d4 6869210a")
"""console_write of "hi!", then task_exit(0)."""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(WRITES)
    return path


# --- help


def test_the_bare_command_shows_its_help_and_nothing_else(tyrne: Tyrne) -> None:
    bare, asked = tyrne(), tyrne("--help")
    assert (bare.status, bare.err) == (2, "")  # a script that has lost its command must not go on
    assert (asked.status, asked.out) == (0, bare.out)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "run",
        "replay",
        "ps",
        "caps",
        "tree",
        "waits",
        "maps",
        "top",
        "trace",
        "picture",
        "ui",
        "build",
        "check",
        "new",
        "lab",
        "lab list",
        "lab start",
        "lab check",
        "cc",
        "c++",
        "ar",
        "ranlib",
    ],
)
def test_no_flag_shows_a_type_and_no_argument_two_pairs_of_brackets(tyrne: Tyrne, command: str) -> None:
    shown = tyrne(*command.split(), "--help").out
    assert "--help" in shown
    for noise in ("<bool>", "<path>", "list[", "[["):
        assert noise not in shown


def test_the_version_is_that_of_the_package(tyrne: Tyrne) -> None:
    outcome = tyrne("--version")
    assert (outcome.status, outcome.out, outcome.err) == (0, "tyrne 0.1.0\n", "")


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "tyrne", "--version"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"tyrne 0.1.0\n"


# --- completion


@pytest.mark.parametrize(
    ("typed", "word", "expected"),
    [
        ("tyrne r", 1, ["run", "replay", "reach", "ranlib"]),
        ("tyrne t", 1, ["tree", "top", "trace"]),
        ("tyrne trace --", 2, ["--output", "--max-instructions", "--allow-path", "--help"]),
        ("tyrne picture ", 2, ["capabilities", "waits", "memory", "messages"]),
        ("tyrne c", 1, ["caps", "check", "cache", "cc", "c++"]),
        ("tyrne cc --", 2, ["--print-flags", "--toolchain", "--help"]),
        ("tyrne maps --", 2, ["--at", "--json", "--live", "--image", "--max-instructions", "--allow-path", "--help"]),
        ("tyrne run --ma", 2, ["--machine", "--max-instructions", "--max-seconds"]),
        ("tyrne run --ca", 2, ["--capture"]),
        ("tyrne lab ", 2, ["list", "start", "check"]),
        ("tyrne lab check --", 3, ["--machine", "--help"]),
        ("tyrne run --machine ", 3, ["hosted", "qemu", "native"]),
        ("tyrne run --abi ", 3, ["linux", "tyrne"]),
        ("tyrne run --po", 2, ["--policy"]),
        ("tyrne build --emit ", 3, ["c", "elf", "image", "program", "raw"]),
        ("tyrne run sys", 2, []),  # which leaves it to the shell: files
    ],
)
def test_a_shell_completes_commands_options_and_their_words(
    tyrne: Tyrne, monkeypatch: pytest.MonkeyPatch, typed: str, word: int, expected: list[str]
) -> None:
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(word))
    monkeypatch.setenv("_TYRNE_COMPLETE", "complete_bash")
    outcome = tyrne()
    assert (outcome.status, outcome.out.split(), outcome.err) == (0, expected, "")


def test_the_script_of_completion_is_shown_for_a_shell_to_read() -> None:
    environment = {**os.environ, "SHELL": "/bin/bash"}
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tyrne --show-completion; exit $?"],
        capture_output=True,
        env=environment,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "complete -o default -F" in done.stdout


# --- what was meant


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("rum", "No such command 'rum'; did you mean \"run\"? See tyrne --help"),
        ("a.toml", "No such command 'a.toml'; did you mean \"tyrne run a.toml\"? See tyrne --help"),
        ("dir/a.py", "No such command 'dir/a.py'; did you mean \"tyrne run dir/a.py\"? See tyrne --help"),
        ("RUN", "No such command 'RUN'; did you mean \"run\"? See tyrne --help"),
        ("fly", "No such command 'fly'; see tyrne --help"),
        ("--versoin", "No such option: --versoin (Possible options: --version); see tyrne --help"),
        ("run --relase", "No such option: --relase (Possible options: --release); see tyrne run --help"),
        (
            "run --machine hostd",
            "Invalid value for '--machine': 'hostd' is not one of 'hosted', 'qemu', 'native'; "
            'did you mean "hosted"? See tyrne run --help',
        ),
        (
            "build --emit imgae",
            "Invalid value for '--emit': 'imgae' is not one of 'c', 'elf', 'image', 'program', 'raw'; "
            'did you mean "image"? See tyrne build --help',
        ),
        (
            "run --machine x86",
            "Invalid value for '--machine': 'x86' is not one of 'hosted', 'qemu', 'native'; see tyrne run --help",
        ),
    ],
)
def test_a_word_of_the_command_line_that_is_nearly_one_is_told(tyrne: Tyrne, arguments: str, expected: str) -> None:
    outcome = tyrne(*arguments.split())
    assert (outcome.status, outcome.error) == (2, f"tyrne: error: {expected}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SNED", '; did you mean "SEND"?'),
        ("send", '; did you mean "SEND"?'),
        ("Recv", '; did you mean "RECV"?'),
        ("", ""),
        ("FLY", ""),
        ("é" * 9, ""),
        ("SEND" * 1_000_000, ""),
    ],
)
def test_what_was_meant_is_guessed_from_what_there_is(name: str, expected: str) -> None:
    assert meant(name, ["SEND", "RECV"]) == expected
    assert meant(name, []) == ""


def test_the_time_for_a_guess_does_not_grow_with_the_name() -> None:
    assert meant("x" * LONGEST + "y" * 10_000_000, ["x" * LONGEST]) != ""


# --- how a command is left


def test_leaving_the_debugger_is_an_interruption_in_either_way_of_python(capfd: pytest.CaptureFixture[str]) -> None:
    def quits() -> int:
        raise BdbQuit

    for leave in (quits, lambda: sys.exit(1)):
        assert guarded(leave) == 130
        assert capfd.readouterr().err == "tyrne: interrupted\n"


# --- where output goes


def test_quiet_leaves_what_tasks_write(tyrne: Tyrne, program: Path) -> None:
    outcome = tyrne("run", "-q", program)
    assert (outcome.status, outcome.out, outcome.err) == (0, "hi!\n", "")
    assert "tyrne: " in tyrne("run", program).out


def test_a_quiet_run_still_says_why_it_failed(tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spin.bin").write_bytes(b"\x00\x00\x00\x14")
    outcome = tyrne("run", "--quiet", "spin.bin", "--max-instructions", "1000")
    assert (outcome.status, outcome.out) == (4, "")
    assert "limit of 1000 instructions" in outcome.err

    def broken(*_: object) -> None:
        raise AssertionError("the sky fell")

    monkeypatch.setattr("tyrne.hosted.machine.start_system", broken)
    outcome = tyrne("run", "--quiet", "spin.bin")
    assert outcome.status == 3
    assert outcome.out.startswith("!! tyrne panic: failed check: the sky fell at ")


def test_a_report_on_standard_output_is_alone_there(tyrne: Tyrne, tmp_path: Path, program: Path) -> None:
    outcome = tyrne("run", "--report", "-", program)
    assert json.loads(outcome.out)["console"] == "hi!\n"
    assert "hi!\n" in outcome.err and "tyrne: all tasks complete\n" in outcome.err
    assert sorted(os.listdir(tmp_path)) == ["a.bin"]
    outcome = tyrne("run", "-q", "--report", "-", program)
    assert (json.loads(outcome.out)["status"], outcome.err) == (0, "hi!\n")


def test_the_report_of_a_replay_on_standard_output_is_alone_there_too(tyrne: Tyrne, program: Path) -> None:
    assert tyrne("run", program, "--report", "r.json").status == 0
    outcome = tyrne("replay", "r.json", "--list", "--report", "-")
    assert json.loads(outcome.out)["console"] == "hi!\n"
    assert "task_exit" in outcome.err and "identical: " in outcome.err
