"""systems/greeter.toml: a console as a service, with line input, over what devices may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne import testing
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.console import Console
from tyrne.hosted.devices.device import Device, SetLine
from tyrne.hosted.devices.faults import Fault
from tyrne.system.parts import Device as Described
from tyrne.testing.systems import Run

ROOT = Path(__file__).parents[2]
SYSTEM = ROOT / "systems" / "greeter.toml"
ASKS = "What is your name?\n"
ENDS = ASKS + "Good bye.\n"
ALL = pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])


def greeted(*names: str) -> str:
    return "".join(f"{ASKS}Good day, {name}!\n" for name in names) + ENDS


def greet(typed: bytes, machine: str = "hosted") -> Run:
    return testing.run_system(SYSTEM, machine, max_instructions=0, typed=typed)


@ALL
def test_who_types_a_name_is_greeted_until_the_input_ends(machine: str) -> None:
    run = greet(b"Ada\nGrace Hopper\n", machine)
    assert run.console == greeted("Ada", "Grace Hopper")
    assert int(run.status) == 0


@ALL
@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (b"", []),
        (b"no newline", ["no newline"]),
        (b"\n\n", ["", ""]),
        (b"Graxe\b\bce\n", ["Grace"]),
        (b"Graxe\x7f\x7fce\n", ["Grace"]),
        (b"\b\b\bA\n\bB\n", ["A", "B"]),
        ("A\u00fc\b\u00e4\n".encode(), ["A\u00e4"]),
        (b"one\r\ntwo\rthree\n", ["one", "two", "three"]),
        (b"one\r\b\ntwo\n", ["one", "", "two"]),
        (b"one\n\x04two\n", ["one"]),
        (b"half\x04", ["half"]),
        (b"x" * 1000 + b"\nA\n", ["x" * 32, "A"]),
        (b"A name\n" * 100, ["A name"] * 100),
    ],
)
def test_a_line_is_edited_until_it_ends(machine: str, typed: bytes, names: list[str]) -> None:
    run = greet(typed, machine)
    assert (run.console, int(run.status)) == (greeted(*names), 0)


def test_hosted_and_native_do_the_same() -> None:
    typed = b"Ada\nGraxe\b\bce\n" * 5
    assert greet(typed, "hosted").what_tasks_did() == greet(typed, "native").what_tasks_did()


def test_the_invariants_of_the_kernel_hold_at_each_step() -> None:
    system = testing.boot_system(SYSTEM, typed=b"Ada\n")
    system.until(console="Good day, Ada!")
    assert system.finish().console == greeted("Ada")


@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_without_input_it_is_told_who_waits_for_whom(machine: str) -> None:
    run = testing.run_system(SYSTEM, machine)
    assert (run.console, run.status.name) == (ASKS, "DEADLOCK")
    waits = {task["name"]: task["stands"]["waits"] for task in run.report()["tasks"]}
    assert waits == {
        "console": 'waits for a message at endpoint "console"',
        "greeter": "waits for an answer from console",
    }


def with_faults(monkeypatch: pytest.MonkeyPatch, faults: dict[tuple[int, int], Fault]) -> None:
    from devices_that_lie import have

    def model(bus: Bus, line: SetLine, device: Described) -> Device:
        write = bus.recorder.device
        return Console(
            line, bus.memory, bus.now, output=lambda data: write(device.name, data), keys=device.keys, faults=faults
        )

    have(monkeypatch, "console", model)


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)])
@pytest.mark.parametrize("machine", ["hosted", "native"])
def test_interrupts_for_nothing_change_nothing(
    monkeypatch: pytest.MonkeyPatch, machine: str, place: tuple[int, int]
) -> None:
    with_faults(monkeypatch, {place: Fault.SPURIOUS})
    run = greet(b"A" * 100 + b"\nB\n", machine)
    assert (run.console, int(run.status)) == (greeted("A" * 32, "B"), 0)


@pytest.mark.parametrize("fault", [Fault.USED_ID, Fault.USED_LENGTH])
@pytest.mark.parametrize("queue", [0, 1])
def test_a_client_is_told_that_the_device_lies(monkeypatch: pytest.MonkeyPatch, fault: Fault, queue: int) -> None:
    """The greeter fails by its own check; the service goes on."""
    with_faults(monkeypatch, {(queue, 0): fault})
    run = greet(b"Ada\n")
    assert run.task("greeter").exit_code == 101
    assert (run.task("console").state, run.status.name) == ("waiting", "TASK_FAILED")


CLIENT = """\
from typing import Final
from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, granted

CONSOLE: Final = EndpointCap(handle("console"))


@export
def main() -> u64:
    BODY
    return u64(0)
"""
READS = "return u64(10) + granted(call(CONSOLE, Message(u64(2)))).label"


def two_clients(folder: Path, one: str, other: str, badges: tuple[int, int] = (1, 2)) -> Path:
    text = SYSTEM.read_text().replace("../programs/", f"{ROOT}/programs/")
    head = text[: text.rindex("[[task]]")]
    for name, body, badge in (("one", one, badges[0]), ("other", other, badges[1])):
        (folder / f"{name}.py").write_text(CLIENT.replace("BODY", body))
        head += f'[[task]]\nname = "{name}"\nprogram = "{name}.py"\n'
        head += f'caps = [{{ endpoint = "console", rights = ["SEND"], badge = {badge} }}]\n'
    (folder / "s.toml").write_text(head)
    return folder / "s.toml"


def write(text: bytes) -> str:
    low, high = (int.from_bytes(text.ljust(16, b"\0")[at : at + 8], "little") for at in (0, 8))
    return f"granted(call(CONSOLE, Message(u64(1), u64({len(text)}), u64({low}), u64({high}))))"


def test_lines_of_two_clients_are_not_mixed(tmp_path: Path) -> None:
    bodies = [
        "\n    ".join(["granted(call(CONSOLE, Message(u64(1))))", *(write(part) for part in parts)])
        for parts in ((b"one, ", b"line", b"\n"), (b"an", b"other\n"))
    ]
    run = testing.run_system(two_clients(tmp_path, *bodies), typed=b"")
    assert sorted(run.console.splitlines()) == ["another", "one, line"]
    assert int(run.status) == 0


def test_a_line_that_does_not_end_goes_out_when_its_buffer_is_full(tmp_path: Path) -> None:
    run = testing.run_system(two_clients(tmp_path, "\n    ".join([write(b"x" * 16)] * 6), "pass"), typed=b"")
    assert run.console == "x" * 80


def test_while_one_reads_another_is_refused(tmp_path: Path) -> None:
    run = testing.run_system(two_clients(tmp_path, READS, READS), typed=b"a\n")
    assert sorted(run.task(name).exit_code or 0 for name in ("one", "other")) in ([10, 13], [10, 14])


@pytest.mark.parametrize(
    "request_", ["u64(0)", "u64(3)", "u64(1), u64(17)", "u64(1) << 40", "u64(1), u64(1) << 63"], ids=str
)
def test_what_is_no_request_is_refused(tmp_path: Path, request_: str) -> None:
    body = f"return granted(call(CONSOLE, Message({request_}))).label"
    run = testing.run_system(two_clients(tmp_path, body, "pass"), typed=b"")
    assert run.task("one").exit_code == 4


def test_a_client_with_a_badge_of_its_own_may_not_write(tmp_path: Path) -> None:
    run = testing.run_system(two_clients(tmp_path, f"return {write(b'a')}.label", "pass", (4, 1)), typed=b"")
    assert run.task("one").exit_code == 4
