"""One view of a system between two traps: tasks, capabilities, waits and memory as values.

    from pathlib import Path
    from tyrne.inspect import inspect

    seen = inspect(Path("crash.json"), at=4)
    for task in seen.tasks:
        print(task.name, task.does, task.line.text if task.line else "")

A run is a report of any machine, or a system or program, which runs on the hosted machine meanwhile. `look_at_replay`
looks where a replay stands, `look` at any kernel, and `tyrne.inspect.live.inspect_live` into a QEMU that runs now. What
is seen are the frozen classes of `objects.py`; `to_data` makes JSON of them.
"""

from tyrne.inspect.data import to_data
from tyrne.inspect.look import look, look_at_replay
from tyrne.inspect.objects import Inspection
from tyrne.inspect.runs import inspect, open_run, run_of

__all__ = ["Inspection", "inspect", "look", "look_at_replay", "open_run", "run_of", "to_data"]
