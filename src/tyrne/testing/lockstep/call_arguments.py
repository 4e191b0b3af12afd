"""What goes into each system call: words that reach deep into its handler, as far as the caller's table allows.

A maker looks at the scene, and gives one register.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tyrne.abi import FULL_CONTROL, CallNumber, CapKind, Rights
from tyrne.kernel.capability import EndpointHandle, MemoryHandle, QuotaHandle
from tyrne.kernel.task import Task
from tyrne.rows import Rows
from tyrne.system import limits
from tyrne.system.loading import RAW_BASE
from tyrne.testing.lockstep.prospects import (
    ENDPOINT,
    MEMORY,
    NULL,
    QUOTA,
    TASK,
    Preference,
    Scene,
    awaited,
    can_be_given,
    can_start,
    children,
    going,
    has,
    is_busy,
    offering,
    parent,
    silent,
    space_for,
    spare,
    task_that,
    tells_supervisor,
    unmapped,
    waited_through,
    waits_for_a_life,
    word_of,
)

WORD: Final = (1 << 64) - 1
PAGE: Final = 4096
BASES: Final = (0x1000_0000, 0x1020_0000 - 2 * PAGE, 0x4000_0000 - PAGE, 0x80_0000_0000 - PAGE, 0x2000_0000)
"""Where memory is mapped: in reach of each other, and across the borders of tables of each level."""

Maker = Callable[[Scene], int]


def held(kind: CapKind, right: Rights = Rights.NONE, prefer: Preference | None = None) -> Maker:
    """A handle of a kind: with the right and as preferred, if there is one."""
    number = kind.value

    def make(scene: Scene) -> int:
        slots = scene.held[number]
        if not slots or scene.random.random() < 0.03:
            return scene.use(scene.any_slot())
        if scene.random.random() < 0.93:
            slots = [slot for slot in slots if has(slot, right)] or slots
        if prefer is not None and (scene.others == 0 or scene.random.random() < 0.8):
            slots = [slot for slot in slots if prefer(scene, slot)] or slots
        return scene.use(scene.random.choice(slots))

    return make


def some(right: Rights = Rights.NONE, prefer: Preference | None = None) -> Maker:
    """A handle of any kind."""

    def make(scene: Scene) -> int:
        slots = [slot for slots in scene.held.values() for slot in slots]
        if scene.random.random() < 0.85:
            slots = [slot for slot in slots if has(slot, right)] or slots
        if prefer is not None and scene.random.random() < 0.85:
            slots = [slot for slot in slots if prefer(scene, slot)] or slots
        return scene.use(scene.random.choice(slots) if slots else None)

    return make


def sometimes(chance: float, prefer: Preference) -> Preference:
    return lambda scene, slot: scene.random.random() > chance or prefer(scene, slot)


def derivable(scene: Scene) -> int:
    """Often the deepest of a kind."""
    random = scene.random
    slots = scene.held[scene.favourite]
    if not slots or random.random() < 0.3:
        slots = random.choice([slots for slots in scene.held.values() if slots] or [[]])
    slots = [slot for slot in slots if has(slot, Rights.DERIVE)]
    if slots and random.random() < 0.7:
        return scene.use(max(slots, key=lambda slot: slot.depth))
    return some(Rights.DERIVE)(scene)


def revocable(scene: Scene) -> int:
    """Something with descendants, often with one by which somebody waits, or with the most."""
    slots = [slot for slots in scene.held.values() for slot in slots if has(slot, Rights.REVOKE)]
    if slots and scene.random.random() < 0.4:
        return scene.use(max(slots, key=children))
    return some(Rights.REVOKE, waited_through if scene.random.random() < 0.5 else parent)(scene)


def paying(scene: Scene) -> int:
    """A quota, now and then the deepest of them."""
    slots = [slot for slot in scene.held[QUOTA] if has(slot, Rights.CREATE)]
    if slots and scene.random.random() < 0.25:
        return scene.use(max(slots, key=lambda slot: slot.depth))
    return held(CapKind.QUOTA, Rights.CREATE)(scene)


def supervising(scene: Scene) -> int:
    """An endpoint, now and then the deepest of them, or nobody."""
    if scene.random.random() < 0.1:
        return NULL
    slots = scene.held[ENDPOINT]
    if slots and scene.random.random() < 0.25:
        return scene.use(max(slots, key=lambda slot: slot.depth))
    return held(CapKind.ENDPOINT, Rights.SEND)(scene)


def transfer(scene: Scene) -> int:
    """What goes with a message: nothing, a capability that may travel, or what may not."""
    if scene.random.random() < 0.55:
        return NULL
    if scene.random.random() < 0.06:
        return scene.words[0]
    return some(Rights.TRANSFER, spare)(scene)


def or_null(maker: Maker, chance: float) -> Maker:
    return lambda scene: NULL if scene.random.random() < chance else maker(scene)


def word(scene: Scene) -> int:
    random = scene.random
    return random.choice((0, 1, 2, random.getrandbits(8), random.getrandbits(64), WORD, 1 << 63))


def one_of(*words: int) -> Maker:
    return lambda scene: scene.random.choice(words)


def rights(scene: Scene) -> int:
    """Mostly some of those of the source, with those over the capability itself."""
    random = scene.random
    slot = scene.slots[0] if scene.slots else None
    if slot is None or random.random() < 0.06:
        return random.choice((0xFF, random.getrandbits(len(Rights)), random.getrandbits(64)))
    had = int(slot.held().rights)
    if random.random() < (0.7 if slot.depth < 3 else 0.96):
        return had
    return had & (random.getrandbits(len(Rights)) | int(FULL_CONTROL))


def badge(scene: Scene) -> int:
    slot = scene.slots[0] if scene.slots else None
    plain = slot is not None and type(slot.held().object) is EndpointHandle and slot.held().badge == 0
    if scene.random.random() < (0.6 if plain else 0.03):
        return scene.random.choice((1, 5, 1 << 63, WORD - 1, WORD))
    return 0


def space_with_memory(scene: Scene) -> int:
    """A space in which something is mapped that the caller holds; `memory_in_it` then names that."""
    pairs = [(space, memory) for memory in scene.held[MEMORY] for space in space_for(scene, memory)]
    if not pairs or scene.random.random() < 0.08:
        return held(CapKind.ADDRESS_SPACE, Rights.MAP)(scene)
    space, memory = scene.random.choice(pairs)
    scene.use(space)
    scene.slots.append(memory)
    return word_of(space)


def memory_in_it(scene: Scene) -> int:
    if len(scene.slots) > 1 and scene.slots[1] is not None and scene.random.random() < 0.95:
        return word_of(scene.slots[1])
    return held(CapKind.MEMORY)(scene)


def map_address(scene: Scene) -> int:
    random = scene.random
    near = random.choice(BASES) + PAGE * random.randrange(24)
    kind = random.random()
    slot = scene.slots[1] if len(scene.slots) > 1 else None
    named = None if slot is None else slot.held().object
    if isinstance(named, MemoryHandle) and named.pages > limits.MAPPED_PAGES and kind < 0.8:
        return near - near % limits.BLOCK + limits.BLOCK * random.randrange(4)
    if kind < 0.90:
        return near
    return random.choice((near + random.randrange(PAGE), 0, 1 << 48, (1 << 48) - PAGE, word(scene), RAW_BASE))


def flags(scene: Scene) -> int:
    random = scene.random
    return random.choice((0, 1, 2, 2)) if random.random() < 0.8 else random.choice((3, 4, 8, random.getrandbits(64)))


def claims_of(scene: Scene) -> list[int]:
    """The claims of the quota that was chosen first; none where it is no quota."""
    named = scene.named()
    claims = named.at.claims if isinstance(named, QuotaHandle) else ()
    return list(map(int, claims))


def created_kind(scene: Scene) -> int:
    """What the quota still pays for, mostly."""
    if scene.random.random() < 0.2:
        return CapKind.MEMORY.value
    paid = [kind for kind, left in enumerate(claims_of(scene)) if left and 2 <= kind < 8]
    if paid and scene.random.random() < 0.85:
        return scene.random.choice(paid)
    words: list[int] = [*range(9), word(scene)]
    return scene.random.choice(words)


def created_pages(scene: Scene) -> int:
    """Few pages, or a large part of what the quota pays for: then memory is soon in pieces."""
    random = scene.random
    claims = claims_of(scene)
    if claims and random.random() < (0.4 if claims[0] > 64 else 0.1):
        return claims[0] // random.choice((1, 1, 2, 3))
    if random.random() < 0.8:
        return random.choice((1, 2, 2, 6))
    return random.choice((0, 3, 5, 9, random.randrange(40), word(scene)))


def claim(scene: Scene) -> int:
    """A claim that the source has, mostly."""
    had = [index for index, left in enumerate(claims_of(scene)) if left]
    if had and scene.random.random() < 0.85:
        return scene.random.choice(had)
    words: list[int] = [*range(10), word(scene)]
    return scene.random.choice(words)


def pages_of(scene: Scene) -> int:
    named = scene.named()
    return int(named.pages) if isinstance(named, MemoryHandle) else 1


def first_page(scene: Scene) -> int:
    pages = pages_of(scene)
    if pages > limits.MAPPED_PAGES and scene.random.random() < 0.5:
        return scene.random.randrange(0, pages, limits.MAPPED_PAGES)
    return scene.random.randrange(pages) if scene.random.random() < 0.93 else word(scene)


def some_pages(scene: Scene) -> int:
    random = scene.random
    rest = pages_of(scene) - scene.words[2]
    if rest < 1 or random.random() < 0.1:
        return random.choice((0, 1, rest + 1 & WORD, word(scene)))
    if rest > limits.MAPPED_PAGES and random.random() < 0.5:
        return rest - rest % limits.MAPPED_PAGES
    return random.randint(1, rest)


def time(scene: Scene) -> int:
    """Mostly soon, which an instruction is a nanosecond of; or past, far, never, or when somebody else's is due."""
    random = scene.random
    now = scene.kernel.board.instructions
    others = [16 * int(task.deadline.at) for task in scene.kernel.tasks.items if task.deadline is not None]
    if others and random.random() < 0.2:
        return random.choice(others) + random.choice((0, 0, -16, 1)) & WORD
    if random.random() < 0.75:
        return now + random.choice((1, 15, 16, 17, random.randrange(200), random.randrange(5000)))
    return random.choice((0, now, now + (1 << 40), WORD, WORD, WORD - 1, word(scene)))


def priority(scene: Scene) -> int:
    random = scene.random
    own = int(scene.task.priority)
    return random.choice((own, own, random.randrange(16), word(scene))) if random.random() < 0.3 else max(own, 8)


def stack_top(scene: Scene) -> int:
    """Also far above the image, so that the window covers what is mapped there."""
    return word(scene) if scene.random.random() < 0.1 else scene.random.choice((RAW_BASE + 8 * PAGE, 0x2010_0000))


def pointer(scene: Scene) -> int:
    random = scene.random
    context = scene.task.context
    base = RAW_BASE if context is None else int(context.window.base)
    top = base if context is None else int(context.window.base) + int(context.window.length)
    near = random.choice((base, base, base, base + PAGE, base + 3 * PAGE, top - PAGE, top))
    if random.random() < 0.7:
        return (near + random.randrange(64)) & WORD
    elsewhere = (near - random.randrange(1, 64), random.choice(BASES), word(scene), 0xFFFF_FFFF_4008_0000)
    return random.choice(elsewhere) & WORD


def length(scene: Scene) -> int:
    random = scene.random
    return random.randrange(24) if random.random() < 0.8 else random.choice((0, 300, PAGE, PAGE + 1, word(scene)))


def register_number(scene: Scene) -> int:
    """Often one of SP, PC and PSTATE."""
    random = scene.random
    if random.random() < 0.4:
        return random.choice((31, 32, 33))
    return random.randrange(34) if random.random() < 0.95 else word(scene)


def new_table(scene: Scene) -> int:
    """The table of a task that can make use of it, or the caller's own."""
    if scene.random.random() < (0.15 if scene.held[TASK] else 0.95):
        return NULL
    return held(CapKind.TASK, Rights.CONFIGURE, task_that(can_be_given))(scene)


def endpoint_or_notification(scene: Scene) -> int:
    if scene.others > 1 and scene.random.random() < 0.3:
        return held(CapKind.ENDPOINT, Rights.RECV, silent)(scene)
    if scene.others == 0 or scene.random.random() < 0.75:
        return held(CapKind.ENDPOINT, Rights.RECV, offering)(scene)
    return held(CapKind.NOTIFICATION, Rights.WAIT)(scene)


K = CapKind
R = Rights
_MESSAGE: Final = (word, word, word, word)
_STILL: Final = task_that(Task.stands_still)

ARGUMENTS: Final[Rows[CallNumber, tuple[Maker, ...]]] = Rows("ARGUMENTS", CallNumber, {
    CallNumber.SEND: (held(K.ENDPOINT, R.SEND, awaited), *_MESSAGE, transfer),
    CallNumber.RECV: (held(K.ENDPOINT, R.RECV, offering),),
    CallNumber.TASK_YIELD: (),
    CallNumber.TASK_EXIT: (one_of(0, 0, 1, 0xFFFF_FFFF),),
    CallNumber.CONSOLE_WRITE: (held(K.DEBUG_CONSOLE, R.CONSOLE_WRITE), pointer, length),
    CallNumber.CAP_COPY: (some(R.DUPLICATE, sometimes(0.5, going)), rights),
    CallNumber.CAP_DERIVE: (derivable, rights, badge),
    CallNumber.CAP_REVOKE: (revocable,),
    CallNumber.CAP_DROP: (some(R.NONE, spare),),
    CallNumber.CAP_MOVE: (some(R.TRANSFER, spare), new_table),
    CallNumber.CAP_QUERY: (some(),),
    CallNumber.SEND_WAIT: (held(K.ENDPOINT, R.SEND, awaited), *_MESSAGE, transfer),
    CallNumber.WAIT: (endpoint_or_notification,),
    CallNumber.CALL: (held(K.ENDPOINT, R.SEND, awaited), *_MESSAGE, transfer),
    CallNumber.REPLY: (held(K.REPLY), *_MESSAGE, transfer),
    CallNumber.REPLY_WAIT: (held(K.REPLY), *_MESSAGE, held(K.ENDPOINT, R.RECV)),
    CallNumber.CANCEL: (held(K.ENDPOINT, R.RECV),),
    CallNumber.NOTIFY: (held(K.NOTIFICATION, R.NOTIFY, awaited), word),
    CallNumber.POLL: (held(K.NOTIFICATION, R.WAIT),),
    CallNumber.BIND: (held(K.ENDPOINT, R.RECV), or_null(held(K.NOTIFICATION, R.WAIT), 0.4)),
    CallNumber.CREATE: (paying, created_kind, created_pages),
    CallNumber.QUOTA_MOVE: (held(K.QUOTA, R.CREATE), held(K.QUOTA, R.CREATE), claim, one_of(0, 1, 1, 1, 2, 5, 1 << 40)),
    CallNumber.MEMORY_DERIVE: (held(K.MEMORY, R.DERIVE), rights, first_page, some_pages),
    CallNumber.MAP: (held(K.ADDRESS_SPACE, R.MAP), held(K.MEMORY, R.READ, unmapped), map_address, flags),
    CallNumber.UNMAP: (space_with_memory, memory_in_it),
    CallNumber.PROTECT: (space_with_memory, memory_in_it, flags),
    CallNumber.TASK_CONFIGURE: (
        held(K.TASK, R.CONFIGURE, task_that(waits_for_a_life)), held(K.ADDRESS_SPACE, R.BIND),
        one_of(RAW_BASE, 0, WORD), one_of(RAW_BASE, RAW_BASE + 4, WORD), stack_top,
    ),
    CallNumber.TASK_SUPERVISE: (held(K.TASK, R.CONFIGURE, sometimes(0.3, task_that(tells_supervisor))), supervising),
    CallNumber.TASK_PRIORITY: (held(K.TASK, R.CONFIGURE), priority),
    CallNumber.TASK_RESUME: (held(K.TASK, R.CONTROL, task_that(can_start)),),
    CallNumber.TASK_SUSPEND: (held(K.TASK, R.CONTROL, task_that(is_busy)),),
    CallNumber.TASK_READ: (held(K.TASK, R.INSPECT, _STILL), register_number),
    CallNumber.TASK_WRITE: (held(K.TASK, R.MODIFY, _STILL), register_number, word),
    CallNumber.TASK_END: (held(K.TASK, R.CONTROL, task_that(is_busy)), one_of(0, 1, WORD)),
    CallNumber.TASK_STATE: (held(K.TASK, R.INSPECT),),
    CallNumber.CLOCK_READ: (held(K.CLOCK, R.READ),),
    CallNumber.CLOCK_ARM: (held(K.CLOCK, R.ARM), time, or_null(held(K.NOTIFICATION, R.NOTIFY), 0.6), word),
    CallNumber.INTERRUPT_BIND: (held(K.INTERRUPT, R.BIND), or_null(held(K.NOTIFICATION, R.NOTIFY), 0.2), word),
    CallNumber.INTERRUPT_ACK: (held(K.INTERRUPT, R.ACK),),
})  # fmt: skip
