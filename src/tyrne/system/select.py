"""Which system a command line means: a description, programs, or nothing for the greeting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tyrne.system import limits
from tyrne.system.description import CONSOLE_CAP, SystemDescription, TaskDescription, name_error, read_description
from tyrne.system.errors import RequestError, SourceError
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.shipped import shipped

GREETING = "systems/hello.toml"


def select(arguments: Sequence[Path]) -> SystemDescription:
    """The description that the arguments name; each program on the command line becomes a task with the console."""
    if not arguments:
        return read_description(shipped(GREETING))
    descriptions = [path for path in arguments if path.suffix == ".toml"]
    if not descriptions:
        return _of_programs(arguments)
    if len(arguments) > 1:
        raise RequestError(f"{descriptions[0]}: a description stands alone; give one system, or only programs")
    return read_description(arguments[0])


def _of_programs(programs: Sequence[Path]) -> SystemDescription:
    if len(programs) > limits.TASKS:
        raise RequestError(f"{len(programs)} programs; a system has at most {limits.TASKS} tasks, give fewer")
    tasks: list[TaskDescription] = []
    for program in programs:
        name = _free_name(program.stem, {task.name for task in tasks})
        tasks.append(TaskDescription(name, program, 1, (CONSOLE_CAP,), ""))
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
            tasks.append(Task(task.name, load_program(task.program), task.stack_pages, task.caps))
        except SourceError as error:
            errors += str(error).splitlines()
        except RequestError as error:
            errors.append(f"{task.place}: {error}" if task.place else str(error))
    if errors:
        raise RequestError(*dict.fromkeys(errors))
    return System(description.name, len(description.endpoints), tuple(tasks))
