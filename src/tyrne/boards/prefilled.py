"""Memory that begins with what a file held: copied from the manifest when the system has been made, before it runs."""

from __future__ import annotations

from typing import Final

from tyrne.hal.board import PhysicalMemory
from tyrne.hal.manifest import REGION_ADDRESS, REGION_PAGES, WORD_REGIONS, read_word, region_record
from tyrne.hal.pages import PAGE_SIZE
from tyrne.lang import cold, irange, u64

WORD_FILLS: Final = u64(10)
WORD_FIRST_FILL: Final = u64(11)
FILL_WORDS: Final = u64(3)
FILL_REGION: Final = u64(0)
"""The number of a memory region that lies where the manifest says."""
FILL_SOURCE: Final = u64(1)
FILL_LENGTH: Final = u64(2)
"""Bytes; what lies behind them stays zero."""


@cold
def fill_regions(memory: PhysicalMemory, manifest: u64) -> None:
    """Copy to the beginning of each region what the manifest has for it."""
    for number in irange(read_word(memory, manifest, WORD_FILLS)):
        record = manifest + read_word(memory, manifest, WORD_FIRST_FILL) + number * FILL_WORDS * 8
        index = read_word(memory, record, FILL_REGION)
        assert index < read_word(memory, manifest, WORD_REGIONS)
        region = region_record(memory, manifest, index)
        length = read_word(memory, record, FILL_LENGTH)
        assert length <= read_word(memory, region, REGION_PAGES) * PAGE_SIZE
        source = manifest + read_word(memory, record, FILL_SOURCE)
        memory.copy(read_word(memory, region, REGION_ADDRESS), source, length)
