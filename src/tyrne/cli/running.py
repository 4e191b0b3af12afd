"""What `tyrne run` does, and how a command shows that it takes its time and writes what it has made."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from tyrne.cli.errors import Stopped
from tyrne.cli.output import complain, warn
from tyrne.cli.presenter import PlainPresenter, Presenter
from tyrne.cli.summary import explain, explain_faults, explain_refusals, show_summary, tell_policy
from tyrne.hosted.kept import REPORT, SUMMARY
from tyrne.hosted.stop import StopRequest
from tyrne.system import limits
from tyrne.system.devices import has_devices
from tyrne.system.errors import RequestError
from tyrne.system.inputs import STDIN, read_input
from tyrne.system.known import Read, known_system, reading
from tyrne.system.out_folders import check_apart, prove_writable
from tyrne.system.parts import NOTHING_GIVEN, Given
from tyrne.system.run import Machine, Request, Result, check_seed, prepare
from tyrne.system.select import select, takes_input, warnings_of

if TYPE_CHECKING:
    from rich.console import Console

    from tyrne.system.capture import Capture
    from tyrne.system.described import SystemDescription

_FORCES_TERMINAL: Final = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables by which rich takes another stream for a terminal."""
STDOUT: Final = Path("-")
"""The report that goes to standard output."""


def run_system(
    system: Sequence[Path],
    machine: Machine = Machine.HOSTED,
    release: bool = False,
    report: Path | None = None,
    max_instructions: int = 0,
    preempt_calls: int = 0,
    quiet: bool = False,
    allowed: tuple[Path, ...] = (),
    typed: Path | None = None,
    max_seconds: float | None = None,
    capture: Path | None = None,
    given: Given = NOTHING_GIVEN,
    policy: bool = False,
    ram: int | None = None,
    gdb: Path | None = None,
) -> int:
    """Run what the arguments of a command line name and show what its tasks write; the exit status of docs/guide.md.

    A slow import stands where what is imported is needed: most runs start without.
    """
    check_seed(machine, preempt_calls)
    if gdb is not None and machine is not Machine.QEMU:
        raise RequestError(
            f"--gdb {gdb}: only qemu listens for gdb while it runs; add --machine qemu, or use tyrne debug"
        )
    captured, finds_files = None, False
    own_input = typed is not None and takes_input(system, given)
    if own_input:
        given = replace(given, stdin=typed)
    if report is not None or capture is not None or machine is Machine.QEMU:
        description = select(system, given, allowed, ram)  # what is wrong with the system is said first
        finds_files = any(task.given.files is not None for task in description.tasks)
        finds_files = finds_files or any(region.file is not None for region in description.memory)
        if report is not None:
            check_output(report, system, description, typed)
        if capture is not None:
            from tyrne.system.capture import Capture, check_capture

            check_capture(capture, report, description.devices)
            check_output(capture, system, description, typed)
            captured = Capture()
    if machine is Machine.QEMU:
        from tyrne.system.qemu import check_socket, find_emulator

        find_emulator()
        if gdb is not None:
            check_socket(gdb)
    out = terminal(stderr=report == STDOUT)
    with progress(out, "building …"):
        with reading() as read:
            loaded = known_system(system, given, allowed, ram)
        for file in (report, capture):
            check_read(file, read)
        if gdb is not None:
            check_apart(gdb, loaded.memory)
        for region in loaded.returned:
            if region.out is not None:
                prove_writable(region.out)
        keys = None if own_input else read_input(typed, loaded.devices)
        ready = prepare(
            Request(
                loaded, machine, release, max_instructions, preempt_calls, allowed, keys, max_seconds, captured, gdb
            )
        )
    if not quiet:
        warn(warnings_of(loaded))
    if gdb is not None:
        complain(f"QEMU listens at {gdb} for tyrne ps --live and for gdb")
    networks = [device for device in loaded.devices if device.kind == "network"]
    if report is not None and any(device.file or device.forward for device in networks):
        complain("the frames that the network device gets are recorded in the report", label="warning: ")
    if (keys is not None and report is not None and machine is not Machine.QEMU) or (own_input and report is not None):
        complain("what is typed is recorded in the report", label="warning: ")
    if report is not None and machine is Machine.QEMU and has_devices(loaded.memory):
        what = "what devices of QEMU say is in no record, so the report cannot be replayed"
        complain(f"{what}; run on --machine hosted or native for one that can", label="warning: ")
    if report is not None and finds_files:
        complain("the files that programs are given are recorded in the report", label="warning: ")
    presenter: Presenter
    if out is None:
        presenter = PlainPresenter(bytes_of(report))
    else:
        from tyrne.cli.terminal import TerminalPresenter

        devices = [device.name for device in loaded.devices]
        presenter = TerminalPresenter(out, [task.name for task in loaded.tasks], devices)
    presenter.quiet = quiet
    try:
        with stopped_by_interrupt() as stop:
            result = ready.run(presenter, SUMMARY if report is None else REPORT, stop)
    finally:
        presenter.finish()
    failed = write_all(result, report, capture, captured, quiet)
    if out is not None and not quiet:
        show_summary(out, result)
    refusals = explain_refusals(result, presenter.refusals, presenter.said)
    complain(*explain(result), *explain_faults(result), *refusals)
    if policy:
        tell_policy(presenter.policy, result.explainer)
    elif not quiet or result.status:  # what a program wanted more of may be why it failed
        complain(*presenter.policy.lines(result.request.system.names, wants=quiet))
    if failed:
        raise RequestError(*failed)
    if result.interrupted:
        raise Stopped(signal.SIGINT)
    return result.status


def write_all(
    result: Result, report: Path | None, capture: Path | None, captured: Capture | None, quiet: bool
) -> list[str]:
    """Write all that a run leaves: its report first, and the others whether one can be written or not. What is wrong
    with those that cannot, a line each."""
    failed: list[str] = []
    if report is not None:
        with put_off(failed):
            write(report, result.to_json().encode())
    if result.recorder.disks:
        from tyrne.system.kept_disks import keep_disks

        with put_off(failed):
            for line in keep_disks(result, quiet):
                complain(line)
    if result.recorder.returned:
        from tyrne.system.returned_files import take_files

        with put_off(failed):
            for line in take_files(result):
                complain(line)
    if capture is not None and captured is not None:
        with put_off(failed):
            write(capture, captured.file())
            if captured.left_out:
                most = f"a capture has at most {limits.CAPTURE_BYTES} bytes of frames"
                complain(f"{capture}: {captured.left_out} frames are left out: {most}", label="warning: ")
    return failed


@contextmanager
def put_off(failed: list[str]) -> Iterator[None]:
    """Keep what is wrong for later: the error is told when all else is done."""
    try:
        yield
    except RequestError as error:
        failed += error.lines


def check_output(
    output: Path, system: Sequence[Path], description: SystemDescription, typed: Path | None = None
) -> None:
    """Refuse an output that cannot be written, or would replace the description, what it names, or what is typed; or
    that lies where files of programs come back."""
    if output != STDOUT:
        from tyrne.system.files import check_writable

        inputs = [] if typed is None or typed == STDIN else [typed]
        check_writable(output, [*system, *description.inputs(), *inputs])
        check_apart(output, description.memory)


def check_read(output: Path | None, read: Read) -> None:
    """Refuse an output that would replace a file from which a program was made, as a header."""
    if output is not None and output != STDOUT:
        from tyrne.system.files import check_writable

        if read.unknown:
            raise RequestError(f"{output}: what the programs are made from is no longer known; try again")
        check_writable(output, map(Path, read.files))


def check_drawing(output: Path, run: Path) -> None:
    """Whether what is drawn of a run, which is a report or a system, can be written. It replaces none of its files."""
    from tyrne.inspect.runs import is_report
    from tyrne.system.files import check_writable

    if is_report(run):
        check_writable(output, [run])
    else:
        check_output(output, [run], select([run]))


def bytes_of(report: Path | None) -> BinaryIO:
    """Where what tasks write goes, beside a report."""
    return (sys.stderr if report == STDOUT else sys.stdout).buffer


def write(output: Path, content: bytes) -> None:
    if output == STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        from tyrne.system.files import write_atomically

        write_atomically(output, content)


def terminal(stderr: bool) -> Console | None:
    """The terminal that a stream is, or is said to be; None for a pipe or a file."""
    stream = sys.stderr if stderr else sys.stdout
    if not stream.isatty() and not any(name in os.environ for name in _FORCES_TERMINAL):
        return None
    from rich.console import Console

    console = Console(highlight=False, stderr=stderr)
    return console if console.is_terminal else None


def progress(console: Console | None, what: str) -> AbstractContextManager[None]:
    """On a terminal, say that a slow step is going on."""
    if console is None:
        return nullcontext()
    from tyrne.cli.terminal import progress

    return progress(console, what)


@contextmanager
def stopped_by_interrupt() -> Iterator[StopRequest]:
    """The first Ctrl-C asks a run to stop, so that it can be told where it was; a second one ends it at once."""
    stop = StopRequest()

    def ask(number: int, frame: object) -> None:
        if stop.made:
            raise KeyboardInterrupt
        stop.made = True

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
