"""Each fault in words: what was done, to what, and which words that gives. Every row of the tables is met."""

from contextlib import suppress

import pytest

from tyrne.hosted.happened import FaultEvent
from tyrne.system import limits
from tyrne.system.fault_words import ABORTS, ASKS_KEEPER, CLASSES, fault_words
from tyrne.system.source_lines import Place
from tyrne.system.task_view import COMMON, UNKNOWN, Span, TaskView, Where

CODE, CONSTANTS, DATA, STACK, SHARED = 0x80_0000, 0x80_1000, 0x80_2000, 0x90_0000, 0x1000_0000
TASK = TaskView(
    1,
    (
        Span(CODE, CODE + 0x1000, Where.CODE),
        Span(CONSTANTS, CONSTANTS + 0x1000, Where.CONSTANTS),
        Span(DATA, DATA + 0x1000, Where.DATA),
        Span(SHARED, SHARED + 0x1000, Where.MEMORY, "shared"),
        Span(STACK, STACK + 0x1000, Where.STACK),
        Span(DATA + 0x1000, STACK, Where.BELOW_STACK),
        Span(STACK + 0x1000, STACK + 0x1_1000, Where.ABOVE_STACK),
        *COMMON,
    ),
    ((CODE, memoryview(bytes.fromhex("ffffffff00000000"))),),
    (),
)
READ, WRITE, JUMP = 0x9200_0000, 0x9200_0040, 0x8200_0000
UNMAPPED, PERMISSION, ALIGNMENT, EXTERNAL = 0x07, 0x0F, 0x21, 0x10

ABORT_CASES = [
    (READ | UNMAPPED, 0, "null pointer: reads from address 0x0"),
    (WRITE | UNMAPPED, 0xFFFF, "null pointer: writes to address 0xffff"),
    (READ | UNMAPPED, (1 << 64) - 8, "null pointer: reads from address 0xfffffffffffffff8"),
    (JUMP | UNMAPPED, 0, "null pointer: jumps to address 0x0"),
    (WRITE | UNMAPPED, STACK - 16, "stack overflow: stack_pages is 1; write a larger number"),
    (READ | UNMAPPED, DATA + 0x1000, "stack overflow: stack_pages is 1; write a larger number"),
    (READ | UNMAPPED, STACK + 0x1000, "reads from address 0x901000, past the end of its stack"),
    (READ | UNMAPPED, 1 << 48, "reads from address 0x1000000000000, where no program can be: they end at 0x1000"),
    (JUMP | UNMAPPED, STACK - 16, "jumps to address 0x8ffff0, where nothing is mapped"),
    (WRITE | PERMISSION, 0xFFFF_FFFF_4008_0000, "writes to address 0xffffffff40080000, where no program can be: "),
    (WRITE | UNMAPPED, SHARED, 'writes to memory "shared", which is not mapped there any more'),
    (WRITE | UNMAPPED, 0x5000_0000, 'writes to address 0x50000000, where nothing is mapped (its description '),
    (WRITE | PERMISSION, CODE, "writes to its own code"),
    (WRITE | PERMISSION, CONSTANTS, "writes to its own constants"),
    (WRITE | PERMISSION, SHARED, "writes to address 0x10000000, which is mapped to be read only"),
    (JUMP | PERMISSION, CONSTANTS, "executes its constants"),
    (JUMP | PERMISSION, DATA, "executes data"),
    (JUMP | PERMISSION, STACK, "executes its stack"),
    (JUMP | PERMISSION, SHARED, "executes address 0x10000000, which is not mapped for that"),
    (READ | ALIGNMENT, DATA + 1, "reads from address 0x802001, which is misaligned for this access"),
    (READ | EXTERNAL, SHARED, "reads from address 0x10000000, and the machine answers with an error"),
]


@pytest.mark.parametrize(("syndrome", "address", "words"), ABORT_CASES)
def test_an_abort_is_told_by_what_was_done_to_what(syndrome: int, address: int, words: str) -> None:
    assert fault_words(FaultEvent(0, syndrome, address, CODE), TASK).startswith(words)


@pytest.mark.parametrize("row", range(len(ABORTS)))
def test_without_a_row_of_the_aborts_something_is_told_otherwise(row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tyrne.system.fault_words.ABORTS", (*ABORTS[:row], *ABORTS[row + 1 :]))
    with suppress(StopIteration):
        told = [fault_words(FaultEvent(0, syndrome, address, CODE), TASK) for syndrome, address, _ in ABORT_CASES]
        assert not all(words.startswith(case[-1]) for words, case in zip(told, ABORT_CASES, strict=True))


def test_an_address_where_nothing_is_mapped_is_told_with_what_the_description_maps() -> None:
    spans = (*TASK.spans, Span(0x1100_0000, 0x1100_1000, Where.MEMORY, "chip {0}"))
    event = FaultEvent(0, READ | UNMAPPED, 0x1200_0004, CODE)
    assert fault_words(event, TaskView(1, spans, TASK.code, ())) == (
        "reads from address 0x12000004, where nothing is mapped "
        '(its description maps "shared" at 0x10000000, "chip {0}" at 0x11000000)'
    )
    assert fault_words(event, TaskView(1, COMMON, (), ())) == "reads from address 0x12000004, where nothing is mapped"


def test_a_thread_that_asks_its_keeper_is_told_apart_from_a_program_that_stops_itself() -> None:
    asks, stops = FaultEvent(0, 0xF200_0000, 0, CODE), CLASSES[0x3C]
    assert fault_words(asks, TASK, Place(None, 0, "linux_restore")) == ASKS_KEEPER
    for place in (None, Place(None, 0, "main"), Place("own.c", 3, "linux_restore")):
        assert fault_words(asks, TASK, place) == stops
    other = FaultEvent(0, READ | UNMAPPED, 0, CODE)
    assert fault_words(other, TASK, Place(None, 0, "linux_restore")) == "null pointer: reads from address 0x0"


@pytest.mark.parametrize("number", sorted(CLASSES))
def test_what_is_no_abort_is_told_by_its_class(number: int) -> None:
    words = fault_words(FaultEvent(0, number << 26, 0x80_0002, CODE), TASK)
    assert words == CLASSES[number].replace("{address}", "0x800002") or number == 0x0E


def test_an_undefined_instruction_is_shown_and_zeros_are_no_code() -> None:
    assert fault_words(FaultEvent(0, 0x0200_0000, 0, CODE), TASK) == "undefined instruction 0xffffffff"
    assert fault_words(FaultEvent(0, 0x0200_0000, 0, CODE + 4), TASK) == (
        "undefined instruction: runs into zeros, where no code is"
    )
    assert fault_words(FaultEvent(0, 0x0200_0000, 0, CODE + 8), TASK) == "undefined instruction"


def test_a_class_that_no_program_can_meet_is_told_too() -> None:
    assert fault_words(FaultEvent(0, 0x3F << 26, 0, CODE), TASK) == "an exception that no program should meet"


def test_a_stack_that_is_as_large_as_can_be_is_not_told_to_grow() -> None:
    largest = TaskView(limits.STACK_PAGES, TASK.spans, TASK.code, ())
    words = fault_words(FaultEvent(0, WRITE | UNMAPPED, STACK - 16, CODE), largest)
    assert words == f"stack overflow: stack_pages is {limits.STACK_PAGES}; that is the most: use less of it"


def test_of_a_task_that_a_task_made_only_what_holds_for_all_is_said() -> None:
    assert fault_words(FaultEvent(9, WRITE | UNMAPPED, 8, CODE), UNKNOWN) == "null pointer: writes to address 0x8"
    words = fault_words(FaultEvent(9, WRITE | UNMAPPED, STACK - 16, CODE), UNKNOWN)
    assert words == "writes to address 0x8ffff0, where nothing is mapped"
