"""Memory: address spaces and what is mapped in them, regions, quotas, and frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from tyrne.abi import CapKind
from tyrne.hal.pages import PAGE_SIZE, MappingFlags
from tyrne.inspect import objects
from tyrne.inspect.page_tables import Tree, flags_of, living_spaces, owned_pages
from tyrne.inspect.slots import object_of, occupied
from tyrne.inspect.view import View
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import MemoryHandle
from tyrne.kernel.memory import Region
from tyrne.kernel.quota import FRAMES, Quota
from tyrne.lang import u64
from tyrne.system.task_view import UNKNOWN, Where

PAGE: Final = int(PAGE_SIZE)
CLAIMS: Final = {
    "tasks": (CapKind.TASK, "task"),
    "endpoints": (CapKind.ENDPOINT, "endpoint"),
    "notifications": (CapKind.NOTIFICATION, "notification"),
    "spaces": (CapKind.ADDRESS_SPACE, "space"),
    "memory": (CapKind.MEMORY, "region"),
    "quotas": (CapKind.QUOTA, "quota"),
}
"""What a quota may make beside frames: as descriptions call it, and the arena where it is."""
_PARTS: Final = {
    Where.CODE: "code",
    Where.CONSTANTS: "constants",
    Where.DATA: "data",
    Where.STACK: "stack",
}


def read_spaces(view: View, numbers: Mapping[int, int]) -> tuple[objects.Space, ...]:
    """The address spaces; `numbers` are those of the capabilities, by the identity of their slots."""
    trees = {id(space): tree for _, space, tree in living_spaces(view.kernel)}
    return tuple(_space(view, space, trees.get(id(space), Tree()), numbers) for space in view.living("space"))


def _space(view: View, space: AddressSpace, tree: Tree, numbers: Mapping[int, int]) -> objects.Space:
    homes = [(task, task.home.capability) for task in view.tasks()]
    lives = [task for task, home in homes if home is not None and object_of(view.kernel, home.object) is space]
    first = next((n for n in (int(task.number) for task in lives) if n + 1 == int(space.life.index)), None)
    found = [*_own_pages(view, tree, first), *_mapped(view, space, tree, numbers)]
    return objects.Space(
        number=int(space.life.index),
        name=view.name(space),
        made_by=view.maker(space.life),
        payer=view.payer(space.life),
        tasks=tuple(view.task(task) for task in lives),
        frames=int(space.frames),
        tables=len(tree.tables),
        own_pages=len(owned_pages(tree)),
        ends=space.released != 0,
        mappings=tuple(sorted(found, key=lambda mapping: mapping.start)),
    )


def _own_pages(view: View, tree: Tree, first: int | None) -> Iterator[objects.Mapping]:
    """The pages that belong to the space itself, in ranges; `first` is the number of the first task whose it is."""
    known = UNKNOWN if view.explainer is None or first is None else view.explainer.view(first)
    pages = []
    for address, entry in sorted(tree.pages.items()):
        flags = flags_of(entry)
        if flags & MappingFlags.OWNED:
            pages.append((address, access(flags), _PARTS.get(known.span(address).where, "own")))
    numbered = enumerate(pages)
    for (_, rights, what), run in groupby(numbered, key=lambda item: (item[1][0] - item[0] * PAGE, *item[1][1:])):
        addresses = [page[0] for _, page in run]
        yield objects.Mapping(addresses[0], addresses[-1] + PAGE, rights, len(addresses), what, None, None)


def _mapped(view: View, space: AddressSpace, tree: Tree, numbers: Mapping[int, int]) -> Iterator[objects.Mapping]:
    """What is mapped by capabilities over memory."""
    entries = tree.mapped
    for slot in placed(view):
        placement, named = slot.placement, slot.held().object
        assert placement is not None and isinstance(named, MemoryHandle)
        if object_of(view.kernel, placement.space) is not space or space.released != 0:
            continue
        start, pages = int(placement.address), int(named.pages)
        entry = entries.get(start)
        rights = "---" if entry is None else access(flags_of(entry))
        region = view.name(named.at)
        yield objects.Mapping(start, start + pages * PAGE, rights, pages, "memory", region, numbers[id(slot)])


def placed(view: View) -> Iterator[CapSlot]:
    """The memory capabilities that are mapped in a space that lives."""
    for _, slot in occupied(view.kernel):
        placement = slot.placement
        if placement is not None and object_of(view.kernel, placement.space) is not None:
            yield slot


def access(flags: MappingFlags) -> str:
    """What a task may do with a page: `rw-`."""
    if not flags & MappingFlags.USER:
        return "---"
    return f"r{'w' if flags & MappingFlags.WRITE else '-'}{'x' if flags & MappingFlags.EXECUTE else '-'}"


def read_regions(view: View) -> tuple[objects.Region, ...]:
    """The memory regions."""
    mapped = [slot.held().object for slot in placed(view)]
    return tuple(
        objects.Region(
            number=int(region.life.index),
            name=view.name(region),
            made_by=view.maker(region.life),
            payer=view.payer(region.life),
            start=int(region.address(u64(0))) if region.cleared else 0,
            pages=int(region.pages),
            kind="device" if region.device else "shared" if is_shared(view, region) else "memory",
            cleared=int(region.cleared),
            mappings=sum(isinstance(named, MemoryHandle) and named.at is region for named in mapped),
        )
        for region in view.living("region")
    )


def is_shared(view: View, region: Region) -> bool:
    """Whether it is RAM that is kept for devices too, and for nobody else."""
    frames = view.kernel.frames
    kept = list(frames.reserved)[: int(frames.reserved_ranges)]
    return region.cleared != 0 and any(there.contains(region.address(u64(0))) for there in kept)


def read_quotas(view: View) -> tuple[objects.Quota, ...]:
    """The quotas. What they have left and what there is add up to what the machine has."""
    return tuple(
        objects.Quota(int(quota.life.index), view.name(quota), view.maker(quota.life), tuple(_claims(view, quota)))
        for quota in view.living("quota")
    )


def _claims(view: View, quota: Quota) -> Iterator[objects.Claim]:
    left, used = int(quota.claims[FRAMES]), _frames_of(view, quota)
    yield objects.Claim("frames", left + used, used, left)
    for what, (kind, arena) in CLAIMS.items():
        left = int(quota.claims[kind.value])
        used = sum(view.payer_of(thing.life) is quota for thing in view.living(arena))
        yield objects.Claim(what, left + used, used, left)


def _frames_of(view: View, quota: Quota) -> int:
    """The frames that a quota has paid for. Those that address spaces had at boot are the kernel's."""
    kernel, history = view.kernel, view.history
    own = quota is kernel.quotas.items[0]
    total = 0
    for region in view.living("region"):
        if view.payer_of(region.life) is quota and not region.device and not is_shared(view, region):
            total += int(region.pages)
    for space in view.living("space"):
        boot = 0 if history is None else min(history.frames_at_boot(space.life), int(space.frames))
        total += boot if own else 0
        if view.payer_of(space.life) is quota:
            total += int(space.frames) - boot
    return total


def read_frames(view: View) -> objects.Frames:
    """How many frames there are, by the kernel's own counters."""
    frames = view.kernel.frames
    given = int(frames.allocated + frames.promised)
    return objects.Frames(int(frames.total()), int(frames.reserved_frames), given, int(frames.available()))
