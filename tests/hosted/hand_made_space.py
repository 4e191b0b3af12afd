"""Page tables made by hand, so that the CPU is tested without the kernel."""

from __future__ import annotations

from tyrne.hal.aarch64.descriptors import page_descriptor
from tyrne.hal.frame import ThreadState, TrapFrame
from tyrne.hal.pages import MappingFlags
from tyrne.hosted.cpu import NO_LIMIT, Cpu, Stop
from tyrne.hosted.ram import Ram
from tyrne.hosted.registers import AdoptedFrame, AdoptedState
from tyrne.lang import u64

CODE = 0x0080_0000
STACK = 0x0080_1000
STACK_TOP = 0x0080_2000
READ_ONLY = 0x0080_3000
KERNEL_ONLY = 0x0080_4000
NO_ACCESS_FLAG = 0x0080_5000
UNMAPPED = 0x0080_6000
NOWHERE = 0x0080_7000
NOWHERE_CODE = 0x0080_8000

USER = MappingFlags.USER
CODE_FLAGS = USER | MappingFlags.EXECUTE
DATA_FLAGS = USER | MappingFlags.WRITE


class Thread:
    """A trap frame and a thread state, adopted by the CPU."""

    def __init__(self, pc: int = CODE, sp: int = STACK_TOP) -> None:
        self.frame = TrapFrame()
        self.frame.pc, self.frame.sp = u64(pc), u64(sp)
        self.state = ThreadState()
        self.general = AdoptedFrame(self.frame)
        self.extended = AdoptedState(self.state)


class Machine:
    """RAM and a CPU; address spaces are made of pages taken from RAM one after the other."""

    def __init__(self, size: int = 1 << 20) -> None:
        self.ram = Ram(size=size)
        self.cpu = Cpu(self.ram)
        self._next = self.ram.start

    def page(self, content: bytes = b"") -> int:
        address = self._next
        self._next += 4096
        self.write(address, content)
        return address

    def write(self, address: int, content: bytes) -> None:
        offset = address - self.ram.start
        self.ram.bytes[offset : offset + len(content)] = content

    def entry(self, root: int, va: int) -> int:
        """The physical address of the level 3 descriptor of `va`; tables on the way are made."""
        table = root
        for level in range(3):
            place = u64(table + 8 * (va >> (39 - 9 * level) & 511))
            if not self.ram.read64(place):
                self.ram.write64(place, u64(self.page() | 3))
            table = self.ram.read64(place) & 0xFFFF_FFFF_F000
        return table + 8 * (va >> 12 & 511)

    def map(self, root: int, va: int, pa: int, flags: MappingFlags) -> None:
        self.ram.write64(u64(self.entry(root, va)), page_descriptor(u64(pa), flags))

    def space(self, code: bytes) -> int:
        """The root of an address space with code, a stack, and a page of each kind that refuses something."""
        root = self.page()
        self.map(root, CODE, self.page(code), CODE_FLAGS)
        self.map(root, STACK, self.page(), DATA_FLAGS)
        self.map(root, READ_ONLY, self.page(), USER)
        self.map(root, KERNEL_ONLY, self.page(), MappingFlags.WRITE)
        self.map(root, NO_ACCESS_FLAG, self.page(), DATA_FLAGS)
        self.map(root, NOWHERE, 0x9000_0000, DATA_FLAGS)
        self.map(root, NOWHERE_CODE, 0x9000_0000, CODE_FLAGS)
        place = u64(self.entry(root, NO_ACCESS_FLAG))
        self.ram.write64(place, u64(self.ram.read64(place) & ~(1 << 10)))
        return root

    def run(self, thread: Thread, limit: int = NO_LIMIT) -> Stop:
        thread.general.from_frame()
        stop = self.cpu.run(thread.general, limit)
        thread.general.to_frame()
        return stop


def run_code(code: bytes, limit: int = NO_LIMIT) -> tuple[Machine, Thread, Stop]:
    """Run code in a fresh machine."""
    machine, thread = Machine(), Thread()
    machine.cpu.set_translation(machine.space(code), 1)
    return machine, thread, machine.run(thread, limit)
