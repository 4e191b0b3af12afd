"""The RAM of QEMU as a file, so that what a system has left in it can be read when QEMU has ended."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from tyrne.boards.qemu_virt.memory_map import RAM_START
from tyrne.hosted.recorder import Recorder
from tyrne.system.devices import in_option
from tyrne.system.limits import PAGE
from tyrne.system.parts import Region


class QemuMemory:
    """RAM for one run, while the context is open. Then the recorder gets what lies in the regions."""

    def __init__(self, size: int, regions: Sequence[Region], recorder: Recorder) -> None:
        """`size` is that of the machine's RAM, in bytes."""
        self._size: Final = size
        self._regions: Final = regions
        self._recorder: Final = recorder
        self._folder: Final = tempfile.TemporaryDirectory(prefix="tyrne-")
        self._file: Final = Path(self._folder.name) / "ram"

    def __enter__(self) -> QemuMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._file.exists():
                with self._file.open("rb") as file:
                    for region in self._regions:
                        file.seek(region.address - int(RAM_START))
                        self._recorder.returned[region.name] = file.read(region.pages * PAGE)
        finally:
            self._folder.cleanup()

    def options(self, options: Sequence[str]) -> list[str]:
        """QEMU's options, by which its RAM is a file. The host commits a page of it at its first use."""
        path = in_option(self._file)
        made = f"memory-backend-file,id=ram,size={self._size},share=on,mem-path={path}"
        return [*options, "-object", made, "-machine", "memory-backend=ram"]
