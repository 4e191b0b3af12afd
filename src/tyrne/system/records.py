"""The records of a traced kernel on metal, fed into the same recorder as a hosted run (boards/qemu_virt/trace.py)."""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.trace import LINE_SHIFT
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.recorder import Recorder

ARGUMENTS: Final = 6
"""x0 to x5 of a call."""
RESULTS: Final = 8
"""x0 to x7 when it returns."""

STANDING: Final = 5
"""Words of where a task is at the end."""


class RecordError(Exception):
    """A line that no kernel writes: the machine broke off in the middle of one, or is none of ours."""


def feed(line: bytes, recorder: Recorder) -> None:
    """Apply one record."""
    try:
        kind, *fields = line.decode("ascii").split(" ")
        match kind, fields:
            case "L", [content]:
                for byte in bytes.fromhex(content):
                    recorder.log(byte)
            case "C", [task, content]:
                for byte in bytes.fromhex(content):
                    recorder.console(int(task, 16), byte)
            case "S", [task, number, *words] if len(words) == ARGUMENTS + RESULTS:
                values = [int(word, 16) for word in words]
                recorder.call(int(task, 16), int(number, 16), values[:ARGUMENTS], values[ARGUMENTS:])
            case "X", [task, number, *words] if len(words) == ARGUMENTS:
                recorder.exit(int(task, 16), int(number, 16), [int(word, 16) for word in words])
            case "F", [task, syndrome, address, pc, link]:
                recorder.fault(int(task, 16), int(syndrome, 16), int(address, 16), int(pc, 16), int(link, 16))
            case "D", [task, code]:
                recorder.task_end(int(task, 16), int(code, 16))
            case "W", [task, *words] if len(words) == STANDING:
                recorder.standing(int(task, 16), *(int(word, 16) for word in words))
            case "I", [traps, instructions, kind, *steps] if len(steps) <= 1:
                inside = int(steps[0], 16) if steps else 0
                raised, cause = divmod(int(kind, 16), 1 << int(LINE_SHIFT))
                recorder.interrupt(int(traps, 16), int(instructions, 16), Interrupt(cause), inside, raised)
            case "T", [count]:
                recorder.reading(int(count, 16))
            case "P", [content]:
                recorder.panic(bytes.fromhex(content))
            case "E", [status, instructions]:
                recorder.end(int(status, 16), int(instructions, 16))
            case _:
                raise RecordError(line)
    except ValueError:
        raise RecordError(line) from None
