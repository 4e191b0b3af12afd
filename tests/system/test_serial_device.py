"""A system whose task drives the serial line: what it cannot have, and that its kernel is another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from descriptions import changes, mistakes, read

from tyrne.abi import CapKind, Rights
from tyrne.system.build import build_output
from tyrne.system.devices import emulator_options
from tyrne.system.emit import Emit
from tyrne.system.parts import Cap, Device

GOOD = """\
[system]
name = "line"
[[device]]
name = "uart"
kind = "serial"
[[task]]
name = "driver"
program = "p.bin"
caps = [
  { device = "uart", at = 0x1000_0000 },
]
"""
BUTTON = (
    "the GPIO has the power button, by which a kernel that leaves the serial line to a task is stopped; remove it"
)


def test_its_driver_has_the_registers_and_the_interrupt(tmp_path: Path) -> None:
    system = read(tmp_path, GOOD)
    (region,) = system.memory
    assert (region.address, region.pages) == (0x0900_0000, 1)
    assert system.tasks[0].caps == (
        Cap(0, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY),
        Cap(33, Rights.BIND | Rights.ACK, kind=CapKind.INTERRUPT),
    )
    assert system.silent


@pytest.mark.promise("Only the description gives a task the serial line, and only where no task has the debug console")
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "at = 0x1000_0000 },",
            "at = 0x1000_0000 },\n  { console = true },",
            's:11: the kernel has no console, since device "uart" is the serial line; remove { console = true }, and '
            "let the task ask who drives the line, or remove the device",
        ),
        (
            "[[task]]",
            '[[task]]\nname = "other"\nprogram = "p.bin"\ncaps = [ { clock = true }, { console = true } ]\n[[task]]',
            's:9: the kernel has no console, since device "uart" is the serial line; remove { console = true }, and '
            "let the task ask who drives the line, or remove the device",
        ),
        (
            "[[task]]",
            '[[device]]\nname = "keys"\nkind = "console"\n[[task]]',
            's:8: device "uart" is a console already, and what is typed goes to one; remove one of them',
        ),
        (
            "[[task]]",
            '[[device]]\nname = "other"\nkind = "serial"\n[[task]]',
            "s:8: a second device of kind serial, of which a machine has one; remove it",
        ),
        ("[[device]]", '[[memory]]\nname = "g"\npages = 1\naddress = 0x0903_0000\n[[device]]', f"s:6: {BUTTON}"),
        ("at = 0x1000_0000 },", "at = 0x1000_0000 },\n  { interrupt = 39 },", f"s:11: {BUTTON}"),
        (
            "at = 0x1000_0000 },",
            "at = 0x1000_0000 },\n  { interrupt = 33 },",
            "s:11: interrupt 33 is the serial line's, which is the kernel's, unless a [[device]] with "
            'kind = "serial" gives it to a task; there is 34 of the clock (PL031), and 48 to 79 of virtio',
        ),
        (
            'kind = "serial"',
            'kind = "serial"\nfile = "x"',
            "s:6: a device of kind serial is made from no file; remove it",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_line_and_mend(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    assert mistakes(tmp_path, changes(GOOD, before, after)) == [expected]


def test_two_tasks_do_not_drive_it(tmp_path: Path) -> None:
    other = '[[task]]\nname = "other"\nprogram = "p.bin"\ncaps = [ { device = "uart" } ]\n'
    what = 'device "uart" is given already at s:10; give it to one task, which may derive from it'
    assert mistakes(tmp_path, GOOD + other) == [f"s:15: {what}"]


def test_a_system_without_it_may_have_the_button_and_the_console(tmp_path: Path) -> None:
    gpio = '[[memory]]\nname = "g"\npages = 1\naddress = 0x0903_0000'
    text = changes(GOOD, '[[device]]\nname = "uart"\nkind = "serial"', gpio)
    text = changes(text, '{ device = "uart", at = 0x1000_0000 }', "{ console = true }, { interrupt = 39 }")
    assert not read(tmp_path, text).silent


def test_qemu_is_asked_to_connect_the_line() -> None:
    options = emulator_options([Device("uart", "serial")])
    assert options == ["-icount", "sleep=on", "-chardev", "null,id=console", "-serial", "chardev:console"]


@pytest.mark.parametrize("release", [False, True])
def test_the_c_of_its_kernel_sends_no_log(tmp_path: Path, release: bool) -> None:
    (tmp_path / "p.bin").write_bytes(bytes(8))
    (tmp_path / "s.toml").write_text(GOOD)
    (tmp_path / "other.toml").write_text(GOOD.replace('kind = "serial"', 'kind = "rtc"'))
    silent, other = (
        build_output([tmp_path / name], Emit.C, release)[0].decode() for name in ("s.toml", "other.toml")
    )
    assert _body(silent, "QemuVirt_put_log").count("Uart_put") == 0
    assert _body(other, "QemuVirt_put_log").count("Uart_put") == 1
    assert _body(silent, "QemuVirt_put_panic").count("Uart_put") == 1


def _body(c: str, function: str) -> str:
    """The definition of a function, up to the brace that ends it."""
    found = re.search(rf"^static void {function}\(.*\) {{\n((?:.*\n)*?)}}\n", c, re.MULTILINE)
    assert found is not None
    return found[1]
