"""From a batch that differs between machines to a test that fails until they agree."""

from __future__ import annotations

from collections.abc import Sequence

from tyrne.system.run import Machine
from tyrne.testing.code.batch import Batch, Generated, Way
from tyrne.testing.code.outcome import Difference


def as_test(batch: Batch, ways: Sequence[Way], found: Sequence[Difference]) -> str:
    """A file for pytest that runs the batch and asserts that it agrees."""
    what = "\n".join(f"    {_line(difference)}" for difference in found)
    marks = "@pytest.mark.qemu\n" if any(way.machine is Machine.QEMU for way in ways) else ""
    imports = "import pytest\n\n" if marks else ""
    programs = "\n".join(f"        {_program(program)}," for program in batch.programs)
    machines = ", ".join(f"Way(Machine.{way.machine.name}, {way.counted})" for way in ways)
    return f'''"""A batch of EL0 programs that differed between machines."""

{imports}from tyrne.system.run import Machine
from tyrne.testing.code.batch import Batch, Generated, Way, compare


{marks}def test_the_machines_agree() -> None:
    """They did not:

{what}
    """
    programs = (
{programs}
    )
    batch = Batch(programs, supervised={batch.supervised}, ticks={batch.ticks}, seed={batch.seed})
    assert not compare(batch, [{machines}]).differences
'''


def _program(program: Generated) -> str:
    words = ", ".join(f"0x{word:08X}" for word in program.words)
    comma = "," if len(program.words) == 1 else ""
    return f"Generated({program.name!r}, ({words}{comma}), {program.seed}, {program.floating})"


def _line(difference: Difference) -> str:
    place = "" if difference.task is None else f"task {difference.task}: "
    return place + " ".join(difference.what.split())
