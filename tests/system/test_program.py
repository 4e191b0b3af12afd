"""Which files are programs, what becomes of them, and how the others are refused."""

from pathlib import Path

import pytest
from elf_files import CODE, DATA, PT_INTERP, TEXT, Load, R, W, X, elf, moved

from tyrne.system import limits
from tyrne.system.errors import RequestError
from tyrne.system.loading import RAW_BASE, load_program
from tyrne.system.program import Program, Segment


def load(tmp_path: Path, name: str, data: bytes) -> Program:
    path = tmp_path / name
    path.write_bytes(data)
    return load_program(path)


def refusal(tmp_path: Path, name: str, data: bytes) -> str:
    with pytest.raises(RequestError) as caught:
        load(tmp_path, name, data)
    return str(caught.value).removeprefix(f"{tmp_path / name}: ")


def test_a_raw_image_is_one_executable_segment_with_the_stack_directly_above(tmp_path: Path) -> None:
    image = bytes(range(256)) * 17
    code = Segment(RAW_BASE, writable=False, executable=True, data=image, memory=4352)
    assert load(tmp_path, "a.bin", image) == Program(RAW_BASE, (code,), RAW_BASE + 0x2000)


def test_an_elf_keeps_its_segments_and_gets_a_stack_above_a_guard(tmp_path: Path) -> None:
    program = load(tmp_path, "a.elf", elf(DATA, CODE, entry=TEXT))
    assert program == Program(
        TEXT,
        (
            Segment(TEXT, writable=False, executable=True, data=CODE.data, memory=4),
            Segment(TEXT + 0x2000, writable=True, executable=False, data=b"data", memory=0x1800),
        ),
        TEXT + 0x4000 + limits.STACK_GUARD,
    )


def test_a_segment_that_begins_inside_a_page_is_padded_with_zeros_not_with_the_file(tmp_path: Path) -> None:
    data = elf(moved(CODE, TEXT + 0x120), entry=TEXT + 0x120)
    program = load(tmp_path, "a", data)
    assert program.segments[0] == Segment(TEXT, False, True, bytes(0x120) + CODE.data, 0x124)


def test_a_segment_without_content_in_the_file_is_all_zeros(tmp_path: Path) -> None:
    program = load(tmp_path, "a", elf(CODE, Load(TEXT + 0x1000, R | W, b"", 0x2345)))
    assert program.segments[1] == Segment(TEXT + 0x1000, True, False, b"", 0x2345)
    assert program.stack_base == TEXT + 0x1000 + 0x3000 + limits.STACK_GUARD


@pytest.mark.promise("tyrne refuses an ELF with such a segment before it builds anything")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (elf(CODE, machine=62), "an ELF for another machine (EM_X86_64); build it for AArch64"),
        (elf(CODE, machine=9999), "an ELF for another machine (9999); build it for AArch64"),
        (elf(CODE, kind=3), "not an executable (ET_DYN); link it with -static -no-pie"),
        (elf(CODE, kind=1), "not an executable (ET_REL); link it with -static -no-pie"),
        (elf(CODE, Load(0x90_0000, R, type=PT_INTERP)), "dynamically linked; link with -static -no-pie"),
        (elf(CODE, Load(TEXT + 0x1000, R | W | X)), "the segment at 0x801000 is writable and executable"),
        (elf(CODE, Load(TEXT + 0x1000, 0)), "the segment at 0x801000 allows no access; "),
        (elf(CODE, Load(TEXT + 0x1000, R, claimed=0x5000)), "the segment at 0x801000 is truncated; link it again"),
        (elf(CODE, Load(TEXT + 0x1000, R, memory=2)), "the segment at 0x801000 has 4 bytes in the file and 2 in"),
        (elf(CODE)[:0x1000], "the segment at 0x800000 is truncated; link it again"),
        (elf(CODE)[:70], "a damaged or truncated ELF; link it again"),
        (elf(CODE)[:20], "a damaged or truncated ELF; link it again"),
        (elf(CODE, bits=1), "not a 64-bit ELF (ELFCLASS32); build it for AArch64"),
        (elf(CODE, bits=7), "a damaged or truncated ELF; link it again"),
        (elf(CODE, order=2), "not a little-endian ELF (ELFDATA2MSB); build it for AArch64"),
        (elf(), "0 loaded segments; link it into 1 to 16"),
        (elf(*(Load(TEXT + i * 0x1000, R | X) for i in range(17))), "17 loaded segments; link it into 1 to 16"),
        (elf(CODE, Load(TEXT + 8, R | W)), "the segments at 0x800000 and 0x800000 overlap or share a page; link with"),
        (elf(CODE, Load(TEXT - 0x1000, R, memory=0x1001)), "the segments at 0x7ff000 and 0x800000 overlap or share"),
        (elf(CODE, entry=TEXT + 4), "the entry 0x800004 is in no executable segment; set it with -e SYMBOL"),
        (elf(CODE, entry=TEXT + 2), "the entry 0x800002 is no multiple of 4; set it with -e SYMBOL"),
        (elf(Load(TEXT, R | X, memory=64), entry=TEXT + 4), "the entry 0x800004 is among the zeros behind the code"),
        (elf(CODE, DATA, entry=DATA.address), "the entry 0x802000 is in no executable segment; set it with -e SYMBOL"),
        (elf(moved(CODE, 0x10), entry=0x10), "the segment at 0x10 is outside the user addresses; link it above"),
        (elf(CODE, moved(DATA, 1 << 48)), "the segment at 0x1000000000000 is outside the user addresses; link it"),
        (elf(CODE, moved(DATA, (1 << 64) - 8)), "the segment at 0xfffffffffffffff8 is outside the user addresses;"),
        (elf(CODE, Load(TEXT + 0x1000, R | W, memory=1 << 63)), "the segment at 0x801000 is outside the user "),
        (elf(CODE, Load(TEXT + 0x1000, R | W, memory=1 << 30)), "1073745920 bytes of memory; a program has at most "),
        (elf(CODE, Load(TEXT + 0x1000, R | W, memory=1 << 31)), "2147483648 bytes of memory; a program has at most "),
    ],
)
def test_an_elf_that_cannot_be_loaded_safely_is_refused(tmp_path: Path, data: bytes, expected: str) -> None:
    found = refusal(tmp_path, "a.elf", data)
    assert "\n" not in found
    assert found.startswith(expected)


@pytest.mark.promise("tyrne treats programs and descriptions as data until they are checked")
def test_no_prefix_of_an_elf_is_more_than_an_error(tmp_path: Path) -> None:
    whole = elf(CODE, DATA)
    for length in [*range(4, 200), 0x1000, 0x1003, 0x2003]:
        refusal(tmp_path, "a.elf", whole[:length])


@pytest.mark.parametrize("name", ["a.bin", "a.elf", "a.py"])
def test_an_empty_file_is_no_program(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, name, b"") == "empty; a program has at least one instruction"


def test_an_oversized_file_is_refused_with_the_limit(tmp_path: Path) -> None:
    assert load(tmp_path, "a.bin", bytes(16 << 20)).stack_base == RAW_BASE + (16 << 20)
    assert refusal(tmp_path, "a.bin", bytes((16 << 20) + 1)).startswith("larger than 16777216 bytes, the limit")
    assert refusal(tmp_path, "a.py", bytes((1 << 20) + 1)).startswith("larger than 1048576 bytes, the limit")


def test_a_file_of_another_kind_is_no_program(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.txt", b"hello") == (
        "not a program; give Kernel Python (.py), C (.c), assembly (.S), an AArch64 ELF or a raw image (.bin)"
    )


def test_a_program_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "no.bin", "no such file or directory"), (tmp_path, "is a directory")):
        with pytest.raises(RequestError) as caught:
            load_program(path)
        assert str(caught.value) == f"{path}: cannot be read: {why}; give the path of a program"
