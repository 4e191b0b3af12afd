"""A QEMU that runs now, read through its gdb socket with the debug information of its image.

| file | what it does |
|---|---|
| machine.py | brings the machine to the edge of a transition, and reads the kernel there |
| filling.py | fills the kernel's own objects with what memory says |
| sound.py | whether who follows their references comes to an end |
| beginning.py | what is known of the past: what the system had when it had booted |
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tyrne.inspect.live.beginning import boot
from tyrne.inspect.live.machine import LiveMachine
from tyrne.inspect.objects import Inspection
from tyrne.system.explanation import explainer_of
from tyrne.system.kernel_check import check_kernel
from tyrne.system.kernel_image import image_of, read_image
from tyrne.system.known import known_system
from tyrne.system.qemu_gdb import Stub

__all__ = ["LiveMachine", "inspect_live"]

START_SECONDS: Final = 5.0
"""How long a QEMU whose socket is there may take to listen."""
LOOK_SECONDS: Final = 60.0
"""How long all that is asked of QEMU for one look may take, by the clock on the wall."""


def inspect_live(path: Path, where: Path | int, image: Path | None = None, allowed: Sequence[Path] = ()) -> Inspection:
    """What there is in a QEMU that runs the system or program that a path names. `where` is its gdb socket, or the port
    of it; `image` the kernel's ELF, where it is not the one that `tyrne run` starts. RequestError says what is wrong
    with any of them, that the machine is inside the kernel, or that LOOK_SECONDS were not enough. Meanwhile it stands
    still, then it goes on."""
    check_kernel()
    system = known_system([path], allowed=allowed)
    kernel = image_of(system) if image is None else read_image(image)
    booted, explainer = boot(system), explainer_of(system)
    with Stub(where, START_SECONDS, LOOK_SECONDS) as stub:
        return LiveMachine(stub, kernel, system).look(str(path), explainer, booted)
