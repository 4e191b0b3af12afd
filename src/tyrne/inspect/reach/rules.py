"""The rules by which authority comes to tasks: what each says, and where the kernel does it.

`follow.py` applies them; docs/decisions/0046-reach.md argues for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rule:
    """`step` tells an application of it: `{0}` and so on are what it names."""

    file: str
    """Of the kernel; the first of several."""
    step: str
    mend: str
    """What would prevent it, in the same words."""


RULES: Final = {
    "resume": Rule(
        "task_calls.py",
        "{0} lets {1} run (CONTROL)",
        "take CONTROL over {1} from {0}",
    ),
    "offer": Rule(
        "rendezvous.py",
        "{0} sends {1} through {2} (SEND, TRANSFER)",
        "take TRANSFER from {1} of {0}",
    ),
    "take": Rule(
        "rendezvous.py",
        "{0} receives {1} from {2} (RECV)",
        "take TRANSFER from it where others hold it, or RECV over {2} from {0}",
    ),
    "call": Rule(
        "rendezvous.py",
        "{0} calls {1} through {2}, which may answer then (SEND, RECV)",
        "take SEND over {2} from {0}, or RECV from {1}",
    ),
    "fault": Rule(
        "rendezvous.py",
        "{0} faults, and {1} hears it from {2}",
        "let another endpoint hear of {0}",
    ),
    "answer": Rule(
        "messages.py",
        "{0} answers {1}, and gives {2} with that (TRANSFER)",
        "take TRANSFER from it where {0} holds it",
    ),
    "move": Rule(
        "capability_calls.py",
        "{0} moves {2} into the table of {1} (CONFIGURE, TRANSFER)",
        "take TRANSFER from it where {0} holds it, or CONFIGURE over {1}",
    ),
    "create": Rule(
        "creation.py",
        "{0} makes {1} (CREATE)",
        "take CREATE from {0}, or its claims",
    ),
    "spend": Rule(
        "creation.py",
        "{0} moves a claim on a {3} from {1} to {2} (CREATE over both)",
        "take CREATE over one of the quotas from {0}",
    ),
    "return": Rule(
        "quota.py",
        "a claim on a {2} returns from {0} to {1}, which has paid for it",
        "take the claim from the quota that has it",
    ),
    "settle": Rule(
        "task_calls.py",
        "{0} lets {1} live in {2} (CONFIGURE, BIND)",
        "take CONFIGURE over {1} from {0}, or BIND",
    ),
    "supervise": Rule(
        "task_calls.py",
        "{0} makes {2} hear of {1} (CONFIGURE, SEND)",
        "take CONFIGURE over {1} from {0}",
    ),
    "map": Rule(
        "mapping.py",
        "{0} maps {1} in {2} (MAP, {3})",
        "take MAP over {2} from {0}, or READ over {1}",
    ),
    "touch": Rule(
        "mapping.py",
        "{0} lives in {1}, where {2} is mapped",
        "let nobody who has {2} have MAP over {1}",
    ),
    "bind": Rule(
        "signals.py",
        "{0} binds {1} to {2} (WAIT, RECV)",
        "take WAIT over {1} from {0}",
    ),
}
"""By name, as `Following` uses them."""

START: Final = "start"
"""The rule of what is so at the start."""
