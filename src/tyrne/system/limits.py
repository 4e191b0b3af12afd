"""How large a system may be. A system within these limits always fits into the RAM of every machine."""

from __future__ import annotations

from typing import Final

from tyrne.abi import SIGNAL_BADGE
from tyrne.hal import image, manifest
from tyrne.hal.aarch64 import descriptors
from tyrne.hal.interrupt import MOST_SEED
from tyrne.hal.pages import PAGE_SIZE
from tyrne.kernel import config

PAGE: Final = int(PAGE_SIZE)
TASKS: Final = config.MAX_TASKS
ENDPOINTS: Final = config.MAX_ENDPOINTS
NOTIFICATIONS: Final = config.MAX_NOTIFICATIONS
SPACES: Final = config.MAX_SPACES - 1
"""Address spaces of tasks; the kernel has one more."""
REGIONS: Final = config.MAX_REGIONS
"""Memory regions, those that tasks make included."""
BOOT_REGIONS: Final = 16
"""Memory regions of a description."""
QUOTAS: Final = config.MAX_QUOTAS - 1
"""Quotas of tasks, of which each has one; the kernel has one more."""
CAPS: Final = manifest.MAX_CAPS
"""Capabilities that one task starts with."""
MAPPINGS: Final = manifest.MAX_MAPPINGS
"""Memory regions that one task has mapped from the start."""
SEGMENTS: Final = image.MAX_SEGMENTS
LINES: Final = config.MAX_LINES
"""Interrupt lines."""
PRIORITIES: Final = int(config.PRIORITIES)
NAME_BYTES: Final = manifest.NAME_LENGTH
SEED: Final = int(MOST_SEED)
"""The largest seed of `--preempt-calls`."""
USER_VA_LIMIT: Final = int(descriptors.USER_LIMIT)
"""One past the highest address of a user program."""
BADGE_MAX: Final = int(SIGNAL_BADGE) - 1
"""The badge above it stands for signals."""

STACK_PAGES: Final = 2_048
"""8 MiB."""
SMALL_STACK_PAGES: Final = 64
"""256 KiB: there is always room for that much of each stack. The pages above count with the memory regions."""
STACK_GUARD: Final = 1 << 20
"""Bytes below the stack of a program where nothing is mapped. A raw image has none: its stack stands on it."""
MAPPED_PAGES: Final = int(config.MAX_PIECES)
"""2 MiB: what is mapped by pages. More is mapped by blocks of as much each, at multiples of 2 MiB."""
BLOCK: Final = MAPPED_PAGES * PAGE
"""Bytes."""
RAM: Final = 128 << 20
"""Bytes of a machine whose system asks for no more (tyrne.system.ram)."""
SHARED_FRAMES: Final = 20_480
"""80 MiB of it for memory regions, quotas of frames and large stacks; the rest is for the kernel and the programs."""
IMAGE_BYTES: Final = 64 << 20
"""The image of a block device."""
FRAME_FILE_BYTES: Final = 16 << 20
"""A file of frames for a network device."""
CAPTURE_BYTES: Final = 64 << 20
"""Of frames that went over the wire of one in a run, in the file that the run leaves."""
FORWARDS: Final = 16
"""Ports of the host that lead to a system."""
FORWARDED_BYTES: Final = 16 << 20
"""Of frames that come through them into a hosted or native run with a report, which has to have all of them."""
INPUT_BYTES: Final = 16 << 20
"""What is typed into a console from a file."""
SLICE_MIN: Final = 1_000
"""Instructions. In a shorter slice a kernel that is never done with one tick before the next lets no task run."""
SLICE_MAX: Final = (1 << 48) - 1
PROGRAM_BYTES: Final = int(config.MAX_FRAMES) * PAGE
"""The memory of one program, from its lowest to its highest page without the gaps: all that a machine may have, of
which a system has less."""
SMALL_PROGRAM_PAGES: Final = 512
"""There is always room for that much of each program: 1 MiB of memory, and 1 MiB that it is copied from. The pages
above count with the memory regions."""
THREADS: Final = 8
"""Of one program of Linux: each is a task and a notification, and its program has a task more for all of them."""
FILE_BYTES: Final = 16 << 20
"""The file of a program, debug information included."""
SOURCE_BYTES: Final = 1 << 20
"""A source file."""
SOURCES: Final = 256
"""The sources of one program, and likewise its folders of headers and its definitions."""
DESCRIPTION_BYTES: Final = 256 << 10
"""A system description, with much room for comments."""
