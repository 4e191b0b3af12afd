"""The table of Linux's calls: what is made from it agrees, and what a program may say in a call stays in its task."""

from __future__ import annotations

import re

import pytest
from linux_programs import build, run

from tyrne.abi import CallNumber
from tyrne.linux import document
from tyrne.linux.calls import CALLS, MOST_TOLD, PATHS, PIECE_BYTES, TOLD, TOLD_OTHER, calls_header
from tyrne.linux.library import SOURCES
from tyrne.linux.numbers import NAMES, NUMBERS
from tyrne.linux.start import HEAP_PIECES, WORDS
from tyrne.linux.told import ERRORS


def test_docs_linux_is_the_table() -> None:
    assert document.PATH.read_text() == document.text(), "python -m tyrne.linux.document > docs/linux.md"


def test_each_call_stands_once_and_has_its_number() -> None:
    names = [call.name for call in CALLS]
    assert len(set(names)) == len(names)
    assert set(names) <= set(NUMBERS)
    assert (NUMBERS["write"], NUMBERS["exit_group"], NUMBERS["clone"], NUMBERS["statx"], NUMBERS["clone3"]) == (
        64, 94, 220, 291, 435,
    )  # fmt: skip


@pytest.mark.parametrize("group", sorted({call.group for call in CALLS}))
def test_each_handler_is_in_the_file_that_the_table_says_and_no_other_is_there(group: str) -> None:
    source = (SOURCES / f"{group}.c").read_text()
    there = set(re.findall(r"^int64_t (linux_\w+)\(const uint64_t \*x\)$", source, re.MULTILINE))
    shared = {call.function for call in CALLS} & there
    assert {call.function for call in CALLS if call.group == group} - there <= {"linux_zero", "linux_getpid"}
    assert there == shared


def test_the_dispatcher_has_a_row_for_each_call_that_is_answered_and_for_each_with_a_path() -> None:
    rows = re.findall(r"^(CALL|PATH)\((\d+), (\S+)\)$", calls_header(), re.MULTILINE)
    assert {int(number) for kind, number, _ in rows if kind == "CALL"} == {NUMBERS[call.name] for call in CALLS}
    paths = [NUMBERS[name] for names in PATHS for name in names.split()]
    assert sorted(paths) == [int(number) for kind, number, _ in rows if kind == "PATH"]


def test_what_is_told_of_a_call_has_a_number_that_no_call_of_tyrne_has() -> None:
    assert max(number.value for number in CallNumber) < TOLD
    assert max(NAMES) < TOLD_OTHER
    assert MOST_TOLD % PIECE_BYTES == 0


def test_the_errors_that_the_library_answers_have_their_names() -> None:
    text = (SOURCES / "linux.h").read_text().partition("enum {")[2].partition("}")[0]
    assert {int(number): name for name, number in re.findall(r"(E\w+) = (\d+)", text)} == ERRORS, "tyrne.linux.told"


def test_tool_and_library_have_the_same_words_and_limits() -> None:
    header, room = (SOURCES / "linux.h").read_text(), (SOURCES / "room.c").read_text()
    assert f"sizeof linux_start == {WORDS.size}," in header
    assert f"#define MOST_PIECES {HEAP_PIECES}ul " in room
    fields = re.findall(r"uint64_t ([^;]*);", header.partition("struct linux_start {")[2].partition("};")[0])
    names = [name.strip() for field in fields for name in field.split(",")]
    assert names == [
        "entry", "heap", "heap_end", "program_headers", "program_header_count", "stack_bytes", "console", "clock",
        "quiet", "arguments", "variables", "strings", "archive", "archive_bytes", "input", "input_bytes", "out",
        "out_bytes", "threads", "keeper", "first", "stacks", "heap_pages", "pieces", "quota", "space", "seed[4]",
    ]  # fmt: skip


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_calls_by_chance_end_the_task_at_most(first: int) -> None:
    for seed in range(first, first + 25):
        result = run(build("wild.c"), str(seed))
        assert result.status in (0, 1), f"seed {seed}"
        assert len(result.recorder.faults) + len(result.recorder.exit_codes) == 1
