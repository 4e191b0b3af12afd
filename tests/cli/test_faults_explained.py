"""A fault on the terminal and in the report: what it means, and the line of the source where it was."""

import json
from pathlib import Path

import pytest
from commands import Tyrne
from test_run import words

FAULTS = {
    "null.c": """\
#include "tyrne.h"
struct node { long value; struct node *next; };
static struct node *volatile list;
static __attribute__((noinline)) long second(void) { return list->next->value; }
void _start(void) { tyrne_task_exit(second()); }
""",
    "call.c": """\
#include "tyrne.h"
static void (*volatile handler)(void);
static __attribute__((noinline)) void dispatch(void) { handler(); tyrne_task_exit(1); }
void _start(void) { dispatch(); }
""",
    "deep.S": """\
    .globl _start
_start:
    str x30, [sp, #-16]!
    b _start
""",
    "wild.py": """\
from tyrne.lang import export, u64
from tyrne.lang.machine import read64
from tyrne.user import print_bytes


def look(address: u64) -> u64:
    return read64(address)


@export
def main() -> u64:
    print_bytes(b"looks\\n")
    return look(u64(0xDEAD_0000))
""",
}
SAID = [
    "tyrne: null: null pointer: reads from address 0x8, at null.c:4 in second",
    "tyrne: call: null pointer: jumps to address 0x0, called from call.c:3 in dispatch",
    "tyrne: deep: stack overflow: stack_pages is 1; write a larger number, at deep.S:3 in _start",
    "tyrne: wild: reads from address 0xdead0000, where nothing is mapped, at wild.py:7 in look, called from wild.py:13 "
    "in main",
    "tyrne: raw: undefined instruction 0x00000001",
]
WHERE = [("null.c", 4, "second"), ("call.c", 3, "dispatch"), ("deep.S", 3, "_start"), ("wild.py", 7, "look")]


@pytest.mark.parametrize("machine", ["hosted", "native", pytest.param("qemu", marks=pytest.mark.qemu)])
def test_each_fault_is_told_with_its_meaning_and_its_line(tyrne: Tyrne, tmp_path: Path, machine: str) -> None:
    for name, text in FAULTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "raw.bin").write_bytes(words(1))
    outcome = tyrne("run", *FAULTS, "raw.bin", "--machine", machine, "--report", "r.json")
    assert outcome.status == 1
    assert outcome.err.splitlines() == SAID
    faults = [task["fault"] for task in json.loads((tmp_path / "r.json").read_text())["tasks"]]
    assert [(fault["file"], fault["line"], fault["function"]) for fault in faults] == [*WHERE, (None, None, None)]
    assert [fault["why"] for fault in faults] == [
        "null pointer: reads from address 0x8",
        "null pointer: jumps to address 0x0",
        "stack overflow: stack_pages is 1; write a larger number",
        "reads from address 0xdead0000, where nothing is mapped",
        "undefined instruction 0x00000001",
    ]
