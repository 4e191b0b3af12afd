"""docs/abi.md is what the kernel's table says, and the table has every call."""

from __future__ import annotations

from pathlib import Path

from tyrne.abi import (
    CALLS,
    CallNumber,
    CapKind,
    Notice,
    Rights,
    Status,
    TaskState,
    decode_call_number,
    includes,
    rights_at_boot,
)
from tyrne.lang import u64
from tyrne.user.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "abi.md"


def test_the_page_in_the_tree_is_the_generated_one() -> None:
    assert PAGE.read_text() == reference(), "run: python -m tyrne.user.reference > docs/abi.md"


def test_the_table_has_each_call_once_in_the_order_of_numbers() -> None:
    assert [layout.number for layout in CALLS] == list(CallNumber)


def test_each_call_of_the_table_is_decoded_and_no_other_number() -> None:
    known = {layout.number.value: layout.number for layout in CALLS}
    for word in (*range(256), 2**32 + 1, 2**64 - 1):
        assert decode_call_number(u64(word), True) is known.get(word)


def test_no_call_uses_more_registers_than_there_are() -> None:
    assert all(len(layout.arguments) <= 6 and len(layout.results) <= 7 for layout in CALLS)


def test_the_page_names_every_call_status_right_kind_state_and_notice() -> None:
    page = PAGE.read_text()
    assert all(f"### {number.value}: {number.name.lower()}\n" in page for number in CallNumber)
    for member in (*Status, *Rights, *CapKind, *TaskState, *Notice):
        assert f" {member.name} |" in page


def test_every_right_is_over_some_kind_and_every_kind_has_rights() -> None:
    over = {right for right in Rights if any(includes(rights_at_boot(kind), right) for kind in CapKind)}
    assert not set(Rights) - over, "src/tyrne/abi/rights.py: rights_at_boot gives nobody these"
    assert all(rights_at_boot(kind) for kind in CapKind)
