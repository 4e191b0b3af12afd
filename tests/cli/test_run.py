"""`tyrne run` on the hosted machine: what it prints, its exit statuses, its report."""

import json
import struct
from pathlib import Path

import pytest
from commands import Tyrne

MOV_X0, MOV_X1, MOV_X2, MOV_X8 = 0xD2800000, 0xD2800001, 0xD2800002, 0xD2800008
SVC, BRANCH_TO_SELF, UNDEFINED = 0xD4000001, 0x14000000, 0x00000000


def immediate(instruction: int, value: int) -> int:
    """MOVZ with a value of 16 bits."""
    return instruction | value << 5


def words(*instructions: int) -> bytes:
    return struct.pack(f"<{len(instructions)}I", *instructions)


def exits(code: int) -> bytes:
    return words(immediate(MOV_X0, code), immediate(MOV_X8, 4), SVC)


def writes(text: bytes) -> bytes:
    """console_write of a text through handle word 0, then exit with 0."""
    address = 0x10000000 | 7 << 5 | 1  # adr x1, 7 words on
    code = words(MOV_X0, address, immediate(MOV_X2, len(text)), immediate(MOV_X8, 5), SVC, MOV_X0)
    return code + words(immediate(MOV_X8, 4), SVC) + text


GREETING = b"a \x1b[31m greeting\xff\r\n\0half a line"


@pytest.mark.parametrize(
    ("program", "status"),
    [(exits(0), 0), (exits(7), 1), (words(UNDEFINED), 1), (words(BRANCH_TO_SELF), 4)],
    ids=["exit 0", "exit 7", "undefined", "loop"],
)
def test_the_exit_status_says_how_the_tasks_ended(tyrne: Tyrne, tmp_path: Path, program: bytes, status: int) -> None:
    (tmp_path / "a.bin").write_bytes(program)
    outcome = tyrne("run", "a.bin", "--max-instructions", 1000)
    assert outcome.status == status
    if status == 4:
        assert outcome.err.splitlines() == [
            "tyrne: stopped: the limit of 1000 instructions was reached",
            "tyrne: a stood at pc 0x800000",
        ]
    else:
        faulted = program == words(UNDEFINED)
        told = "tyrne: a: undefined instruction: runs into zeros, where no code is\n"
        assert outcome.err == (told if faulted else "")


WAITS = words(MOV_X0, immediate(MOV_X8, 13), SVC)
"""wait at handle word 0."""
DEADLOCK = """\
[system]
name = "s"
[[endpoint]]
name = "door"
[[task]]
name = "one"
program = "waits.bin"
caps = [{ endpoint = "door" }]
[[task]]
name = "two"
program = "exits.bin"
[[task]]
name = "three"
program = "waits.bin"
caps = [{ endpoint = "door" }]
"""


def test_a_deadlock_is_status_5_and_says_who_waits(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "waits.bin").write_bytes(WAITS)
    (tmp_path / "exits.bin").write_bytes(exits(0))
    (tmp_path / "s.toml").write_text(DEADLOCK)
    outcome = tyrne("run", "s.toml", "--report", "r.json")
    assert outcome.status == 5
    assert outcome.err.splitlines() == [
        'tyrne: deadlock: one waits for a message at endpoint "door"',
        'tyrne: deadlock: three waits for a message at endpoint "door"',
    ]
    assert 'tyrne: deadlock: task "one" waits for a message or signals\n' in outcome.out
    tasks = json.loads((tmp_path / "r.json").read_text())["tasks"]
    assert [task["state"] for task in tasks] == ["waiting", "exited", "waiting"]


def test_piped_output_is_the_console_byte_for_byte_among_the_kernels_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.bin").write_bytes(writes(GREETING))
    assert Tyrne(capfdbinary).raw("run", "a.bin").count(GREETING) == 1


def test_a_kernel_panic_is_status_3_with_its_text(
    tyrne: Tyrne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("the sky fell")

    monkeypatch.setattr("tyrne.hosted.machine.start_system", broken)
    (tmp_path / "a.bin").write_bytes(exits(0))
    outcome = tyrne("run", "a.bin", "--report", "r.json")
    assert outcome.status == 3
    assert "!! tyrne panic: failed check: the sky fell at " in outcome.out
    assert outcome.error.startswith("tyrne: kernel panic, a defect of tyrne: !! tyrne panic: failed check: the sky ")
    assert json.loads((tmp_path / "r.json").read_text())["status"] == 3


def test_the_report_has_everything_that_happened(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "writer.bin").write_bytes(writes(b"hello\n"))
    (tmp_path / "wild.bin").write_bytes(words(UNDEFINED))
    outcome = tyrne("run", "writer.bin", "wild.bin", "--report", "r.json")
    assert outcome.status == 1
    report = json.loads((tmp_path / "r.json").read_text())
    assert list(report) == [
        *("abi", "machine", "profile", "status", "instructions", "console", "log", "tasks", "syscalls"),
        *("names", "lines", "replay"),
    ]
    assert (report["machine"], report["profile"], report["status"]) == ("hosted", "debug", 1)
    assert report["instructions"] > 0
    assert report["console"] == "hello\n"
    assert not any("hello\n" in line for line in report["log"])
    assert report["tasks"] == [
        {"name": "writer", "state": "exited", "code": 0, "fault": None, "stands": None},
        {
            "name": "wild",
            "state": "faulted",
            "code": None,
            "fault": {
                "kind": "undefined_instruction", "esr": "0x2000000", "far": "0x0", "pc": "0x800000",
                "why": "undefined instruction: runs into zeros, where no code is",
                "file": None, "line": None, "function": None,
            },
            "stands": None,
        },
    ]
    write, leave = report["syscalls"]
    assert (write["task"], write["number"], write["name"]) == ("writer", 5, "console_write")
    assert write["args"] == ["0x0", "0x800020", "0x6", "0x0", "0x0", "0x0"]
    assert (write["status"], write["payload"]) == ("0x0", ["0x6", *["0x0"] * 6])
    assert (leave["name"], leave["status"], leave["payload"]) == ("task_exit", None, None)


def test_a_release_kernel_writes_nothing_for_its_tasks(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(writes(b"hello\n"))
    outcome = tyrne("run", "a.bin", "--release", "--report", "r.json")
    assert outcome.status == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["profile"], report["console"]) == ("release", "")
    assert [call["status"] for call in report["syscalls"]] == ["0x1", None]


def test_a_report_replaces_an_older_one_whole(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(exits(0))
    (tmp_path / "r.json").write_text("x" * 100_000)
    assert tyrne("run", "a.bin", "--report", "r.json").status == 0
    assert json.loads((tmp_path / "r.json").read_text())["machine"] == "hosted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "r.json"]


QUIET_REFUSAL = """
from tyrne.lang import export, u64
from tyrne.user import QuotaCap, create_endpoint, granted


@export
def main() -> u64:
    granted(create_endpoint(QuotaCap(u64({handle}))))
    return u64(0)
"""


@pytest.mark.parametrize("release", [False, True])
@pytest.mark.parametrize(
    ("handle", "status"),
    [
        (0, "WRONG_KIND: 0x0 is the console with CONSOLE_WRITE, where a quota is wanted"),
        (7, "INVALID_HANDLE: no capability stands at 0x7; its description gives it 1, from 0x0 on"),
    ],
)
def test_a_run_says_which_call_it_was_whose_refusal_ended_a_program(
    tyrne: Tyrne, tmp_path: Path, handle: int, status: str, release: bool
) -> None:
    (tmp_path / "p.py").write_text(QUIET_REFUSAL.format(handle=handle))
    outcome = tyrne("run", "p.py", *(["--release"] if release else []))
    assert outcome.status == 1
    told = f"create({handle:#x}, 0x2, 0x0), at p.py:8 in main: {status}"
    assert outcome.error == f"tyrne: p: the call that was refused is {told}"


def test_a_loop_without_an_end_has_none(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(
        "import tyrne.user\nfrom tyrne.lang import export, u64\n\n\n@export\ndef main() -> u64:\n"
        "    n = u64(0)\n    while n != 1000:\n        n = (n + 1) % 10\n    return u64(0)\n"
    )
    assert tyrne("run", "p.py", "--max-instructions", 10000).status == 4
