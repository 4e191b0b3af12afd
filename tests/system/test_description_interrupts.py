"""Interrupts in descriptions: which lines there are, and that no two tasks have the same."""

from pathlib import Path

import pytest

from tyrne.abi import CapKind, Rights
from tyrne.system.description import read_description
from tyrne.system.errors import RequestError
from tyrne.system.limits import LINES
from tyrne.system.parts import Cap

TEXT = """[system]
name = "drivers"

[[task]]
name = "one"
program = "one.py"
caps = [{ONE}]

[[task]]
name = "two"
program = "one.py"
caps = [{TWO}]
"""


def described(folder: Path, one: str, two: str = "") -> tuple[tuple[Cap, ...], ...]:
    path = folder / "drivers.toml"
    (folder / "one.py").write_text("")
    path.write_text(TEXT.replace("{ONE}", one).replace("{TWO}", two))
    return tuple(task.caps for task in read_description(path).tasks)


def refusal(folder: Path, one: str, two: str = "") -> str:
    with pytest.raises(RequestError) as caught:
        described(folder, one, two)
    return str(caught.value).replace(str(folder) + "/", "")


def test_an_interrupt_is_a_line_with_the_rights_to_bind_and_to_acknowledge_it_unless_it_says_others(
    tmp_path: Path,
) -> None:
    one, two = described(tmp_path, "{ interrupt = 34 }", '{ interrupt = 48, rights = ["ACK"], name = "disk" }')
    assert one == (Cap(34, Rights.BIND | Rights.ACK, kind=CapKind.INTERRUPT),)
    assert two == (Cap(48, Rights.ACK, kind=CapKind.INTERRUPT),)


KERNELS = "which is the kernel's, unless a [[device]] with kind = \"serial\" gives it to a task"
THERE_ARE = "there is 34 of the clock (PL031), and 48 to 79 of virtio"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("33", f"interrupt 33 is the serial line's, {KERNELS}"),
        ("27", "interrupt 27 is no device's"),
        ("0", "interrupt 0 is no device's"),
        ("-1", "interrupt -1 is no device's"),
        ("288", "interrupt 288 is no device's"),
    ],
)
def test_a_line_that_no_task_can_have_is_refused_with_its_place(tmp_path: Path, line: str, wrong: str) -> None:
    assert refusal(tmp_path, f"{{ interrupt = {line} }}") == f"drivers.toml:7: {wrong}; {THERE_ARE}"


@pytest.mark.promise("Only the description gives a task an interrupt, and no two tasks the same")
def test_a_line_that_somebody_has_already_is_refused(tmp_path: Path) -> None:
    wrong = "interrupt 34 is given a second time; let its holder derive another from it"
    assert refusal(tmp_path, "{ interrupt = 34 }", "{ interrupt = 34 }") == f"drivers.toml:12: {wrong}"
    assert refusal(tmp_path, "{ interrupt = 34 }, { interrupt = 34 }") == f"drivers.toml:7: {wrong}"


def test_more_lines_than_the_kernel_has_room_for_are_refused(tmp_path: Path) -> None:
    half = LINES // 2 + 1
    one = ", ".join(f"{{ interrupt = {48 + i} }}" for i in range(half))
    two = ", ".join(f"{{ interrupt = {48 + half + i} }}" for i in range(half))
    assert f"drivers.toml:12: a system has at most {LINES} interrupts, remove some" in refusal(tmp_path, one, two)
