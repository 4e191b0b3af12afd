"""The end of a Kernel Python program: start.S calls `main`, then this."""

from __future__ import annotations

from tyrne.lang import export, u64
from tyrne.user.printing import flush
from tyrne.user.tasks import task_exit


@export
def leave(code: u64) -> None:
    """What `main` returned is the exit code. Returns only when the kernel refuses to end the task."""
    flush()
    task_exit(code)
