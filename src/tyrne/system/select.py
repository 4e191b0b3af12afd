"""Which system a command line means: a description, programs, or nothing for the greeting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tyrne.system import limits
from tyrne.system.described import SystemDescription, TaskDescription, name_error
from tyrne.system.errors import RequestError, SourceError
from tyrne.system.handles import CONSOLE_ONLY
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.parts import CONSOLE_CAP, Region
from tyrne.system.program import Program
from tyrne.system.shipped import shipped

GREETING = "systems/hello.toml"
ENDINGS = (".toml", ".py", ".c", ".S", ".bin", ".elf")
"""How the names of systems and programs end."""


def select(arguments: Sequence[Path]) -> SystemDescription:
    """The description that the arguments name; each program on the command line becomes a task with the console."""
    if not arguments:
        return _read(shipped(GREETING))
    descriptions = [path for path in arguments if path.suffix == ".toml"]
    if not descriptions:
        return _of_programs(arguments)
    if len(arguments) > 1:
        raise RequestError(f"{descriptions[0]}: a description stands alone; give one system, or only programs")
    return _read(arguments[0])


def _read(path: Path) -> SystemDescription:
    from tyrne.system.description import read_description  # here: pydantic, which programs do without

    return read_description(path)


def _of_programs(programs: Sequence[Path]) -> SystemDescription:
    if len(programs) > limits.TASKS:
        raise RequestError(f"{len(programs)} programs; a system has at most {limits.TASKS} tasks, give fewer")
    tasks: list[TaskDescription] = []
    for program in programs:
        name = _free_name(program.stem, {task.name for task in tasks})
        tasks.append(TaskDescription(name, program, 1, (CONSOLE_CAP,), "", handles=CONSOLE_ONLY))
    return SystemDescription(tasks[0].name, (), tuple(tasks))


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
    for task in description.tasks:
        try:
            program = load_program(task.program, task.options, task.handles)
            errors += mapping_errors(task, program, description.memory)
            tasks.append(_with_program(task, program))
        except SourceError as error:
            errors += error.lines
        except RequestError as error:
            errors.append(f"{task.place}: {error}" if task.place else str(error))
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
    )


def _with_program(task: TaskDescription, program: Program) -> Task:
    return Task(
        task.name,
        program,
        task.stack_pages,
        task.caps,
        task.priority,
        task.supervisor,
        task.quota,
        task.mappings,
        task.held,
        task.serves,
    )


def warnings_of(system: System) -> list[str]:
    """What the authors of the programs should know, each program once."""
    return [line for said in dict.fromkeys(task.program.warnings for task in system.tasks) for line in said]


def mapping_errors(task: TaskDescription, program: Program, memory: Sequence[Region]) -> Iterator[str]:
    """Memory that is mapped over the program, its stack, or the guard between them, which catches an overflow."""
    stack_end = program.stack_base + task.stack_pages * limits.PAGE
    taken = [(s.address, s.end, f"the program's segment at {s.address:#x}") for s in program.segments]
    taken.append((program.stack_base, stack_end, f"the stack at {program.stack_base:#x}"))
    taken.append((program.segments[-1].end, program.stack_base, "the guard below the stack, which stays empty"))
    for mapping in task.mappings:
        region = memory[task.caps[mapping.cap].object]
        end = mapping.address + region.pages * limits.PAGE
        for start, limit, what in taken:
            if mapping.address < limit and start < end:
                where = f'{mapping.place}: memory "{region.name}" at {mapping.address:#x} overlaps {what}'
                yield f"{where}; map it elsewhere, such as from {stack_end:#x} on"
                break
