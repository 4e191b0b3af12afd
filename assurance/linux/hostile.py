"""What a seed makes for the fuzz of the library OS: programs that call Linux at random, and damaged archives."""

from __future__ import annotations

import struct
from random import Random
from typing import Final

from tyrne.linux.archive import entry
from tyrne.linux.calls import CALLS
from tyrne.linux.numbers import NAMES, NUMBERS
from tyrne.linux.start import OUT, OUT_BYTES

CODE: Final = 0x40_0000
DATA: Final = 0x50_0000
CALLS_MOST: Final = 400
_RECORD: Final = struct.Struct("<8Q")
_STRINGS: Final = 0x8000
"""Where the paths lie in the data, behind the calls."""
_BUFFERS: Final = 0xC000
_DATA_BYTES: Final = 0x1_0000
_LOOP: Final = (
    0xD2A00014 | DATA >> 16 << 5,  # movz x20, #DATA >> 16, lsl #16
    0xA8C10288,  # ldp x8, x0, [x20], #16
    0xA8C10A81,  # ldp x1, x2, [x20], #16
    0xA8C11283,  # ldp x3, x4, [x20], #16
    0xA8C15685,  # ldp x5, x21, [x20], #16
    0xB100051F,  # cmn x8, #1
    0x54000000 | 3 << 5,  # b.eq: behind the branch back
    0xD4000001,  # svc #0
    0x14000000 | (-7 & 0x3FF_FFFF),  # b to the first ldp
    0xD2800000,  # mov x0, #0
    0xD2800BC8,  # mov x8, #94, exit_group
    0xD4000001,
)
"""Makes the calls at DATA, one after the other, up to one whose number is -1."""
PATH_TEXTS: Final = (
    *(b"/", b".", b"..", b"", b"a", b"a/b", b"folder", b"folder/inner", b"link", b"loop", b"/tmp/x", b"new"),
    *(b"/dev/null", b"/dev/zero", b"/dev/urandom", b"../../../etc/passwd", b"/proc/self/mem", b"x" * 255, b"x" * 300),
    *(b"a/" * 1500, b"folder/../folder/./inner/", b"\xff\xfe", b"a\x1b[2Jb", b"/dev", b"/tmp", b"folder/new"),
)
_ENDS: Final = ("exit", "exit_group", "rt_sigsuspend", "rt_sigreturn", "kill", "tkill", "tgkill")
"""Those that end most programs are only drawn among those that are wild."""
_ANSWERED: Final = tuple(call.name for call in CALLS if call.name not in _ENDS)
_TAKES: Final = {
    name: kinds
    for names, kinds in (
        ("read write", "dbn"), ("readv writev", "dvc"), ("pread64 pwrite64", "dbno"), ("close dup fsync", "d"),
        ("dup3", "dif"), ("fcntl", "dfb"), ("pipe2 uname times sysinfo", "b"), ("lseek", "doc"), ("ftruncate", "do"),
        ("ppoll", "vcbb"), ("openat", "apff"), ("symlinkat", "pap"), ("mkdirat", "apf"), ("unlinkat", "apf"),
        ("execveat", "apbb"), ("renameat renameat2 linkat", "apapc"), ("truncate", "po"), ("chdir statfs execve", "pb"),
        ("fchdir", "d"), ("getcwd", "bn"), ("fstat", "db"), ("newfstatat", "apbf"), ("statx", "apffb"),
        ("faccessat faccessat2", "apcf"), ("readlinkat", "apbn"), ("fchmod", "df"), ("fchmodat", "apf"),
        ("fchownat", "apii"), ("utimensat", "apbf"), ("getdents64", "dbn"), ("clock_gettime clock_getres", "ib"),
        ("gettimeofday", "bb"), ("nanosleep", "bb"), ("clock_nanosleep", "ifbb"), ("getrusage", "ib"),
        ("getresuid getresgid", "bbb"), ("getgroups", "ib"), ("prctl", "ib"), ("getrlimit", "cb"),
        ("prlimit64", "icbb"), ("futex", "bfibbi"), ("sched_getaffinity", "inb"), ("getcpu", "bb"),
        ("getrandom", "bni"), ("rt_sigaction", "cbbn"), ("rt_sigprocmask", "cbbn"), ("rt_sigpending", "bn"),
        ("rt_sigtimedwait", "bbbn"), ("rt_sigqueueinfo", "icb"), ("rt_tgsigqueueinfo", "iicb"), ("sigaltstack", "bb"),
        ("clone", "tbbbb"), ("set_tid_address", "b"),
        ("brk", "m"), ("mmap", "mnffdo"), ("munmap", "mn"), ("mremap", "mnnfm"), ("mprotect", "mnc"),
        ("madvise", "mnc"), ("getxattr lgetxattr", "ppbn"), ("ioctl", "dib"),
    )
    for name in names.split()
}  # fmt: skip
"""What calls take: p a path, a where it begins, b memory, v buffers or what is polled, n a length, c a small number,
o an offset, f flags, t flags of a thread, m an address to be mapped, d and all others a small number or a bit."""
_THREADS: Final = (0x3D_0F00, 0x5_0F00, 0x1_0F00, 0x139_0F00)
"""Flags with which musl, Go and others make a thread."""
_HERE: Final = (1 << 64) - 100
"""AT_FDCWD."""
_MODES: Final = (0o100644, 0o100755, 0o040755, 0o120777, 0o020666, 0o060600, 0o140777, 0, 0xFFFF_FFFF)
_NAMES: Final = (
    *(b"a", b"a/b", b"a/b/c", b"folder", b"folder/inner", b"link", b"link/x", b"loop", b"loop/loop", b"file-link"),
    *(b"../outside/secret", b"..", b"/", b"//", b"", b".", b"./a", b"a/../../outside/new", b"dev/null", b"tmp", b"dev"),
    *(b"x" * 255, b"y" * 256, b"d/" * 70 + b"e", b"\xff", b"new\nline", b"\x1b[2J", b"TRAILER!!!", b"a\0b"),
)


def caller(random: Random) -> bytes:
    """A static executable for Linux that makes calls as a seed draws them."""
    data, paths = bytearray(_DATA_BYTES), []
    at = _STRINGS
    for text in PATH_TEXTS:
        data[at : at + len(text)] = text
        paths.append(DATA + at)
        at += len(text) + 1
    data[_BUFFERS:] = random.randbytes(_DATA_BYTES - _BUFFERS)
    for place in range(_BUFFERS, _BUFFERS + 0x400, 16):  # may be a vector of buffers, times, sets, addresses
        struct.pack_into("<QQ", data, place, _argument(random, paths, "b"), random.choice((0, 1, 16, 2000)))
    for number in range(CALLS_MOST):
        _RECORD.pack_into(data, number * _RECORD.size, *_call(random, paths), 0)
    _RECORD.pack_into(data, CALLS_MOST * _RECORD.size, (1 << 64) - 1, *[0] * 7)
    return _executable(struct.pack(f"<{len(_LOOP)}I", *_LOOP), bytes(data))


def _call(random: Random, paths: list[int]) -> list[int]:
    """A number and six arguments: mostly of a call that the library answers, and mostly such as it takes."""
    if random.random() < 0.01:
        return [random.choice((*NAMES, 451, 10_000, 1 << 63)), *(_wild(random, paths) for _ in range(6))]
    name = random.choice(_ANSWERED)
    kinds = _TAKES.get(name, "").ljust(6, "i")
    return [NUMBERS[name], *(_argument(random, paths, kind) for kind in kinds)]


def _argument(random: Random, paths: list[int], kind: str) -> int:
    """What a call takes there; one in some hundred is what none takes."""
    if random.random() < 0.003:
        return _wild(random, paths)
    match kind:
        case "p":
            return random.choice(paths)
        case "a":
            return random.choice((_HERE, _HERE, _HERE, random.randrange(9)))
        case "b":
            return DATA + _BUFFERS + random.randrange(0x400, 0x2000, 8)
        case "v":
            return DATA + _BUFFERS + random.randrange(0, 0x200, 16)
        case "n":
            return random.choice((0, 1, 7, 8, 16, 64, 100, 1000, 4096, 0x1000))
        case "c":
            return random.randrange(6)
        case "o":
            return random.choice((0, 1, 5, 4096, 8191, 100_000, 1 << 40, (1 << 64) - 1, 1 << 63))
        case "f":
            return random.choice((0, 1, 2, 0o100, 0o101, 0o102, 0o1002, 0o2001, 0o200000, random.getrandbits(24)))
        case "t":
            return random.choice((*_THREADS, 0x11, random.getrandbits(24)))
        case "m":
            return random.choice((0, 0, CODE, DATA + _DATA_BYTES + random.randrange(0, 0x40_0000, 0x1000), 1 << 40))
    return random.choice((0, random.randrange(9), random.randrange(70), 1 << random.randrange(64)))


def _wild(random: Random, paths: list[int]) -> int:
    """Anything: a number, or a pointer to the ends of what is mapped, to the library's own data, to nowhere."""
    behind = DATA + _DATA_BYTES + random.randrange(0, 0x20_0000, 8)
    ends = (0, 8, CODE, DATA + _DATA_BYTES - 8, OUT, OUT + 16, OUT + OUT_BYTES - 8, 1 << 47, 0xFFFF_0000_4008_0000)
    number = (1 << random.randrange(64)) + random.randrange(-1, 2) & (1 << 64) - 1
    return random.choice((*ends, behind, behind, number, random.getrandbits(64), random.choice(paths)))


def _executable(code: bytes, data: bytes) -> bytes:
    """An ELF with a mark that says Linux, of one segment of code and one of data."""
    identity = b"\x7fELF\2\1\1\3".ljust(16, b"\0")
    header = struct.pack("<16sHHIQQQIHHHHHH", identity, 2, 183, 1, CODE, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    parts = ((5, 0x1000, CODE, code), (6, 0x2000, DATA, data))
    table = b"".join(
        struct.pack("<IIQQQQQQ", 1, flags, offset, address, address, len(content), len(content), 0x1000)
        for flags, offset, address, content in parts
    )
    return (header + table).ljust(0x1000, b"\0") + code.ljust(0x1000, b"\0") + data


def archive(random: Random, names: tuple[bytes, ...] = _NAMES) -> bytes:
    """An archive of entries that a seed draws, of which some lead out, are links in a circle, or are damaged."""
    made = bytearray()
    for number in range(random.randrange(12)):
        mode = _MODES[min(random.randrange(12), len(_MODES) - 1)] if random.random() < 0.5 else 0o100644
        content = random.choice((b"", b"text\n", random.randbytes(random.randrange(5000)), *names[:9]))
        made += entry(random.choice(names), mode, content, number)
    if random.random() < 0.8:
        made += entry(b"TRAILER!!!", 0, b"", 0)
    for _ in range(random.choice((0, 0, 1, 1, 3, 30))):
        _damage(random, made)
    return bytes(made)


def _damage(random: Random, made: bytearray) -> None:
    if not made:
        return
    at = random.randrange(len(made))
    match random.randrange(5):
        case 0:
            made[at] = random.randrange(256)
        case 1:
            field = bytes(random.choice((b"FFFFFFFF", b"00000000", b"7FFFFFFF", b"00000001", b"80000000", b"-0000001")))
            made[at : at + 8] = field[: len(made) - at]
        case 2:
            del made[at:]
        case 3:
            made[at:at] = made[: random.randrange(200)]
        case _:  # a field of the first header: mode, size of the content or of the name
            if len(made) >= 110:
                place = 6 + 8 * random.choice((1, 6, 11))
                made[place : place + 8] = b"%08X" % random.choice((0, 1, 4, 0xFFFF, 0xFFFF_FFFF, 0x7FFF_FFFC, 0x4000))


def left_behind(random: Random) -> bytes:
    """What a hostile program may leave in the memory of which files are made: any length, anything after it."""
    content = archive(random)
    lengths = (len(content), len(content), 0, 1, OUT_BYTES, 1 << 63, (1 << 64) - 1, random.getrandbits(16))
    length = random.choice(lengths)
    rest = random.choice((b"", random.randbytes(200), archive(random)))
    return (struct.pack("<QQ", length, random.choice((0, 3, (1 << 64) - 1))) + content + rest)[:OUT_BYTES]
