"""Where the linker script put the parts of the image, as physical addresses."""

from __future__ import annotations

from tyrne.boards.qemu_virt.tables import ImageLayout
from tyrne.lang import u64
from tyrne.lang.machine import symbol_address


def image_layout(offset: u64) -> ImageLayout:
    """`offset` is what the addresses of symbols have in excess: 0 while the MMU is off, `DIRECT_MAP` after."""
    return ImageLayout(
        text=symbol_address(b"image_start") - offset,  # audit: U-06
        constants=symbol_address(b"constants_start") - offset,  # audit: U-06
        data=symbol_address(b"data_start") - offset,  # audit: U-06
        kernel_guard=symbol_address(b"kernel_guard") - offset,  # audit: U-06
        emergency_guard=symbol_address(b"emergency_guard") - offset,  # audit: U-06
        emergency_end=symbol_address(b"emergency_stack_end") - offset,  # audit: U-06
        manifest=symbol_address(b"manifest_start") - offset,  # audit: U-06
        end=symbol_address(b"manifest_end") - offset,  # audit: U-06
        tables=symbol_address(b"boot_tables") - offset,  # audit: U-06
    )
