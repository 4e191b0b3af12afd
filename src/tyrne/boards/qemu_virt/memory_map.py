"""Where things are: physical addresses of QEMU's `virt` board, and the kernel's view of them."""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64

RAM_START: Final = u64(0x4000_0000)
RAM_LIMIT: Final = u64(0x8000_0000)
"""RAM ends here at the latest; where it does, the manifest says."""
DISTRIBUTOR: Final = u64(0x0800_0000)
"""GICv2 distributor (GICD)."""
CPU_INTERFACE: Final = u64(0x0801_0000)
"""GICv2 CPU interface (GICC)."""
UART: Final = u64(0x0900_0000)
"""PL011."""
GPIO: Final = u64(0x0903_0000)
"""PL061."""

DIRECT_MAP: Final = u64(0xFFFF_FFFF_0000_0000)
"""Added to a physical address, gives the kernel's virtual address of RAM, of the image and of the devices."""
