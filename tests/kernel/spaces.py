"""A world of address spaces for tests: a kernel without tasks, a table that holds its quota, and an image to load."""

from __future__ import annotations

from tyrne.abi import CapHandle, Rights, Status
from tyrne.boot.loader import LoadedImage, LoadFailure, create_space, load_image
from tyrne.boot.start import start_quota, start_spaces
from tyrne.hal.image import Image, Segment
from tyrne.hal.pages import PAGE_SIZE, MappingFlags, pages_for
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.arena import Arena
from tyrne.kernel.authority import space_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.page_table import map_page
from tyrne.kernel.quota import Quota
from tyrne.lang import saturating_add, u64
from tyrne.testing.board import RAM, MemoryBoard
from tyrne.testing.kernels import BASE, managed, slim_kernel
from tyrne.testing.state import state
from tyrne.testing.whole import reap_all, revoke_whole

USER_CODE = MappingFlags.USER | MappingFlags.EXECUTE
USER_DATA = MappingFlags.USER | MappingFlags.WRITE


class Spaces:
    """The first `kept` pages of RAM are reserved and hold `content`; the bootstrap space owns one frame.

    `authority` names the kernel's own quota, which pays for everything.
    """

    def __init__(self, pages: int = 64, kept: int = 4, arena: int = 4, slots: int = 6, content: bytes = b"") -> None:
        self.board = MemoryBoard(pages)
        self.board.put(RAM, content)
        self.kernel = slim_kernel(self.board, 1, slots)
        self.kernel.frames = self.frames = managed(pages, [(0, kept)] if kept else [])
        self.kernel.spaces = self.spaces = Arena(arena, lambda _: AddressSpace())
        start_spaces(self.kernel, start_quota(self.kernel))
        self.table = CapTable(slots)
        self.quota: Quota = self.kernel.quotas.items[0]
        origin = self.quota.life.origin
        made = self.table.insert(origin.held(), origin)
        assert isinstance(made, CapHandle)
        self.authority = made
        self.board.log.clear()

    def create(self, parent: CapHandle | None = None, rights: Rights = Rights.NONE) -> CapHandle | Status:
        named = self.authority if parent is None else parent
        return create_space(self.kernel, self.table, named, rights)

    def created(self) -> CapHandle:
        made = self.create()
        assert isinstance(made, CapHandle)
        return made

    def slot(self, named: CapHandle) -> CapSlot:
        found = self.table.resolve(named)
        assert found is not None
        return found

    def space(self, named: CapHandle) -> AddressSpace:
        found = space_at(self.slot(named))
        assert found is not None
        return found

    def drop(self, named: CapHandle) -> Status | None:
        """Give a capability up, and let the kernel give back what went with it."""
        refused = cap_drop(self.kernel, self.table, named)
        reap_all(self.kernel)
        return refused

    def revoke(self, named: CapHandle) -> Status | None:
        return revoke_whole(self.kernel, self.table, named)

    def frame(self) -> u64:
        made = self.frames.allocate(self.board)
        assert made is not None
        return made

    def map(self, named: CapHandle, frame: int, address: int = BASE, flags: MappingFlags = USER_DATA) -> Status | None:
        return map_page(self.board, self.frames, self.space(named).root, u64(address), u64(frame), flags)

    def load(
        self, image: Image, parent: CapHandle | None = None, rights: Rights = Rights.NONE
    ) -> LoadedImage | LoadFailure:
        named = self.authority if parent is None else parent
        return load_image(self.kernel, self.table, named, rights, image)

    def everything(self) -> object:
        """All state, memory included."""
        return state(self.kernel, self.table, self.board.ram, self.board.events, without=(self.board,))

    def counts(self) -> object:
        """What a rollback must restore: which frames are free, how many spaces and slots are used, the claims."""
        slots = [(slot.capability, slot.first_child is None) for slot in self.table.slots]
        pairs = zip(self.spaces.items, self.spaces.occupied, strict=True)
        alive = [(space.root, space.frames) if used else None for space, used in pairs]
        claims = tuple(self.quota.claims)
        return (tuple(self.frames.taken), self.frames.allocated, self.spaces.population, alive, slots, claims)


def flat(length: int, base: int = BASE, stack_pages: int = 1, source: int = RAM) -> Image:
    """An image of one segment that may be read and executed: entered at its first byte, its stack directly above."""
    image = Image()
    image.segments[0] = Segment(u64(base), USER_CODE, u64(source), u64(length), u64(length))
    image.segment_count = u64(1)
    image.entry = u64(base)
    image.stack_base = saturating_add(u64(base), pages_for(u64(length)) * PAGE_SIZE)
    image.stack_pages = u64(stack_pages)
    return image
