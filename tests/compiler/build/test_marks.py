"""What the marks of functions do to a kernel's machine code."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tyrne.compiler import Target
from tyrne.compiler.build import build_objects
from tyrne.compiler.translate import translate

SOURCE = """
from __future__ import annotations
from typing import Final
from tyrne.lang import Array, apart, cold, export, hot, inline, irange, u32, u64


class Words:
    def __init__(self) -> None:
        self.words: Array[u64] = Array.filled(64, u64(0))

    def sum(self, n: u64) -> u64:
        return self.words[n & 63] ^ self.words[(n >> 1) & 63] ^ (n & 7)

    def both(self, n: u64) -> u64:
        return self.sum(n) ^ self.sum(n + 8)

    @hot
    @apart
    def both_quickly(self, n: u64) -> u64:
        return self.sum(n) ^ self.sum(n + 8)

    @inline
    def often(self, n: u64) -> u64:
        return self.words[n] * 3 + self.words[n + 1] * 5 + self.words[n + 2] * 7 + self.words[n + 3] * 11

    @apart
    def first(self) -> u64:
        return self.words[0]


WORDS: Final = Words()


@cold
def seldom() -> u64:
    return WORDS.words[1]


@export
def store(n: u64, word: u64) -> None:
    WORDS.words[n] = word


@export
def run(n: u64) -> u64:
    some = WORDS.both(n) ^ WORDS.both(n + 1) ^ WORDS.both_quickly(n)
    return some ^ WORDS.often(n) ^ WORDS.often(n + 20) ^ WORDS.first() ^ seldom()


@export
def panic(kind: u32, file: u32, line: u32) -> None:
    pass
"""


def sizes(path: Path, target: Target, debug: bool = False) -> dict[str, int]:
    """The functions of the object, and the bytes of each."""
    source = path / "marked.py"
    source.write_text(SOURCE)
    unit = build_objects(translate(source, target), debug=debug).files[0]
    with unit.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab")
        return {s.name: s["st_size"] for s in symbols.iter_symbols() if s["st_info"]["type"] == "STT_FUNC"}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return sizes(tmp_path_factory.mktemp("marks"), Target.METAL)


def test_an_inline_function_is_a_part_of_each_caller(kernel: dict[str, int]) -> None:
    assert "Words_often" not in kernel


def test_what_is_apart_or_cold_is_a_function_of_its_own(kernel: dict[str, int]) -> None:
    assert {"Words_first", "seldom"} <= kernel.keys()


def test_a_kernel_is_compiled_for_size_but_for_what_is_hot(kernel: dict[str, int]) -> None:
    assert kernel["Words_both"] < kernel["Words_both_quickly"]


def test_a_user_program_is_compiled_for_speed(tmp_path: Path, kernel: dict[str, int]) -> None:
    found = sizes(tmp_path, Target.USER)
    assert "Words_sum" in kernel
    assert "Words_sum" not in found
    assert {"Words_first", "seldom"} <= found.keys()


def test_a_build_for_the_debugger_has_every_function(tmp_path: Path) -> None:
    assert {"Words_both", "Words_both_quickly", "Words_often"} <= sizes(tmp_path, Target.METAL, debug=True).keys()
