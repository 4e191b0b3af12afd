"""The limits of a system are such that the largest one fits every machine."""

import struct
from pathlib import Path

from running import on_each_machine, run_system
from tyrne.system import limits

EXIT = struct.pack("<3I", 0xD2800000, 0xD2800088, 0xD4000001)


@on_each_machine
def test_sixteen_tasks_of_the_largest_size_fit(tmp_path: Path, machine: str) -> None:
    (tmp_path / "large.bin").write_bytes(EXIT.ljust(limits.PROGRAM_BYTES, b"\x01"))
    caps = "caps = [" + "{ console = true }," * limits.CAPS + "]\n"
    text = '[system]\nname = "large"\n' + "".join(f'[[endpoint]]\nname = "{i}"\n' for i in range(limits.ENDPOINTS))
    for number in range(limits.TASKS):
        text += f'[[task]]\nname = "{number}"\nprogram = "large.bin"\nstack_pages = {limits.STACK_PAGES}\n{caps}'
    (tmp_path / "large.toml").write_text(text)
    report = run_system([tmp_path / "large.toml"], machine)
    assert report["status"] == 0
    assert len(report["tasks"]) == limits.TASKS
