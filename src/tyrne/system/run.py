"""Running a system on one of the machines, to a result that looks the same from each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tyrne.compiler import CompileError
from tyrne.hal import exit_status
from tyrne.hal.interrupt import MOST_SEED
from tyrne.hosted.errors import EngineError
from tyrne.hosted.kept import EVERYTHING, Kept
from tyrne.hosted.recorder import Listener, Recorder
from tyrne.hosted.stop import StopRequest
from tyrne.system.device_files import read_files
from tyrne.system.devices import emulator_options, refuse_devices
from tyrne.system.errors import RequestError
from tyrne.system.inputs import Input, typed_into
from tyrne.system.limits import PAGE
from tyrne.system.manifest import System, encode
from tyrne.system.parts import TYPED_INTO

if TYPE_CHECKING:
    from socket import socket

    from tyrne.hosted.machine import HostedMachine
    from tyrne.hosted.native import NativeMachine
    from tyrne.system.capture import Capture
    from tyrne.system.explanation import Explainer
    from tyrne.system.qemu_console import ConsolePort

NO_LIMIT: Final = 1 << 62
"""Instructions: what a run may take that has no limit. With one, it is known at each place how much is left. To run so
many takes longer than anybody waits, but tasks may sleep for so long."""
STATUS_PANIC: Final = int(exit_status.PANIC)
STATUS_LIMIT: Final = int(exit_status.LIMIT)
STATUS_DEADLOCK: Final = int(exit_status.DEADLOCK)


class Machine(Enum):
    """Where a system runs."""

    HOSTED = "hosted"
    QEMU = "qemu"
    NATIVE = "native"


@dataclass(frozen=True)
class Request:
    """What to run, and how. `max_instructions` 0 is no limit. `preempt_calls` is the seed of ticks between the steps of
    the kernel's long work, 0 for none: on QEMU they come by themselves."""

    system: System
    machine: Machine
    release: bool
    max_instructions: int
    preempt_calls: int = 0
    allowed: tuple[Path, ...] = ()
    """Folders besides that of the description in which files of devices may lie."""
    input: Input | None = None
    """What is typed into the console of the system."""
    max_seconds: float | None = None
    """By the clock on the wall; None for no end, but on QEMU two minutes, unless somebody types."""
    capture: Capture | None = None
    """What gets the frames that go over the wire of the network, of one run."""
    gdb: Path | None = None
    """Where QEMU waits for a debugger while the run goes on: a Unix socket that is not there yet. Such a run has no end
    by the clock on the wall but `max_seconds`."""
    halted: bool = False
    """Whether it waits there before its first instruction."""


@dataclass(frozen=True)
class Result:
    """A run that has ended; `recorder` holds all that happened. `timed_out`: by the clock on the wall. `interrupted`:
    by a request to stop."""

    request: Request
    recorder: Recorder
    timed_out: bool = False
    interrupted: bool = False
    left: int | None = None
    """What was left of the limit where the run was stopped."""

    @property
    def limit(self) -> int:
        """The limit by which a repetition ends where this run has ended."""
        if self.left is not None:
            return (self.request.max_instructions or NO_LIMIT) - self.left
        if self.recorder.status == STATUS_LIMIT:
            return self.request.max_instructions or NO_LIMIT
        return self.request.max_instructions

    @property
    def status(self) -> int:
        """The exit status of the run."""
        if self.recorder.status is not None:
            return self.recorder.status
        return STATUS_LIMIT if self.interrupted or self.timed_out else STATUS_PANIC

    @cached_property
    def explainer(self) -> Explainer:
        """Explains what the tasks did."""
        from tyrne.system.explanation import explainer_of  # here: most runs need no explanation

        return explainer_of(self.request.system)

    @property
    def profile(self) -> str:
        return "release" if self.request.release else "debug"

    def outcome(self) -> dict[str, Any]:
        """What happened: the report without the record."""
        names = self.request.system.names.tasks
        report = self.recorder.report(self.request.machine.value, self.profile, names)
        self.explainer.explain(report, self.recorder)
        return report

    def report(self) -> dict[str, Any]:
        """What `--report` writes: what happened, and by what it can be repeated."""
        from tyrne.system.outside import as_it_was
        from tyrne.system.record import record, to_json

        request = self.request
        traced = request.machine is Machine.QEMU
        manifest = encode(request.system, self.limit)
        interrupts = self.recorder.interrupts if traced else None
        readings = self.recorder.readings
        devices = [as_it_was(device, self.recorder) for device in request.system.devices]
        made = record(request.release, manifest, interrupts, request.preempt_calls, readings, devices)
        return {
            **self.outcome(),
            **self.explainer.keys(),
            "replay": to_json(made),
        }

    def to_json(self) -> str:
        from tyrne.system.printable import json_text

        return json_text(self.report())


Start = Callable[[Recorder, StopRequest], bool]


@dataclass(frozen=True)
class Ready:
    """A system that is built and may be run, any number of times."""

    request: Request
    start: Start
    """Runs to the end; returns whether the clock on the wall ended it."""

    def run(self, listener: Listener, kept: Kept = EVERYTHING, stop: StopRequest | None = None) -> Result:
        """`kept` bounds what the result has of the run; `stop` may end it before its end."""
        recorder = Recorder(listener, kept=kept)
        wish = StopRequest() if stop is None else stop
        with wish.after(self.request.max_seconds):
            timed_out = self.start(recorder, wish)
        stopped = wish.made and recorder.status in (None, STATUS_LIMIT)
        timed_out = timed_out or (stopped and wish.timed_out)
        return Result(self.request, recorder, timed_out, stopped and not timed_out, wish.left if stopped else None)


def check_seed(machine: Machine, preempt_calls: int) -> None:
    """Refuse a seed that cannot be sown: a machine whose clock goes on while the kernel works draws no ticks."""
    if not 0 <= preempt_calls <= MOST_SEED:
        raise RequestError(f"preempt_calls {preempt_calls} is no seed; give a number from 1 to 2^63 - 1, or 0 for none")
    if machine is Machine.QEMU and preempt_calls:
        raise RequestError(
            "--preempt-calls: on qemu interrupts come between the steps of long calls by themselves; leave it out, or "
            "run on --machine hosted or native"
        )


def prepare(request: Request) -> Ready:
    """Build what the machine needs; RequestError where that cannot be."""
    check_seed(request.machine, request.preempt_calls)
    if request.machine is not Machine.QEMU:
        refuse_devices(request.system, request.machine.value)
    if any(device.forward for device in request.system.devices):
        from tyrne.system.forwarding import check_ports

        check_ports(request.system.devices)
    devices = typed_into(read_files(request.system.devices, request.allowed), request.input)
    request = replace(request, system=replace(request.system, devices=devices))
    try:
        match request.machine:
            case Machine.HOSTED:
                return Ready(request, _hosted(request))
            case Machine.QEMU:
                return Ready(request, _qemu(request))
            case Machine.NATIVE:
                return Ready(request, _native(request))
    except (CompileError, EngineError) as error:
        raise RequestError(*str(error).split("\n")) from None


def _hosted(request: Request) -> Start:
    from tyrne.hosted.engine import layout
    from tyrne.hosted.machine import HostedMachine
    from tyrne.system.kernel_check import check_kernel

    check_kernel()
    layout()  # now, so that its error comes before the run
    return _in_process(request, HostedMachine)


def _in_process(request: Request, make: Callable[[bytes, Recorder, bool], HostedMachine | NativeMachine]) -> Start:
    """Runs on a machine of this process, which is made of a manifest, a recorder, and whether there is a console."""
    manifest = encode(request.system, request.max_instructions or NO_LIMIT)

    def start(recorder: Recorder, stop: StopRequest) -> bool:
        with ExitStack() as ends:
            machine = make(manifest, recorder, not request.release)
            if request.system.devices:
                _attach(machine, request, stop, ends)
            if request.preempt_calls:
                machine.draw_ticks(request.preempt_calls)
            machine.cpu.stop_request = stop
            machine.run()
            for region in request.system.returned:
                recorder.returned[region.name] = machine.ram.get(region.address, region.pages * PAGE)
        return False

    return start


def _attach(
    machine: HostedMachine | NativeMachine, request: Request, stop: StopRequest, ends: ExitStack
) -> None:
    """Give a machine its devices, and let something come to them from outside, until `ends` closes."""
    from tyrne.system.models import attach  # here: most systems have no devices

    devices, connect = request.system.devices, None
    if request.input is not None or any(device.forward for device in devices):
        from tyrne.system.outside import outside

        connect = outside(devices, request.input, stop, ends)
    if request.capture is not None:
        connect = request.capture.connect(connect)
    attach(machine, devices, request.system.memory, connect)


def _qemu(request: Request) -> Start:
    from tyrne.system.build import kernel_elf
    from tyrne.system.qemu import find_emulator, gdb_socket
    from tyrne.system.qemu_console import ConsolePort
    from tyrne.system.qemu_disk import QemuDisk
    from tyrne.system.qemu_wire import Wire

    find_emulator()
    system = request.system
    kernel = kernel_elf(system, release=request.release, traced=True, max_instructions=request.max_instructions)
    options = emulator_options(system.devices, system.ram)
    devices = {device.kind: device for device in system.devices}
    network, block = devices.get("network"), devices.get("block")
    console = next((device for device in request.system.devices if device.kind in TYPED_INTO), None)

    def start(recorder: Recorder, stop: StopRequest) -> bool:
        with ExitStack() as ends:
            wire = None if network is None else ends.enter_context(Wire(network, request.capture))
            port = None if console is None else ConsolePort(request.input, partial(recorder.device, console.name))
            if port is not None:
                ends.callback(port.close)
            disk = None if block is None else ends.enter_context(QemuDisk(block, recorder))
            words = options if wire is None else wire.options(options)
            words = words if disk is None else disk.options(words)
            if system.returned:
                from tyrne.system.qemu_memory import QemuMemory

                words = ends.enter_context(QemuMemory(system.ram, system.returned, recorder)).options(words)
            doors = ends.enter_context(gdb_socket(request.gdb, request.halted))
            bounded = request.max_seconds is None and request.gdb is None
            return run_kernel(kernel, recorder, [*words, *doors.options], stop, port, bounded, doors.sockets)

    return start


def run_kernel(
    kernel: Path,
    recorder: Recorder,
    options: Sequence[str] = (),
    stop: StopRequest | None = None,
    port: ConsolePort | None = None,
    bounded: bool = True,
    sockets: Sequence[socket] = (),
) -> bool:
    """Boot a traced kernel on QEMU, with more options of QEMU's, and record what it does. Returns whether the clock on
    the wall ended it: after two minutes if it is bounded. One that is asked to stop, and does not, breaks off: nobody
    knows where its tasks are. The `sockets` are QEMU's, and closed here."""
    from tyrne.system.lines import line_of_panic
    from tyrne.system.qemu import EMULATOR, Guest
    from tyrne.system.records import feed

    guest = Guest(kernel, options, stop, port, bounded, sockets)
    with closing(guest.records()) as records:
        for line in records:
            feed(line, recorder)
    ending = guest.ending
    where = line_of_panic(kernel, bytes(recorder.panic_bytes))
    if where is not None:
        recorder.panic(f"!! at {where}\n".encode())
    if recorder.status is not None or (stop is not None and stop.made):
        return False
    if ending.timed_out:
        recorder.end(STATUS_LIMIT, 0)
        return True
    if not recorder.panic_bytes and (ending.status < 0 or not ending.serial):
        raise RequestError(f"{EMULATOR}: {ending.text}")
    if not recorder.panic_bytes:
        recorder.panic(ending.serial)
    recorder.end(STATUS_PANIC, 0)
    return False


def _native(request: Request) -> Start:
    from tyrne.compiler.build import build_host_library
    from tyrne.hosted.engine import layout
    from tyrne.hosted.native import NativeMachine
    from tyrne.hosted.native_kernel import ROOT

    layout()
    build_host_library(ROOT, {"debug_console": not request.release})  # now, so that its errors come before the run
    return _in_process(request, NativeMachine)
