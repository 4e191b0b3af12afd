"""A driver of random habits for a whole kernel: every system call with plausible and with wild arguments, and traps.

    drive = Driver(seed, world_of_everything())
    while drive.step(): ...

It keeps at least one task able to run for as long as it can, so that walks are long.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from tyrne.abi import (
    FULL_CONTROL,
    KNOWN_RIGHTS,
    CallNumber,
    CapKind,
    Rights,
    Status,
    pack_handle,
    rights_over,
    unpack_handle,
)
from tyrne.hal.aarch64.syndrome import cause_of
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.authority import endpoint_at
from tyrne.kernel.capability import kind_of
from tyrne.kernel.kernel import Kernel
from tyrne.lang import u64
from tyrne.rows import Rows
from tyrne.system.parts import Cap, Quota, Region, Supervisor
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.invariants import demand
from tyrne.testing.invariants.task_states import StateChanges, call_made, changes_are_in_the_table
from tyrne.testing.kernels import BASE, NULL, SVC, boot, current, held, slim_kernel, task_record, trap

C = CallNumber
ODD = [0, 1, 2, 5, 0x3F, 64, 0xFFFF, 1 << 16, 1 << 31, 1 << 32, 1 << 48, 1 << 63, NULL - 1, NULL]
ADDRESSES = [0, PAGE, 2 * PAGE, BASE, BASE + PAGE, BASE + 2 * PAGE, 0x100_0000, 0x100_1000, 0x120_0000, 0x11F_F000]
ADDRESSES += [0x4000_0000, 0x80_0000_0000, (1 << 48) - PAGE, (1 << 48) - 2 * PAGE, 1 << 48, 0x100_0800]
TEXTS = [BASE, BASE + 1, BASE + PAGE - 1, BASE + PAGE, BASE + 2 * PAGE - 1, BASE + 2 * PAGE, 0, NULL]
DATA_ABORT, UNDEFINED, FLOATING, SERROR = 0x9200_004F, 0x0200_0000, 0x1FE0_0000, 0xBE00_0000
SELDOM = {C.TASK_EXIT: 1, C.TASK_END: 3, C.CAP_REVOKE: 4, C.TASK_SUSPEND: 4, C.CAP_DROP: 5, C.CONSOLE_WRITE: 6}
OFTEN = {C.CREATE: 24, C.TASK_RESUME: 20, C.TASK_CONFIGURE: 20, C.REPLY: 20, C.REPLY_WAIT: 16, C.CAP_DERIVE: 16}
WAITS = {C.SEND_WAIT, C.WAIT, C.CALL, C.REPLY_WAIT, C.TASK_EXIT, C.TASK_SUSPEND}


def everything(number: int, tasks: int, *, supervised: bool) -> list[Cap]:
    """What a task of the busy system holds: every kind of object, shared with the others."""
    full = rights_over(CapKind.ENDPOINT)
    others = [i for i in range(tasks) if i != number]
    return [
        Cap(0, full, badge=number),
        Cap(1, full),
        Cap(number % 2, rights_over(CapKind.NOTIFICATION), kind=CapKind.NOTIFICATION),
        Cap(0, rights_over(CapKind.MEMORY), kind=CapKind.MEMORY),
        Cap(0, rights_over(CapKind.QUOTA), kind=CapKind.QUOTA),
        Cap(number, rights_over(CapKind.ADDRESS_SPACE), kind=CapKind.ADDRESS_SPACE),
        *(Cap(i, rights_over(CapKind.TASK), kind=CapKind.TASK) for i in others[:2]),
        Cap(0, FULL_CONTROL | Rights.CONSOLE_WRITE, kind=CapKind.DEBUG_CONSOLE),
        Cap(0, rights_over(CapKind.CLOCK), kind=CapKind.CLOCK),
        Cap(48 + number % 2, rights_over(CapKind.INTERRUPT), kind=CapKind.INTERRUPT),
    ]


def busy_system(*, slots: int = 18, pages: int = 160) -> Kernel[MemoryBoard]:
    """Four tasks that hold everything, in small tables; two of them are supervised."""
    kernel = slim_kernel(MemoryBoard(pages), 10, slots)
    claims = Quota(tasks=1, endpoints=2, notifications=2, spaces=1, memory=3, quotas=2, frames=20)
    records = [
        task_record(
            f"t{i}",
            *everything(i, 4, supervised=i < 2),
            quota=claims,
            supervisor=Supervisor(1, 70 + i) if i < 2 else None,
            priority=8 if i < 3 else 9,
        )
        for i in range(4)
    ]
    boot(kernel, *records, endpoints=3, notifications=2, memory=[Region("shared", 3)], slice=1000)
    return kernel


class Driver:
    """Random traps, one a step; `seen` counts what came of each call."""

    def __init__(self, seed: int, kernel: Kernel[MemoryBoard]) -> None:
        self.dice = random.Random(seed)
        self.kernel = kernel
        self.changes = StateChanges(kernel)
        self.seen: Counter[tuple[str, int]] = Counter()
        self.favourite: int | None = None
        """The endpoint that the next call is to be made at."""
        self.before_call: Callable[[], None] = lambda: None
        """Called when the registers of a system call are set, just before its trap."""
        self.refused = False
        """Whether the last step was a call that was refused at once."""
        self.said = ""
        """What the last step was, for messages."""

    # --- arguments

    def one_in(self, n: int) -> bool:
        return self.dice.randrange(n) == 0

    def word(self) -> int:
        return self.dice.choice([*ODD, self.dice.getrandbits(64), self.dice.randrange(40)])

    def handles(self, kind: CapKind | None = None) -> list[int]:
        table = current(self.kernel).capabilities
        found = []
        for handle in held(table):
            capability = table.lookup(handle)
            if capability is not None and kind in (None, kind_of(capability.object)):
                found.append(int(pack_handle(handle)))
        return found

    def handle(self, kind: CapKind | None = None) -> int:
        """Mostly one of the right kind that the caller holds; else another, a stale or a forged one."""
        live = self.handles(kind)
        if kind is CapKind.ENDPOINT and self.favourite in live and not self.one_in(10):
            return self.favourite
        if live and not self.one_in(15):
            found = self.dice.choice(live)
            return found | self.dice.getrandbits(16) << 48 if self.one_in(20) else found
        others = self.handles()
        if others and not self.one_in(3):
            return self.dice.choice(others)
        return self.dice.choice([self.dice.randrange(20) | self.dice.randrange(3) << 16, *ODD])

    def mapped(self) -> int:
        """Mostly memory that is mapped."""
        slots = [slot for slot in current(self.kernel).capabilities.slots if slot.placement is not None]
        if not slots or self.one_in(6):
            return self.handle(CapKind.MEMORY)
        return int(pack_handle(self.dice.choice(slots).handle()))

    def gift(self) -> int:
        return self.handle() if self.one_in(3) else NULL

    def narrowed(self, word: int) -> int:
        """Mostly rights that a capability has, often all of them."""
        capability = current(self.kernel).capabilities.lookup(unpack_handle(u64(word)))
        if capability is None or self.one_in(6):
            some, odd = self.dice.getrandbits(len(Rights)), self.dice.getrandbits(64)
            return self.dice.choice([int(KNOWN_RIGHTS), 0, some, odd, 0x0F, 0x4000])
        few = [0, 0, 0, int(Rights.SEND), int(Rights.RECV), int(Rights.REVOKE), int(Rights.WRITE)]
        return int(capability.rights) & ~self.dice.choice([*few, self.dice.getrandbits(len(Rights))])

    def with_rights(self, kind: CapKind | None = None) -> list[int]:
        word = self.handle(kind)
        return [word, self.narrowed(word)]

    def message(self) -> list[int]:
        return [self.word() for _ in range(4)]

    def arguments(self, number: CallNumber) -> list[int]:
        """x0 to x5 for a call: right in kind, mostly."""
        kind = CapKind
        h, w = self.handle, self.word

        def one_of(*words: int) -> int:
            return self.dice.choice(words)

        either = kind.ENDPOINT if self.favourite is not None else self.dice.choice([kind.ENDPOINT, kind.NOTIFICATION])
        table: Rows[CallNumber, Callable[[], list[int]]] = Rows("Driver.arguments", C, {
            C.SEND: lambda: [h(kind.ENDPOINT), *self.message(), self.gift()],
            C.RECV: lambda: [h(kind.ENDPOINT)],
            C.TASK_YIELD: list,
            C.TASK_EXIT: lambda: [w()],
            C.CONSOLE_WRITE: lambda: [h(kind.DEBUG_CONSOLE), one_of(*TEXTS), one_of(0, 1, 1, 9, PAGE, w())],
            C.CAP_COPY: lambda: self.with_rights(),
            C.CAP_DERIVE: lambda: [*self.with_rights(), one_of(0, 0, 0, w())],
            C.CAP_REVOKE: lambda: [h()],
            C.CAP_DROP: lambda: [h()],
            C.CAP_MOVE: lambda: [h(), one_of(NULL, h(kind.TASK), h(kind.TASK))],
            C.CAP_QUERY: lambda: [h()],
            C.SEND_WAIT: lambda: [h(kind.ENDPOINT), *self.message(), self.gift()],
            C.WAIT: lambda: [h(either)],
            C.CALL: lambda: [h(kind.ENDPOINT), *self.message(), self.gift()],
            C.REPLY: lambda: [h(kind.REPLY), *self.message(), self.gift()],
            C.REPLY_WAIT: lambda: [h(kind.REPLY), *self.message(), h(kind.ENDPOINT)],
            C.CANCEL: lambda: [h(kind.ENDPOINT)],
            C.NOTIFY: lambda: [h(kind.NOTIFICATION), w()],
            C.POLL: lambda: [h(kind.NOTIFICATION)],
            C.BIND: lambda: [h(kind.ENDPOINT), one_of(NULL, h(kind.NOTIFICATION))],
            C.CREATE: lambda: [h(kind.QUOTA), one_of(2, 3, 4, 5, 5, 6, 6, 7, w()), one_of(1, 2, 3, w())],
            C.QUOTA_MOVE: lambda: [h(kind.QUOTA), h(kind.QUOTA), one_of(*range(10), w()), one_of(0, 1, 4, w())],
            C.MEMORY_DERIVE: lambda: [*self.with_rights(kind.MEMORY), one_of(0, 1, w()), one_of(1, 2, w())],
            C.MAP: lambda: [h(kind.ADDRESS_SPACE), h(kind.MEMORY), self.address(), one_of(0, 1, 2, 3, w())],
            C.UNMAP: lambda: [h(kind.ADDRESS_SPACE), self.mapped()],
            C.PROTECT: lambda: [h(kind.ADDRESS_SPACE), self.mapped(), one_of(0, 1, 2, 3, w())],
            C.TASK_CONFIGURE: lambda: [h(kind.TASK), h(kind.ADDRESS_SPACE), BASE, BASE, one_of(BASE + PAGE, w())],
            C.TASK_SUPERVISE: lambda: [h(kind.TASK), one_of(NULL, h(kind.ENDPOINT))],
            C.TASK_PRIORITY: lambda: [h(kind.TASK), one_of(7, 8, 8, 8, 9, 15, 16, w())],
            C.TASK_RESUME: lambda: [h(kind.TASK)],
            C.TASK_SUSPEND: lambda: [h(kind.TASK)],
            C.TASK_READ: lambda: [h(kind.TASK), one_of(0, 28, 33, 34, w())],
            C.TASK_WRITE: lambda: [h(kind.TASK), one_of(0, 8, 31, 32, 33, 34, w()), w()],
            C.TASK_END: lambda: [h(kind.TASK), w()],
            C.TASK_STATE: lambda: [h(kind.TASK)],
            C.CLOCK_READ: lambda: [h(kind.CLOCK)],
            C.CLOCK_ARM: lambda: [h(kind.CLOCK), self.time(), one_of(NULL, h(kind.NOTIFICATION)), w()],
            C.INTERRUPT_BIND: lambda: [h(kind.INTERRUPT), one_of(NULL, h(kind.NOTIFICATION)), w()],
            C.INTERRUPT_ACK: lambda: [h(kind.INTERRUPT)],
        })  # fmt: skip
        return table[number]()

    def time(self) -> int:
        """Mostly soon, in nanoseconds; or past, or never."""
        return self.dice.choice([0, NULL, self.word(), *(self.dice.randrange(100_000) for _ in range(4))])

    def address(self) -> int:
        return self.dice.choice([*ADDRESSES, self.word()])

    # --- traps

    def alone(self) -> bool:
        """Whether nobody else could run if the current task did not."""
        return self.kernel.scheduler.core.levels == 0

    def choose(self) -> CallNumber:
        alone = self.alone()
        if not self.one_in(3):
            if self.handles(CapKind.REPLY):
                return C.REPLY_WAIT if self.one_in(3) and not alone else C.REPLY
            met = self.met()
            if met is not None:
                return met
        if self.one_in(6) and not alone:
            return self.dice.choice([C.WAIT, C.CALL, C.SEND_WAIT])
        numbers = [number for number in C if not (alone and number in WAITS)]
        return self.dice.choices(numbers, [SELDOM.get(n, OFTEN.get(n, 12)) for n in numbers])[0]

    def met(self) -> CallNumber | None:
        """A call that would meet a task that waits at an endpoint of the caller's; the endpoint comes first then."""
        for word in self.handles(CapKind.ENDPOINT):
            slot = current(self.kernel).capabilities.resolve(unpack_handle(u64(word)))
            endpoint = None if slot is None else endpoint_at(slot)
            if slot is None or endpoint is None:
                continue
            self.favourite = word
            if endpoint.senders.head is not None and Rights.RECV in slot.held().rights:
                return self.dice.choice([C.WAIT, C.WAIT, C.RECV])
            if endpoint.receivers.head is not None and Rights.SEND in slot.held().rights:
                return self.dice.choice([C.CALL, C.CALL, C.SEND_WAIT, C.SEND])
        self.favourite = None
        return None

    def step(self) -> bool:
        """One trap of the current task, or while nobody is ready an alarm; false when the run is over."""
        idle = self.kernel.scheduler.core.current is None
        if idle and not self.kernel.waits():
            return False
        board = self.kernel.board
        for record in (board.traces, board.events, board.console, board.log):
            record.clear()
        self.refused = False
        what = self.dice.random()
        if idle:
            self.alarm()
        elif what < 0.90:
            self.refused = self.call(self.choose()) not in (None, 0)
        elif what < 0.97:
            self.interrupt()
        else:
            self.fault()
        for trace in board.traces:
            if trace[0] == "call":
                number, status = int(trace[2].number), trace[3][0]
                self.seen[CallNumber(number).name if 1 <= number <= len(C) else "none", status] += 1
        return True

    def call(self, number: CallNumber) -> int | None:
        arguments = self.arguments(number)
        self.favourite = None
        if self.one_in(25):
            arguments = [self.word() if self.one_in(2) else argument for argument in arguments]
        return self.system_call(number.value if not self.one_in(150) else self.word(), arguments)

    def system_call(self, number: int, arguments: list[int]) -> int | None:
        """Let the current task make a call: its status when it returned at once, None when it did not return."""
        task, board = current(self.kernel), self.kernel.board
        self.said = f"task {task.number}: call {number} {[hex(argument) for argument in arguments]}"
        for register, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
            task.frame.x[register] = u64(value)
        task.frame.x[8] = u64(number)
        self.before_call()
        me = int(task.number)
        self.trap(Vector.SYNCHRONOUS, SVC, 0)
        returned = [trace for trace in board.traces if trace[0] == "call" and trace[1] == me]
        if not returned:
            return None
        assert len(returned) == 1, f"{self.said} returned twice"
        status: int = returned[0][3][0]
        self.said += f" -> {status:#x}"
        Status(status)
        assert status == 0 or returned[0][3][1:] == (0,) * 7, f"{self.said}: a refusal with payload"
        return status

    def interrupt(self) -> None:
        self.said = "interrupt"
        if self.kernel.board.alarm_at is not None and self.one_in(3):
            self.alarm()
            return
        if self.kernel.board.unmasked and self.one_in(2):
            self.kernel.board.raise_line(self.dice.choice(sorted(self.kernel.board.unmasked)))
            self.trap(Vector.IRQ, 0, 0)
            return
        self.kernel.board.interrupt = Interrupt.SPURIOUS if self.one_in(10) else Interrupt.TICK
        self.trap(Vector.IRQ, 0, 0)

    def alarm(self) -> None:
        """The time has come for which the kernel has asked."""
        self.said = "alarm"
        board = self.kernel.board
        assert board.alarm_at is not None
        board.time = max(board.time, board.alarm_at)
        board.interrupt = Interrupt.ALARM
        self.trap(Vector.IRQ, 0, 0)

    def fault(self) -> None:
        """A fault of a task, unless it is the only one that can run; or its first use of the FP/SIMD unit."""
        self.said = "fault"
        syndrome = self.dice.choice([DATA_ABORT, UNDEFINED, FLOATING])
        if self.alone() and not (syndrome == FLOATING and not current(self.kernel).thread.floating):
            return
        vector = Vector.SERROR if self.one_in(8) else Vector.SYNCHRONOUS
        self.said = f"fault {syndrome:#x} through {vector}"
        self.trap(vector, SERROR if vector is Vector.SERROR else syndrome, self.word())

    def trap(self, vector: Vector, syndrome: int, address: int) -> None:
        """A trap of the current task, which changes states as the table has it."""
        made = call_made(self.kernel, cause_of(vector, u64(syndrome)))
        self.changes.take()
        trap(self.kernel, vector, u64(syndrome), u64(address))
        demand(changes_are_in_the_table(self.changes.take(), made))
