"""A world of address spaces for tests: frames, an arena, a table that holds the authority, and an image to load."""

from __future__ import annotations

from kernel.support import ALL, BASE, RAM, FakeBoard, insert, managed, space_object, state
from tyrne.hal.descriptors import MappingFlags
from tyrne.kernel.abi import CapError, CapHandle, Rights
from tyrne.kernel.address_space import (
    AddressSpace,
    SpaceError,
    cap_create_address_space,
    cap_map,
    cap_unmap,
    resolve_space,
)
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.image import Image
from tyrne.kernel.loader import LoadedImage, LoadFailure, load_image
from tyrne.kernel.page_table import MapError
from tyrne.lang import u64

USER_CODE = MappingFlags.USER | MappingFlags.EXECUTE
USER_DATA = MappingFlags.USER | MappingFlags.WRITE


class Spaces:
    """The first `kept` pages of RAM are reserved and hold `content`; the bootstrap space owns one frame."""

    def __init__(self, pages: int = 64, kept: int = 4, arena: int = 4, slots: int = 6, content: bytes = b"") -> None:
        self.board = FakeBoard(pages)
        self.board.put(RAM, content)
        self.frames = managed(pages, [(0, kept)] if kept else [])
        self.spaces: Arena[AddressSpace] = Arena(arena, lambda _: AddressSpace())
        self.table = CapTable(slots)
        slot = self.spaces.allocate()
        root = self.frames.allocate(self.board)
        assert slot is not None and root is not None
        self.spaces.items[0].root = root
        self.authority = insert(self.table, ALL, space_object(0))

    def create(
        self, parent: CapHandle | None = None, rights: Rights = Rights.NONE
    ) -> CapHandle | SpaceError | CapError:
        named = self.authority if parent is None else parent
        return cap_create_address_space(self.board, self.frames, self.spaces, self.table, named, rights)

    def created(self) -> CapHandle:
        made = self.create()
        assert isinstance(made, CapHandle)
        return made

    def space(self, named: CapHandle) -> AddressSpace:
        found = resolve_space(self.spaces, self.table, named)
        assert isinstance(found, AddressSpace)
        return found

    def frame(self) -> u64:
        made = self.frames.allocate(self.board)
        assert made is not None
        return made

    def map(
        self, named: CapHandle, frame: int, address: int = BASE, flags: MappingFlags = USER_DATA
    ) -> SpaceError | CapError | MapError | None:
        return cap_map(self.board, self.frames, self.spaces, self.table, named, u64(address), u64(frame), flags)

    def unmap(self, named: CapHandle, address: int = BASE) -> u64 | SpaceError | CapError | MapError:
        return cap_unmap(self.board, self.spaces, self.table, named, u64(address))

    def load(
        self, image: Image, parent: CapHandle | None = None, rights: Rights = Rights.NONE
    ) -> LoadedImage | LoadFailure:
        named = self.authority if parent is None else parent
        return load_image(self.board, self.frames, self.spaces, self.table, named, rights, image)

    def everything(self) -> object:
        """All state, memory included."""
        return state(self.frames, self.spaces, self.table, self.board.ram, self.board.events)

    def counts(self) -> object:
        """What a rollback must restore: which frames are free, how many spaces and slots are used, the tree."""
        slots = [(slot.capability, slot.first_child is None) for slot in self.table.slots]
        roots = [space.root for space in self.spaces.items]
        return (tuple(self.frames.taken), self.frames.stats(), self.spaces.population, roots, slots)


def flat(length: int, base: int = BASE, stack_pages: int = 1, source: int = RAM) -> Image:
    image = Image()
    image.set_flat(u64(source), u64(length), u64(base), u64(stack_pages))
    return image
