"""Lives of tasks that a father makes, runs and ends in every way there is, several of them at once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from tyrne.abi import FULL_CONTROL, KNOWN_RIGHTS, CapKind, Notice, Rights, Status, TaskState, rights_over
from tyrne.abi import CallNumber as C
from tyrne.hal.frame import Vector
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.system.parts import Cap, Quota
from tyrne.testing.board import PAGE
from tyrne.testing.board import MemoryBoard as Board
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT, SVC, boot, handle, run, slim_kernel, task_record, trap
from tyrne.testing.state import resources

CLAIMS = Quota(tasks=3, endpoints=6, notifications=3, spaces=3, memory=6, quotas=3, frames=48)
ALIVE = 3
"""How many lives go on at once."""
QUOTA = 0
"""The father's handle word for its quota."""
EVERY_QUOTA = int(FULL_CONTROL | Rights.CREATE)
ENDS = ("exit", "fault", "end", "suspend", "revoke", "drop")


class Family:
    """A father with a quota, at a more urgent priority than its children, so that it is always ready."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.kernel = slim_kernel(Board(160), 6, 48)
        quota = Cap(0, rights_over(CapKind.QUOTA), kind=CapKind.QUOTA)
        boot(self.kernel, task_record("father", quota, quota=CLAIMS), endpoints=0)
        self.father = self.kernel.tasks.items[0]
        self.born = 0
        self.ended: Counter[str] = Counter()
        self.at_first = resources(self.kernel)

    def live(self, lives: int) -> None:
        """So many lives from first to last, interleaved at random."""
        going: list[Iterator[None]] = []
        while going or self.born < lives:
            if self.born < lives and len(going) < ALIVE:
                going.append(self.life())
                self.born += 1
            chosen = self.dice.choice(going)
            if next(chosen, self) is self:
                going.remove(chosen)

    # --- calls

    def trap(self, task: Task, number: C, *arguments: int) -> None:
        run(self.kernel, task)
        for register, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
            task.frame.x[register] = u64(value)
        task.frame.x[8] = u64(number.value)
        trap(self.kernel, Vector.SYNCHRONOUS, u64(SVC), u64(0))
        self.kernel.board.traces.clear()
        self.kernel.board.events.clear()
        self.kernel.board.log.clear()

    def may(self, number: C, *arguments: int) -> tuple[int, int]:
        """A call of the father: status and x1."""
        self.trap(self.father, number, *arguments)
        assert self.father.state is TaskState.READY, f"{number.name} made the father wait"
        return int(self.father.frame.x[0]), int(self.father.frame.x[1])

    def ask(self, number: C, *arguments: int) -> int:
        """A call of the father that must succeed: x1."""
        status, x1 = self.may(number, *arguments)
        assert status == 0, f"{number.name} {[hex(word) for word in arguments]}: {Status(status).name}"
        return x1

    def newest(self) -> Task:
        return max(self.kernel.tasks.items, key=lambda task: int(task.number) if task.life.origin.capability else -1)

    # --- a life

    def life(self) -> Iterator[None]:
        """Make, equip, run, end and clear away one child. Each part may be followed by parts of other lives."""
        dice = self.dice
        payer = self.found_household()
        yield
        space = self.ask(C.CREATE, payer, CapKind.ADDRESS_SPACE.value)
        word = self.ask(C.CREATE, payer, CapKind.TASK.value)
        child = self.newest()
        memory = self.ask(C.CREATE, payer, CapKind.MEMORY.value, dice.choice([1, 2]))
        door = self.ask(C.CREATE, payer, CapKind.ENDPOINT.value)
        household = [space, word, memory, door]
        yield
        self.ask(C.MAP, space, memory, BASE, dice.choice([0, 1, 2]))
        supervised = dice.random() < 0.5
        if supervised:
            self.ask(C.TASK_SUPERVISE, word, door)
        yield
        again = True
        while again:
            self.ask(C.TASK_CONFIGURE, word, space, BASE, BASE, BASE + 2 * PAGE)
            self.equip(word, household, payer)
            self.ask(C.TASK_RESUME, word)
            yield
            for _ in range(dice.randrange(4)):
                self.act(child, door)
                yield
            how = dice.choice(ENDS)
            self.finish(how, child, word, payer, household)
            self.ended[how] += 1
            yield
            again = how in ("exit", "fault", "end") and child.has_ended() and dice.random() < 0.3
        self.clear_away(payer, household, child)

    def found_household(self) -> int:
        """A quota capability that pays for one child: derived from the father's, or of a new quota."""
        if self.dice.random() < 0.5:
            return self.ask(C.CAP_DERIVE, QUOTA, EVERY_QUOTA, 0)
        payer = self.ask(C.CREATE, QUOTA, CapKind.QUOTA.value)
        kinds = (CapKind.TASK, CapKind.ENDPOINT, CapKind.ENDPOINT, CapKind.ADDRESS_SPACE, CapKind.MEMORY)
        for kind in kinds:
            self.ask(C.QUOTA_MOVE, QUOTA, payer, kind.value, 1)
        self.ask(C.QUOTA_MOVE, QUOTA, payer, 0, 10)
        return payer

    def equip(self, word: int, household: list[int], payer: int) -> None:
        """Move copies and children of what the father holds into the child's table."""
        for held in [*household, payer]:
            if self.dice.random() < 0.6:
                number = self.dice.choice([C.CAP_COPY, C.CAP_DERIVE])
                rights = self.rights(held)
                gift = self.ask(number, held, rights, 0)
                self.ask(C.CAP_MOVE, gift, word)

    def rights(self, word: int) -> int:
        self.ask(C.CAP_QUERY, word)
        return int(self.father.frame.x[2])

    def act(self, child: Task, door: int) -> None:
        """The child does something of its own, if it is ready; the father answers at the door now and then."""
        dice = self.dice
        if child.state is not TaskState.READY:
            if self.arrived(door):
                self.answer(door)
            return
        held = [i | slot.generation << 16 for i, slot in enumerate(child.capabilities.slots) if slot.capability]
        mine = dice.choice(held) if held else NULL
        match dice.randrange(8):
            case 0:
                self.trap(child, C.CREATE, mine, dice.choice([2, 3, 6]), 1)
            case 1:
                self.trap(child, C.SEND, mine, 1, 2, 3, 4, dice.choice([*held, NULL]))
            case 2:
                self.trap(child, C.CALL, mine, 1, 2, 3, 4, dice.choice([*held, NULL]))
            case 3:
                self.trap(child, C.WAIT, mine)
            case 4:
                rights = int(KNOWN_RIGHTS) if dice.random() < 0.1 else int(Rights.TRANSFER)
                self.trap(child, C.CAP_DERIVE, mine, rights, 0)
            case 5:
                self.trap(child, C.CAP_DROP, mine)
            case 6:
                self.trap(child, C.SEND_WAIT, mine, 1, 2, 3, 4, dice.choice([*held, NULL]))
            case 7:
                self.trap(child, C.TASK_SUPERVISE, mine, dice.choice([*held, NULL]))

    def arrived(self, door: int) -> bool:
        """Whether somebody waits at the father's endpoint to send."""
        slot = self.father.capabilities.resolve(handle(door & 0xFFFF, door >> 16))
        if slot is None or slot.capability is None:
            return False
        named = slot.held().object
        endpoint = named.at  # type: ignore[union-attr]
        return endpoint.senders.head is not None

    def answer(self, door: int) -> None:
        """Take what waits at the door; answer it, or let the answer's capability go."""
        if not self.arrived(door):
            return
        status, _ = self.may(C.WAIT, door)
        x = [int(self.father.frame.x[i]) for i in range(8)]
        if status == 0 and x[6] != NULL:
            self.discard(x[6])
        if status == 0 and x[7] != NULL:
            if self.dice.random() < 0.5:
                self.ask(C.REPLY, x[7], Notice.FAULTED.value, 0, 0, 0, NULL)
            else:
                self.ask(C.CAP_DROP, x[7])

    def discard(self, word: int) -> None:
        if self.may(C.CAP_DROP, word)[0] == Status.HAS_CHILDREN.value:
            self.ask(C.CAP_REVOKE, word)
            self.ask(C.CAP_DROP, word)

    def finish(self, how: str, child: Task, word: int, payer: int, household: list[int]) -> None:
        """End the child in one way; where it cannot, because it waits, its father ends it."""
        ready = child.state is TaskState.READY
        match how:
            case "exit" if ready:
                self.trap(child, C.TASK_EXIT, self.dice.randrange(3))
            case "fault" if ready:
                run(self.kernel, child)
                trap(self.kernel, Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(BASE))
                self.answer(household[-1])
            case "revoke":
                self.ask(C.CAP_REVOKE, payer)
            case "drop":
                self.discard(word)
            case "suspend":
                self.may(C.TASK_SUSPEND, word)
            case _:
                self.may(C.TASK_END, word, 3)
        while child.state is TaskState.ENDING:  # its father, who is more urgent, comes between any two steps of its end
            run(self.kernel, child)

    def clear_away(self, payer: int, household: list[int], child: Task) -> None:
        """Give up what is left. After a proper end each capability is dropped by itself, and that must be enough."""
        if child.has_ended() and self.dice.random() < 0.7:
            self.dice.shuffle(household)
            for word in household:
                slot = self.father.capabilities.resolve(handle(word & 0xFFFF, word >> 16))
                if slot is not None:
                    self.discard(word)
            if self.may(C.CAP_DROP, payer)[0] == 0:
                return
            parked = [endpoint.parked.capability for endpoint in self.kernel.endpoints.items]
            assert any(parked), "something outlived the last capability over it"  # an endpoint may hold itself
        self.ask(C.CAP_REVOKE, payer)
        self.ask(C.CAP_DROP, payer)
