"""What a lab is, and which there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.system.errors import RequestError
from tyrne.system.shipped import shipped


@dataclass(frozen=True)
class Lab:
    """One lab. `given` are files that stay as they are, `mine` those that the learner changes; both are copied at the
    start. `kernel` are files of `mine` that are the kernel's own, and are taken from there."""

    number: int
    slug: str
    title: str
    aim: str
    given: tuple[str, ...]
    mine: tuple[str, ...]
    kernel: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """That of its folder and of its page: `1-capability`."""
        return f"{self.number}-{self.slug}"

    @property
    def module(self) -> str:
        """Where its tests are."""
        return f"tyrne.labs.{self.slug.replace('-', '_')}"

    @property
    def page(self) -> Path:
        return shipped(f"docs/labs/{self.name}.md")

    def original(self, file: str) -> Path:
        """Where a file of the lab comes from."""
        if file in self.kernel:
            return Path(__file__).parents[1] / "kernel" / file
        return shipped(f"labs/{self.name}/{file}")


LABS: Final = (
    Lab(
        1,
        "capability",
        "a capability",
        "give four tasks what they need, and nothing else",
        ("desk.py", "reporter.py", "visitor.py"),
        ("system.toml",),
    ),
    Lab(
        2,
        "message",
        "a message",
        "write a server that knows its clients, and that a rude one cannot stop",
        ("system.toml", "carla.py", "dora.py", "emil.py", "rude.py"),
        ("bank.py",),
    ),
    Lab(
        3,
        "page-fault",
        "a page fault",
        "write a pager that gives tasks memory when they touch it",
        ("system.toml", "walker.py", "runner.py", "stray.py"),
        ("pager.py",),
    ),
    Lab(
        4,
        "scheduler",
        "a scheduler change",
        "change the kernel so that who has waited runs before its equals",
        ("system.toml", "counter.py", "listener.py"),
        ("scheduler.py",),
        kernel=("scheduler.py",),
    ),
    Lab(
        5,
        "driver",
        "a driver",
        "write a driver that wakes its clients by the interrupt of a clock",
        ("system.toml", "client.py"),
        ("driver.py",),
    ),
    Lab(
        6,
        "attack",
        "an attack",
        "steal a secret from a server with mistakes, and mend the server",
        ("system.toml", "secret.bin", "notary.py", "curious.py"),
        ("thief.py", "lender.py"),
    ),
)


def find_lab(number: int) -> Lab:
    for lab in LABS:
        if lab.number == number:
            return lab
    raise RequestError(f"there is no lab {number}; tyrne lab list shows those from 1 to {len(LABS)}")
