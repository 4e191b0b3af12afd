"""The system call interface as data: numbers, rights, handle words."""

from __future__ import annotations

import pytest

from tyrne.abi import (
    CALLS,
    FULL_CONTROL,
    KNOWN_RIGHTS,
    NULL_HANDLE,
    CallNumber,
    CapKind,
    Rights,
    calls,
    decode_call_number,
    includes,
    pack_handle,
    rights_from_word,
    rights_over,
    unpack_handle,
)
from tyrne.lang import u64
from tyrne.rows import check_rows
from tyrne.testing.kernels import NULL, handle

# --- numbers


LAST = len(CallNumber)


def test_the_numbers_of_calls_follow_each_other() -> None:
    told = "src/tyrne/abi/calls.py: a number decodes by its place in CallNumber: leave no gap, add at the end"
    assert [call.value for call in CallNumber] == list(range(1, LAST + 1)), told


def test_the_table_has_a_row_for_each_call_in_the_order_of_the_numbers() -> None:
    numbers = [row.number for row in CALLS]
    check_rows(calls.__file__, "CALLS", numbers, CallNumber)
    assert numbers == list(CallNumber), "src/tyrne/abi/calls.py: order the rows of CALLS by number"
    for row in CALLS:
        assert row.purpose and row.authority
        assert len(row.arguments) <= 6 and len(row.results) <= 7


@pytest.mark.parametrize("call", CallNumber)
def test_every_number_decodes_to_its_call(call: CallNumber) -> None:
    assert decode_call_number(u64(call.value), True) is call


@pytest.mark.parametrize("number", [0, LAST + 1, LAST + 2, 99, 1 << 8 | 1, 1 << 32 | 1, 1 << 63 | 3, NULL])
@pytest.mark.parametrize("debug_console", [True, False])
def test_0_and_every_other_number_decode_to_nothing(number: int, debug_console: bool) -> None:
    assert decode_call_number(u64(number), debug_console) is None


def test_only_a_debug_kernel_knows_number_5_and_no_other_number_depends_on_it() -> None:
    assert decode_call_number(u64(5), False) is None
    for number in (*range(1, 5), *range(6, LAST + 1)):
        assert decode_call_number(u64(number), False) is decode_call_number(u64(number), True)


# --- handle words


@pytest.mark.parametrize("index", [0, 1, 63, 64, 0xFFFF])
@pytest.mark.parametrize("generation", [0, 1, 0xFFFF, 0x1_0000, 0xFFFF_FFFF])
def test_a_handle_survives_its_word_and_the_top_bits_are_clear(index: int, generation: int) -> None:
    word = pack_handle(handle(index, generation))
    assert word == generation << 16 | index
    assert word >> 48 == 0
    assert unpack_handle(word) == handle(index, generation)
    assert unpack_handle(u64(int(word) | 0xFFFF << 48)) == handle(index, generation)
    assert word != NULL_HANDLE


def test_the_null_word_names_a_slot_that_no_table_has() -> None:
    assert NULL_HANDLE == NULL
    assert unpack_handle(NULL_HANDLE) == handle(0xFFFF, 0xFFFF_FFFF)


# --- rights


def test_the_bits_of_the_rights() -> None:
    assert {right.name: int(right) for right in Rights if right <= 0xFF} == {
        "DUPLICATE": 0x01,
        "DERIVE": 0x02,
        "REVOKE": 0x04,
        "TRANSFER": 0x08,
        "SEND": 0x10,
        "RECV": 0x20,
        "NOTIFY": 0x40,
        "CONSOLE_WRITE": 0x80,
    }
    bits = len(Rights)
    assert [int(right) for right in Rights] == [1 << bit for bit in range(bits)]
    assert (1 << bits) - 1 == KNOWN_RIGHTS


SHARED = {
    CapKind.MEMORY: Rights.READ,
    CapKind.CLOCK: Rights.READ,
    CapKind.ADDRESS_SPACE: Rights.BIND,
    CapKind.INTERRUPT: Rights.BIND,
}
"""Rights of one name over objects of two kinds."""


@pytest.mark.parametrize("kind", CapKind)
def test_all_rights_over_a_kind_are_those_over_the_capability_and_those_over_its_object(kind: CapKind) -> None:
    rights = rights_over(kind)
    if kind is CapKind.REPLY:
        assert rights == Rights.TRANSFER
        return
    assert includes(rights, FULL_CONTROL)
    others = [rights_over(other) & ~FULL_CONTROL for other in CapKind if other is not kind]
    assert all(rights & ~FULL_CONTROL & other in (Rights.NONE, SHARED.get(kind, Rights.NONE)) for other in others)


def test_rights_from_a_word_drop_unknown_bits_and_keep_the_others() -> None:
    known = int(KNOWN_RIGHTS)
    for bits in (*range(256), *(1 << bit for bit in range(8, len(Rights))), known):
        assert rights_from_word(u64(bits)) == bits
    for unknown in (known + 1, 1 << 31, 1 << 32, 1 << 63, NULL & ~known):
        assert rights_from_word(u64(unknown)) is Rights.NONE
        assert rights_from_word(u64(unknown | 0x30)) == Rights.SEND | Rights.RECV


def test_includes_is_the_subset_relation() -> None:
    for held in range(256):
        for needed in (0, 1, 0x10, 0x30, 0x80, 0x81, 0xFF, held, held & 0x55):
            assert includes(Rights(held), Rights(needed)) is (needed & ~held == 0)


def test_the_empty_set_includes_only_itself() -> None:
    assert includes(Rights.NONE, Rights.NONE)
    assert not any(includes(Rights.NONE, right) for right in Rights)
