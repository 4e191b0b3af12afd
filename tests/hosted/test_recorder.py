"""The report of a run has exactly the form that is documented."""

from __future__ import annotations

import json

from tyrne.abi import VERSION
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.kept import WITHOUT_CALLS
from tyrne.hosted.recorder import Listener, Recorder


def _feed(recorder: Recorder) -> None:
    for byte in b"tyrne: one\ntyrne: \xe2\x80\x94 two\nrest":
        recorder.log(byte)
    for task, text in (0, b"h"), (1, b"\xff!"), (0, b"i\n"):
        for byte in text:
            recorder.console(task, byte)
    recorder.call(0, 5, [0, 0x80_0000, 2, 0, 0, 0], [0, 2, 0, 0, 0, 0, 0, 0])
    recorder.call(1, (1 << 64) - 1, [1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0, 0, 0])
    recorder.exit(0, 4, [7, 0, 0, 0, 0, 0])
    recorder.fault(1, 0x9200_0046, 0x10, 0x80_0004)


def test_report_has_the_documented_form() -> None:
    recorder = Recorder()
    _feed(recorder)
    recorder.end(1, 1234)
    report = recorder.report("hosted", "debug", ["a", "b", "c"])
    assert json.loads(json.dumps(report)) == {
        "abi": VERSION,
        "machine": "hosted",
        "profile": "debug",
        "status": 1,
        "instructions": 1234,
        "console": "h\\xff!i\n",
        "log": ["tyrne: one", "tyrne: \u2014 two", "rest"],
        "tasks": [
            {"name": "a", "state": "exited", "code": 7, "fault": None},
            {
                "name": "b",
                "state": "faulted",
                "code": None,
                "fault": {"kind": "data_abort_write", "esr": "0x92000046", "far": "0x10", "pc": "0x800004"},
            },
            {"name": "c", "state": "ready", "code": None, "fault": None},
        ],
        "syscalls": [
            {
                "task": "a", "number": 5, "name": "console_write",
                "args": ["0x0", "0x800000", "0x2", "0x0", "0x0", "0x0"],
                "status": "0x0", "payload": ["0x2", "0x0", "0x0", "0x0", "0x0", "0x0", "0x0"],
            },
            {
                "task": "b", "number": (1 << 64) - 1, "name": None,
                "args": ["0x1", "0x2", "0x3", "0x4", "0x5", "0x6"],
                "status": "0x1", "payload": ["0x0"] * 7,
            },
            {
                "task": "a", "number": 4, "name": "task_exit",
                "args": ["0x7", "0x0", "0x0", "0x0", "0x0", "0x0"],
                "status": None, "payload": None,
            },
        ],
    }  # fmt: skip


def test_console_is_kept_for_each_task_and_in_order() -> None:
    recorder = Recorder()
    _feed(recorder)
    assert bytes(recorder.console_of[0]) == b"hi\n" and bytes(recorder.console_of[1]) == b"\xff!"
    assert bytes(recorder.console_bytes) == b"h\xff!i\n"


def states(recorder: Recorder, *names: str) -> list[tuple[str, str, int | None]]:
    tasks = recorder.report("hosted", "debug", names)["tasks"]
    return [(task["name"], task["state"], task["code"]) for task in tasks]


def test_tasks_that_are_blocked_at_the_end_wait() -> None:
    recorder = Recorder()
    recorder.standing(1, 3, 0, 0, 0, 0)
    recorder.end(5, 1)
    assert states(recorder, "a", "b") == [("a", "ready", None), ("b", "waiting", None)]


def test_task_that_another_ended_has_exited_with_that_code() -> None:
    recorder = Recorder()
    recorder.task_end(0, 9)
    assert states(recorder, "a") == [("a", "exited", 9)]


def test_tasks_that_were_created_follow_by_number_wherever_they_appear() -> None:
    recorder = Recorder()
    recorder.exit(20, 4, [3] + [0] * 5)
    recorder.console(17, ord("x"))
    recorder.call(16, 3, [0] * 6, [0] * 8)
    recorder.fault(18, 0x0200_0000, 0, 0)
    recorder.standing(19, 3, 0, 0, 0, 0)
    recorder.task_end(21, 1)
    assert states(recorder, "a") == [
        ("a", "ready", None),
        ("task 16", "ready", None),
        ("task 17", "ready", None),
        ("task 18", "faulted", None),
        ("task 19", "waiting", None),
        ("task 20", "exited", 3),
        ("task 21", "exited", 1),
    ]
    calls = recorder.report("hosted", "debug", ["a"])["syscalls"]
    assert [call["task"] for call in calls] == ["task 20", "task 16"]


def test_last_life_of_a_task_counts() -> None:
    recorder = Recorder()
    recorder.exit(0, 4, [7] + [0] * 5)
    recorder.call(0, 3, [0] * 6, [0] * 8)
    recorder.fault(1, 0x0200_0000, 0, 0)
    recorder.exit(1, 4, [0] * 6)
    recorder.exit(2, 4, [0] * 6)
    recorder.fault(2, 0x0200_0000, 0, 0)
    recorder.task_end(3, 1)
    recorder.standing(3, 3, 0, 0, 0, 0)
    assert states(recorder, "a", "b", "c", "d") == [
        ("a", "ready", None), ("b", "exited", 0), ("c", "faulted", None), ("d", "waiting", None)
    ]  # fmt: skip
    assert [task["fault"] is None for task in recorder.report("", "", ["a", "b", "c", "d"])["tasks"]] == [
        True, True, False, True
    ]  # fmt: skip


def test_panic_report_is_the_end_of_the_log() -> None:
    recorder = Recorder()
    recorder.log(ord("x"))
    recorder.panic(b"!! tyrne ")
    recorder.panic(b"panic: y\n z=1\n")
    recorder.end(3, 0)
    assert recorder.report("qemu", "debug", [])["log"] == ["x", "!! tyrne panic: y", " z=1"]


def test_listeners_see_every_event_as_it_happens() -> None:
    seen: list[object] = []

    class Every(Listener):
        def log(self, byte: int) -> None:
            seen.append(("log", byte))

        def console(self, task: int, byte: int) -> None:
            seen.append((task, byte))

        def call(self, event: CallEvent) -> None:
            seen.append(event.name)

        def fault(self, event: FaultEvent) -> None:
            seen.append(event.kind)

        def task_end(self, task: int, code: int) -> None:
            seen.append((task, code))

        def panic(self, text: bytes) -> None:
            seen.append(text)

        def end(self, status: int, instructions: int) -> None:
            seen.append((status, instructions, "end"))

    recorder = Recorder(Every(), kept=WITHOUT_CALLS)
    recorder.log(1)
    recorder.console(3, 2)
    recorder.call(0, 2, [0] * 6, [0] * 8)
    recorder.exit(0, 4, [0] * 6)
    recorder.fault(1, 0x0200_0000, 0, 0)
    recorder.task_end(2, 5)
    recorder.panic(b"p")
    recorder.end(3, 9)
    assert seen == [("log", 1), (3, 2), "recv", "task_exit", "undefined_instruction", (2, 5), b"p", (3, 9, "end")]
    assert recorder.calls == [] and recorder.exit_codes == {0: 0, 2: 5}
