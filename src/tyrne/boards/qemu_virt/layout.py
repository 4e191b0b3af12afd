"""Where the linker script put the parts of the image, as physical addresses."""

from __future__ import annotations

from tyrne.boards.qemu_virt.tables import ImageLayout
from tyrne.lang import u64
from tyrne.lang.machine import symbol_address


def image_layout(offset: u64) -> ImageLayout:
    """`offset` is what the addresses of symbols have in excess: 0 while the MMU is off, `DIRECT_MAP` after."""
    # audit: U-06
    text, constants = symbol_address(b"image_start"), symbol_address(b"constants_start")
    # audit: U-06
    data, kernel_guard = symbol_address(b"data_start"), symbol_address(b"kernel_guard")
    # audit: U-06
    emergency_guard, emergency_end = symbol_address(b"emergency_guard"), symbol_address(b"emergency_stack_end")
    # audit: U-06
    manifest, end = symbol_address(b"manifest_start"), symbol_address(b"manifest_end")
    # audit: U-06
    tables = symbol_address(b"boot_tables")
    return ImageLayout(
        text=text - offset,
        constants=constants - offset,
        data=data - offset,
        kernel_guard=kernel_guard - offset,
        emergency_guard=emergency_guard - offset,
        emergency_end=emergency_end - offset,
        manifest=manifest - offset,
        end=end - offset,
        tables=tables - offset,
    )
