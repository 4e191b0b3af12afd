"""What the tasks of a run asked for and were refused: of each kind how often, those of Linux programs by Linux's names.

What Linux refuses, the library in a program tells (tyrne.linux.told): a program that goes past it may leave that out,
or make it up. What the kernel refuses is what the kernel said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tyrne.hosted.happened import CallEvent
from tyrne.hosted.kept import forget_oldest
from tyrne.hosted.recorder import text_of
from tyrne.linux.told import WANTS, error_name, is_cut, is_told, linux_name, piece, remark
from tyrne.system.names import Names

if TYPE_CHECKING:  # not needed by a run in which nothing is refused
    from tyrne.system.explanation import Explainer

KINDS: Final = 256
"""That are kept, the first ones; others are counted together."""
REMARKS: Final = 64
"""For all tasks."""
_PATHS: Final = 64
"""Tasks of which a part of a path is known."""


@dataclass(frozen=True)
class Kind:
    """Refusals that are told as one: by whom, what was called, with which answer, and of which path."""

    task: int
    name: str
    answer: str
    path: str = ""
    of_linux: bool = False


class Policy:
    """Takes refused calls in their order."""

    def __init__(self, refused: Iterable[CallEvent] = ()) -> None:
        self.kinds: Final[dict[Kind, int]] = {}
        """How often each was."""
        self.others = 0
        """Refusals of kinds that came when there were KINDS already."""
        self.remarks: Final[dict[tuple[int, str], None]] = {}
        """What the library lacks, and what programs wanted more of, by task, each once, in order."""
        self._first: Final[dict[Kind, CallEvent]] = {}
        self._paths: Final[dict[int, bytes]] = {}
        for event in refused:
            self.add(event)

    def add(self, event: CallEvent) -> bool:
        """Count a refused call; whether it was the kernel that refused it, and not the library in a program."""
        told = is_told(event.number)
        if not told and not event.was_refused:
            return True  # a wait that has ended otherwise
        kind = self._told(event) if told else Kind(event.task, event.name or str(event.number), event.refusal or "")
        if kind is None:
            return False
        if kind in self.kinds:
            self.kinds[kind] += 1
        elif len(self.kinds) < KINDS:
            self.kinds[kind] = 1
            self._first[kind] = event
        else:
            self.others += 1
        return not told

    def _told(self, event: CallEvent) -> Kind | None:
        """What a program says that it was refused; None where more of it is to come."""
        before = self._paths.pop(event.task, b"")
        path = before if is_cut(before) else before + piece(event.arguments)
        error = error_name(event.arguments)
        if error is None:
            self._paths[event.task] = path
            forget_oldest(self._paths, _PATHS)
            return None
        name = linux_name(event.number)
        said = remark(name, error)
        if said is not None and len(self.remarks) < REMARKS:
            self.remarks[event.task, said] = None
        return Kind(event.task, name, error, quoted(path), True)

    def rows(self, explainer: Explainer) -> Iterator[str]:
        """A line for each kind, in the order of its first refusal."""
        if not self.kinds:
            yield "nothing was refused"
            return
        yield "refused: how often, whom, the answer, and what was asked for, the first of its kind:"
        names = {kind: explainer.names.task(kind.task) for kind in self.kinds}
        width, answers = max(map(len, names.values())), max(len(kind.answer) for kind in self.kinds)
        for kind, count in self.kinds.items():
            what = f"{kind.name} {kind.path}".rstrip() if kind.of_linux else self._of_kernel(kind, explainer)
            yield f"  {count:6} {names[kind]:{width}}  {kind.answer:{answers}}  {what}"
        if self.others:
            yield f"  {self.others:6} more, of other kinds"

    def _of_kernel(self, kind: Kind, explainer: Explainer) -> str:
        """What stands for a call of Tyrne is the first of its kind."""
        first = self._first[kind]
        why = explainer.refusal(first)
        return f"Tyrne's {first.text}{f': {why}' if why else ''}"

    def lines(self, names: Names, wants: bool = False) -> Iterator[str]:
        """The remarks, each with its task; with `wants` only those of what a program wanted more of."""
        told = [(task, said) for task, said in self.remarks if not wants or said in WANTS.values()]
        yield from (f"{names.task(task)}: {said}" for task, said in told)


def refusal_told(event: CallEvent) -> str:
    """What a call says that tells of one of Linux: `Linux: openat "/etc/passwd": ENOENT`."""
    path = quoted(piece(event.arguments))
    what = f"{linux_name(event.number)} {path}".rstrip()
    return f"Linux: {what}: {error_name(event.arguments) or 'its path goes on'}"


def quoted(path: bytes) -> str:
    """A path between quotation marks; empty if there is none."""
    text = json.dumps(text_of(path), ensure_ascii=False)
    return f"{text[:-1]}…\"" if is_cut(path) else text if path else ""
