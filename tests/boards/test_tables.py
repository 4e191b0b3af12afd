"""The boot tables, built over a fake memory and walked as the MMU does."""

import pytest
from table_walk import Leaf, check_no_page_is_writable_and_executable, leaves

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, DISTRIBUTOR, RAM_LIMIT, RAM_START, UART
from tyrne.boards.qemu_virt.tables import TABLES, ImageLayout, Roots, build, drop_low_half
from tyrne.lang import u64

PAGE, BLOCK = 0x1000, 0x20_0000
TEXT = 0x4008_0000


class Words:
    """RAM that was zeroed, and nothing outside the tables may be written."""

    def __init__(self, image: ImageLayout) -> None:
        self.words: dict[int, int] = {}
        self.allowed = range(int(image.tables), int(image.tables + TABLES * PAGE))

    def write64(self, address: u64, value: u64) -> None:
        assert int(address) in self.allowed and address % 8 == 0
        self.words[int(address)] = int(value)

    def read64(self, address: int) -> int:
        return self.words.get(address, 0)


def layout(manifest_pages: int) -> ImageLayout:
    manifest = TEXT + 0x60000
    return ImageLayout(
        text=u64(TEXT),
        constants=u64(TEXT + 0x8000),
        data=u64(TEXT + 0xA000),
        kernel_guard=u64(TEXT + 0x50000),
        emergency_guard=u64(TEXT + 0x55000),
        emergency_end=u64(manifest),
        manifest=u64(manifest),
        end=u64(manifest + manifest_pages * PAGE),
        tables=u64(TEXT + 0xB000),
    )


SIZES = [1, 0x120, 0x121, 0x320, 0x1321]
"""In pages: within the first block, up to its end, one page further, up to the second's end, and over many blocks."""


ENDS = [0x4800_0000, 0x4820_0000, int(RAM_LIMIT)]
"""Where RAM ends: that of 128 MiB, a block more, and 1 GiB."""


def built(manifest_pages: int, ram_end: int = ENDS[0]) -> tuple[ImageLayout, Words, Roots]:
    image = layout(manifest_pages)
    memory = Words(image)
    return image, memory, build(memory, image, u64(ram_end))


def high_half(manifest_pages: int, ram_end: int = ENDS[0]) -> tuple[ImageLayout, list[Leaf]]:
    image, memory, roots = built(manifest_pages, ram_end)
    return image, list(leaves(memory.read64, int(roots.high), 0xFFFF << 48))


@pytest.mark.promise(
    "No page is writable and executable, for user programs and for the kernel alike",
    (
        "The kernel maps all free RAM writable for itself, not executable, so the frames of a program's code have a "
        "writable alias that only the kernel can reach"
    ),
)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("pages", SIZES)
def test_no_page_is_writable_and_executable_in_either_half(pages: int, end: int) -> None:
    _, memory, roots = built(pages, end)
    both = [*leaves(memory.read64, int(roots.high), 0xFFFF << 48), *leaves(memory.read64, int(roots.low))]
    check_no_page_is_writable_and_executable(both)
    assert not any(leaf.user or leaf.user_executes for leaf in both)


@pytest.mark.promise(
    "The kernel's own text is executable and read-only, its constants are read-only, its data is not executable",
    "Guard pages lie below its stacks",
)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("pages", SIZES)
def test_each_part_of_the_image_has_its_permissions(pages: int, end: int) -> None:
    image, mapped = high_half(pages, end)
    kinds = {
        int(page): (leaf.writable, leaf.kernel_executes)
        for leaf in mapped
        if not leaf.device
        for page in range(leaf.physical, leaf.physical + leaf.size, PAGE)
    }
    data, code, constant = (True, False), (False, True), (False, False)
    expected = dict.fromkeys(range(int(RAM_START), end, PAGE), data)
    expected |= dict.fromkeys(range(int(image.text), int(image.constants), PAGE), code)
    expected |= dict.fromkeys(range(int(image.constants), int(image.data), PAGE), constant)
    expected |= dict.fromkeys(range(int(image.manifest), int(image.end), PAGE), constant)
    del expected[int(image.kernel_guard)], expected[int(image.emergency_guard)]
    assert kinds == expected


@pytest.mark.promise("There is no second, writable mapping of the text")
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("pages", SIZES)
def test_the_high_half_is_the_direct_map(pages: int, end: int) -> None:
    _, mapped = high_half(pages, end)
    assert all(leaf.virtual == leaf.physical + DIRECT_MAP for leaf in mapped)
    assert all(leaf.is_global for leaf in mapped)
    assert len({leaf.virtual for leaf in mapped}) == len(mapped)


def test_devices_are_two_blocks() -> None:
    _, mapped = high_half(1)
    devices = [leaf for leaf in mapped if leaf.device]
    assert [(leaf.physical, leaf.size) for leaf in devices] == [(DISTRIBUTOR, BLOCK), (UART, BLOCK)]
    assert all(leaf.writable and not leaf.executable for leaf in devices)


def test_the_low_half_is_one_page_of_code_until_it_is_dropped() -> None:
    image, memory, roots = built(1)
    (page,) = leaves(memory.read64, int(roots.low))
    assert (page.virtual, page.physical, page.size) == (TEXT, TEXT, PAGE)
    assert page.kernel_executes and not page.writable and not page.is_global
    drop_low_half(memory, image)
    assert list(leaves(memory.read64, int(roots.low))) == []


def test_a_kernel_beyond_the_first_block_is_refused() -> None:
    image = layout(1)
    too_long = ImageLayout(
        image.text,
        image.constants,
        image.data,
        image.kernel_guard,
        image.emergency_guard,
        u64(RAM_START + BLOCK + PAGE),
        u64(RAM_START + BLOCK + PAGE),
        u64(RAM_START + BLOCK + 2 * PAGE),
        image.tables,
    )
    with pytest.raises(AssertionError):
        build(Words(image), too_long, u64(ENDS[0]))


@pytest.mark.parametrize("end", [0, TEXT + 0x61000, ENDS[0] + PAGE, int(RAM_LIMIT) + BLOCK])
def test_ram_that_ends_in_the_image_or_in_a_block_or_is_too_large_is_refused(end: int) -> None:
    with pytest.raises(AssertionError):
        built(1, end)
