"""The order of barriers and invalidations, with the machine's instructions recorded."""

from __future__ import annotations

import pytest

from tyrne.boards.qemu_virt import translation
from tyrne.boards.qemu_virt.translation import Translation
from tyrne.lang import u16, u64
from tyrne.lang.machine import Instruction, Operation, SystemRegister


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was executed, in order."""
    events: list[object] = []
    monkeypatch.setattr(translation, "execute", events.append)
    monkeypatch.setattr(translation, "operate", lambda operation, value: events.append((operation, int(value))))
    monkeypatch.setattr(translation, "write_register", lambda register, value: events.append((register, int(value))))
    monkeypatch.setattr(translation, "read_register", lambda register: u64(LINES[register]))
    return events


LINES = {SystemRegister.CTR_EL0: 0x8444_C004}
"""CTR_EL0 of a Cortex-A72: the smallest line of a data cache has 2 to the power of 4 words."""


def test_a_space_is_invalidated_after_the_cpu_has_left_it(done: list[object]) -> None:
    Translation().activate(u64(0x4100_0000), u16(1))
    Translation().invalidate_space(u16(2))
    assert done == [
        (SystemRegister.TTBR0_EL1, 1 << 48 | 0x4100_0000),
        Instruction.ISB,
        Instruction.DSB_ISHST,
        (Operation.TLBI_ASIDE1, 2 << 48),
        Instruction.DSB_ISH,
        Instruction.ISB,
    ]


@pytest.mark.promise("It is handed out again only when nothing maps it and the TLB has forgotten it")
def test_a_page_is_invalidated_after_its_descriptor_is_written(done: list[object]) -> None:
    Translation().invalidate_pages(u16(3), u64(0xFFFF_FFFF_F000), u64(1))
    assert done == [
        Instruction.DSB_ISHST,
        (Operation.TLBI_VAE1, 3 << 48 | 0xF_FFFF_FFFF),
        Instruction.DSB_ISH,
        Instruction.ISB,
    ]


def test_pages_in_a_row_are_invalidated_one_by_one_between_two_barriers(done: list[object]) -> None:
    Translation().invalidate_pages(u16(3), u64(0x1F_E000), u64(3))
    assert done == [
        Instruction.DSB_ISHST,
        *((Operation.TLBI_VAE1, 3 << 48 | page) for page in (0x1FE, 0x1FF, 0x200)),
        Instruction.DSB_ISH,
        Instruction.ISB,
    ]


def test_a_new_table_is_zeroed_before_anything_stored_later(done: list[object]) -> None:
    Translation().table_zeroed()
    assert done == [Instruction.DSB_ISHST]


@pytest.mark.parametrize(("power", "line"), [(4, 64), (3, 32), (5, 128)])
def test_code_is_cleaned_line_by_line_before_it_is_fetched_anew(
    power: int, line: int, done: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LINES, SystemRegister.CTR_EL0, 0x8440_C004 | power << 16)
    Translation().code_written(u64(0x4123_4000), u64(0x2000))
    assert done == [
        *((Operation.DC_CVAU, 0xFFFF_FFFF_4123_4000 + at) for at in range(0, 0x2000, line)),
        Instruction.DSB_ISH,
        Instruction.IC_IALLU,
        Instruction.DSB_ISH,
        Instruction.ISB,
    ]
