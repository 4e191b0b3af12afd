"""Records of a traced kernel become the events that a hosted run has."""

from dataclasses import replace

import pytest

from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.happened import InterruptEvent
from tyrne.hosted.kept import EVERYTHING, WITHOUT_CALLS
from tyrne.hosted.recorder import Recorder
from tyrne.system.records import RecordError, feed


def fed(*lines: str) -> Recorder:
    recorder = Recorder()
    for line in lines:
        feed(line.encode(), recorder)
    return recorder


def test_a_run_in_records_is_recorded_as_it_happened() -> None:
    recorder = fed(
        "L 7479726e",
        "L 650a",
        "C 1 68690a",
        "S 1 5 0 800020 3 0 0 ffffffffffffffff 0 3 0 0 0 0 0 0",
        "X 1 4 7 0 0 0 0 0",
        "F 0 2000000 0 800004 0",
        "E 1 12ab",
    )
    report = recorder.report("qemu", "debug", ["wild", "good"])
    assert report["log"] == ["tyrne"]
    assert report["console"] == "hi\n"
    assert (report["status"], report["instructions"]) == (1, 0x12AB)
    assert [task["state"] for task in report["tasks"]] == ["faulted", "exited"]
    assert report["tasks"][0]["fault"] == {
        "kind": "undefined_instruction",
        "esr": "0x2000000",
        "far": "0x0",
        "pc": "0x800004",
    }
    write, leave = report["syscalls"]
    assert write["args"] == ["0x0", "0x800020", "0x3", "0x0", "0x0", "0xffffffffffffffff"]
    assert (write["status"], write["payload"]) == ("0x0", ["0x3", *["0x0"] * 6])
    assert (leave["task"], leave["status"]) == ("good", None)


def test_ends_by_another_and_waits_in_records_are_recorded() -> None:
    recorder = fed("D 0 2a", "D 10 1", "W 1 3 0 0 0 0", "E 5 0")
    tasks = recorder.report("qemu", "debug", ["child", "parent"])["tasks"]
    assert [(task["name"], task["state"], task["code"]) for task in tasks] == [
        ("child", "exited", 42),
        ("parent", "waiting", None),
        ("task 16", "exited", 1),
    ]


def test_interrupts_in_records_are_kept_with_their_place_unless_nothing_is_kept() -> None:
    lines = ("I 0 3e8 1", "I c 0 2", "I c 0 0", "I c 0 1 1f")
    assert fed(*lines).interrupts == [
        InterruptEvent(0, 1000, Interrupt.TICK),
        InterruptEvent(12, 0, Interrupt.LIMIT),
        InterruptEvent(12, 0, Interrupt.SPURIOUS),
        InterruptEvent(12, 0, Interrupt.TICK, 31),
    ]
    forgetful = Recorder(kept=WITHOUT_CALLS)
    feed(lines[0].encode(), forgetful)
    assert forgetful.interrupts == []


def test_what_the_clock_said_is_kept_as_far_as_interrupts_are() -> None:
    assert fed("T 0", "T 3e8", "I 3 0 3", "T ffffffffffffffff").readings == [0, 1000, (1 << 64) - 1]
    forgetful = Recorder(kept=replace(EVERYTHING, interrupts=1))
    for line in (b"T 1", b"T 2", b"T 3"):
        feed(line, forgetful)
    assert (forgetful.readings, forgetful.left_out["readings"]) == ([1], 2)


def test_a_panic_in_records_is_kept() -> None:
    assert bytes(fed("P 2121", "P 0a").panic_bytes) == b"!!\n"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Z",
        "L",
        "L 0",
        "L zz",
        "C 0",
        "S 0 5 1 2 3",
        "X 0 4 1",
        "F 0 1 2 3",
        "D 0",
        "I 0 1",
        "I 0 1 5",
        "I 0 1 1 x",
        "I 0 1 1 2 3",
        "T",
        "T x",
        "T 1 2",
        "W",
        "W 0 1 2 3 4",
        "W x 0 0 0 0 0",
        "E 0",
        "E x y",
        "L 41 42",
        "\xff",
    ],
)
def test_a_line_that_no_kernel_writes_is_an_error(line: str) -> None:
    with pytest.raises(RecordError):
        feed(line.encode("latin-1"), Recorder())
