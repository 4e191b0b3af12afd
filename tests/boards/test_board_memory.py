"""RAM of QEMU's machine: what zeroing a page does, instruction by instruction."""

from __future__ import annotations

import pytest

from tyrne.boards.qemu_virt import memory
from tyrne.boards.qemu_virt.memory import DirectMap
from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.lang import Trap, u64
from tyrne.lang.machine import Operation, SystemRegister


def zeroed(monkeypatch: pytest.MonkeyPatch, kind: int, address: int, length: int) -> list[int]:
    """The physical addresses of the blocks that are zeroed, where DCZID_EL0 says `kind`."""
    done: list[int] = []

    def register(name: SystemRegister) -> u64:
        assert name is SystemRegister.DCZID_EL0
        return u64(kind)

    def operate(operation: Operation, at: u64) -> None:
        assert operation is Operation.DC_ZVA
        done.append(int(at - DIRECT_MAP))

    monkeypatch.setattr(memory, "read_register", register)
    monkeypatch.setattr(memory, "operate", operate)
    DirectMap().zero(u64(address), u64(length))
    return done


@pytest.mark.parametrize(("kind", "block"), [(0, 4), (4, 64), (5, 128), (7, 512), (8, 1024)])
@pytest.mark.parametrize("pages", [0, 1, 3])
def test_pages_are_zeroed_by_the_blocks_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, kind: int, block: int, pages: int
) -> None:
    start, length = 0x4123_4000, pages * 4096
    assert zeroed(monkeypatch, kind, start, length) == list(range(start, start + length, block))


@pytest.mark.parametrize("kind", [9, 0x14, 0x10])
def test_a_machine_that_does_not_zero_by_blocks_stops_the_kernel(monkeypatch: pytest.MonkeyPatch, kind: int) -> None:
    with pytest.raises((Trap, AssertionError)):
        zeroed(monkeypatch, kind, 0x4123_4000, 4096)


@pytest.mark.parametrize(("address", "length"), [(0x4123_4040, 4096), (0x4123_4000, 64), (0x4123_4000, 4095)])
def test_only_whole_pages_are_zeroed(monkeypatch: pytest.MonkeyPatch, address: int, length: int) -> None:
    with pytest.raises((Trap, AssertionError)):
        zeroed(monkeypatch, 4, address, length)
