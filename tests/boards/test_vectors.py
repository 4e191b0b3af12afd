"""The vectors of the built image: whatever a task is interrupted by, the same registers are stored by the same code. A
system error is no task's: it is a panic."""

import io
from pathlib import Path

from elftools.elf.elffile import ELFFile
from metal import kernel_with, symbols

from tyrne.compiler.build import build_user_program

HELLO = Path(__file__).parents[2] / "programs" / "hello.S"
FROM_EL0, SIZE = 0x400, 0x80
HANDLERS = {"k_trap": "resume_task", "k_trap_irq": "resume", "k_trap_fiq": "resume"}
"""What each calls, and goes on with."""
BRANCH, BRANCH_AND_LINK = 0b000101, 0b100101


def test_every_vector_from_el0_stores_the_same_and_calls_its_own_handler() -> None:
    elf = kernel_with([build_user_program(HELLO)])
    image, names = ELFFile(io.BytesIO(elf.read_bytes())), symbols(elf)
    for number, (handler, following) in enumerate(HANDLERS.items()):
        start = names["vectors"] + FROM_EL0 + SIZE * number
        first, code = (words(image, at) for at in (names["vectors"] + FROM_EL0, start))
        assert [word for word in code if not is_branch(word)] == [word for word in first if not is_branch(word)]
        targets = [start + 4 * at + offset(word) for at, word in enumerate(code) if is_branch(word)]
        assert targets == [names[handler], names[following]]


def words(image: ELFFile, address: int) -> list[int]:
    """The instructions of one vector."""
    (at,) = image.address_offsets(address, SIZE)
    image.stream.seek(at)
    content = image.stream.read(SIZE)
    return [int.from_bytes(content[i : i + 4], "little") for i in range(0, SIZE, 4)]


def is_branch(word: int) -> bool:
    return word >> 26 in (BRANCH, BRANCH_AND_LINK)


def offset(word: int) -> int:
    """Of a branch's target from the branch, in bytes."""
    return 4 * ((word & 0x3FF_FFFF ^ 0x200_0000) - 0x200_0000)
