"""Which system a command line means: a description, programs, or nothing for the greeting."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tyrne.compiler.build.inputs import collecting
from tyrne.linux.start import HeapRoom
from tyrne.system import limits
from tyrne.system.described import SystemDescription, TaskDescription, name_error
from tyrne.system.devices import placed
from tyrne.system.errors import RequestError, SourceError
from tyrne.system.handles import CONSOLE_ONLY
from tyrne.system.heaps import is_linux_file, rooms, with_heap
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.out_folders import check_inputs, check_made_from, check_out
from tyrne.system.parts import CONSOLE_CAP, NOTHING_GIVEN, Given, Region
from tyrne.system.program import Program
from tyrne.system.ram import end_of
from tyrne.system.room import room_errors
from tyrne.system.shipped import shipped

GREETING = "systems/hello.toml"
ENDINGS = (".toml", ".py", ".c", ".S", ".bin", ".elf")
"""How the names of systems and programs end."""


def select(
    arguments: Sequence[Path], given: Given = NOTHING_GIVEN, allowed: Sequence[Path] = (), ram: int | None = None
) -> SystemDescription:
    """The description that the arguments name; each program on the command line becomes a task with the console.
    `given` is for a program, of which there is only one if it has arguments; `allowed` are more folders in which files
    of memory regions may lie; `ram` is the memory of a machine for programs, in bytes."""
    descriptions = [path for path in arguments if path.suffix == ".toml"]
    if given.args and len(arguments) != 1:
        raise RequestError(f"arguments for {len(arguments)} programs; name the one that gets them before the --")
    if given.out is not None and len(arguments) > 1:
        raise RequestError(f"--out: {len(arguments)} programs are named; name the one whose files come back")
    if not arguments and given != NOTHING_GIVEN:
        raise RequestError("--abi, --files or --out: no program is named; name the one that it is about")
    if ram is not None and (not arguments or descriptions):
        what = "no program is named" if not arguments else f"{descriptions[0]} is a description"
        raise RequestError(f"--memory: {what}; name programs, or write memory in the [system] of a description")
    if not arguments:
        return _read(shipped(GREETING))
    if not descriptions:
        return _of_programs(arguments, given, limits.RAM if ram is None else ram)
    if len(arguments) > 1:
        raise RequestError(f"{descriptions[0]}: a description stands alone; give one system, or only programs")
    if given != NOTHING_GIVEN:
        what = "--abi, --files, --out and arguments are for programs"
        raise RequestError(f"{arguments[0]}: {what}; write abi, files, out and args in its [[task]]")
    return _read(arguments[0], allowed)


def takes_input(arguments: Sequence[Path], given: Given) -> bool:
    """Whether the arguments name one program, and it is one of Linux: its standard input can be given."""
    return len(arguments) == 1 and is_linux_file(arguments[0], given)


def _read(path: Path, allowed: Sequence[Path] = ()) -> SystemDescription:
    from tyrne.system.description import read_description  # here: pydantic, which programs do without

    return read_description(path, allowed)


def _of_programs(programs: Sequence[Path], given: Given, ram: int) -> SystemDescription:
    if len(programs) > limits.TASKS:
        raise RequestError(f"{len(programs)} programs; a system has at most {limits.TASKS} tasks, give fewer")
    tasks: list[TaskDescription] = []
    for program in programs:
        name = _free_name(program.stem, {task.name for task in tasks})
        tasks.append(TaskDescription(name, program, None, (CONSOLE_CAP,), "", handles=CONSOLE_ONLY, given=given))
    if given.out is None:
        return SystemDescription(tasks[0].name, (), tuple(tasks), ram=ram)
    from tyrne.system.program_files import beside  # here: pydantic, which programs do without
    from tyrne.system.regions import out_region, with_out

    out = beside(Path(), os.fspath(given.out))
    if wrong := check_out(out, None) or check_inputs(out, programs):
        raise RequestError(f"--out: {wrong}")
    caps, mappings = with_out(tasks[0].caps, (), 0)
    task = replace(tasks[0], caps=caps, mappings=mappings)
    memory = placed([out_region(task.name, given.heap_pages, out)], end_of(ram))
    return SystemDescription(task.name, (), (task,), memory=memory, ram=ram)


def _free_name(stem: str, taken: set[str]) -> str:
    """The stem of the file, or "stem-2", "stem-3", … for a program that is given again."""
    base = stem if name_error(stem) is None and name_error(f"{stem}-16") is None else "task"
    number = 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def load_system(description: SystemDescription) -> System:
    """The system with its programs in hand; RequestError with every program that is wrong."""
    tasks: list[Task] = []
    errors: list[str] = []
    for number, (task, room) in enumerate(zip(description.tasks, rooms(description), strict=True)):
        try:
            with collecting() as read:
                program = load_program(task.program, task.options, task.handles, task.given, task.stack_pages, room)
            errors += check_made_from(description.memory, read)
            for other in tasks:
                if task.thread_of == other.name:
                    program = replace(program, elf=other.program.elf, source=other.program.source)
            tasks.append(_with_program(task, number, program, room, description.memory))
            errors += mapping_errors(task, tasks[-1], description.memory)
        except SourceError as error:
            from tyrne.system.absent import with_mends  # here: most programs are right

            errors += with_mends(error.lines, description, task)
        except RequestError as error:
            errors.append(f"{task.place}: {error}" if task.place else str(error))
    errors += room_errors(description, tasks)
    if errors:
        raise RequestError(*dict.fromkeys(errors))
    return System(
        description.name,
        len(description.endpoints),
        tuple(tasks),
        len(description.notifications),
        description.memory,
        description.slice,
        description.endpoints,
        description.notifications,
        description.devices,
        description.ram,
    )


def _with_program(
    task: TaskDescription, number: int, program: Program, room: HeapRoom, memory: Sequence[Region]
) -> Task:
    stack_pages = program.stack_pages if task.stack_pages is None else task.stack_pages
    given = task.given.args or task.given.env or task.given.heap_pages
    if (given or program.asks_for_page) and not program.reach:  # of a program of Linux its library has them
        from tyrne.system.start_page import with_start_page  # here: most programs are given nothing

        program = with_start_page(program, task, stack_pages, memory)
    caps, quota = with_heap(task, number, program, room)
    return Task(
        task.name,
        program,
        stack_pages,
        caps,
        task.priority,
        task.supervisor,
        quota,
        task.mappings,
        task.held,
        task.serves,
    )


def warnings_of(system: System) -> list[str]:
    """What the authors of the programs should know, each program once."""
    return [line for said in dict.fromkeys(task.program.warnings for task in system.tasks) for line in said]


def mapping_errors(described: TaskDescription, task: Task, memory: Sequence[Region]) -> Iterator[str]:
    """Memory that is mapped over the program, its stack, or the guard between them, which catches an overflow."""
    program = task.program
    stack_end = program.stack_base + task.stack_pages * limits.PAGE
    taken = [(s.address, s.end, f"the program's segment at {s.address:#x}") for s in program.segments]
    taken.append((program.stack_base, stack_end, f"the stack at {program.stack_base:#x}"))
    between = "the heap of the program" if program.heap_pages else "the guard below the stack, which stays empty"
    taken.append((program.segments[-1].end, program.stack_base, between))
    for mapping in described.mappings:
        region = memory[described.caps[mapping.cap].object]
        end = mapping.address + region.pages * limits.PAGE
        for start, limit, what in taken:
            if mapping.address < limit and start < end:
                where = f'{mapping.place}: memory "{region.name}" at {mapping.address:#x} overlaps {what}'
                yield f"{where}; map it elsewhere, such as from {stack_end:#x} on"
                break
