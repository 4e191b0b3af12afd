"""What leads to a task's memory, and what the kernel does with it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promises.walking import mapped
from properties.driver import Driver, busy_system
from properties.scenarios import ME, SCENARIOS, world
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.hal.aarch64.descriptors import OWNED_BIT
from tyrne.system.parts import Cap, Region
from tyrne.system.parts import Mapping as Mapped
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import BASE, booted, move_window, task_record
from tyrne.testing.world import World

TYRNE = Path(__file__).parents[2] / "src" / "tyrne"
READS, WRITES = ("read8", "read64", "get"), ("write8", "write64", "zero", "put", "copy")


# --- what an address space maps


@pytest.mark.promise(
    "memory: the pages that its address space maps for it: its image and its stack, and what somebody with the right "
    "to do so has mapped there"
)
def test_a_task_starts_with_its_image_its_stack_and_what_the_description_maps_and_not_a_page_more() -> None:
    cap = Cap(0, Rights.READ, kind=CapKind.MEMORY)
    record = task_record("one", cap, code=bytes(PAGE + 1), mappings=(Mapped(0, 0x100_0000, False, False),))
    kernel = booted(record, task_record("two"), memory=[Region("shared", 2)])
    pages = {1: [BASE, BASE + PAGE, BASE + 2 * PAGE, 0x100_0000, 0x100_0000 + PAGE], 2: [BASE, BASE + PAGE]}
    ours = {(space + 1, page): None for space, at in pages.items() for page in at}
    found = mapped(kernel)
    assert {(int(asid), page) for asid, page in found} == set(ours)
    assert len(set(found.values())) == len(found), "a frame is mapped twice"


@pytest.mark.promise("What the loader has mapped belongs to the address space and cannot be unmapped")
def test_no_call_unmaps_changes_or_covers_what_the_loader_has_mapped() -> None:
    w = World(1)
    space, memory = w.give_space(0, 0), w.give(0, w.memory(1))
    before = mapped(w.kernel)
    w.ok(0, C.MAP, space, memory, 0x100_0000, 1)
    for address in (BASE, BASE + PAGE):
        copy = w.ok(0, C.CAP_COPY, memory, int(Rights.READ | Rights.WRITE))
        assert w.refused(0, C.MAP, space, copy, address, 1) is Status.ALREADY_MAPPED
        assert w.refused(0, C.UNMAP, space, copy) is Status.NOT_MAPPED
        assert w.refused(0, C.PROTECT, space, copy, 1) is Status.NOT_MAPPED
        w.ok(0, C.CAP_DROP, copy)
    w.ok(0, C.UNMAP, space, memory)
    assert mapped(w.kernel) == before


@pytest.mark.promise(
    "what was done while the capability was there (words that were sent, data that was copied, memory that was mapped "
    "in an address space through a MAP capability: the mapping belongs to the memory capability and goes with that, "
    "so lend MAP to nobody who keeps memory of its own)"
)
def test_a_mapping_made_through_a_map_capability_stays_without_that_and_goes_with_the_memory_capability() -> None:
    w = World(2)
    space = w.give_space(0, 0)
    lent = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, space, int(Rights.MAP | Rights.TRANSFER), 0), w.give_task(0, 1))
    memory = w.give(1, w.memory(1))
    w.ok(1, C.MAP, lent, memory, 0x100_0000, 0)
    w.ok(0, C.CAP_REVOKE, space)
    assert not w.holds(1, lent) and (2, 0x100_0000) in mapped(w.kernel)
    w.ok(1, C.CAP_DROP, memory)
    assert (2, 0x100_0000) not in mapped(w.kernel)


@pytest.mark.promise("its mappings, its address space: are gone, unless another capability names the space")
def test_the_space_of_a_task_that_ends_stays_for_whoever_holds_it_without_what_the_task_had_mapped() -> None:
    w = World(2)
    kept = w.give_space(1, 0)
    mine = w.give(0, w.memory(1))
    w.ok(0, C.MAP, w.give_space(0, 0), mine, 0x100_0000, 0)
    before = mapped(w.kernel)
    w.call(0, C.TASK_EXIT, 0)
    assert mapped(w.kernel) == {at: frame for at, frame in before.items() if at != (2, 0x100_0000)}
    w.ok(1, C.CAP_DROP, kept)
    assert {asid for asid, _ in mapped(w.kernel)} == {3}


# --- what the kernel does with it


def watched(board: MemoryBoard, told: Callable[[str, int, int], None]) -> None:
    """Let a function hear of each access of the kernel to RAM: its name, the first address and the length."""

    def wrap(name: str) -> None:
        original: Any = getattr(board, name)

        def access(address: Any, *rest: Any) -> Any:
            size = {"read64": 8, "write64": 8, "zero": rest[0] if rest else 0, "get": rest[0] if rest else 0}
            length = len(rest[0]) if name == "put" else int(rest[1]) if name == "copy" else int(size.get(name, 1))
            told(name, int(address), length)
            return original(address, *rest)

        setattr(board, name, access)

    for name in (*READS, *WRITES):
        wrap(name)


def pages(address: int, length: int) -> Iterator[int]:
    yield from range(address & -PAGE, address + length, PAGE)


@pytest.mark.promise(
    "One call takes a pointer: console_write",
    "All others have words in registers, and the kernel reads no other memory of a task",
)
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_no_call_but_console_write_reads_or_writes_memory_of_a_task(name: str) -> None:
    w = world()
    number, arguments = SCENARIOS[name](w)
    theirs = set(mapped(w.kernel).values())
    touched: list[str] = []

    def told(access: str, address: int, length: int) -> None:
        touched.extend(access for page in pages(address, length) if page in theirs)

    watched(w.board, told)
    w.call(ME, number, *arguments)
    assert touched == (["read8"] * 4 if number is C.CONSOLE_WRITE else [])


@pytest.mark.promise(
    "Of a program that it loads it writes there once, before the program runs",
    "All others have words in registers, and the kernel reads no other memory of a task",
)
@pytest.mark.parametrize("seed", range(3))
def test_whatever_tasks_do_the_kernel_never_writes_to_a_program_that_runs(seed: int) -> None:
    kernel = busy_system()
    drive = Driver(4000 + seed, kernel)
    theirs: set[int] = set()
    touched: list[str] = []

    def told(access: str, address: int, length: int) -> None:
        calls = int(kernel.scheduler.core.current.frame.x[8]) if kernel.scheduler.core.current else 0
        if not (access == "read8" and calls == C.CONSOLE_WRITE.value):
            touched.extend(f"{drive.said}: {access}" for page in pages(address, length) if page in theirs)

    def look() -> None:
        """Frames that the loader filled: they belong to a space, as nothing that a task maps does."""
        theirs.clear()
        theirs.update(mapped(kernel, int(OWNED_BIT)).values())

    look()
    assert len(theirs) == 8, "four programs of a page, and their stacks"
    drive.before_call = look
    watched(kernel.board, told)
    for _ in range(250):
        if not drive.step():
            break
    assert touched == []


@pytest.mark.promise("No byte is read until the whole range has passed, so a refused call has no effect")
@pytest.mark.parametrize(("start", "length"), [(2 * PAGE - 8, 9), (2 * PAGE - 1, 2), (PAGE + 1, PAGE), (2 * PAGE, 1)])
def test_no_byte_is_read_of_a_range_that_is_refused(start: int, length: int) -> None:
    """Two pages of a window are mapped, those behind them not."""
    w = World(1)
    task, console = w.task(0), w.give_console(0)
    move_window(task, BASE, 1 << 30)
    reads: list[str] = []
    watched(w.board, lambda access, address, length: reads.append(access))
    assert w.refused(0, C.CONSOLE_WRITE, console, BASE + start, length) is Status.FAULT_ADDRESS
    assert "read64" in reads and "read8" not in reads


MAKERS = {"page_descriptor", "block_descriptor", "page_entry"}
ASKED = {"forbidden", "invalid_in_space"}


@pytest.mark.promise("One function says which pages those are, and whatever makes a page descriptor asks it first")
def test_whatever_makes_a_page_descriptor_asks_first_whether_there_may_be_such_a_page() -> None:
    """Each function of the kernel and its boards, read as source."""
    makers = []
    for part in ("kernel", "boot", "boards"):
        for path in sorted((TYRNE / part).rglob("*.py")):
            for function in ast.walk(ast.parse(path.read_text())):
                if isinstance(function, ast.FunctionDef):
                    calls = {
                        node.func.id if isinstance(node.func, ast.Name) else node.func.attr: node.lineno
                        for node in ast.walk(function)
                        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
                    }
                    if MAKERS & calls.keys():
                        makers.append(function.name)
                        made = min(calls[name] for name in MAKERS & calls.keys())
                        assert any(calls.get(name, made) < made for name in ASKED), f"{path.name}: {function.name}"
    assert makers == ["put_region", "map_page", "_put_block", "_put_page", "_map"]
