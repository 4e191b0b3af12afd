"""What random calls came to: how often each call ended in each status, counted from the journal."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tyrne.abi import CallNumber, Status
from tyrne.boards.native import journal
from tyrne.testing.lockstep.counted_work import KINDS, Counts
from tyrne.testing.lockstep.journal_board import Record
from tyrne.testing.lockstep.sides import IDLE

_STATUS_AT: Final = 9
"""Where in a record of a call x0 of its reply stands."""


class Tally:
    """Counts of (call, status), and of the other things that happen."""

    def __init__(self) -> None:
        self.systems = 0
        self.steps = 0
        self.calls: Counter[tuple[int, int]] = Counter()
        self.events: Counter[str] = Counter()
        self.work = Counts()

    def count(self, records: list[Record], work: Counts) -> None:
        """The records of one step, and the kernel's long work in it."""
        self.steps += 1
        self.work.add(work)
        for record in records:
            match record[0]:
                case journal.CALL:
                    self.calls[int(record[2]), int(record[_STATUS_AT])] += 1
                case journal.EXIT:
                    self.calls[int(record[2]), 0] += 1
                case journal.FAULT:
                    self.events["tasks ended by a fault"] += 1
                case journal.END:
                    self.events["tasks ended by others"] += 1
                case journal.SWITCH_THREAD:
                    self.events["rests" if record[2] == IDLE else "switches"] += 1
                case journal.INVALIDATE_PAGES:
                    self.events["pages unmapped or protected"] += int(record[3])

    def add(self, other: Tally) -> None:
        self.systems += other.systems
        self.steps += other.steps
        self.calls += other.calls
        self.events += other.events
        self.work.add(other.work)

    def statuses(self) -> set[Status]:
        """Every status that some call has ended in."""
        return {Status(status) for _, status in self.calls}

    def calls_that_succeeded(self) -> set[CallNumber]:
        numbers = {number for number, status in self.calls if status == 0}
        return {number for number in CallNumber if number.value in numbers}

    def lines(self) -> list[str]:
        """A table: a call on each line, with its statuses, the most frequent first."""
        total, fine = self.calls.total(), sum(n for (_, status), n in self.calls.items() if status == 0)
        share = 100 * fine // max(total, 1)
        lines = [
            f"{self.systems} systems, {self.steps} steps, {total} calls completed, {share}% of them OK",
            ", ".join(f"{count} {what}" for what, count in sorted(self.events.items())),
            *(f"{kind}: {self.work.steps[kind]} steps, {self.work.preempted[kind]} times preempted" for kind in KINDS),
        ]
        for number in CallNumber:
            here = Counter({status: n for (call, status), n in self.calls.items() if call == number.value})
            parts = (f"{Status(status).name} {n}" for status, n in here.most_common())
            lines.append(f"{number.name:15} {here.total():7}  {', '.join(parts)}")
        missing = [status.name for status in Status if status not in self.statuses()]
        lines.append(f"never reached: {', '.join(missing) or 'none'}")
        return lines
