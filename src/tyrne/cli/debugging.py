"""The command that lets gdb walk through a run: `debug`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tyrne.cli.help import Command
from tyrne.cli.inspecting import STATUS_SHOWN
from tyrne.cli.options import Allow, At, Limit, Run
from tyrne.cli.output import complain, say
from tyrne.cli.running import progress, terminal
from tyrne.system.printable import one_line
from tyrne.system.run import Machine

if TYPE_CHECKING:
    from tyrne.debug.debugged import Debugged
    from tyrne.system.manifest import System
    from tyrne.system.replay import Replay

app = typer.Typer()


@app.command(cls=Command)
def debug(
    run: Run,
    at: At = None,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|PORT",
            help="Wait for gdb at this Unix socket, or at this port of the loopback interface, 0 for any that is free. "
            "Without it: at a Unix socket in a new folder.",
            show_default=False,
        ),
    ] = None,
    machine: Annotated[
        Machine,
        typer.Option(
            help="Where a system runs. On qemu it runs meanwhile, and does not go back; on native it runs to its end "
            "first, and is recorded."
        ),
    ] = Machine.HOSTED,
    kernel: Annotated[
        bool,
        typer.Option(
            "--kernel", help="No gdb: stop in the kernel's own Python, at each trap, with pdb's commands and back."
        ),
    ] = False,
    dap: Annotated[
        bool, typer.Option("--dap", help="Wait for an editor, which speaks the Debug Adapter Protocol, not for gdb.")
    ] = False,
    limit: Limit = None,
    allow: Allow = None,
) -> int:
    """Let gdb walk through a run, forwards and backwards: tasks are threads, and nothing of the run can be changed. Or
    walk through the kernel.

    It begins at a position, or at the start. In gdb `monitor help` says what else can be asked. It ends when gdb kills
    what it debugs, or by Ctrl-C. Exit status: 0; 2 the request was wrong.
    """
    from tyrne.cli.replay import warnings_about
    from tyrne.debug.session import Session
    from tyrne.inspect.positions import move, target_of
    from tyrne.inspect.runs import is_report
    from tyrne.system.errors import RequestError
    from tyrne.system.kernel_check import check_kernel
    from tyrne.system.known import known_system
    from tyrne.system.replay import Replay

    if kernel and (dap or listen is not None):
        other = "--dap" if dap else "--listen"
        raise RequestError(f"--kernel {other}: the kernel is walked through here, by nobody else; leave one out")
    target = None if at is None else target_of(at, "--at")
    allowed = tuple(allow or ())
    check_kernel()
    if machine is Machine.QEMU and not is_report(run):
        from tyrne.cli.debugging_live import debug_live

        for option, given in (("--at", at), ("--kernel", kernel or None)):
            if given is not None:
                record = f"tyrne run {run} --machine qemu --report run.json"
                raise RequestError(f"{option}: a machine that runs has no positions; record it: {record}")
        return debug_live(run, listen, dap, limit or 0, allowed)
    with folder_for_sockets(listen is None) as folder:
        system = None
        if is_report(run):
            if machine is not Machine.HOSTED:
                raise RequestError(f"{run}: a report is of a run that has been; leave out --machine {machine.value}")
            replay = Replay.load(run, limit or 0)
        else:
            with progress(terminal(stderr=True), "building …"):
                system = known_system([run], allowed=allowed)
            replay = _replay_of(system, run, machine, limit or 0, allowed, folder)
        session = Session(replay)
        with progress(terminal(stderr=True), "running …"):
            if target is not None:
                move(replay, target, "--at")
        complain(*warnings_about(replay), label="warning: ")
        if kernel:
            from tyrne.debug.kernel import KernelDebugger

            KernelDebugger(replay).walk()
            return STATUS_SHOWN
        serve_at(listen, folder, dap, session, lambda: [] if system is None else programs(system, folder))
    return STATUS_SHOWN


def _replay_of(
    system: System, path: Path, machine: Machine, limit: int, allowed: tuple[Path, ...], folder: Path
) -> Replay:
    """The run of a system: on the hosted machine meanwhile; on another one it is recorded first."""
    from tyrne.cli.running import run_system
    from tyrne.inspect.runs import run_of
    from tyrne.system.replay import Replay

    if machine is Machine.HOSTED:
        return run_of(system, path, limit, allowed)
    record = folder / "record.json"
    run_system([path], machine, report=record, max_instructions=limit, quiet=True, allowed=allowed)
    return Replay.load(record)


def serve_at(listen: str | None, folder: Path, dap: bool, shown: Debugged, told: Callable[[], Iterable[str]]) -> None:
    """Let an editor, or gdb, in at a place of its own or in `folder`; gdb's user is told these lines as well."""
    from tyrne.debug.server import listen as open_at
    from tyrne.debug.server import serve, serve_editor

    with place_of(listen, folder / "gdb") as where:
        listening, address = open_at(where)
        with listening:
            if dap:
                say(f"listening at {address} for an editor")
                serve_editor(listening, shown, lambda asked: answer(shown, asked))
                return
            say(f"listening at {address}; in gdb: target remote {address}")
            say(*told())
            serve(listening, shown, lambda asked: answer(shown, asked))


def programs(system: System, folder: Path) -> Iterator[str]:
    """Put the programs of a system where gdb finds them, and tell it how to read their lines."""
    for number, task in enumerate(system.tasks):
        if task.program.elf:
            path = folder / f"{number}-{re.sub('[^A-Za-z0-9_-]', '_', task.name)}.elf"
            path.write_bytes(task.program.elf)
            shift = f" -o {task.program.shift:#x}" if task.program.shift else ""
            yield f"the lines of {one_line(task.name)}: symbol-file {path}{shift}"


@contextmanager
def folder_for_sockets(used: bool = True) -> Iterator[Path]:
    """A folder that is there meanwhile; RequestError where its path is too long for sockets in it, if they are used."""
    from tempfile import TemporaryDirectory

    from tyrne.system.errors import RequestError
    from tyrne.system.qemu import SOCKET_BYTES

    with TemporaryDirectory(prefix="tyrne-") as folder:
        if used and len(os.fsencode(folder)) > SOCKET_BYTES - len("/qemu"):
            what = f"longer than the path of a socket may be, {SOCKET_BYTES} bytes with its name"
            raise RequestError(f"{folder}: {what}; set TMPDIR to a folder with a shorter path")
        yield Path(folder)


@contextmanager
def place_of(listen: str | None, otherwise: Path) -> Iterator[Path | int]:
    """Where to listen: a port, or a path, where there is nothing any more afterwards."""
    if listen is not None and listen.isascii() and listen.isdigit():
        yield int(listen)
        return
    path = otherwise if listen is None else Path(listen)
    there = path.exists() or path.is_symlink()
    try:
        yield path
    finally:
        if not there:
            path.unlink(missing_ok=True)


def answer(session: Debugged, asked: str) -> str:
    """What gdb's `monitor` shows, each line with an end."""
    from tyrne.cli.sheet import lines_of
    from tyrne.cli.views import VIEWS, heading
    from tyrne.inspect.selection import known_task
    from tyrne.system.errors import RequestError

    name, *rest = asked.split() or ["help"]
    try:
        seen = session.look()
        task = known_task(seen, rest[0]) if rest and rest[0] != "all" else None
        if name in VIEWS and len(rest) < 2:
            return "".join(f"{line}\n" for line in lines_of([heading(seen.at), *VIEWS[name].show(seen, task)]))
        if name == "only" and len(rest) == 1:
            numbers = {found.name: found.number for found in seen.tasks}
            session.count_only(None if task is None else numbers[task])
            return f"breakpoints and watchpoints are those of {'all tasks' if task is None else one_line(task)}\n"
    except RequestError as error:
        return f"{error}\n"
    return (
        f"monitor {'|'.join(VIEWS)} [TASK]: as tyrne {'|'.join(VIEWS)} shows it, here\n"
        "monitor only TASK|all: whose breakpoints count, since programs of several tasks have the same addresses\n"
    )
