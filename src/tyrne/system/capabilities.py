"""The capabilities of a description: each names one object, with rights that mean something for it."""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tyrne.abi import CapKind, Rights, includes, rights_at_boot, rights_over
from tyrne.system import limits
from tyrne.system.devices import KINDS, in_ram, line_error
from tyrne.system.handles import words_of
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.parts import CONSOLE_CAP, Cap, Device, Mapping, Region
from tyrne.system.shape import CapTable, keys_given
from tyrne.system.similar import meant


@dataclass(frozen=True)
class _Kind:
    """What a key of a capability stands for: `named` is the kind of table that has the name, empty where none has."""

    kind: CapKind
    default: Rights
    what: str
    named: str = ""
    more: tuple[str, ...] = ()


_KINDS: Final = {
    "console": _Kind(CapKind.DEBUG_CONSOLE, Rights.CONSOLE_WRITE, "the console"),
    "clock": _Kind(CapKind.CLOCK, Rights.READ | Rights.ARM, "the clock"),
    "endpoint": _Kind(CapKind.ENDPOINT, Rights.SEND | Rights.RECV, "an endpoint", "endpoint", ("badge",)),
    "notification": _Kind(CapKind.NOTIFICATION, Rights.NOTIFY | Rights.WAIT, "a notification", "notification"),
    "memory": _Kind(
        CapKind.MEMORY, Rights.READ | Rights.WRITE, "a memory region", "memory", ("at", "writable", "executable")
    ),
    "device": _Kind(CapKind.MEMORY, Rights.READ | Rights.WRITE, "a device", "device", ("at", "writable")),
    "task": _Kind(CapKind.TASK, Rights.CONTROL | Rights.INSPECT, "a task", "task"),
    "space": _Kind(CapKind.ADDRESS_SPACE, Rights.MAP | Rights.BIND, "an address space", "task"),
    "quota": _Kind(CapKind.QUOTA, Rights.CREATE, "a quota"),
    "interrupt": _Kind(CapKind.INTERRUPT, Rights.BIND | Rights.ACK, "an interrupt"),
}
"""Each key that names an object."""

_OWNER: Final = {"badge": "endpoints", "at": "memory", "writable": "memory", "executable": "memory"}
"""What the keys that not every capability has are for."""


def right_names(rights: Rights) -> list[str]:
    """The names of single rights, in the order of their bits."""
    return [str(right.name) for right in Rights if right and includes(rights, right)]


class CapReader:
    """Checks the capabilities of one description after another task's. `names` are those of each kind of table; the
    registers of the devices are the last regions."""

    def __init__(
        self,
        mistakes: Mistakes,
        names: Lookup[str, Sequence[str]],
        regions: Sequence[Region],
        devices: Sequence[Device],
    ) -> None:
        self._mistakes = mistakes
        self._names = names
        self._regions = regions
        self._devices = devices
        self._lines: set[int] = set()
        self._holders: dict[str, Where] = {}
        """Of devices by their names: where their capability is."""

    def caps(self, where: Where, tables: Sequence[CapTable]) -> tuple[tuple[Cap, ...], tuple[Mapping, ...]]:
        """The capabilities of one task, and what of its memory is mapped from the start."""
        words = [len(words_of(table)) for table in tables]
        if (count := sum(words)) > limits.CAPS:
            first = next(number for number in range(len(words)) if sum(words[: number + 1]) > limits.CAPS)
            what = f"{count} capabilities; a task starts with at most {limits.CAPS}, remove some"
            self._mistakes.add((*where, first), what)
        caps: list[Cap] = []
        mappings: list[Mapping] = []
        for number, table in enumerate(tables[: limits.CAPS]):
            here = (*where, number)
            cap, word = self._cap(here, table), len(caps)
            caps.append(cap)
            if table.device is not None and cap.kind is CapKind.MEMORY:
                caps.append(self._interrupt((*here, "device"), table.device))
            if table.at is None:
                for key in ("writable", "executable"):
                    if getattr(table, key) is not None and (table.memory or table.device) is not None:
                        what = f'"{key}" without "at"; add at = 0x1000_0000, the address, or remove it'
                        self._mistakes.add((*here, key), what)
            elif cap.kind is CapKind.MEMORY:
                mappings.append(self._mapping(here, table, word, cap, table.at, caps, mappings))
        return tuple(caps), tuple(mappings)

    def _cap(self, here: Where, table: CapTable) -> Cap:
        objects = [key for key in keys_given(table) if key in _KINDS]
        if len(objects) != 1:
            given = " and ".join(objects) or "none"
            what = 'a capability names one object; write { console = true } or { endpoint = "name" }, one of '
            self._mistakes.add(here, f"{what}{', '.join(_KINDS)} (here: {given})")
            return CONSOLE_CAP
        key = objects[0]
        kind = _KINDS[key]
        for other in keys_given(table):
            if other in _OWNER and other not in kind.more:
                what = f'"{other}" is for {_OWNER[other]}, not for {kind.what}; remove it'
                self._mistakes.add((*here, other), what)
        number = self.number((*here, key), kind.named, getattr(table, key)) if kind.named else 0
        shared = key == "memory" and number is not None and self._regions[number].dma
        rights = kind.default | Rights.LOCATE if shared else kind.default
        if table.rights is not None:
            allowed = rights_at_boot(kind.kind) if shared else rights_over(kind.kind)
            rights = self._rights((*here, "rights"), table.rights, kind.what, allowed)
        badge = table.badge or 0
        check_badge(self._mistakes, (*here, "badge"), badge)
        if table.interrupt is not None:
            number = self._line((*here, key), table.interrupt, line_error(table.interrupt))
        if key == "device" and number is not None:
            number += len(self._regions) - len(self._devices)
        return CONSOLE_CAP if number is None else Cap(number, rights, badge, kind.kind)

    def _interrupt(self, where: Where, name: str) -> Cap:
        """That of a device, behind its registers. No two tasks drive one device."""
        holder = self._holders.setdefault(name, where)
        if holder != where:
            what = f'device "{name}" is given already at {self._mistakes.place(holder)}'
            self._mistakes.add(where, f"{what}; give it to one task, which may derive from it")
        kind = KINDS.get(self._devices[self._names["device"].index(name)].kind)
        line = None if kind is None or holder != where else self._line(where, kind.line, None)
        return Cap(line or 0, _KINDS["interrupt"].default, kind=CapKind.INTERRUPT)

    def _line(self, where: Where, line: int, wrong: str | None) -> int | None:
        """An interrupt line that nobody has yet; None and a mistake for one that no task can have, or with which
        something is wrong."""
        if wrong is None and line in self._lines:
            wrong = f"interrupt {line} is given a second time; let its holder derive another from it"
        elif wrong is None and len(self._lines) == limits.LINES:
            wrong = f"a system has at most {limits.LINES} interrupts, remove some"
        if wrong is not None:
            self._mistakes.add(where, wrong)
            return None
        self._lines.add(line)
        return line

    def number(self, where: Where, kind: str, name: str) -> int | None:
        """The number of the table of this kind with a name; None and a mistake where none has it."""
        names = self._names[kind]
        if name in names:
            return names.index(name)
        known = ", ".join(names) or "none"
        what = f'no {kind} "{name}" (there is {known}); add a [[{kind}]] with name = "{name}", or correct the name'
        self._mistakes.add(where, f"{what}{meant(name, names)}")
        return None

    def _rights(self, where: Where, names: Sequence[str], what_over: str, allowed: Rights) -> Rights:
        rights = Rights.NONE
        for number, name in enumerate(names):
            right = Rights.__members__.get(name, Rights.NONE)
            if not right & allowed:
                known = right_names(allowed)
                similar = "" if name in Rights.__members__ else meant(name, known)
                what = f'no right "{name}" over {what_over}; write one of {", ".join(known)}{similar}'
                self._mistakes.add((*where, number), what)
            elif right & rights:
                self._mistakes.add((*where, number), f'"{name}" a second time; remove it')
            rights |= right
        return rights

    def _mapping(
        self,
        here: Where,
        table: CapTable,
        number: int,
        cap: Cap,
        at: int,
        caps: Sequence[Cap],
        others: Sequence[Mapping],
    ) -> Mapping:
        """The mapping of a memory capability, checked against all but the program, which is not at hand yet."""
        region = self._regions[cap.object]
        executable = bool(table.executable) and table.memory is not None
        writable = includes(cap.rights, Rights.WRITE) and not executable if table.writable is None else table.writable
        mapping = Mapping(number, at, writable, executable, self._mistakes.place((*here, "at")))
        self._check_access(here, region, cap, mapping)
        self._check_address((*here, "at"), region, mapping)
        for other in others:
            neighbour = self._regions[caps[other.cap].object]
            if overlap(at, region.pages, other.address, neighbour.pages):
                what = f'memory "{region.name}" at {at:#x} overlaps memory "{neighbour.name}" at {other.address:#x}'
                end = other.address + neighbour.pages * limits.PAGE
                self._mistakes.add((*here, "at"), f"{what}; map it elsewhere, such as from {end:#x} on")
        if len(others) == limits.MAPPINGS:
            what = f"more than {limits.MAPPINGS} memory regions mapped from the start; let the task map the others"
            self._mistakes.add((*here, "at"), what)
        return mapping

    def _check_access(self, here: Where, region: Region, cap: Cap, mapping: Mapping) -> None:
        if mapping.writable and mapping.executable:
            what = "no memory is writable and executable at once; remove writable or executable"
            self._mistakes.add((*here, "executable"), what)
        if mapping.executable and region.address:
            is_what = "is filled from a file" if region.file else "is shared with devices"
            is_what = is_what if in_ram(region) else "is a device"
            what = f'memory "{region.name}" {is_what}, and is never executed; remove executable'
            self._mistakes.add((*here, "executable"), what)
        for needed, wanted, key in (
            (Rights.READ, True, "at"),
            (Rights.WRITE, mapping.writable, "writable"),
            (Rights.EXECUTE, mapping.executable, "executable"),
        ):
            if wanted and not includes(cap.rights, needed):
                held = ", ".join(f'"{name}"' for name in right_names(cap.rights | needed))
                how = "is mapped" if key == "at" else f"is mapped {key}"
                what = f'memory "{region.name}" {how} without the right {needed.name}; write rights = [{held}]'
                self._mistakes.add((*here, key), what)

    def _check_address(self, where: Where, region: Region, mapping: Mapping) -> None:
        at = mapping.address
        end = at + region.pages * limits.PAGE
        if at % limits.PAGE:
            self._mistakes.add(where, f"at {at:#x} does not begin a page; write a multiple of {limits.PAGE:#x}")
        elif at < limits.PAGE or end > limits.USER_VA_LIMIT:
            what = f"{at:#x} to {end:#x} is outside the user addresses"
            last = limits.USER_VA_LIMIT - region.pages * limits.PAGE
            self._mistakes.add(where, f"{what}; write an address from {limits.PAGE:#x} to {last:#x}")
        elif region.pages > limits.MAPPED_PAGES:
            self._check_blocks(where, region, at)

    def _check_blocks(self, where: Where, region: Region, at: int) -> None:
        """What is mapped by blocks is made of whole ones, and begins where one does."""
        if region.pages % limits.MAPPED_PAGES or region.address % limits.BLOCK:
            what = f'memory "{region.name}" has {region.pages} pages, which are not blocks of {limits.BLOCK:#x} bytes'
            mend = f"let the task derive a part of at most {limits.MAPPED_PAGES} pages and map that"
            if in_ram(region):
                mend = f"write pages = {region.pages + -region.pages % limits.MAPPED_PAGES}, or {mend}"
            self._mistakes.add(where, f"{what}; {mend}")
        elif at % limits.BLOCK:
            what = f'at {at:#x} does not begin a block, and memory "{region.name}" is mapped by blocks'
            self._mistakes.add(where, f"{what}; write a multiple of {limits.BLOCK:#x}")


def check_badge(mistakes: Mistakes, where: Where, badge: int) -> None:
    if not 0 <= badge <= limits.BADGE_MAX:
        mistakes.add(where, f"badge is {badge}; write a number from 1 to {limits.BADGE_MAX:#x}, or 0 for none")


def overlap(one: int, one_pages: int, other: int, other_pages: int) -> bool:
    """Whether two runs of pages have an address in common."""
    return one < other + other_pages * limits.PAGE and other < one + one_pages * limits.PAGE
