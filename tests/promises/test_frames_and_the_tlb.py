"""When a frame is handed out again: only when no table and no TLB leads to it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from promises.walking import mapped
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind
from tyrne.kernel.kernel import Kernel
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World


class Tlb:
    """Translations that the processor may still hold: all that were there since they were last invalidated."""

    def __init__(self, kernel: Kernel[MemoryBoard]) -> None:
        self.kernel = kernel
        self.held: dict[tuple[int, int], set[int]] = {}
        self.handed_out = 0
        board, frames = kernel.board, kernel.frames
        forget_pages, forget_space = board.invalidate_pages, board.invalidate_space
        allocate, keep_promise, allocate_block = frames.allocate, frames.keep_promise, frames.allocate_block

        def invalidate_pages(asid: Any, address: Any, pages: Any) -> None:
            for page in range(int(pages)):
                self.held.pop((int(asid), int(address) + page * PAGE), None)
            forget_pages(asid, address, pages)

        def invalidate_space(asid: Any) -> None:
            self.held = {at: found for at, found in self.held.items() if at[0] != asid}
            forget_space(asid)

        def one(memory: Any) -> Any:
            return self.check(allocate(memory), 1)

        def promised(memory: Any) -> Any:
            return self.check(keep_promise(memory), 1)

        def block(behind: Any) -> Any:
            return self.check(allocate_block(behind), 512)

        board.invalidate_pages = invalidate_pages  # type: ignore[method-assign]
        board.invalidate_space = invalidate_space  # type: ignore[method-assign]
        frames.allocate, frames.keep_promise, frames.allocate_block = one, promised, block  # type: ignore[method-assign]

    def fill(self) -> None:
        """While a task runs, the processor may walk to every page that is mapped."""
        for at, frame in mapped(self.kernel).items():
            self.held.setdefault(at, set()).add(frame)

    def check(self, start: Any, count: int) -> Any:
        if start is not None:
            self.handed_out += count
            frames = {int(start) + page * PAGE for page in range(count)}
            stale = [hex(address) for (_, address), found in self.held.items() if found & frames]
            assert not stale, f"handed out while the TLB leads to it from {stale}"
            assert not frames & set(mapped(self.kernel).values()), "handed out while it is mapped"
        return start


@pytest.mark.promise("It is handed out again only when nothing maps it and the TLB has forgotten it")
@pytest.mark.parametrize("seed", range(3))
def test_no_frame_is_handed_out_while_a_table_or_the_tlb_leads_to_it(seed: int) -> None:
    w, dice = World(2, slots=40), random.Random(seed)
    tlb = Tlb(w.kernel)
    purse, other = w.give_quota(0), w.give_space(0, 1)
    spaces, memory = [other], [w.give(0, w.memory(2))]
    for _ in range(600):
        tlb.fill()
        match dice.randrange(6):
            case 0:
                made = w.call(0, C.CREATE, purse, CapKind.MEMORY.value, dice.choice([1, 2, 3]))
                memory += [made[1]] if made is not None and made[0] == 0 else []
            case 1:
                made = w.call(0, C.CREATE, purse, CapKind.ADDRESS_SPACE.value)
                spaces += [made[1]] if made is not None and made[0] == 0 else []
            case 2 | 3:
                at = dice.choice([0x100_0000, 0x100_1000, 0x4000_0000, 0x80_0000_0000])
                w.call(0, C.MAP, dice.choice(spaces), dice.choice(memory), at, 1)
            case 4:
                w.call(0, dice.choice([C.CAP_DROP, C.UNMAP]), dice.choice([*memory, *spaces]), dice.choice(memory))
            case 5 if dice.random() < 0.2:
                w.ok(0, C.CAP_REVOKE, purse)
    assert tlb.handed_out > 40 and tlb.held


@pytest.mark.promise("It is handed out again only when nothing maps it and the TLB has forgotten it")
@pytest.mark.parametrize("how", ["unmap", "drop", "revoke", "exit", "move"])
def test_memory_that_was_mapped_is_forgotten_by_the_tlb_before_it_can_be_made_anew(how: str) -> None:
    w = World(2)
    tlb = Tlb(w.kernel)
    purse, space, it = w.give_quota(0), w.give_space(0, 1), w.give_task(0, 1)
    memory = w.ok(0, C.CREATE, purse, CapKind.MEMORY.value, 3)
    w.ok(0, C.MAP, space, memory, 0x100_0000, 1)
    pieces = list(w.kernel.regions.items[0].pieces)[:3]
    tlb.fill()
    match how:
        case "unmap":
            w.ok(0, C.UNMAP, space, memory)
            w.ok(0, C.CAP_DROP, memory)
        case "drop":
            w.ok(0, C.CAP_DROP, memory)
        case "revoke":
            w.ok(0, C.CAP_REVOKE, purse)
        case "move":
            w.ok(0, C.CAP_DROP, w.ok(0, C.CAP_MOVE, memory, NULL))
        case "exit":
            w.ok(0, C.CAP_MOVE, memory, it)
            w.call(1, C.TASK_EXIT, 0)
    again = w.ok(0, C.CREATE, purse, CapKind.MEMORY.value, 3)
    w.ok(0, C.MAP, w.give_space(0, 0), again, 0x100_0000, 1)
    assert set(list(w.kernel.regions.items[0].pieces)[:3]) & set(pieces), "the same frames"
