"""System descriptions: a TOML file that says which programs run as which tasks, and what each may do.

docs/guide.md has all keys. The capabilities of a task stand at its handle words 0, 1, … in the order given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tyrne.linux.start import HEAP_TABLES, OUT
from tyrne.system import limits
from tyrne.system.capabilities import CapReader, check_badge, overlap
from tyrne.system.described import SystemDescription, TaskDescription, name_error
from tyrne.system.devices import KINDS, in_ram, pages_of, placed, registers_of
from tyrne.system.errors import RequestError
from tyrne.system.handles import read_handles
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.parts import FIRST_ADDRESS, Cap, Device, Forward, Mapping, Region, Supervisor, network_address
from tyrne.system.program_files import beside, read_given, read_program
from tyrne.system.quotas import check_sums, read_quota
from tyrne.system.ram import end_of, read_size, shared_frames
from tyrne.system.reach import check_reach
from tyrne.system.regions import out_region, read_region, with_out
from tyrne.system.serial_line import check_serial_line
from tyrne.system.shape import Description, DeviceTable, SupervisorTable, TaskTable, example, read_shape
from tyrne.system.similar import meant
from tyrne.system.threads import with_threads
from tyrne.system.toml_file import read_toml

_NAMED: Final = (
    ("endpoint", "endpoint", limits.ENDPOINTS),
    ("notification", "notification", limits.NOTIFICATIONS),
    ("memory", "memory region", limits.BOOT_REGIONS),
    ("device", "device", limits.BOOT_REGIONS),
    ("task", "task", limits.TASKS),
)
"""The kinds of table that may stand many times: key, noun, and how many there may be."""


def read_description(path: Path, allowed: Sequence[Path] = ()) -> SystemDescription:
    """The description in a file; RequestError with one line per mistake. Files of memory regions lie below its folder,
    or below one that is allowed."""
    text, data = read_toml(path, "system description")
    return _read(path, Mistakes(path, text), data, allowed)


def describe(data: dict[str, Any], folder: Path) -> SystemDescription:
    """The description in data of the shape that a TOML file has, with programs relative to a folder.

    RequestError with one line per mistake, each at the keys of what is wrong: `system:task[0].stack_pages`.
    """
    return _read(folder / "system", Mistakes(Path("system"), None), data)


def _read(path: Path, mistakes: Mistakes, data: dict[str, Any], allowed: Sequence[Path] = ()) -> SystemDescription:
    """Shape first; then every value for itself; last, what can be said only of a whole that has no mistake so far."""
    model = read_shape(data, mistakes)
    if model is None:
        raise mistakes.failure()
    names = _read_names(mistakes, model)
    if any(len(names[key]) > limit for key, _, limit in _NAMED):
        raise mistakes.failure()  # the checks below compare each with each
    _check_slice(mistakes, model.system.slice)
    ram = _read_ram(mistakes, model.system.memory)
    frames = shared_frames(ram)
    regions = tuple(
        read_region(mistakes, path, ("memory", i), each, allowed, frames) for i, each in enumerate(model.memory)
    )
    kept = len(regions)
    regions += tuple(_out_regions(mistakes, path, model.task))
    if pages_of(regions) <= frames:  # else it is said below
        regions = placed(regions, end_of(ram))
    devices = tuple(_read_device(mistakes, path, ("device", i), table) for i, table in enumerate(model.device))
    for index, device in enumerate(devices):
        if device.kind in KINDS and any(device.kind == other.kind for other in devices[:index]):
            what = f"a second device of kind {device.kind}, of which a machine has one; remove it"
            mistakes.add(("device", index, "kind"), what)
    regions += tuple(map(registers_of, devices))
    _check_devices(mistakes, regions, kept)
    reader = _TaskReader(path, mistakes, CapReader(mistakes, names, regions, devices), kept, frames)
    tasks = tuple(reader.task(("task", i), table) for i, table in enumerate(model.task))
    check_serial_line(mistakes, model, devices)
    if mistakes:
        raise mistakes.failure()
    check_reach(mistakes, tasks, names["endpoint"])
    _check_outs(mistakes, path, model, tasks)
    if all(task.serves for task in tasks):
        what = "every task serves, so the run would be over before it begins; remove serves = true from one of them"
        mistakes.add(("task", 0, "serves"), what)
    tasks = with_threads(mistakes, tasks, names)
    check_sums(mistakes, model, regions, [task.quota for task in tasks], frames, names)
    if mistakes:
        raise mistakes.failure()
    return SystemDescription(
        model.system.name,
        tuple(names["endpoint"]),
        tasks,
        tuple(names["notification"]),
        regions,
        model.system.slice,
        devices,
        ram,
    )


def _read_names(mistakes: Mistakes, model: Description) -> dict[str, list[str]]:
    """The names of each kind of table that may stand many times: usable, different, and not too many."""
    if not model.task:
        mistakes.add(("task",), f"a system without a task; add a {example('task')}")
    if wrong := name_error(model.system.name):
        mistakes.add(("system", "name"), wrong)
    found: dict[str, list[str]] = {}
    for key, noun, limit in _NAMED:
        names: list[str] = [table.name for table in getattr(model, key)]
        if len(names) > limit:
            mistakes.add((key, limit), f"{len(names)} {noun}s; a system has at most {limit}, remove some")
        for index, name in enumerate(names[:limit]):
            if wrong := name_error(name):
                mistakes.add((key, index, "name"), wrong)
            elif name in names[:index]:
                mistakes.add((key, index, "name"), f'a second {noun} "{name}"; give each {noun} its own name')
        found[key] = names
    return found


def _check_slice(mistakes: Mistakes, instructions: int) -> None:
    if instructions and not limits.SLICE_MIN <= instructions <= limits.SLICE_MAX:
        what = f"slice is {instructions}; write instructions from {limits.SLICE_MIN} to {limits.SLICE_MAX}"
        mistakes.add(("system", "slice"), f"{what}, or 0 for tasks that run until they wait or yield")


def _read_ram(mistakes: Mistakes, text: str | None) -> int:
    """Bytes; those of a system that says nothing, where it says what cannot be."""
    try:
        return limits.RAM if text is None else read_size(text)
    except RequestError as error:
        mistakes.add(("system", "memory"), str(error))
        return limits.RAM


def _read_device(mistakes: Mistakes, path: Path, here: Where, table: DeviceTable) -> Device:
    """Whether there is a file, and what it holds, is looked at before a run, each time."""
    kind = KINDS.get(table.kind)
    file = None if table.file is None else path.parent / table.file.replace("\0", "")
    if kind is None:
        what = f'no kind of device "{table.kind}"; write one of {", ".join(KINDS)}{meant(table.kind, [*KINDS])}'
        mistakes.add((*here, "kind"), what)
    elif table.file is not None and not kind.file:
        mistakes.add((*here, "file"), f"a device of kind {table.kind} is made from no file; remove it")
    elif kind.file and table.file is None and not kind.optional:
        mistakes.add(here, f'a device of kind {table.kind} is made from a file; add file = "{kind.file}"')
    elif table.file is not None and ("\0" in table.file or not table.file):
        mistakes.add((*here, "file"), f'no file is named {table.file!r}; write file = "{kind.file}"')
    if table.keep and kind is not None and table.kind != "block":
        mistakes.add((*here, "keep"), "only a device of kind block has something to keep; remove it")
    place = mistakes.place((*here, "kind" if file is None else "file"))
    address = FIRST_ADDRESS
    if table.address is not None and table.kind != "network":
        mistakes.add((*here, "address"), "only a device of kind network has an address; remove it")
    elif table.address is not None:
        try:
            address = network_address(table.address)
        except ValueError as error:
            mistakes.add((*here, "address"), f"{error}; write {example('address', 'device')}")
    forward = _read_forward(mistakes, (*here, "forward"), table)
    keep = bool(table.keep)
    return Device(table.name, table.kind, file, place, path.parent, address=address, forward=forward, keep=keep)


def _read_forward(mistakes: Mistakes, here: Where, table: DeviceTable) -> tuple[Forward, ...]:
    """Ports, each of which leads somewhere else."""
    if table.forward and table.kind != "network":
        mistakes.add(here, "only a device of kind network forwards ports; remove it")
    elif len(table.forward) > limits.FORWARDS:
        what = f"{len(table.forward)} ports are forwarded; at most {limits.FORWARDS} can be, remove some"
        mistakes.add((*here, limits.FORWARDS), what)
    found: list[Forward] = []
    for index, ports in enumerate(table.forward[: limits.FORWARDS]):
        there = (*here, index)
        for key, port in (("udp", ports.udp), ("to", ports.to)):
            if not 1 <= port <= 65_535:
                mistakes.add((*there, key), f"{key} is {port}; write a port, from 1 to 65535")
            elif any(getattr(other, key) == port for other in found):
                mistakes.add((*there, key), f"{key} = {port} stands there a second time; write another port")
        found.append(Forward(ports.udp, ports.to, mistakes.place((*there, "udp"))))
    return tuple(found)


def _check_devices(mistakes: Mistakes, regions: Sequence[Region], memories: int) -> None:
    """Not too many, and none twice: what is revoked from one region would stay in the other. The first ones are memory,
    the others registers."""
    if len(regions) > limits.BOOT_REGIONS and memories <= limits.BOOT_REGIONS:
        what = f"{len(regions)} memory regions and devices; a system has at most {limits.BOOT_REGIONS}, remove some"
        mistakes.add(("device", limits.BOOT_REGIONS - memories), what)
    addressed = [(index, region) for index, region in enumerate(regions) if not in_ram(region)]
    for position, (index, region) in enumerate(addressed):
        where: Where = ("memory", index, "address") if index < memories else ("device", index - memories, "kind")
        for before, other in addressed[:position]:
            if before < memories and overlap(region.address, region.pages, other.address, other.pages):
                what = f'overlaps memory "{other.name}"; give the device once, and let its holder derive parts'
                mistakes.add(where, what)
                break


def _out_regions(mistakes: Mistakes, path: Path, tasks: Sequence[TaskTable]) -> Iterator[Region]:
    """The memory in which tasks leave files. Each has a folder of its own."""
    taken: dict[Path, str] = {}
    for index, table in enumerate(tasks):
        if table.out is not None:
            out = beside(path, table.out)
            place = mistakes.place(("task", index, "out"))
            real = out.absolute()
            near = [each for each in taken if real.is_relative_to(each) or each.is_relative_to(real)]
            if near:
                what = "lies in the folder of another task, or has it"
                what = "gets the files of another task" if real in taken else what
                mistakes.add(("task", index, "out"), f"{out} {what}, at {taken[near[0]]}; name another")
            taken.setdefault(real, place)
            yield out_region(table.name, table.heap_pages, out, place)


def _check_outs(mistakes: Mistakes, path: Path, model: Description, tasks: Sequence[TaskDescription]) -> None:
    """None of the folders in which tasks leave files has what the system is made from, or a link to it, which the task
    could replace for the next run, but for what this task itself is given."""
    if all(task.given.out is None for task in tasks):
        return
    from tyrne.system.out_folders import check_inputs  # here: few tasks get files back

    programs = [table.program for table in model.task]
    names = [name for program in programs for name in (*program.sources, *program.include)]
    names += [each.file for each in model.memory if each.file is not None]
    names += [each.file for each in model.device if each.file is not None]
    for index, task in enumerate(tasks):
        if task.given.out is not None:
            others = [table for table in model.task if table is not model.task[index]]
            typed = [table.stdin for table in others if table.stdin is not None]
            archives = [path.parent / table.files for table in others if table.files is not None]
            inputs = [path.parent / name for name in (*names, *typed)]
            if wrong := check_inputs(task.given.out, inputs, archives):
                mistakes.add(("task", index, "out"), wrong)


class _TaskReader:
    """Checks each task for itself, and what it refers to."""

    def __init__(self, path: Path, mistakes: Mistakes, caps: CapReader, out_region: int, frames: int) -> None:
        """`out_region` is the number of the first region in which a task leaves files, `frames` what a quota may
        have."""
        self._path = path
        self._mistakes = mistakes
        self._caps = caps
        self._out_region = out_region
        self._frames = frames

    def task(self, here: Where, table: TaskTable) -> TaskDescription:
        for key, number, first, last in (
            ("stack_pages", table.stack_pages, 1, limits.STACK_PAGES),
            ("heap_pages", table.heap_pages, 1, self._frames - HEAP_TABLES),
            ("threads", table.threads, 1, limits.THREADS),
            ("priority", table.priority, 0, limits.PRIORITIES - 1),
        ):
            if number is not None and not first <= number <= last:
                self._mistakes.add((*here, key), f"{key} is {number}; write a number from {first} to {last}")
        program, options = read_program(self._mistakes, self._path, (*here, "program"), table.program)
        caps, mappings = self._caps.caps((*here, "caps"), table.caps)
        if table.out is not None:
            caps, mappings = self._with_out((*here, "out"), caps, mappings)
        return TaskDescription(
            table.name,
            program,
            table.stack_pages,
            caps,
            self._mistakes.place((*here, "program")),
            table.priority,
            None if table.supervisor is None else self._supervisor((*here, "supervisor"), table.supervisor),
            read_quota(self._mistakes, here, table, self._frames),
            mappings,
            not table.start,
            options,
            read_handles(self._mistakes, (*here, "caps"), table.caps),
            table.serves,
            read_given(self._mistakes, self._path, here, table),
        )

    def _with_out(
        self, here: Where, caps: Sequence[Cap], mappings: Sequence[Mapping]
    ) -> tuple[tuple[Cap, ...], tuple[Mapping, ...]]:
        """What a task holds, with the memory in which it leaves files."""
        for what, held, most in (("capabilities", caps, limits.CAPS), ("mapped regions", mappings, limits.MAPPINGS)):
            if len(held) >= most:
                self._mistakes.add(here, f"out takes one of the {most} {what} that a task may have; remove another")
        if any(mapping.address > OUT - limits.MAPPED_PAGES * limits.PAGE for mapping in mappings):
            self._mistakes.add(here, f"out takes the addresses from {OUT:#x} on; map memory below them")
        self._out_region += 1
        return with_out(caps, mappings, self._out_region - 1, self._mistakes.place(here))

    def _supervisor(self, here: Where, table: SupervisorTable) -> Supervisor:
        check_badge(self._mistakes, (*here, "badge"), table.badge)
        number = self._caps.number((*here, "endpoint"), "endpoint", table.endpoint)
        return Supervisor(number or 0, table.badge)
