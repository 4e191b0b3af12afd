"""How the kernel's own lines name a task."""

from __future__ import annotations

from tyrne.hal.board import Output
from tyrne.hal.text import log_decimal, log_text
from tyrne.kernel.task import Task
from tyrne.lang import u8, u64


def log_name(output: Output, task: Task) -> None:
    """A task's name between quotes, what is no printable ASCII as a dot; its number where it has none."""
    log_text(output, b'"')
    if task.name[0] == 0:
        log_text(output, b"task ")
        log_decimal(output, u64(task.number))
    for byte in task.name:
        if byte == 0:
            break
        output.put_log(byte if 0x20 <= byte < 0x7F else u8(0x2E))
    log_text(output, b'"')
