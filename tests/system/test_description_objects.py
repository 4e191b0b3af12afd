"""Notifications, memory, devices, badges and mappings in a description: what they say, and their mistakes."""

from pathlib import Path

import pytest
from descriptions import cases, changes, mistakes, read

from tyrne.abi import KNOWN_RIGHTS, CapKind, Rights, rights_over
from tyrne.system.capabilities import right_names
from tyrne.system.parts import Cap, Mapping, Region

GOOD = """\
[system]
name = "objects"
[[endpoint]]
name = "door"
[[notification]]
name = "bell"
[[memory]]
name = "ring"
pages = 2
[[memory]]
name = "rtc"
pages = 1
address = 0x0901_0000
[[task]]
name = "one"
program = "p.bin"
caps = [
  { endpoint = "door", rights = ["SEND"], badge = 0x51 },
  { notification = "bell" },
  { memory = "ring", at = 0x2000_0000 },
  { memory = "ring", rights = ["READ"], at = 0x2000_2000 },
  { memory = "ring", rights = ["READ", "WRITE", "EXECUTE"], at = 0x3000_0000, executable = true },
  { memory = "rtc", at = 0x4000_0000, writable = false },
  { memory = "ring" },
  { task = "one", rights = [] },
]
"""
MAPPED = ", at = 0x4000_0000, writable = false"


def test_objects_are_read_as_written(tmp_path: Path) -> None:
    system = read(tmp_path, GOOD)
    place = f"{tmp_path}/s.toml"
    assert (system.endpoints, system.notifications) == (("door",), ("bell",))
    assert system.memory == (Region("ring", 2, 0, f"{place}:7"), Region("rtc", 1, 0x901_0000, f"{place}:13"))
    (one,) = system.tasks
    both = Rights.READ | Rights.WRITE
    assert one.caps == (
        Cap(0, Rights.SEND, 0x51),
        Cap(0, Rights.NOTIFY | Rights.WAIT, kind=CapKind.NOTIFICATION),
        Cap(0, both, kind=CapKind.MEMORY),
        Cap(0, Rights.READ, kind=CapKind.MEMORY),
        Cap(0, both | Rights.EXECUTE, kind=CapKind.MEMORY),
        Cap(1, both, kind=CapKind.MEMORY),
        Cap(0, both, kind=CapKind.MEMORY),
        Cap(0, Rights.NONE, kind=CapKind.TASK),
    )
    assert one.mappings == (
        Mapping(2, 0x2000_0000, writable=True, executable=False, place=f"{place}:20"),
        Mapping(3, 0x2000_2000, writable=False, executable=False, place=f"{place}:21"),
        Mapping(4, 0x3000_0000, writable=False, executable=True, place=f"{place}:22"),
        Mapping(5, 0x4000_0000, writable=False, executable=False, place=f"{place}:23"),
    )


OBJECTS = {
    "console": ("true", CapKind.DEBUG_CONSOLE, "the console"),
    "clock": ("true", CapKind.CLOCK, "the clock"),
    "endpoint": ('"door"', CapKind.ENDPOINT, "an endpoint"),
    "notification": ('"bell"', CapKind.NOTIFICATION, "a notification"),
    "memory": ('"ring"', CapKind.MEMORY, "a memory region"),
    "task": ('"one"', CapKind.TASK, "a task"),
    "space": ('"one"', CapKind.ADDRESS_SPACE, "an address space"),
    "quota": ("true", CapKind.QUOTA, "a quota"),
    "interrupt": ("34", CapKind.INTERRUPT, "an interrupt"),
}


@pytest.mark.parametrize("key", OBJECTS)
def test_each_kind_of_capability_may_have_the_rights_of_its_kind_and_no_other(tmp_path: Path, key: str) -> None:
    value, kind, what = OBJECTS[key]
    allowed = right_names(rights_over(kind))
    for right in right_names(Rights(int(KNOWN_RIGHTS))):
        text = changes(GOOD, '{ notification = "bell" }', f'{{ {key} = {value}, rights = ["{right}"] }}')
        if right in allowed:
            number = 34 if key == "interrupt" else 0
            assert read(tmp_path, text).tasks[0].caps[1] == Cap(number, Rights[right], kind=kind)
        else:
            wrong = f's:19: no right "{right}" over {what}; write one of {", ".join(allowed)}'
            assert mistakes(tmp_path, text) == [wrong]


@pytest.mark.parametrize("key", OBJECTS)
@pytest.mark.parametrize(
    ("more", "who", "whose"),
    [
        ("badge = 1", ["endpoint"], "endpoints"),
        ("at = 0x5000_0000", ["memory"], "memory"),
        ("at = 0x5000_0000, writable = true", ["memory"], "memory"),
        ("at = 0x5000_0000, executable = false", ["memory"], "memory"),
    ],
)
def test_a_key_of_another_kind_of_capability_is_refused(
    tmp_path: Path, key: str, more: str, who: list[str], whose: str
) -> None:
    value, _, what = OBJECTS[key]
    text = changes(GOOD, '{ notification = "bell" }', f"{{ {key} = {value}, {more} }}", MAPPED, "")
    if key in who:
        read(tmp_path, text)
    else:
        names = [part.split(" = ")[0] for part in more.split(", ")]
        expected = [f's:19: "{name}" is for {whose}, not for {what}; remove it' for name in names]
        assert mistakes(tmp_path, text) == sorted(expected)


WRONG = r"""
- { notification = "bell" }
+ { notification = "ball" }
! s:19: no notification "ball" (there is bell); add a [[notification]] with name = "ball", or correct the name;
    did you mean "bell"?

- { memory = "ring" }
+ { memory = "rung" }
! s:24: no memory "rung" (there is ring, rtc); add a [[memory]] with name = "rung", or correct the name;
    did you mean "ring"?

- { task = "one"
+ { task = "two"
! s:25: no task "two" (there is one); add a [[task]] with name = "two", or correct the name

- { task = "one"
+ { space = "two"
! s:25: no task "two" (there is one); add a [[task]] with name = "two", or correct the name

- { task = "one"
+ { task = true
! s:25: "task" is true; write task = "name"

- { task = "one"
+ { task = "one", space = "one"
! s:25: a capability names one object; write { console = true } or { endpoint = "name" }, one of console,
    clock, endpoint, notification, memory, device, task, space, quota, interrupt (here: task and space)

- { task = "one", rights
+ { clock = false, rights
! s:25: "clock" is false; write clock = true

- { task = "one", rights
+ { clock = "monotonic", rights
! s:25: "clock" is a string; write clock = true

- { task = "one", rights
+ { clock = 1, rights
! s:25: "clock" is a number; write clock = true

- { task = "one", rights
+ { rights
! s:25: a capability names one object; write { console = true } or { endpoint = "name" }, one of console,
    clock, endpoint, notification, memory, device, task, space, quota, interrupt (here: none)

- 0x51
+ -1
! s:18: badge is -1; write a number from 1 to 0xfffffffffffffffe, or 0 for none

- 0x51
+ 0xFFFF_FFFF_FFFF_FFFF
! s:18: badge is 18446744073709551615; write a number from 1 to 0xfffffffffffffffe, or 0 for none

- pages = 2
+ pages = 0
! s:9: pages is 0; write a number from 1 to 20480

- pages = 2
+ pages = 20481
! s:9: pages is 20481; write a number from 1 to 20480

- pages = 2\n[[memory]]
+ [[memory]]
! s:7: no "pages" in [[memory]]; add pages = 1, or file = "data.bin"

- pages = 2
+ pages = 2\nsize = 1
! s:10: unknown key "size" in [[memory]]; the keys are name, pages, address, dma, file

- name = "rtc"
+ name = "ring"
! s:11: a second memory region "ring"; give each memory region its own name
! s:23: no memory "rtc" (there is ring, ring); add a [[memory]] with name = "rtc", or correct the name

- name = "bell"
+ name = ""
! s:6: the name '' is not usable; write 1 to 32 printable bytes
! s:19: no notification "bell" (there is none); add a [[notification]] with name = "bell", or correct the name

- name = "bell"
+ name = "bell"\npages = 1
! s:7: unknown key "pages" in [[notification]]; the keys are name

- address = 0x0901_0000
+ address = "rtc"
! s:13: "address" is a string; write address = 0x0901_0000

- 0x2000_2000
+ 0x2000_1000
! s:21: memory "ring" at 0x20001000 overlaps memory "ring" at 0x20000000; map it elsewhere, such as from
    0x20002000 on

- 0x2000_2000
+ 0x1FFF_F000
! s:21: memory "ring" at 0x1ffff000 overlaps memory "ring" at 0x20000000; map it elsewhere, such as from
    0x20002000 on

- 0x2000_2000
+ 0x2000_0000
! s:21: memory "ring" at 0x20000000 overlaps memory "ring" at 0x20000000; map it elsewhere, such as from
    0x20002000 on

- 0x2000_2000
+ 0x2000_2008
! s:21: at 0x20002008 does not begin a page; write a multiple of 0x1000

- 0x2000_2000
+ 0
! s:21: 0x0 to 0x2000 is outside the user addresses; write an address from 0x1000 to 0xffffffffe000

- 0x2000_2000
+ 0xFFFF_FFFF_F000
! s:21: 0xfffffffff000 to 0x1000000001000 is outside the user addresses; write an address from 0x1000 to
    0xffffffffe000

- 0x2000_2000
+ -4096
! s:21: -0x1000 to 0x1000 is outside the user addresses; write an address from 0x1000 to 0xffffffffe000

- 0x2000_2000
+ "low"
! s:21: "at" is a string; write at = 0x1000_0000

- at = 0x2000_2000
+ writable = true
! s:21: "writable" without "at"; add at = 0x1000_0000, the address, or remove it

- at = 0x2000_2000
+ executable = true
! s:21: "executable" without "at"; add at = 0x1000_0000, the address, or remove it

- 0x2000_2000
+ 0x2000_2000, writable = true
! s:21: memory "ring" is mapped writable without the right WRITE; write rights = ["READ", "WRITE"]

- 0x2000_2000
+ 0x2000_2000, executable = true
! s:21: memory "ring" is mapped executable without the right EXECUTE; write rights = ["READ", "EXECUTE"]

- ["READ"]
+ ["DERIVE"]
! s:21: memory "ring" is mapped without the right READ; write rights = ["DERIVE", "READ"]

- ["READ"]
+ ["READ", "WRITE", "EXECUTE"]
- 0x2000_2000
+ 0x2000_2000, writable = true, executable = true
! s:21: no memory is writable and executable at once; remove writable or executable

- 0x2000_2000
+ 0x2000_2000, writable = 1
! s:21: "writable" is a number; write writable = true

- { memory = "rtc", at = 0x4000_0000, writable = false
+ { memory = "rtc", rights = ["READ", "EXECUTE"], at = 0x4000_0000, executable = true
! s:23: memory "rtc" is a device, and is never executed; remove executable

- 0x2000_0000
+ 0x5000_0000
- pages = 2
+ pages = 513
! s:9: pages is 513; above 512 memory is made of blocks of 512 pages, write 1024

- pages = 1
+ pages = 600
- 0x0901_0000
+ 0x0400_0000
! s:23: memory "rtc" has 600 pages, which are not blocks of 0x200000 bytes; let the task derive a part of
    at most 512 pages and map that

- 0x2000_2000
+ 0x5000_1000
- pages = 2
+ pages = 1024
! s:21: at 0x50001000 does not begin a block, and memory "ring" is mapped by blocks; write a multiple of 0x200000

- { memory = "ring" }
+ { memory = "ring", at = 0x5000_0000 }
! s:24: more than 4 memory regions mapped from the start; let the task map the others
"""


@pytest.mark.parametrize(("change", "expected"), cases(WRONG))
def test_a_wrong_object_is_named_with_its_line_and_mend(tmp_path: Path, change: list[str], expected: list[str]) -> None:
    assert mistakes(tmp_path, changes(GOOD, *change)) == expected


def test_the_largest_addresses_and_numbers_are_usable(tmp_path: Path) -> None:
    text = changes(GOOD, "0x2000_2000", "0xFFFF_FFFF_E000", "0x2000_0000", "0x1000", "0x51", "0xFFFF_FFFF_FFFF_FFFE")
    (one,) = read(tmp_path, text).tasks
    assert [mapping.address for mapping in one.mappings[:2]] == [0x1000, 0xFFFF_FFFF_E000]
    assert one.caps[0].badge == (1 << 64) - 2
    below = changes(GOOD, "0x2000_2000", "0x1FFF_E000")
    assert read(tmp_path, below).tasks[0].mappings[1].address == 0x1FFF_E000
    mapped = changes(GOOD, "pages = 2", "pages = 512", "0x2000_2000", "0x2020_0000")
    assert read(tmp_path, mapped).memory[0].pages == 512


KERNELS = "which is the kernel's, unless a [[device]] with kind = \"serial\" gives it to a task"
KNOWN = (
    "there is flash at 0x4000000 (16384 pages), clock (PL031) at 0x9010000 (1 page), "
    "GPIO (PL061) at 0x9030000 (1 page), virtio at 0xa000000 (4 pages)"
)


@pytest.mark.parametrize(
    ("address", "pages", "expected"),
    [
        ("0x0901_0004", 1, "0x9010004 does not begin a page; write a multiple of 0x1000"),
        ("-1", 1, "-0x1 does not begin a page; write a multiple of 0x1000"),
        ("-4096", 1, f"-0x1000 to 0x0 lies in no device; {KNOWN}"),
        ("0", 1, f"0x0 to 0x1000 lies in no device; {KNOWN}"),
        ("0x4000_0000", 1, "0x40000000 to 0x40001000 is RAM; leave address out, and the kernel finds pages"),
        ("0x47FF_F000", 1, "0x47fff000 to 0x48000000 is RAM; leave address out, and the kernel finds pages"),
        ("0x3FFF_F000", 1, f"0x3ffff000 to 0x40000000 lies in no device; {KNOWN}"),
        ("0x0802_0000", 1, f"0x8020000 to 0x8021000 lies in no device; {KNOWN}"),
        ("0x3FFF_F000", 2, "0x3ffff000 to 0x40001000 is RAM; leave address out, and the kernel finds pages"),
        ("0x7FFF_F000", 1, "0x7ffff000 to 0x80000000 is RAM; leave address out, and the kernel finds pages"),
        ("0x8000_0000", 1, f"0x80000000 to 0x80001000 lies in no device; {KNOWN}"),
        ("0x0800_0000", 1, f"0x8000000 to 0x8001000 holds the interrupt controller, which is the kernel's; {KNOWN}"),
        ("0x0801_F000", 1, f"0x801f000 to 0x8020000 holds the interrupt controller, which is the kernel's; {KNOWN}"),
        ("0x07FF_F000", 2, f"0x7fff000 to 0x8001000 holds the interrupt controller, which is the kernel's; {KNOWN}"),
        ("0x0900_0000", 1, f"0x9000000 to 0x9001000 holds the serial line, {KERNELS}; {KNOWN}"),
        ("0x0900_0000", 17, f"0x9000000 to 0x9011000 holds the serial line, {KERNELS}; {KNOWN}"),
        ("0x0902_0000", 1, f"0x9020000 to 0x9021000 holds fw_cfg, which can write to all memory; {KNOWN}"),
        ("0x0901_0000", 2, f"0x9010000 to 0x9012000 lies in no device; {KNOWN}"),
        ("0x0A00_4000", 1, f"0xa004000 to 0xa005000 lies in no device; {KNOWN}"),
        ("0xFFFF_FFFF_FFFF_F000", 1, f"0xfffffffffffff000 to 0x10000000000000000 lies in no device; {KNOWN}"),
    ],
)
def test_what_is_no_device_for_tasks_is_named_with_those_that_are(
    tmp_path: Path, address: str, pages: int, expected: str
) -> None:
    text = changes(GOOD, "0x0901_0000", address, "pages = 1", f"pages = {pages}")
    assert mistakes(tmp_path, text)[0] == f"s:13: {expected}"


@pytest.mark.parametrize(
    ("address", "pages"),
    [("0x0400_0000", 16_384), ("0x0901_0000", 1), ("0x0903_0000", 1), ("0x0A00_0000", 4), ("0x0A00_3000", 1)],
)
def test_a_device_is_given_whole_or_in_part(tmp_path: Path, address: str, pages: int) -> None:
    text = changes(GOOD, "0x0901_0000", address, "pages = 1", f"pages = {pages}", MAPPED, "")
    assert read(tmp_path, text).memory[1].pages == pages


def test_a_device_is_given_once(tmp_path: Path) -> None:
    device = '[[memory]]\nname = "{}"\npages = {}\naddress = {:#x}\n'
    good = GOOD + device.format("a", 2, 0xA00_0000)
    assert len(read(tmp_path, good + device.format("b", 2, 0xA00_2000)).memory) == 4
    for address, pages in ((0xA00_1000, 1), (0xA00_0000, 2), (0xA00_1000, 3)):
        assert mistakes(tmp_path, good + device.format("b", pages, address)) == [
            's:34: overlaps memory "a"; give the device once, and let its holder derive parts'
        ]
