"""What a board tells the kernel of itself before the kernel starts."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.lang import u64


@dataclass(frozen=True)
class BootInfo:
    """Physical addresses, all multiples of the page size: RAM, the kernel image in it, and the manifest in that.

    [ram_start, ram_end) is all RAM; [image_start, image_end) holds the kernel, its data, its stacks and the manifest.
    """

    ram_start: u64
    ram_end: u64
    image_start: u64
    image_end: u64
    manifest: u64
