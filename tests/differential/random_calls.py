"""Random systems, system calls and operations, weighted so that most paths of the kernel are taken often."""

from __future__ import annotations

from random import Random

import kernel_parts
from lockstep import NO_TASK, Pair

from tyrne.hal.frame import Vector
from tyrne.kernel.abi import NULL_HANDLE, Rights, pack_handle, unpack_handle
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import CapKind, kind_of
from tyrne.lang import u64
from tyrne.system.description import CONSOLE_CAP, Cap
from tyrne.system.loading import RAW_BASE
from tyrne.system.manifest import System, Task, encode
from tyrne.system.program import Program, Segment

SVC = 0x5600_0000
FAULTS = (0x9200_0047, 0x9200_0006, 0x8200_000F, 0x0200_0000, 0x07E0_0000, 0x1E00_0000, 0x6234_F801, 0xF200_0003, 0)
BOOTSTRAP = 16
PAGE = 4096
MAPPED_FROM = 0x1_0000_0000


def random_manifest(random: Random) -> bytes:
    """Two to eight tasks that share up to three endpoints, each with random capabilities in hand."""
    endpoints = random.randint(1, 3)
    tasks = []
    for number in range(random.randint(2, 8)):
        code = random.randbytes(random.choice((4, 4096, 5000)))
        segments = [Segment(RAW_BASE, writable=False, executable=True, data=code, memory=len(code))]
        if random.random() < 0.5:
            base = segments[0].end + PAGE
            segments.append(Segment(base, writable=True, executable=False, data=random.randbytes(9), memory=2 * PAGE))
        stack = segments[-1].end + random.choice((0, PAGE))
        caps = [Cap(random.randrange(endpoints), Rights(random.getrandbits(7) | 0x30)) for _ in range(3)]
        caps.insert(random.randrange(4), CONSOLE_CAP)
        tasks.append(
            Task(f"task{number}", Program(RAW_BASE, tuple(segments), stack), random.randint(1, 2), tuple(caps))
        )
    return encode(System("random", endpoints, tuple(tasks)), random.choice((0, 0, 4000)))


class Player:
    """Makes random calls on a pair of kernels, looking at the one in CPython for what would be interesting."""

    def __init__(self, random: Random, pair: Pair) -> None:
        self._random = random
        self._pair = pair
        self._kernel = pair.python.kernel
        self._endpoints = int(self._kernel.endpoints.population)
        self._stale: list[int] = []
        self._frames: list[int] = []
        """Allocated by us and mapped nowhere."""
        self._mapped: list[tuple[int, int]] = []

    def step(self) -> None:
        """One call."""
        kind = self._random.random()
        self._pair.advance(self._random.choice((0, 1, 2, 20)))
        if kind < 0.70:
            self._system_call()
        elif kind < 0.990:
            self._operation()
        elif kind < 0.999:
            self._pair.trap(Vector.IRQ, 0, 0, {})
        else:
            vector = self._random.choice((Vector.SYNCHRONOUS, Vector.SYNCHRONOUS, Vector.SERROR, Vector.FIQ))
            self._pair.trap(vector, self._random.choice(FAULTS), self._word(), {})

    def _system_call(self) -> None:
        random = self._random
        number = random.choices((1, 2, 3, 4, 5, 0, 6, random.getrandbits(64)), (30, 30, 10, 0.1, 30, 1, 1, 1))[0]
        x = {i: self._word() for i in range(6)}
        x[0] = self._handle(self._pair.current)
        if number == 1:
            x[5] = int(NULL_HANDLE) if random.random() < 0.5 else self._handle(self._pair.current)
        elif number == 5:
            x[0] = self._handle(self._pair.current, CapKind.DEBUG_CONSOLE)
            x[1], x[2] = self._pointer(), self._length()
        elif number == 4:
            x[0] = random.choice((0, 0, self._word()))
        self._pair.trap(Vector.SYNCHRONOUS, SVC | random.getrandbits(16), 0, {**x, 8: number})

    def _operation(self) -> None:
        random, pair = self._random, self._pair
        owner = random.choice((pair.current, random.randrange(8), BOOTSTRAP))
        owner = 0 if owner == NO_TASK else owner
        handle = self._handle(owner)
        rights = self._rights(owner, handle)
        endpoint = random.randrange(self._endpoints)
        match random.randrange(18):
            case 0 | 1:
                pair.part("copy", owner, handle, rights)
            case 2 | 3:
                pair.part("derive", owner, handle, rights)
            case 4:
                pair.part("revoke", owner, handle)
            case 5 | 6:
                self._stale.append(handle)
                pair.part("drop", owner, handle)
            case 7:
                pair.part("depth", owner, handle)
            case 8:
                pair.part("references", owner, endpoint)
            case 9:
                pair.part("mint_endpoint", owner, endpoint, rights)
            case 10:
                if random.random() < 0.5:
                    pair.part("make_notification", owner, rights | 0x40)
                else:
                    pair.part("free_notification", random.randrange(16))
            case 11:
                pair.part("notify", owner, handle, self._word())
            case 12:
                pair.part("consume", random.randrange(16))
            case 13:
                pair.part("cancel_recv", owner, handle)
            case 14:
                self._space_operation()
            case 15 | 16:
                self._frame_operation()
            case _:
                spaces = [i for i, used in enumerate(self._kernel.spaces.occupied) if used]
                pair.part("translate", random.choice(spaces), self._pointer())

    def _space_operation(self) -> None:
        handle = self._handle(BOOTSTRAP, CapKind.ADDRESS_SPACE)
        if self._random.random() < 0.2:
            self._pair.part("create_space", BOOTSTRAP, handle, self._rights(BOOTSTRAP, handle))
        elif self._frames and self._random.random() < 0.7:
            address = MAPPED_FROM + PAGE * self._random.randrange(4) + self._random.choice((0, 0, 0, 1, 1 << 47))
            self._pair.part("map_page", handle, address, self._frames.pop(), self._random.getrandbits(5))
            self._mapped.append((handle, address))
        elif self._mapped:
            self._pair.part("unmap_page", *self._random.choice(self._mapped))
        else:
            self._pair.part("map_page", handle, self._word(), self._word(), self._random.getrandbits(5))

    def _frame_operation(self) -> None:
        if len(self._frames) < 40 and self._random.random() < 0.6:
            frame = self._pair.part("allocate")
            if frame is not None and frame < 1 << 48:
                self._frames.append(frame)
        elif self._frames and self._random.random() < 0.9:
            self._pair.part("free", self._frames.pop(self._random.randrange(len(self._frames))))
        else:
            self._pair.part("free", self._random.choice((0x4000_0000, 0x4008_0000, self._word())))

    def _rights(self, owner: int, handle: int) -> int:
        """Mostly no more than a handle's capability has."""
        random = self._random
        word = random.choice((random.getrandbits(8), 0xFF, random.getrandbits(64)))
        capability = self._table(owner).lookup(unpack_handle(u64(handle)))
        if capability is None or random.random() < 0.2:
            return word
        return (word | 0x0F) & int(capability.rights)

    def _table(self, owner: int) -> CapTable:
        return kernel_parts.table(self._kernel, u64(max(owner, 0)))

    def _handle(self, owner: int, wanted: CapKind | None = None) -> int:
        """Mostly a handle word that is valid in a table, often of a wanted kind, else stale, forged or null."""
        random = self._random
        table = self._table(owner)
        if wanted is not None and random.random() < 0.6:
            for slot in table.slots:
                if slot.capability is not None and kind_of(slot.capability.object) is wanted:
                    return int(pack_handle(slot.handle()))
        kind = random.random()
        if kind < 0.75 and table.touched:
            slot = table.slots[random.randrange(table.touched)]
            word = int(slot.generation) << 16 | int(slot.index)
            if kind < 0.05:
                word |= random.getrandbits(16) << 48
            elif kind < 0.10:
                word += 1 << 16
            return word & (1 << 64) - 1
        if kind < 0.80 and self._stale:
            return random.choice(self._stale)
        return random.choice((0, 1, int(NULL_HANDLE), 63, 64, 0xFFFF, self._word()))

    def _word(self) -> int:
        random = self._random
        return random.choice((0, 1, 2, random.getrandbits(8), random.getrandbits(64), (1 << 64) - 1, 1 << 63))

    def _pointer(self) -> int:
        random = self._random
        task = self._kernel.tasks.items[max(self._pair.current, 0)]
        top = int(task.window.base + task.window.length) if task.window is not None else RAW_BASE
        near = random.choice((RAW_BASE, RAW_BASE + PAGE, RAW_BASE + 3 * PAGE, top, top - PAGE, MAPPED_FROM))
        return random.choice((
            near, near - random.randrange(1, 64), near + random.randrange(64), self._word(), 0xFFFF_FFFF_4008_0000
        )) & (1 << 64) - 1  # fmt: skip

    def _length(self) -> int:
        random = self._random
        short = random.randrange(40)
        return random.choice((0, 1, short, short, short, short, short, 300, PAGE + 1, self._word()))
