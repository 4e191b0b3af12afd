"""The C header says what the kernel's table says."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

from tyrne.abi import CallNumber, CapKind, Notice, Rights, Status, TaskState
from tyrne.compiler.build.toolchain import USER_C_FLAGS, compile_file
from tyrne.user.header import HEADER, TIMES, header
from tyrne.user.memory import Access

TABLES: Final[dict[str, type[Enum]]] = {
    "CALL": CallNumber,
    "STATUS": Status,
    "KIND": CapKind,
    "RIGHT": Rights,
    "ACCESS": Access,
    "STATE": TaskState,
    "NOTICE": Notice,
}
"""The prefix of each group of constants."""


def test_the_committed_header_is_what_the_table_generates() -> None:
    assert HEADER.read_text() == header(), "run: python -m tyrne.user.header > src/tyrne/user/tyrne.h"


def constants() -> dict[str, int]:
    lines = [line.split() for line in header().splitlines() if line.startswith("#define TYRNE_")]
    return {words[1]: int(words[2], 16) for words in lines if len(words) == 3 and words[2].startswith("0x")}


def test_the_header_has_every_constant_of_the_interface() -> None:
    expected = {"TYRNE_NULL_HANDLE": 2**64 - 1, "TYRNE_SIGNAL_BADGE": 2**64 - 1}
    expected |= {f"TYRNE_{name}": int(value) for name, value in TIMES.items()}
    for prefix, names in TABLES.items():
        expected |= {f"TYRNE_{prefix}_{member.name}": member.value for member in names}
    assert constants() == expected


def test_the_header_has_a_function_for_every_call() -> None:
    found = {name.upper() for name in re.findall(r"^static inline [\w ]* tyrne_(\w+)\(", header(), re.M)}
    wrappers = {name for name in found if "_MESSAGE" in name} | {"ARRIVAL_OF", "SYSTEM_CALL"}
    wrappers |= {"SIGNAL_AT", "END_WAIT_AT", "FORGET_DEADLINE", "SLEEP_UNTIL"}
    assert found - wrappers == {number.name for number in CallNumber} - {"TASK_EXIT"}
    assert "_Noreturn static inline void tyrne_task_exit(" in header()


@pytest.mark.parametrize("source", ["all.c", "all.S"])
def test_the_header_compiles_without_a_warning(source: str, tmp_path: Path) -> None:
    (tmp_path / source).write_text('#include "tyrne.h"\n')
    flags = ["-Wall", "-Wextra", "-Werror", *USER_C_FLAGS]
    compile_file(source, "all.o", tmp_path, flags, include=[HEADER.parent])
