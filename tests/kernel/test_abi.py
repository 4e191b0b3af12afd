"""The system call interface as data: numbers, rights, handle words."""

from __future__ import annotations

import pytest

from kernel.support import NULL, handle
from tyrne.kernel.abi import (
    KNOWN_RIGHTS,
    NULL_HANDLE,
    CallNumber,
    Rights,
    decode_call_number,
    includes,
    pack_handle,
    rights_from_word,
    unpack_handle,
    unpack_optional_handle,
)
from tyrne.lang import u64

# --- numbers


def test_the_numbers_of_the_interface() -> None:
    assert {call.name: call.value for call in CallNumber} == {
        "SEND": 1,
        "RECV": 2,
        "TASK_YIELD": 3,
        "TASK_EXIT": 4,
        "CONSOLE_WRITE": 5,
    }


@pytest.mark.parametrize("call", CallNumber)
def test_every_number_decodes_to_its_call(call: CallNumber) -> None:
    assert decode_call_number(u64(call.value), True) is call


@pytest.mark.parametrize("number", [0, 6, 7, 99, 1 << 8 | 1, 1 << 32 | 1, 1 << 63 | 3, NULL])
@pytest.mark.parametrize("debug_console", [True, False])
def test_0_and_every_other_number_decode_to_nothing(number: int, debug_console: bool) -> None:
    assert decode_call_number(u64(number), debug_console) is None


def test_only_a_debug_kernel_knows_number_5_and_no_other_number_depends_on_it() -> None:
    assert decode_call_number(u64(5), False) is None
    for number in (1, 2, 3, 4):
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


def test_the_null_word_is_no_handle_where_one_is_optional_and_an_impossible_one_elsewhere() -> None:
    assert NULL_HANDLE == NULL
    assert unpack_optional_handle(NULL_HANDLE) is None
    assert unpack_handle(NULL_HANDLE) == handle(0xFFFF, 0xFFFF_FFFF)
    for word in (0, NULL - 1, (1 << 48) - 1, 0xFFFF_0000_0000_0000):
        assert unpack_optional_handle(u64(word)) == unpack_handle(u64(word))


# --- rights


def test_the_bits_of_the_rights() -> None:
    assert {right.name: int(right) for right in Rights} == {
        "DUPLICATE": 0x01,
        "DERIVE": 0x02,
        "REVOKE": 0x04,
        "TRANSFER": 0x08,
        "SEND": 0x10,
        "RECV": 0x20,
        "NOTIFY": 0x40,
        "CONSOLE_WRITE": 0x80,
    }
    assert KNOWN_RIGHTS == 0xFF


def test_rights_from_a_word_drop_unknown_bits_and_keep_the_others() -> None:
    for bits in range(256):
        assert rights_from_word(u64(bits)) == bits
    for unknown in (0x100, 1 << 31, 1 << 32, 1 << 63, NULL & ~0xFF):
        assert rights_from_word(u64(unknown)) is Rights.NONE
        assert rights_from_word(u64(unknown | 0x30)) == Rights.SEND | Rights.RECV


def test_includes_is_the_subset_relation() -> None:
    for held in range(256):
        for needed in (0, 1, 0x10, 0x30, 0x80, 0x81, 0xFF, held, held & 0x55):
            assert includes(Rights(held), Rights(needed)) is (needed & ~held == 0)


def test_the_empty_set_includes_only_itself() -> None:
    assert includes(Rights.NONE, Rights.NONE)
    assert not any(includes(Rights.NONE, right) for right in Rights)
