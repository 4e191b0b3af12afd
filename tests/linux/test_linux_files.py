"""Which files are programs of Linux, what becomes of their code, and how the others are refused."""

from __future__ import annotations

import random
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from linux_programs import BARE, STATIC, build

from tyrne.linux.abi import Abi, looks_like_linux, stated_abi
from tyrne.linux.errors import ExecutableError
from tyrne.linux.executable import read_executable
from tyrne.linux.patch import CALLS, SVC, patch
from tyrne.linux.start import STRING_BYTES, Start
from tyrne.system.elf import load_elf
from tyrne.system.errors import RequestError
from tyrne.system.loading import load_program
from tyrne.system.parts import Given

R, W, X = 4, 2, 1
START = Start("p")
ABSOLUTE = 0xFFF1
"""Where a symbol is that is in no section."""
NOP = bytes.fromhex("1f2003d5")


@dataclass(frozen=True)
class Load:
    """A program header with its content."""

    address: int
    flags: int
    content: bytes = b""
    memory: int = 0
    type: int = 1


CODE = Load(0x400000, R | X, SVC + NOP + SVC)


def elf(*parts: Load, kind: int = 2, osabi: int = 0, symbols: tuple[tuple[int, bytes], ...] = (),
        section: int = ABSOLUTE) -> bytes:  # fmt: skip
    """An ELF with these segments, entered at the first one, and with symbols by address and name. Of its sections none
    is code."""
    names = b"\0" + b"".join(name + b"\0" for _, name in symbols)
    table, place = bytes(24), 1
    for address, name in symbols:
        table += struct.pack("<IBBHQQ", place, 0, 0, section, address, 0)
        place += len(name) + 1
    begin = 64 + 56 * len(parts)
    body, headers = b"", b""
    for part in parts:
        size = len(part.content)
        fields = (part.type, part.flags, begin + len(body), part.address, 0, size, part.memory or size, 1)
        headers += struct.pack("<IIQQQQQQ", *fields)
        body += part.content
    at = begin + len(body)
    sections = bytes(64) + struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, at, len(table), 2, 0, 8, 24)
    sections += struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, at + len(table), len(names), 0, 0, 1, 0)
    end = at + len(table) + len(names)
    identity = (b"\x7fELF\2\1\1" + bytes([osabi])).ljust(16, b"\0")
    entry = parts[0].address if parts else 0
    head = struct.pack("<16sHHIQQQIHHHHHH", identity, kind, 183, 1, entry, 64, end, 0, 64, 56, len(parts), 64, 3, 0)
    return head + headers + body + table + names + sections


def note(owner: bytes, kind: int, content: bytes) -> Load:
    words = struct.pack("<III", len(owner), len(content), kind)
    return Load(0, R, words + owner.ljust((len(owner) + 3) // 4 * 4, b"\0") + content, type=4)


GNU, TYRNE = note(b"GNU\0", 1, struct.pack("<4I", 0, 3, 7, 0)), note(b"Tyrne\0", 1, b"")


@pytest.mark.parametrize(
    ("data", "abi"),
    [
        (elf(CODE), None),
        (elf(CODE, GNU), Abi.LINUX),
        (elf(CODE, note(b"GNU\0", 1, struct.pack("<4I", 1, 0, 0, 0))), None),  # the Hurd's
        (elf(CODE, note(b"GNU\0", 3, bytes(16))), None),  # an identity of the build
        (elf(CODE, note(b"Android\0", 1, bytes(4))), Abi.LINUX),
        (elf(CODE, osabi=3), Abi.LINUX),
        (elf(CODE, TYRNE), Abi.TYRNE),
        (elf(CODE, GNU, TYRNE), Abi.TYRNE),
        (elf(CODE, TYRNE, osabi=3), Abi.TYRNE),
        (elf(CODE, note(b"Tyrne", 1, b"")), None),
        (b"\x7fELF", None),
        (elf(CODE, GNU)[:150], None),
    ],
)
def test_notes_say_for_which_system_a_file_was_built(data: bytes, abi: Abi | None) -> None:
    assert stated_abi(data) is abi


def test_code_that_calls_exit_group_looks_like_linux_and_words_across_instructions_do_not() -> None:
    exit_group = bytes.fromhex("c80b8052")
    assert looks_like_linux(elf(Load(0x400000, R | X, NOP + exit_group)))
    assert not looks_like_linux(elf(Load(0x400000, R | X, NOP + b"\0\0" + exit_group)))
    assert not looks_like_linux(elf(CODE, Load(0x500000, R, exit_group)))


def test_each_call_becomes_a_branch_to_a_trampoline_that_leads_back_behind_it() -> None:
    patched = patch(elf(CODE, Load(0x410000, R | W, b"data", 0x3000)), START)
    code, data, library, own = load_elf(Path("p"), patched.elf).segments
    assert patched.calls == 2
    first, nop, second = struct.unpack("<3I", code.data[:12])
    assert struct.pack("<I", nop) == NOP
    for address, word in ((0x400000, first), (0x400008, second)):
        target = address + 4 * (word & 0x3FFFFFF)
        assert word >> 26 == 0b000101
        assert library.executable and library.address <= target < library.end
        back = struct.unpack_from("<I", library.data, target - library.address + 12)[0]
        offset = (back & 0x3FFFFFF) - (1 << 26 if back & 1 << 25 else 0)
        assert target + 12 + 4 * offset == address + 4
    assert (data.address, data.memory, data.writable) == (0x410000, 0x3000, True)
    assert own.writable and own.memory < START.heap_pages * 4096  # the heap is made later


@pytest.mark.parametrize("mark", [b"$d", b"$d.1"])
def test_words_that_symbols_call_data_stay_and_are_told_of(mark: bytes, tmp_path: Path) -> None:
    symbols = ((0x400000, b"$x"), (0x400008, mark), (0x40000C, b"$x"), (0x40000C, b"$x.2"))
    content = Load(0x400000, R | X, SVC + NOP + SVC + SVC + b"\0\0" + SVC + b"\0\0")
    patched = patch(elf(content, symbols=symbols), START)
    assert (patched.calls, patched.left) == (2, (0x400008,))
    assert load_elf(Path("p"), patched.elf).segments[0].data[8:12] == SVC
    (tmp_path / "p").write_bytes(elf(content, GNU, symbols=symbols))
    (warning,) = load_program(tmp_path / "p").warnings
    assert warning.endswith("1 words among its code look like system calls, and are data by its symbols: 0x400008; "
                            "they stay as they are")  # fmt: skip


def test_symbols_of_what_is_not_loaded_say_nothing_about_code() -> None:
    """Their addresses begin at 0, as those of a position-independent executable do."""
    content = Load(0x400000, R | X, SVC + NOP + SVC)
    symbols = ((0x400000, b"$x"), (0x400008, b"$d"))
    assert patch(elf(content, symbols=symbols, section=1), START).left == ()


def test_code_and_constants_become_one_segment_and_data_another() -> None:
    parts = [Load(0x400000, R, b"a"), Load(0x410000, R | X, SVC), Load(0x420010, R, b"b")]
    parts.append(Load(0x430000, R | W, b"c", 9))
    code, data, *_ = load_elf(Path("p"), patch(elf(*parts, Load(0x431000, R | W, b"", 7)), START).elf).segments
    assert (code.address, code.memory, code.data[0x20010:]) == (0x400000, 0x20011, b"b")
    assert (data.address, data.memory, data.data) == (0x430000, 0x1007, b"c")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (elf(CODE, Load(0, R, b"/lib/ld.so", type=3)), "dynamically linked: it asks for a loader and libraries; "),
        (elf(CODE, kind=3), "not an executable; link it with -static"),
        (elf(CODE, kind=1), "not an executable; link it with -static"),
        (elf(Load(0x400000, R, b"x")), "no executable segment; link it again"),
        (elf(Load(0x400000, R | W | X, SVC)), "the segment at 0x400000 is writable and executable; separate code from"),
        (elf(CODE, Load(0x400004, R, b"x")), "the segment at 0x400004 overlaps another one; link it again"),
        (elf(CODE, Load(1 << 47, R, b"x")), "the segment at 0x800000000000 is outside the user addresses; "),
        (elf(CODE, Load((1 << 64) - 8, R, b"x" * 16)), "the segment at 0xfffffffffffffff8 is outside the user "),
        (elf(CODE, Load(0x500000, R, b"x" * 9, memory=8)), "the segment at 0x500000 has 9 bytes in the file and 8 in "),
        (elf(CODE)[:0x7A], "the segment at 0x400000 is truncated; link it again"),
        (elf(CODE)[:0x60], "no ELF for AArch64, or a damaged one; build it for aarch64-linux, little-endian"),
        (elf(), "no ELF for AArch64, or a damaged one"),
        (elf(CODE, Load(0x40000000, R, b"x")), "1069547521 bytes from 0x400000 on; link it into 83886080 or fewer"),
        (elf(CODE, *(Load(0x500000 + i * 8192, R | W * (1 - i % 2), b"x") for i in range(3))), "code and data change"),
        (elf(Load(0x400000, R | X, SVC * (CALLS + 1))), f"more than {CALLS} system calls in its code; it is no"),
        (elf(CODE, Load(0x10000000, R | W, b"x")), "its segments reach further than a branch leads; link them"),
    ],
)
def test_a_file_that_cannot_become_a_program_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(ExecutableError) as caught:
        patch(data, START)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (Start("p", ("a\0b",)), "an argument or variable with a zero byte; leave it out"),
        (Start("p", ("a" * (STRING_BYTES + 1),)), "too many arguments and variables; give it at most 4096 strings and"),
        (Start("p", ("",) * 4096), "too many arguments and variables"),
    ],
)
def test_arguments_are_bounded(start: Start, expected: str) -> None:
    with pytest.raises(ExecutableError) as caught:
        patch(elf(CODE), start)
    assert str(caught.value).startswith(expected)


@pytest.mark.promise("tyrne treats programs and descriptions as data until they are checked")
def test_a_damaged_file_is_an_error_or_a_program_and_never_more() -> None:
    draw = random.Random(12)
    whole = bytearray(build("registers.S", *BARE).read_bytes())
    outcomes = set()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 6)):
            at = draw.choice([draw.randrange(0x200), draw.randrange(len(data))])
            data[at] = draw.choice([0, 1, 0x7F, 0xFF, draw.randrange(256)])
        try:
            load_elf(Path("p"), patch(bytes(data), START).elf)
            outcomes.add("a program")
        except (ExecutableError, RequestError) as error:
            outcomes.add(type(error).__name__)
    assert {"a program", "ExecutableError"} <= outcomes


def aliased(flags: int, count: int = 20_000) -> bytes:
    """Segments one behind the other in memory, all of which are the whole of a megabyte of the file."""
    one = elf(Load(0x400000, R | X, NOP * (1 << 18)))
    size = 1 << 20
    headers = b""
    for i in range(count):
        headers += struct.pack("<IIQQQQQQ", 1, flags if i % 2 else R | X, 0, (i + 1) * size, 0, size, size, 1)
    head = bytearray(one[:64])
    struct.pack_into("<Q", head, 32, len(one))
    struct.pack_into("<H", head, 56, count)
    return bytes(head) + one[64:] + headers


SLOW = {
    "code that is one in the file": aliased(R | X),
    "code and data by turns": aliased(R | W),
    "calls across instructions": elf(Load(0x400000, R | X, b"\0" + SVC * (1 << 21))),
    "data in code": elf(CODE, symbols=tuple((0x400000 + i, b"$d" if i % 2 else b"$x") for i in range(200_000))),
    "notes without anything": elf(CODE, Load(0, R, bytes(12) * 500_000, type=4)),
    "zeros without end": elf(CODE, Load(0x600000, R | X, b"x", 1 << 45), Load(1 << 46, R | W, b"x", 1 << 45)),
}


@pytest.mark.promise("The time to read or refuse a description, an ELF or a report grows with its size")
@pytest.mark.parametrize("abi", [None, "linux"])
@pytest.mark.parametrize("content", SLOW)
def test_what_is_made_to_take_long_does_not(tmp_path: Path, content: str, abi: str | None) -> None:
    begun = time.process_time()
    load(tmp_path, SLOW[content], Given(abi))
    assert time.process_time() - begun < 8  # seconds; each takes less than two


@pytest.mark.more  # builds a libc of its own
def test_a_position_independent_file_is_moved_and_the_others_are_not() -> None:
    plain, pie = build("library.c").read_bytes(), build("library.c", *STATIC, "-fPIE", "-static-pie").read_bytes()
    assert (patch(plain, START).base, patch(pie, START).base) == (0, 0x400000)
    assert read_executable(pie).position_independent


# --- who says what a file is


def load(tmp_path: Path, data: bytes, given: Given, name: str = "p") -> str:
    """What becomes of a file: the error, or what is said about the program."""
    (tmp_path / name).write_bytes(data)
    try:
        program = load_program(tmp_path / name, given=given)
    except RequestError as error:
        return str(error).replace(f"{tmp_path}/", "")
    return program.about or " ".join(program.warnings).replace(f"{tmp_path}/", "") or "a program of Tyrne"


EXITS = Load(0x400000, R | X, bytes.fromhex("c80b8052") + SVC)
HINT = "p: does not say for which system it was built, and calls what only Linux has; run it with --abi linux, or write"


@pytest.mark.parametrize(
    ("data", "given", "expected"),
    [
        (elf(CODE), Given(), "a program of Tyrne"),
        (elf(CODE), Given("tyrne"), "a program of Tyrne"),
        (elf(CODE), Given("linux"), "for Linux, 2 calls patched, 1024 pages of heap"),
        (elf(CODE), Given("linux", heap_pages=2), "for Linux, 2 calls patched, 2 pages of heap"),
        (elf(CODE, GNU), Given(), "for Linux, 2 calls patched"),
        (elf(CODE, GNU), Given("linux"), "for Linux, 2 calls patched"),
        (elf(CODE, GNU), Given("tyrne"), "p: built for Linux, as it says itself; leave out that its abi is tyrne"),
        (elf(CODE, TYRNE), Given("linux"), "p: built for Tyrne, as it says itself; leave out that its abi is linux"),
        (elf(EXITS), Given(), f"warning: {HINT}"),
        (elf(EXITS), Given("tyrne"), "a program of Tyrne"),
        (elf(EXITS, Load(0x400008, R | W, b"x")), Given(), HINT),
        (elf(EXITS), Given(args=("a",)), HINT),
        (elf(CODE), Given(args=("a",)), "a program of Tyrne"),
        (elf(CODE), Given("tyrne", files=Path("f")), "p: a program of Tyrne, which is given no files; leave"),
    ],
)
def test_nobody_guesses_for_which_system_a_file_was_built(
    tmp_path: Path, data: bytes, given: Given, expected: str
) -> None:
    assert load(tmp_path, data, given).startswith(expected)


def test_only_executables_are_for_linux_and_only_programs_of_linux_have_arguments(tmp_path: Path) -> None:
    raw = 'p.bin: no executable of Linux; leave out abi = "linux", which only those have'
    assert load(tmp_path, bytes(4), Given("linux"), "p.bin") == raw
    arguments = Given(args=("a",), env=(("A", "b"),))
    assert load(tmp_path, bytes(4), arguments, "p.bin").startswith(
        "p.bin: a program of Tyrne, which is given no args and no env; leave that out"
    )
