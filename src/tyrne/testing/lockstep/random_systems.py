"""Random systems: tasks that hold, between them, capabilities of every kind, and quotas to make more."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from tyrne.abi import CapKind, Rights, rights_over
from tyrne.hal.interrupt import MOST_SEED
from tyrne.hosted.ram import RAM_START
from tyrne.system.loading import RAW_BASE
from tyrne.system.manifest import System, Task, encode
from tyrne.system.parts import CONSOLE_CAP, Cap, Mapping, Quota, Region, Supervisor
from tyrne.system.program import Program, Segment, pages
from tyrne.testing.lockstep.pair import IMAGE
from tyrne.testing.lockstep.sides import RAM_SIZE

PAGE: Final = 4096
FREE_FRAMES: Final = (RAM_SIZE - (IMAGE - RAM_START)) // PAGE
"""Those above the image, whose first part is the manifest."""
DEVICE: Final = 0x0A00_0000
SLICE: Final = 1000
LIMITS: Final = (500, 3000, 10_000)
MAPPED_AT_BOOT: Final = 0x2000_0000
MOST_CAPS: Final = 14
WITH_TICKS: Final = 0.8
"""The share of games with ticks between the steps of long work."""


LINES: Final = (34, 48, 56)
"""Interrupt lines that tasks hold."""


def random_ticks(random: Random) -> int:
    """In most games the seed of ticks between the steps of long work; 0 in the others, which have none."""
    return random.randint(1, MOST_SEED) if random.random() < WITH_TICKS else 0


def random_manifest(random: Random) -> bytes:
    """Two to ten tasks, with no two systems alike in who shares what."""
    count = random.choice((2, 3, 4, 5, 6, 8, 10))
    endpoints, notifications = random.randint(1, 4), random.randint(1, 3)
    memory = [Region(f"memory{i}", random.choice((1, 1, 2, 3, 5))) for i in range(random.randint(1, 3))]
    memory.append(Region("device", random.choice((1, 2, 600, 1024, 1536)), DEVICE))
    objects = {
        CapKind.ENDPOINT: endpoints, CapKind.NOTIFICATION: notifications, CapKind.TASK: count,
        CapKind.ADDRESS_SPACE: count, CapKind.MEMORY: len(memory), CapKind.QUOTA: 1, CapKind.CLOCK: 1,
        CapKind.INTERRUPT: len(LINES),
    }  # fmt: skip
    left = {"tasks": 16 - count, "endpoints": 16 - endpoints, "notifications": 16 - notifications,
            "spaces": 16 - count, "memory": 32 - len(memory), "quotas": 16 - count}  # fmt: skip
    tasks = tuple(_task(random, number, objects, left) for number in range(count))
    system = System("random", endpoints, tasks, notifications, tuple(memory), random.choice((0, SLICE, SLICE)))
    system = replace(system, tasks=_with_frames(random, system))
    return encode(system, random.choice(LIMITS) if random.random() < 0.1 else 0)


def _with_frames(random: Random, system: System) -> tuple[Task, ...]:
    """Quotas that may spend what is left after boot: part of it, or all."""
    left = FREE_FRAMES - len(encode(system)) // PAGE - 1
    left -= sum(region.pages for region in system.memory if not region.address)
    for task in system.tasks:
        image = sum(pages(segment.memory) for segment in task.program.segments)
        left -= 4 + image + task.stack_pages + len(task.mappings)
    frames = [0] * len(system.tasks)
    order = list(range(len(frames)))
    random.shuffle(order)
    for number in order:
        frames[number] = min(left, random.choice((4, 12, 40)))
        left -= frames[number]
    if random.random() < 0.7:
        frames[max(order, key=lambda number: system.tasks[number].quota.memory)] += left
    return tuple(
        replace(task, quota=replace(task.quota, frames=own)) for task, own in zip(system.tasks, frames, strict=True)
    )


def _task(random: Random, number: int, objects: dict[CapKind, int], left: dict[str, int]) -> Task:
    """A task with as much of what is left to claim as it may be."""
    caps = [CONSOLE_CAP] if random.random() < 0.7 else []
    for kind, count in objects.items():
        for _ in range(random.choice((1, 1, 2, 3)) if count > 1 else 1):
            number = random.randrange(count)
            caps.append(_cap(random, kind, LINES[number] if kind is CapKind.INTERRUPT else number))
    random.shuffle(caps)
    caps = caps[:MOST_CAPS]
    supervisor = None
    if random.random() < 0.6:
        supervisor = Supervisor(random.randrange(objects[CapKind.ENDPOINT]), random.choice((0, 7, 1 << 63)))
    return Task(
        f"task{number}",
        _program(random),
        random.randint(1, 2),
        tuple(caps),
        random.choice((8, 8, 8, 8, 0, 7, 9, 15)),
        supervisor,
        _quota(random, left),
        _mappings(random, caps),
        held=number > 1 and random.random() < 0.2,
        serves=number > 0 and random.random() < 0.1,
    )


def _quota(random: Random, left: dict[str, int]) -> Quota:
    claims = {}
    for kind, most in left.items():
        claims[kind] = min(random.choice((0, 1, 1, 2, 3, 5)), most)
        left[kind] -= claims[kind]
    return Quota(**claims)


def _cap(random: Random, kind: CapKind, number: int) -> Cap:
    """Mostly with all rights, so that what fails fails for other reasons."""
    rights = int(rights_over(kind))
    if random.random() < 0.2:
        rights &= random.getrandbits(len(Rights))
    badge = random.choice((0, 0, 3, (1 << 64) - 2)) if kind is CapKind.ENDPOINT else 0
    return Cap(number, Rights(rights), badge, kind)


def _program(random: Random) -> Program:
    length = random.choice((4, 4096, 5000))
    code = (random.randbytes(64) * (length // 64 + 1))[:length]  # of which a game that is kept needs little
    segments = [Segment(RAW_BASE, writable=False, executable=True, data=code, memory=len(code))]
    if random.random() < 0.5:
        base = segments[0].end + PAGE
        segments.append(Segment(base, writable=True, executable=False, data=random.randbytes(9), memory=2 * PAGE))
    return Program(RAW_BASE, tuple(segments), segments[-1].end + random.choice((0, PAGE)))


def _mappings(random: Random, caps: list[Cap]) -> tuple[Mapping, ...]:
    """The first memory region that its holder may read, now and then."""
    for index, cap in enumerate(caps):
        if cap.kind is CapKind.MEMORY and Rights.READ in cap.rights and cap.object == 0 and random.random() < 0.5:
            return (Mapping(index, MAPPED_AT_BOOT, writable=False, executable=False),)
    return ()
