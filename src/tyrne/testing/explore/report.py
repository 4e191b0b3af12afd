"""A violation as a test that fails until it is mended, and the means to run it: a kernel that is told each step.

replay = Replay(MODELS["rendezvous"])
replay.call(C.SEND, 0x0, 1, 0, 0, 0, NULL)
replay.tick()
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tyrne.abi import CallNumber, Status
from tyrne.testing.explore.alphabet import FAULTS, NULL, TICK, Action, Call, Fault, Tick
from tyrne.testing.explore.expansion import Stepper, Trace, Violation
from tyrne.testing.explore.model import Model
from tyrne.testing.invariants import violations

WIDTH = 110
REGISTERS_OF_HANDLES = 0x1_0000
"""Words from here on are written in hexadecimal: they name a slot in a later generation, or flags."""


class Replay(Stepper):
    """A model's kernel in its first state. Each step, and what it leads to, is checked as an exploration checks it."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._check("the first state")

    def call(self, number: CallNumber, *words: int) -> None:
        """The current task makes a call, with these words in x0 and the registers after it."""
        self.do(Call(number.value, words))

    def refused(self, number: CallNumber, *words: int) -> None:
        """As `call`, and it must be refused."""
        self.do(Call(number.value, words, refused=True))

    def tick(self) -> None:
        self.do(TICK)

    def fault(self) -> None:
        self.do(FAULTS)

    def do(self, action: Action) -> None:
        _, _, wrong = self.step(action, self.snapshot.save())
        assert not wrong, f"{said(action)}: " + "\n".join(wrong)
        self._check(said(action))

    def _check(self, when: str) -> None:
        wrong = violations(self.kernel)
        assert not wrong, f"after {when}: " + "\n".join(wrong)


def said(action: Action) -> str:
    """An action as the method of `Replay` that takes it."""
    match action:
        case Call(number, words, refused):
            rest = "".join(f", {_word(word)}" for word in words)
            return f"{'refused' if refused else 'call'}(C.{CallNumber(number).name}{rest})"
        case Tick():
            return "tick()"
        case Fault():
            return "fault()"


def _word(word: int) -> str:
    return "NULL" if word == NULL else f"{word:#x}" if word >= REGISTERS_OF_HANDLES else str(word)


def steps(model: Model, trace: Trace) -> list[tuple[Action, str]]:
    """The actions of a trace, each with who does it and what comes of it. The last one may stop the kernel."""
    stepper = Stepper(model)
    found = []
    for choice in trace:
        task = stepper.kernel.scheduler.core.current
        assert task is not None
        action = stepper.actions()[choice]
        _, _, wrong = stepper.step(action, stepper.snapshot.save())
        status = stepper.status(task) if isinstance(action, Call) else None
        came = wrong[0] if wrong else "" if status is None else Status(status).name
        if isinstance(action, Call) and status is None and not wrong:
            came = task.state.name
        found.append((action, f"task {task.number}" + (f": {came}" if came else "")))
    return found


def write_test(out: TextIO, model: Model, violation: Violation, models: str) -> None:
    """Write the test. `models` is the module in whose MODELS the model is."""
    listed = steps(model, violation.trace)
    names = ", ".join(sorted({"Replay", *(["MODELS"] if models == OURS else [])}))
    lines = [
        f'"""{model.name}: a violation in {len(listed)} steps, and there is none in fewer."""',
        "",
        "from __future__ import annotations",
        "",
        *(["from tyrne.abi import CallNumber as C"] if any(isinstance(a, Call) for a, _ in listed) else []),
        f"from tyrne.testing.explore import {names}",
        *([f"from {models} import MODELS"] if models != OURS else []),
        *(["from tyrne.testing.kernels import NULL"] if any("NULL" in said(action) for action, _ in listed) else []),
        "",
        "",
        f"def test_{model.name.replace('-', '_')}_keeps_its_invariants() -> None:",
        *_comment(violation.what),
        f'    replay = Replay(MODELS["{model.name}"])',
        *(f"    replay.{said(action)}  # {who}"[:WIDTH] for action, who in listed),
    ]
    out.write("\n".join(lines) + "\n")


OURS = "tyrne.testing.explore"
"""Where the models of this repository are."""


def _comment(what: Iterable[str]) -> list[str]:
    return [f"    # {line}"[:WIDTH] for text in what for line in text.splitlines()]
