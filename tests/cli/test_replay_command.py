"""`tyrne replay`: what it prints, its exit statuses, and that a kernel panic on QEMU replays to the same panic."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Tyrne
from test_run import MOV_X0, MOV_X8, SVC, exits, immediate, words, writes

import tyrne as package
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped

YIELD = (immediate(MOV_X8, 3), SVC)


@pytest.fixture
def recorded(tyrne: Tyrne, tmp_path: Path) -> Path:
    """The report of a task that writes a line, and one that exits with 3."""
    (tmp_path / "writer.bin").write_bytes(writes(b"one\n"))
    (tmp_path / "bad.bin").write_bytes(exits(3))
    assert tyrne("run", "writer.bin", "bad.bin", "--report", "r.json").status == 1
    return tmp_path / "r.json"


def test_the_same_run_is_said_to_be_identical(tyrne: Tyrne, recorded: Path) -> None:
    outcome = tyrne("replay", recorded, "--report", "again.json")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "     1  writer: console_write(0x0, 0x800020, 0x4) = OK (0x4)",
        "     2  writer: task_exit(0x0)",
        "     3  bad: task_exit(0x3)",
        "identical: 3 transitions, 3 system calls, 11 instructions; status 1",
    ]
    assert json.loads((recorded.parent / "again.json").read_text()) == json.loads(recorded.read_text())


def test_another_run_is_said_to_be_different_and_where(tyrne: Tyrne, recorded: Path) -> None:
    report = json.loads(recorded.read_text())
    report["syscalls"][1]["args"][0] = "0x9"
    recorded.write_text(json.dumps(report))
    outcome = tyrne("replay", recorded)
    assert outcome.status == 1
    assert outcome.out.splitlines()[-1] == (
        "different: system call 2 (transition 2): recorded writer: task_exit(0x9, 0x4, 0x0, 0x0, 0x0, 0x0), "
        "replayed writer: task_exit(0x0, 0x4, 0x0, 0x0, 0x0, 0x0)"
    )


@pytest.mark.parametrize("position", [1, -2])
def test_a_position_shows_the_tasks_and_the_one_that_runs_next(tyrne: Tyrne, recorded: Path, position: int) -> None:
    outcome = tyrne("replay", recorded, "--to", position, "--report", "then.json")
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[:5] == [
        "     1  writer: console_write(0x0, 0x800020, 0x4) = OK (0x4)",
        "after transition 1:",
        "  writer  runs next",
        "  bad     ready, priority 8",
        "registers of writer:",
    ]
    assert lines[5].split() == ["x0", "0", "x1", "4", "x2", "0", "x3", "0"]
    assert lines[13].split() == ["x32", "0"] or lines[13].split()[:2] == ["pc", "800014"]
    assert lines[14:] == [
        "capabilities of writer:",
        "  0x0  console, CONSOLE_WRITE",
        "next:",
        "     2  writer: task_exit(0x0)",
    ]
    then = json.loads((recorded.parent / "then.json").read_text())
    assert (then["status"], then["console"], len(then["syscalls"])) == (None, "one\n", 1)


def test_the_start_and_the_end_are_positions(tyrne: Tyrne, recorded: Path) -> None:
    start = tyrne("replay", recorded, "--to", 0).out.splitlines()
    assert start[0] == "before the first transition:" and start[-1].startswith("     1  writer: console_write(")
    end = tyrne("replay", recorded, "--to", 3).out.splitlines()
    assert end[3:] == [
        "after transition 3:",
        "  writer  exited with 0",
        "  bad     exited with 3",
        "next:",
        "        nothing: the run is over",
    ]


def test_every_transition_can_be_listed(tyrne: Tyrne, tmp_path: Path) -> None:
    assert tyrne("run", shipped("systems/exchange.toml"), "--report", "r.json").status == 0
    lines = tyrne("replay", "r.json", "--list").out.splitlines()
    below = [line.strip() for line in lines if line.startswith("        ")]
    assert set(below) == {'sender: a message that nobody has taken is at endpoint "table"'}
    numbers = [line.split()[0] for line in lines if line.strip() not in below]
    assert numbers == [*map(str, range(1, 29)), "identical:"]
    assert len(tyrne("replay", "r.json").out.splitlines()) == 9


@pytest.mark.parametrize("position", [4, -4])
def test_a_position_that_is_not_there_is_refused_with_those_that_are(
    tyrne: Tyrne, recorded: Path, position: int
) -> None:
    outcome = tyrne("replay", recorded, "--to", position)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == f"tyrne: error: --to {position}: the run has 3 transitions; give a number from -3 to 3"


def test_a_file_that_is_no_report_is_refused(tyrne: Tyrne, recorded: Path) -> None:
    recorded.write_bytes(recorded.read_bytes()[:-400])
    outcome = tyrne("replay", recorded)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.endswith(": not JSON, or cut off; give a file that tyrne run --report has written")
    assert "no such file" in tyrne("replay", "none.json").error
    assert tyrne("replay").status == 2


def test_the_record_is_not_overwritten_by_its_replay(tyrne: Tyrne, recorded: Path) -> None:
    before = recorded.read_bytes()
    assert tyrne("replay", recorded, "--report", recorded).status == 2
    assert recorded.read_bytes() == before


def test_a_record_of_another_kernel_is_replayed_with_a_warning(tyrne: Tyrne, recorded: Path) -> None:
    report = json.loads(recorded.read_text())
    report["replay"]["kernel"] = "0123456789abcdef"
    recorded.write_text(json.dumps(report))
    outcome = tyrne("replay", recorded)
    assert outcome.status == 0 and outcome.out.splitlines()[-1].startswith("identical: ")
    warning = f"tyrne: warning: {recorded}: recorded with the kernel 0123456789ab, replayed with "
    assert outcome.error.startswith(warning)


@pytest.mark.qemu
def test_a_panic_of_the_compiled_kernel_replays_to_the_same_panic(tyrne: Tyrne, tmp_path: Path) -> None:
    """The kernel of a copy of the sources fails a check when a task yields with 7 in x0."""
    sources = tmp_path / "src"
    shutil.copytree(Path(package.__file__).parent, sources / "tyrne", ignore=shutil.ignore_patterns("__pycache__"))
    seeded = sources / "tyrne" / "kernel" / "fast_path.py"
    text = seeded.read_text()
    answer = "        go_on(kernel, task, Status.OK, u64(0))\n        if kernel.scheduler.core.ready["
    assert text.count(answer) == 1
    line = text[: text.index(answer)].count("\n") + 1
    seeded.write_text(text.replace(answer, f"        assert call.a0 != 7\n{answer}"))

    def other(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from tyrne.cli.main import main; main()", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(sources)}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)

    (tmp_path / "yields.bin").write_bytes(words(*YIELD, immediate(MOV_X0, 7), *YIELD) + exits(0))
    assert other("run", "yields.bin", "--machine", "qemu", "--report", "r.json").returncode == 3
    place = f"tyrne/kernel/fast_path.py:{line}"
    log = json.loads((tmp_path / "r.json").read_text())["log"]
    assert f"!! tyrne panic: assertion failed at {place}" in log
    same = other("replay", "r.json")
    assert (same.returncode, same.stderr) == (0, "")
    lines = same.stdout.splitlines()
    assert lines[:2] == ["     1  yields: task_yield() = OK", "     2  yields: task_yield(); kernel panic"]
    assert lines[2] == f"!! tyrne panic: failed check at {place} in fast_call_2"
    assert lines[-1].startswith("identical: ") and lines[-1].endswith("; status 3")
    different = tyrne("replay", "r.json")
    assert different.status == 1 and "different: system call " in different.out
    assert "warning: r.json: recorded with the kernel " in different.err


SPINS = """\
    .globl _start
_start:
    mov x1, #0
    mov x8, #3
    svc #0
again:
    add x1, x1, #1
    cmp x1, #100
    b.ne again
    mov x0, #0
    mov x8, #4
    svc #0
"""


@pytest.fixture
def computed(tyrne: Tyrne, tmp_path: Path) -> Path:
    """The report of a task that yields after 3 instructions, and counts to 100 until its end."""
    (tmp_path / "spins.S").write_text(SPINS)
    assert tyrne("run", "spins.S", "--report", "r.json").status == 0
    return tmp_path / "r.json"


@pytest.mark.parametrize("position", ["1+31", "34i"])
def test_a_position_may_be_inside_a_computation(tyrne: Tyrne, computed: Path, position: str) -> None:
    """Ten times round, and one instruction of the eleventh."""
    outcome = tyrne("replay", computed, "--to", position)
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    at = lines.index("after transition 1 and 31 instructions:")
    assert lines[at + 1 : at + 3] == ["  spins  runs next", "registers of spins, at spins.S:8 in again:"]
    assert lines[at + 3].split()[:4] == ["x0", "0", "x1", "b"]
    assert lines[-2:] == ["next:", "     2  spins: task_exit(0x0)"]


@pytest.mark.parametrize(
    ("position", "error"),
    [
        ("1+306", "--to 1+306: there are 303 instructions before transition 2; give a smaller number"),
        ("1+99999999", "--to 1+99999999: there are 303 instructions before transition 2; give a smaller number"),
        ("307i", "--to 307i: the run has 306 instructions; give a smaller number"),
        ("999i", "--to 999i: the run has 306 instructions; give a smaller number"),
        ("4i4", "--to 4i4: not a position; write 4 or -1, 4+120 or 2000i"),
        ("1+", "--to 1+: not a position; write 4 or -1, 4+120 or 2000i"),
        ("-1+", "--to -1+: not a position; write 4 or -1, 4+120 or 2000i"),
        ("٣i", "--to ٣i: not a position; write 4 or -1, 4+120 or 2000i"),
    ],
)
def test_a_position_that_there_is_not_is_told(tyrne: Tyrne, computed: Path, position: str, error: str) -> None:
    outcome = tyrne("replay", computed, "--to", position)
    assert (outcome.status, outcome.error) == (2, f"tyrne: error: {error}")


def test_of_a_run_that_a_limit_has_ended_there_are_as_many_instructions_as_it_has_made(
    tyrne: Tyrne, computed: Path
) -> None:
    assert tyrne("run", "spins.S", "--max-instructions", "1200", "--report", "r.json").status == 4
    whole = json.loads(computed.read_text())["instructions"]
    assert 3 < whole < 306
    assert tyrne("replay", computed, "--to", f"{whole}i").status == 0
    outcome = tyrne("replay", computed, "--to", f"{whole + 1}i")
    assert outcome.error == f"tyrne: error: --to {whole + 1}i: the run has {whole} instructions; give a smaller number"


def test_a_run_goes_on_after_a_pause_as_if_it_had_not_been(computed: Path) -> None:
    paused = Replay.load(computed)
    paused.step()
    for _ in range(30):
        paused.advance(10)
    assert (paused.position, paused.inside) == (1, 300)
    assert paused.difference() is None


@pytest.mark.qemu
def test_a_report_that_cannot_be_replayed_is_announced_when_it_is_made(tyrne: Tyrne, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    made = tyrne("run", "-q", shipped("systems/rtc.toml"), "--machine", "qemu", "--report", report)
    assert (made.status, made.error) == (
        0,
        "tyrne: warning: what devices of QEMU say is in no record, so the report cannot be replayed; run on "
        "--machine hosted or native for one that can",
    )
    replayed = tyrne("replay", report)
    assert replayed.status == 2 and replayed.error.endswith("replay a run on --machine hosted or native")


def test_a_report_that_can_be_replayed_is_made_without_a_word(tyrne: Tyrne, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    assert tyrne("run", "-q", shipped("systems/rtc.toml"), "--report", report).err == ""
    assert tyrne("replay", report).status == 0
