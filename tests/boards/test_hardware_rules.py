"""Rules of the architecture that QEMU does not need: what is emitted for them in the built image, by instruction.

No run shows whether they are there: QEMU's memory is coherent, its interrupts and registers have no delay, and it has
no system errors.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from metal import kernel_with, symbols

from tyrne.boards.qemu_virt.gic import GICC_EOIR
from tyrne.compiler.build import build_user_program

HELLO = Path(__file__).parents[2] / "programs" / "hello.S"

ISB, DSB_SY = 0xD503_3FDF, 0xD503_3F9F
UNMASK_A, MASK_A = 0xD503_44FF, 0xD503_44DF
"""MSR DAIFClr, #4 and MSR DAIFSet, #4."""
DSB_ISH, DSB_ISHST, IC_IALLU = 0xD503_3B9F, 0xD503_3A9F, 0xD508_751F
DC_CVAU, DC_IVAC, READ_CTR = 0xD50B_7B20, 0xD508_7620, 0xD53B_0020
DMINLINE, ORR_3 = 0xD350_4C00, 0xB240_0400
"""UBFX of bits 19 to 16, and ORR of 3, without their registers."""
HLT, SMC, HVC, WFI, ERET = 0xD45E_0000, 0xD400_0003, 0xD400_0002, 0xD503_207F, 0xD69F_03E0
REGISTER = 0xFFFF_FFE0
"""Of an instruction whose last five bits name a register."""
WRITE_VBAR, WRITE_SCTLR, READ_SCTLR = 0xD518_C000, 0xD518_1000, 0xD538_1000
WRITE_HCR_EL2 = 0xD51C_1100
RET = 0xD65F_03C0
WRITE_CNTV = 0xD51B_E300
"""MSR of CNTV_TVAL_EL0, CNTV_CTL_EL0 or CNTV_CVAL_EL0, without the bits that name it and the register."""


@dataclass(frozen=True)
class Code:
    """Instructions one after the other, from an address on."""

    start: int
    words: Sequence[int]

    def find(self, word: int, mask: int = 0xFFFF_FFFF, after: int = -1) -> int:
        """The number of the first such instruction behind `after`; AssertionError without one."""
        for number in range(after + 1, len(self.words)):
            if self.words[number] & mask == word:
                return number
        raise AssertionError(f"no {word:08x} behind instruction {after} of {self.start:#x}")

    def in_order(self, *words: int) -> list[int]:
        """Where these are, each behind the one before; registers do not matter."""
        found: list[int] = []
        for word in words:
            mask = REGISTER if word & 0x1F == 0 and word >> 20 in (0xD51, 0xD53) else 0xFFFF_FFFF
            found.append(self.find(word, mask, found[-1] if found else -1))
        return found


class Image:
    """The code of a built kernel by its symbols."""

    def __init__(self, path: Path) -> None:
        self.elf = ELFFile(io.BytesIO(path.read_bytes()))
        self.names = symbols(path)
        text = self.elf.get_section_by_name(".text")
        self.text = self.code(text["sh_addr"], text["sh_addr"] + text["sh_size"])

    def code(self, start: int | str, end: int | str) -> Code:
        first, last = (self.names[place] if isinstance(place, str) else place for place in (start, end))
        (offset,) = self.elf.address_offsets(first, last - first)
        content = self.elf.stream.getvalue()[offset : offset + last - first]
        return Code(first, [int.from_bytes(content[i : i + 4], "little") for i in range(0, len(content) & ~3, 4)])

    def vector(self, number: int) -> Code:
        """One of the 16, in the order of the table."""
        start = self.names["vectors"] + 0x80 * number
        return self.code(start, start + 0x80)


@pytest.fixture(scope="module")
def image() -> Image:
    return Image(kernel_with([build_user_program(HELLO)]))


def branches(code: Code) -> set[int]:
    """The targets of the branches without a condition."""
    return {
        code.start + 4 * (number + signed(word, 26)) for number, word in enumerate(code.words) if word >> 26 == 0b000101
    }


# --- caches


def test_lines_of_what_was_stored_with_the_mmu_off_are_dropped_before_it_is_on(image: Image) -> None:
    """From the first to the last byte that start.S and the boot tables store, after they have."""
    boot = image.code("_start", "park")
    called = next(n for n, word in enumerate(boot.words) if is_call(boot, n, image.names["k_prepare_translation"]))
    read, size, drop = (
        boot.find(READ_CTR, REGISTER, called),
        boot.find(DMINLINE, 0xFFFF_FC00),
        boot.find(DC_IVAC, REGISTER),
    )
    assert called < boot.find(DSB_SY, after=called) < read < size < drop
    assert drop in ways(boot, drop, until=DSB_SY), "a loop"
    assert boot.find(WRITE_SCTLR, REGISTER, boot.find(DSB_SY, after=drop)) > 0
    assert {boot.words[n] & 0x1F for n in range(len(boot.words)) if boot.words[n] & REGISTER == DC_IVAC} == {2}
    bounds = [adrp_target(boot, n) for n in range(size, drop) if boot.words[n] & 0x9F00_0000 == 0x9000_0000]
    assert bounds == [image.names["bss_start"], image.names["emergency_stack_end"]]
    step, line = 0x8B01_0042, (0xD280_0082, 0x9AC1_2041)
    assert boot.words[drop + 1] == step, "ADD x2, x2, x1"
    assert all(size < boot.find(word) < drop for word in line), "MOV x2, #4 and LSL x1, x2, x1: words of 32 bits"


def test_code_is_cleaned_line_by_line_and_then_fetched_anew(image: Image) -> None:
    code, first = image.text, (image.names["boot_end"] - image.text.start) // 4
    fetches = [number for number, word in enumerate(code.words) if word == IC_IALLU and number > first]
    assert fetches
    for fetch in fetches:
        assert [code.words[fetch + at] for at in (-1, 1, 2)] == [DSB_ISH, DSB_ISH, ISB]
        clean = max(number for number in range(fetch - 40, fetch) if code.words[number] & REGISTER == DC_CVAU)
        assert clean in ways(code, clean, until=DSB_ISH), "a loop"
        assert fetch not in ways(code, clean, until=DSB_ISH)
        assert any(code.words[number] & REGISTER == READ_CTR for number in range(clean - 40, clean))


# --- tables


def test_a_new_table_is_zeros_for_every_walk_before_it_is_linked(image: Image) -> None:
    """Each allocation of a frame for a table has a DSB before the table's descriptor (ORR of 3), in a loop or not."""
    code, made = image.text, image.names["Frames_allocate"]
    calls = [number for number in range(len(code.words)) if is_call(code, number, made)]
    links = {number for number, word in enumerate(code.words) if word & 0xFFFF_FC00 == ORR_3}
    zeroed = [call for call in calls if DSB_ISHST in code.words[call : call + 12]]
    linked = [call for call in zeroed if set(ways(code, call, until=RET)) & links]
    assert not any(set(ways(code, call, until=DSB_ISHST)) & links for call in linked)
    assert linked


# --- system errors


def test_what_is_pending_at_reset_is_taken_by_our_vector_before_the_mmu_is_on(image: Image) -> None:
    boot = image.code("_start", "park")
    places = boot.in_order(WRITE_VBAR, ISB, DSB_SY, UNMASK_A, ISB, MASK_A, WRITE_SCTLR)
    assert places[3] + 2 == places[5], "nothing but the ISB runs unmasked"
    assert [word for word in image.text.words if word == UNMASK_A] == [UNMASK_A], "and nothing else ever does"


def test_a_system_error_ends_there_while_the_mmu_is_off_and_is_a_panic_afterwards(image: Image) -> None:
    vector = image.vector(7)
    read, leave = vector.in_order(READ_SCTLR, ERET)
    test = vector.words[read + 1]
    register = vector.words[read] & 0x1F
    assert test & 0xFFF8_001F == 0x3700_0000 | register, "TBNZ of bit 0, SCTLR_EL1.M"
    target = read + 1 + (test >> 5 & 0x3FFF)
    assert target > leave, "with the MMU on it does not go back"
    assert branches(Code(vector.start + 4 * target, vector.words[target:])) == {image.names["emergency"]}


def test_one_that_is_met_while_a_task_runs_is_a_panic_and_no_fault_of_the_task(image: Image) -> None:
    vector = image.vector(11)
    used = Code(vector.start, vector.words[:3])
    assert branches(used) == {image.names["emergency"]}
    assert used.words[1] == 0xD280_0000 | 11 << 5, "MOV x0, #11"
    assert "k_trap_serror" not in image.names


# --- the interrupt controller


def test_what_silences_the_timer_is_done_before_the_interrupt_is_over(image: Image) -> None:
    """No way leads from a write of the timer's registers, or from a call that may make one, to a store to GICC_EOIR
    without an ISB between."""
    functions = {*image.names.values()}
    code, ends = image.text, set(stores_to(int(GICC_EOIR), image.text, functions))
    writes = with_calls(code, [n for n, word in enumerate(code.words) if word & ~0x7F == WRITE_CNTV], functions)
    reached = [set(ways(code, write, until=ISB)) & ends for write in writes]
    assert ends and writes and not any(reached)
    anywhere = [set(ways(code, write, until=ERET)) & ends for write in writes]
    assert any(anywhere), "there is a way, with the ISB"


def with_calls(code: Code, numbers: Collection[int], functions: Collection[int]) -> list[int]:
    """Instructions, and the calls of functions that have one of them, or such a call."""
    starts = sorted(functions)
    calls: dict[int, list[int]] = {}
    for number, word in enumerate(code.words):
        if word >> 26 == 0b100101:  # BL
            calls.setdefault(code.start + 4 * (number + signed(word, 26)), []).append(number)
    found = list(numbers)
    entered = set()
    for number in found:  # which grows meanwhile
        function = starts[bisect_right(starts, code.start + 4 * number) - 1]
        if function not in entered:
            entered.add(function)
            found += calls.get(function, ())
    return found


def ways(code: Code, start: int, until: int) -> Iterator[int]:
    """The instructions that may follow one in its function, on each way up to `until`."""
    todo, seen = [start + 1], set()
    while todo:
        number = todo.pop()
        word = code.words[number]
        if number in seen or word in (until, RET):
            continue
        seen.add(number)
        yield number
        if word >> 26 == 0b000101:
            todo.append(number + signed(word, 26))
            continue
        if word >> 24 == 0x54 or word >> 25 & 0x3F == 0b011010:  # B.cond; CBZ, CBNZ
            todo.append(number + signed(word >> 5, 19))
        elif word >> 25 & 0x3F == 0b011011:  # TBZ, TBNZ
            todo.append(number + signed(word >> 5, 14))
        todo.append(number + 1)


def signed(word: int, bits: int) -> int:
    """The lowest bits of a word as a number with a sign."""
    return (word & (1 << bits) - 1 ^ 1 << bits - 1) - (1 << bits - 1)


def stores_to(address: int, code: Code, functions: Collection[int]) -> Iterator[int]:
    """The 32-bit stores that may be to a constant address, by MOVZ, MOVN, MOVK and ADD before them in their function.

    A register is taken to hold each constant that it was given there, whatever way leads to the store.
    """
    last: dict[int, int] = {}
    known: dict[int, set[int]] = {}
    for number, word in enumerate(code.words):
        if code.start + 4 * number in functions:
            last, known = {}, {}
        target, base, shift = word & 0x1F, word >> 5 & 0x1F, word >> 17 & 0x30
        offset = None
        if word >> 23 in (0b1_1010_0101, 0b1_0010_0101):  # MOVZ, MOVN
            value = (word >> 5 & 0xFFFF) << shift
            last[target] = value if word >> 30 & 1 else ~value & (1 << 64) - 1
        elif word >> 23 == 0b1_1110_0101 and target in last:  # MOVK
            last[target] = last[target] & ~(0xFFFF << shift) | (word >> 5 & 0xFFFF) << shift
        elif word >> 22 == 0b10_0100_0100 and base in last:  # ADD of an immediate
            last[target] = last[base] + (word >> 10 & 0xFFF)
        elif word >> 22 == 0b10_1110_0100:  # STR w
            offset = (word >> 10 & 0xFFF) * 4
        elif word >> 21 == 0b101_1100_0000:  # STUR w
            offset = signed(word >> 12, 9)
        if target in last:
            known.setdefault(target, set()).add(last[target])
        if offset is not None and address - offset in known.get(base, ()):
            yield number


# --- the end of the machine


def test_the_end_asks_the_host_then_the_firmware_and_then_waits(image: Image) -> None:
    leave = image.code("leave_machine", "leave_machine_end")
    leave.in_order(HLT, SMC, HVC, WFI)
    assert leave.words[:1] == [HLT]
    number, more = leave.find(0x52B0_8000), leave.find(0x7280_0100)
    assert leave.find(HLT) < number < more < leave.find(SMC), "MOVZ and MOVK w0: PSCI SYSTEM_OFF, 0x84000008"
    (waiting,) = branches(Code(leave.start, leave.words[-1:]))  # from the last instruction, relative to itself
    assert waiting == leave.start - 4
    assert [word for word in image.text.words if word in (SMC, HVC)] == [SMC, HVC]


def test_an_undefined_instruction_is_gone_on_from_at_the_end_of_the_machine_only(image: Image) -> None:
    """The handler compares the instruction's address with both ends of that code before it goes on behind the next."""
    entry = image.vector(4)
    class_zero = next(n for n, word in enumerate(entry.words) if word >> 24 == 0xB4)  # CBZ x0
    start = entry.start + 4 * (class_zero + signed(entry.words[class_zero] >> 5 & 0x7FFFF, 19))
    handler = Code(start, image.text.words[(start - image.text.start) // 4 :])
    leave = handler.find(ERET)
    bounds = [adr_target(handler, number) for number in range(leave) if is_adr(handler.words[number])]
    assert bounds == [image.names["leave_machine"], image.names["leave_machine_end"]]
    conditions = [word & 0xF for word in handler.words[:leave] if word >> 24 == 0x54]
    assert conditions == [0b0011, 0b0010], "B.LO and B.HS"
    assert handler.find(0x9100_2000) < leave, "ADD x0, x0, #8"


def test_from_el2_nobody_can_be_called_there(image: Image) -> None:
    boot = image.code("_start", "park")
    write = boot.find(WRITE_HCR_EL2, REGISTER)
    value = boot.words[write - 1]
    assert value & 0xFFE0_0000 == 0xD2A0_0000 and value & 0x1F == boot.words[write] & 0x1F
    assert (value >> 5 & 0xFFFF) << 16 == 1 << 31 | 1 << 29, "RW and HCD"


def is_call(code: Code, number: int, target: int) -> bool:
    """BL."""
    word = code.words[number]
    return word >> 26 == 0b100101 and code.start + 4 * (number + signed(word, 26)) == target


def adrp_target(code: Code, number: int) -> int:
    """A page."""
    word = code.words[number]
    return (code.start + 4 * number & ~0xFFF) + (signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21) << 12)


def is_adr(word: int) -> bool:
    """ADR, or the NOP and ADR that the linker makes of ADRP and ADD."""
    return word & 0x9F00_0000 == 0x1000_0000


def adr_target(code: Code, number: int) -> int:
    word = code.words[number]
    return code.start + 4 * number + signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
