"""A program of Linux as in a sandbox: it reaches what it is given and nothing else, and what it tried is told."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from stat import S_IFREG

import pytest
from linux_programs import build, on_all_machines, run, told

from tyrne.abi import CallNumber, Status
from tyrne.cli.main import run_arguments as main
from tyrne.hosted.happened import CallEvent
from tyrne.hosted.recorder import text_of
from tyrne.linux.archive import count_files, entry
from tyrne.linux.calls import MOST_TOLD, PIECE_BYTES, TOLD
from tyrne.linux.numbers import NUMBERS
from tyrne.system.names import Names
from tyrne.system.policy import KINDS, REMARKS, Kind, Policy
from tyrne.system.run import Machine

GIVEN = "all that is given\n"
REACHED = GIVEN
"""What hostile.c says; each other line of it would be something that it must not reach."""
TRIED = """\
       1 hostile  ENOENT          openat "/etc/passwd"
       1 hostile  ENOENT          openat "../../../../etc/shadow"
       1 hostile  ENOENT          openat "folder/../../etc/hosts"
       1 hostile  ENOENT          openat "way"
       1 hostile  ENOENT          openat "/proc/self/mem"
       1 hostile  ENOENT          openat "/dev/mem"
       1 hostile  ENOENT          openat "/dev/tty"
       1 hostile  ENOENT          openat "/sys/kernel"
       1 hostile  ENOENT          openat
       1 hostile  ENOENT          openat "\\u001b]0;owned\\u0007\\u001b[2J"
       1 hostile  ENOENT          openat "two\\nlines: tyrne: all is well"
       1 hostile  ENOENT          openat "\\x9b31m\\u202e"
       1 hostile  ENOENT          openat "\\\\xff\\\\xfe"
       1 hostile  EAFNOSUPPORT    socket
       1 hostile  EAFNOSUPPORT    socketpair
       1 hostile  ENOTSOCK        connect
       1 hostile  ENOSYS          clone
       1 hostile  ENOSYS          clone3
       1 hostile  ENOENT          execve "/bin/sh"
       1 hostile  ENOENT          execveat "/bin/sh"
       1 hostile  ENOSYS          ptrace
       1 hostile  ENOSYS          mount "/mnt"
       1 hostile  ENOSYS          umount2 "/"
       1 hostile  ENOSYS          pivot_root "/"
       1 hostile  ENOSYS          chroot ".."
       1 hostile  ENOSYS          reboot
       1 hostile  EPERM           setuid
       1 hostile  ESRCH           kill
       1 hostile  ENOSYS          unshare
       1 hostile  ENOSYS          setns
       1 hostile  ENOSYS          process_vm_readv
       1 hostile  ENOSYS          init_module
       1 hostile  ENOSYS          kexec_load
       1 hostile  ENOSYS          bpf
       1 hostile  ENOSYS          perf_event_open
       1 hostile  ENOSYS          io_uring_setup
       1 hostile  ENOSYS          openat2 "/etc/group"
       1 hostile  EACCES          mmap
       1 hostile  ENOMEM          mprotect
"""
TRIED_LAST = '       1 hostile  EPERM           reboot "hack"\n'
"""What it made up itself, past the library."""
PAST = "      56 hostile  STALE_HANDLE    Tyrne's send(0x8, "


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "given").write_text(GIVEN)
    return folder


def options(files: Path) -> list[str]:
    return ["--abi", "linux", "--files", str(files), str(build("hostile.c"))]


@pytest.mark.promise(
    "One that is given files and the console reaches nothing else, whatever it asks for, of Linux or of the kernel"
)
@pytest.mark.promise(
    "`tyrne run --policy` tells what it asked for and was refused: what the kernel refused, and of Linux what its "
    "library tells, which it may go past"
)
@on_all_machines
def test_a_hostile_program_reaches_what_it_is_given_and_what_it_tried_is_told(
    machine: Machine, files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    words = ["run", "-q", "--policy", "--machine", machine.value, "--report", str(report), *options(files)]
    assert main(words) == 0
    out, err = capfd.readouterr()
    assert out == REACHED
    table = err.partition("of its kind:\n")[2]
    assert table.startswith(TRIED)
    assert PAST in table
    assert table.endswith(TRIED_LAST)
    assert main(["replay", "--policy", str(report)]) == 0
    assert capfd.readouterr().err == err[err.index("tyrne: refused") :]


def test_a_hostile_program_that_uses_a_pointer_into_the_kernel_ends(files: Path) -> None:
    result = run(build("hostile.c"), "x", files=files)
    assert told(result) == (REACHED, None)
    fault = result.explainer.fault(result.recorder.faults[0])
    assert fault.startswith("reads from address 0x40080000, where nothing is mapped, ")


@pytest.mark.promise("Names of files that it asks for are told with escapes: they steer no terminal")
def test_no_name_of_a_file_steers_the_terminal(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-q", "--policy", "--machine", "native", *options(files)]) == 0
    err = capfd.readouterr().err
    assert all(line.isprintable() for line in err.split("\n"))
    assert not any(line.startswith("lines: tyrne") for line in err.split("\n"))


def test_a_call_that_does_not_exist_is_told_at_the_end_and_not_on_the_console(
    files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--machine", "native", *options(files)]
    assert main(["run", *words]) == 0
    out, err = capfd.readouterr()
    assert "not supported" not in out
    lines = [line for line in err.splitlines() if "supported" in line]
    assert lines[0] == "tyrne: hostile: clone is not supported; docs/linux.md has the calls that are"
    assert not [line for line in lines if "clone3" in line]  # C libraries do without
    assert len(lines) == len(set(lines)) == TRIED.count("ENOSYS")  # but with the number that Linux does not have
    assert main(["run", "-q", *words]) == 0
    assert capfd.readouterr().err == ""


def test_a_heap_that_is_used_up_is_told_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--machine", "native", "--abi", "linux", str(build("memory.c"))]) == 0
    assert "tyrne: memory: its heap is used up; heap_pages of its [[task]] makes it larger\n" in capfd.readouterr().err
    assert main(["run", "-q", "--machine", "native", "--abi", "linux", str(build("memory.c"))]) == 0
    assert capfd.readouterr().err == ""


def test_quietly_only_what_a_program_wanted_more_of_is_told() -> None:
    policy = Policy([*tells(0, "bpf", 38), *tells(0, "clone", 11), *tells(1, "brk", 12)])
    names = Names(("a", "b"))
    assert len(list(policy.lines(names))) == 3
    assert list(policy.lines(names, wants=True)) == [
        "a: it wants more threads; threads of its [[task]] says how many it may have",
        "b: its heap is used up; heap_pages of its [[task]] makes it larger",
    ]


def test_a_run_without_refusals_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-q", "--policy", "--machine", "native", "programs/hello.py"]) == 0
    assert capfd.readouterr().err == "tyrne: nothing was refused\n"


def test_a_wait_that_its_deadline_ends_is_no_refusal_of_the_kernel() -> None:
    policy = Policy()
    for status in (Status.TIMED_OUT, Status.ABORTED, Status.MISSING_RIGHT):
        assert policy.add(CallEvent(0, CallNumber.WAIT.value, (0,) * 6, (status.value, *[0] * 7)))
    assert policy.kinds == {Kind(0, "wait", "MISSING_RIGHT"): 1}


def test_a_wait_that_a_signal_ends_is_no_refusal() -> None:
    policy = Policy(event for event in run(build("signals.c")).recorder.calls if event.refusal)
    assert "rt_sigaction" in {kind.name for kind in policy.kinds}
    assert not {"rt_sigsuspend", "rt_sigreturn"} & {kind.name for kind in policy.kinds}


def tells(task: int, name: str, error: int, path: bytes = b"") -> list[CallEvent]:
    """The calls by which the library tells of one."""
    pieces = [path[at : at + PIECE_BYTES] for at in range(0, max(1, len(path)), PIECE_BYTES)]
    last = len(pieces) - 1
    words = [(0 if at < last else error, *struct.unpack("<5Q", one.ljust(40, b"\0"))) for at, one in enumerate(pieces)]
    return [CallEvent(task, TOLD | NUMBERS[name], six, (1, *[0] * 7)) for six in words]


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 199])
def test_a_path_of_any_length_is_told_whole(length: int) -> None:
    path = bytes(b"/abc"[i % 4] for i in range(length))
    policy = Policy(tells(0, "openat", 2, path))
    assert policy.kinds == {Kind(0, "openat", "ENOENT", f'"{text_of(path)}"' if path else "", True): 1}


def test_paths_of_two_tasks_that_come_together_are_told_apart() -> None:
    first, second = tells(0, "openat", 2, b"a" * 100), tells(1, "chdir", 20, b"b" * 90)
    policy = Policy(call for pair in zip(first, second, strict=True) for call in pair)
    assert [(kind.task, kind.path) for kind in policy.kinds] == [(0, f'"{"a" * 100}"'), (1, f'"{"b" * 90}"')]


def test_what_is_kept_is_bounded_whatever_tasks_tell() -> None:
    policy = Policy()
    for number in range(3 * KINDS):
        for event in tells(number, "clone", 38, b"x" * 10 * MOST_TOLD):
            policy.add(event)
        policy.add(tells(10_000 + number, "clone", 38, b"y" * 2 * PIECE_BYTES)[0])  # a path that does not end
    assert (len(policy.kinds), policy.others, len(policy.remarks)) == (KINDS, 2 * KINDS, REMARKS)
    assert max(len(kind.path) for kind in policy.kinds) == MOST_TOLD + len('"…"')
    assert len(policy._paths) <= 64


@pytest.mark.parametrize(
    "size", [b"00000004", b"FFFFFFFF", b"-0000001", b"      -8", b"0x000001"], ids=lambda size: size.decode()
)
def test_files_are_counted_up_to_where_an_archive_is_damaged(size: bytes) -> None:
    damaged = entry(b"b", S_IFREG, b"four", 2).replace(b"00000004", size, 1)
    archive = entry(b"a", S_IFREG, b"first", 1) + damaged + entry(b"c", S_IFREG, b"last", 3)
    assert count_files(archive) == ((3, 13) if size == b"00000004" else (1, 5))
    assert count_files(archive[:-1]) == ((2, 9) if size == b"00000004" else (1, 5))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", "no files, no input, no time, "),
        ('files = "files"\nstdin = "files/given"\n', "a copy of 1 file of 18 bytes, 18 bytes of input, no time, "),
        ("", "no files, no input, the time since boot, "),
    ],
    ids=["nothing", "files", "clock"],
)
def test_check_says_what_a_program_may_reach(
    more: str, expected: str, files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(build("hostile.c"), files.parent / "hostile")
    caps = "{ console = true }" + (", { clock = true }" if "boot" in expected else "")
    text = f'[system]\nname = "s"\n[[task]]\nname = "t"\nprogram = "hostile"\nabi = "linux"\ncaps = [{caps}]\n{more}'
    (files.parent / "s.toml").write_text(text)
    assert main(["check", str(files.parent / "s.toml")]) == 0
    end = "random bytes that follow from program and arguments, no network\n"
    assert capfd.readouterr().out.endswith(f"    besides these capabilities: {expected}{end}")
