"""The shortest slice that a description may name still lets tasks run."""

from pathlib import Path

from running import on_each_machine, run_system
from tyrne.system import limits

BUSY = """\
        .text
        .global _start
_start: ldr     x1, =100000
1:      subs    x1, x1, #1
        b.ne    1b
        mov     x0, #0
        mov     x8, #4
        svc     #0
"""


@on_each_machine
def test_three_busy_tasks_come_to_their_ends_in_the_shortest_slices(tmp_path: Path, machine: str) -> None:
    (tmp_path / "busy.S").write_text(BUSY)
    text = f'[system]\nname = "busy"\nslice = {limits.SLICE_MIN}\n'
    text += "".join(f'[[task]]\nname = "{number}"\nprogram = "busy.S"\n' for number in range(3))
    (tmp_path / "busy.toml").write_text(text)
    report = run_system([tmp_path / "busy.toml"], machine)
    assert report["status"] == 0
    assert report["instructions"] < 10 * 3 * 200_000
