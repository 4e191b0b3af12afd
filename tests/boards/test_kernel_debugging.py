"""gdb on the booted kernel: it stops at a line of the kernel's Python and shows what the line works on."""

from __future__ import annotations

from pathlib import Path

import pytest

import tyrne
from debugging import debugged, needs_gdb
from tyrne.system.build import kernel_elf
from tyrne.system.select import load_system, select

PACKAGE = Path(tyrne.__file__).parent
HANDLER = PACKAGE / "kernel" / "console.py"
STATEMENT = "    if call.a2 > CONSOLE_WRITE_LIMIT:"


@pytest.mark.qemu
@needs_gdb
def test_gdb_stops_at_a_line_of_the_booted_kernel_and_prints_a_local(tmp_path: Path) -> None:
    greeting = Path(__file__).parents[2] / "programs" / "hello.S"
    elf = kernel_elf(load_system(select([greeting])), debug=True)
    line = HANDLER.read_text().splitlines().index(STATEMENT) + 1
    text = debugged(
        elf,
        PACKAGE.parent,
        [
            f"tbreak console.py:{line}",  # gone when it is reached: on a busy machine QEMU may stop there a second time
            "continue",
            "print/x call.a1",
            "print slot.as_cap_slot->capability",
            "print caller.has_current_task",
            "backtrace 3",
            "print call.a2",
        ],
        tmp_path,
    )
    assert f"console.py:{line}" in text and STATEMENT.strip() in text
    values = [shown.partition(" = ")[2] for shown in text.splitlines() if shown.startswith("$")]
    assert len(values) == 4, text
    assert values[0].startswith("0x800")
    assert "Rights.CONSOLE_WRITE" in values[1] and "DebugConsole" in values[1]
    assert values[2] == "true"
    assert values[3] == str(len("hello from userspace\n"))
    assert "in dispatch (" in text and "kernel.py:" in text
