"""Batches that a mistake once made differ, shrunk; and what is excluded because it differs, as long as it does."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber
from tyrne.system.qemu_versions import version
from tyrne.system.run import Machine
from tyrne.testing.code.assembler import call, load_exclusive, move, store_exclusive
from tyrne.testing.code.batch import Batch, Generated, Way, compare
from tyrne.testing.code.campaign import conduct, known_differences
from tyrne.testing.code.layout import DATA

WAYS = [Way(Machine.HOSTED), Way(Machine.QEMU)]
COUNTED = [Way(Machine.HOSTED, counted=True), Way(Machine.QEMU, counted=True)]

KEPT = {
    # hosted, where unmapping a page did not invalidate it: code that was unmapped ran once more
    "unmapped_code": Batch((Generated("runs what it wrote", (
        0xD2800060, 0xD28000C1, 0xD2800022, 0xD28002A8, 0xD4000001, 0xAA0103E9, 0xD29E000A, 0xD2800080, 0xAA0A03E2,
        0xD2800023, 0xD2800308, 0xD4000001, 0xD280780B, 0xF2BACBEB, 0xB900054B, 0xD2800080, 0xAA0903E1, 0xD2800042,
        0xD2800348, 0xD4000001, 0x9100014D, 0xD63F01A0, 0xD2800080, 0xAA0903E1, 0xD4000001, 0xD63F0140,
    ), 0),)),
    # hosted, where code that was written was not decoded anew: what stood there before ran once more
    "rewritten_code": Batch((Generated("runs what it rewrote", (
        0xD2800060, 0xD28000C1, 0xD2800022, 0xD28002A8, 0xD4000001, 0xAA0103E9, 0xD292000A, 0xD2800080, 0xAA0A03E2,
        0xD2800023, 0xD2800308, 0xD4000001, 0xF2B2202B, 0xB900054B, 0xD280780B, 0xF2BACBEB, 0xB900094B, 0xD2800080,
        0xAA0903E1, 0xD2800042, 0xD2800348, 0xD4000001, 0x9100114D, 0xD63F01A0, 0xD2800080, 0xAA0903E1, 0xD2800022,
        0xD4000001, 0xD280000B, 0xB900014B, 0xB900054B, 0xD2800080, 0xAA0903E1, 0xD2800042, 0xD4000001, 0xD63F01A0,
    ), 0),), seed=2),
    # a jump into the middle of an instruction, which QEMU's log has as if something had been executed there
    "misaligned_jump": Batch((Generated("jumps", (0xD61F0340,), 696),)),
    # a kernel that did not refuse an address inside a page: it panicked
    "misaligned_map": Batch((Generated("nothing", ()), Generated("maps", (
        0xD280010A, 0xF2A0180A, 0xD2800080, 0xD28000A1, 0xAA0A03E2, 0xD2800023, 0xD2800308, 0xD4000001,
    ), 0))),
    # hosted, where an exception left the exclusive monitor open: a store-exclusive after a call succeeded
    "open_monitor": Batch((Generated("yields", (
        *move(10, DATA + 0x1000), load_exclusive(14, 10), *call(CallNumber.TASK_YIELD), store_exclusive(17, 14, 10),
    ), 0),)),
}  # fmt: skip


@pytest.mark.qemu
@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_once_differed_agrees(name: str) -> None:
    assert compare(KEPT[name], COUNTED).differences == ()


@pytest.mark.qemu
def test_what_is_excluded_still_differs() -> None:
    """When this fails, the emulators have come to agree: the row of excluded.py can go."""
    misaligned = Generated("ldar", (*move(1, DATA + 1), 0xC8DFFC22))  # ldar x2, [x1]
    debug_status = Generated("mdccsr", (0xD5330103,))
    found = compare(Batch((misaligned, debug_status)), WAYS)
    assert {difference.task for difference in found.differences} == {0, 1}
    assert [(number, index) for number, index, _ in known_differences(found)] == [(0, 2)]


@pytest.mark.qemu
def test_what_is_excluded_is_taken_out_and_counted() -> None:
    misaligned = Generated("ldar", (*move(1, DATA + 1), 0xC8DFFC22))
    debug_status = Generated("mdccsr", (0xD5330103,))
    tally, found = conduct(Batch((misaligned, debug_status)), lambda seed: misaligned, WAYS)
    assert found.differences == () and tally.excused == {"LDAR, STLR": 1}
    assert tally.words == set(misaligned.words[:2])


@pytest.mark.qemu
def test_an_address_that_is_not_aligned_is_seen_before_it_is_found_unmapped() -> None:
    misaligned = Generated("stlr", (*move(1, 0xA00A), 0xC89FFC22))  # stlr x2, [x1]
    unmapped = Generated("stlr", (*move(1, 0xA008), 0xC89FFC22))
    tally, found = conduct(Batch((misaligned, unmapped)), lambda seed: misaligned, WAYS)
    assert found.differences == () and tally.excused == {"LDAR, STLR": 1}


@pytest.mark.qemu
def test_words_that_the_architecture_leaves_open_are_taken_out_where_qemu_knows_them_no_more() -> None:
    batch = Batch((
        Generated("smulh", (0x9B525A0C,)),
        Generated("ldarb", (*move(18, DATA), 0x08C9A64C)),
        Generated("ldarb faults", (*move(18, 0), 0x08C9A64C)),
        Generated("ldp twice", (0x296A2A6A,)),
        Generated("smulh as it should be", (0x9B527E0C,)),
        Generated("ldarb as it should be", (*move(18, DATA), 0x08DFFE4C)),
    ))  # fmt: skip
    tally, found = conduct(batch, lambda seed: batch.programs[0], WAYS)
    assert found.differences == ()
    taken_out = {"SMULH, UMULH": 1, "LDAR, STLR": 2} if version() >= (10, 0) else {}
    assert tally.excused == taken_out
    assert {0x9B527E0C, 0x08DFFE4C} <= tally.words and 0x296A2A6A not in tally.words
