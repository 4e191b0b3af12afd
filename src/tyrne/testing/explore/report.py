"""A violation as a test that fails until it is mended, and the means to run it: a kernel that is told each step.

replay = Replay(MODELS["rendezvous"])
replay.call(C.SEND, 0x0, 1, 0, 0, 0, NULL)
replay.tick()
replay.call(C.CAP_REVOKE, 0x0, tick_after=2)  # the second step of the revocation is interrupted
replay.alarm()
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tyrne.abi import CallNumber, Status
from tyrne.testing.explore.alphabet import FAULTS, NULL, TICK, Action, Alarm, Call, Fault, Raise, Tick
from tyrne.testing.explore.expansion import Stepper, Trace, Violation, chosen
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

    def call(self, number: CallNumber, *words: int, tick_after: int = 0, alarm_after: int = 0) -> None:
        """The current task makes a call, with these words in x0 and the registers after it. A tick, or an alarm, comes
        after so many steps of what is left of it; 0 for none."""
        self.do(Call(number.value, words), tick_after - alarm_after)

    def refused(self, number: CallNumber, *words: int, tick_after: int = 0, alarm_after: int = 0) -> None:
        """As `call`, and it must be refused."""
        self.do(Call(number.value, words, refused=True), tick_after - alarm_after)

    def tick(self, *, tick_after: int = 0, alarm_after: int = 0) -> None:
        self.do(TICK, tick_after - alarm_after)

    def alarm(self, *, late: bool = False, tick_after: int = 0, alarm_after: int = 0) -> None:
        """It is the time at which the board is to raise an alarm; or, if that is late, of all that count."""
        self.do(Alarm(late), tick_after - alarm_after)

    def device(self, line: int, *, tick_after: int = 0, alarm_after: int = 0) -> None:
        """A device raises a line that the kernel lets interrupt."""
        self.do(Raise(line), tick_after - alarm_after)

    def fault(self, *, tick_after: int = 0, alarm_after: int = 0) -> None:
        self.do(FAULTS, tick_after - alarm_after)

    def do(self, action: Action, interrupted: int = 0) -> None:
        _, _, wrong = self.step(action, self.snapshot.save(), interrupted)
        this = said(action, interrupted)
        assert not wrong, f"{this}: " + "\n".join(wrong)
        assert abs(interrupted) <= self.board.steps, f"{this}: there are only {self.board.steps} steps"
        self._check(this)

    def _check(self, when: str) -> None:
        wrong = violations(self.kernel)
        assert not wrong, f"after {when}: " + "\n".join(wrong)


def said(action: Action, interrupted: int = 0) -> str:
    """An action as the method of `Replay` that takes it."""
    after = [f"{'tick' if interrupted > 0 else 'alarm'}_after={abs(interrupted)}"] if interrupted else []
    match action:
        case Call(number, words, refused):
            arguments = [f"C.{CallNumber(number).name}", *map(_word, words), *after]
            return f"{'refused' if refused else 'call'}({', '.join(arguments)})"
        case Tick():
            return f"tick({''.join(after)})"
        case Alarm(late):
            return f"alarm({', '.join([*(['late=True'] if late else []), *after])})"
        case Raise(line):
            return f"device({', '.join([str(line), *after])})"
        case Fault():
            return f"fault({''.join(after)})"


def _word(word: int) -> str:
    return "NULL" if word == NULL else f"{word:#x}" if word >= REGISTERS_OF_HANDLES else str(word)


def steps(model: Model, trace: Trace) -> list[tuple[Action, str, str]]:
    """The actions of a trace, each as `said` says it, with who does it and what comes of it. The last one may stop the
    kernel."""
    stepper = Stepper(model)
    found = []
    for choice in trace:
        task = stepper.kernel.scheduler.core.current
        action, interrupted = chosen(choice, stepper.actions())
        _, _, wrong = stepper.step(action, stepper.snapshot.save(), interrupted)
        status = stepper.status(task) if isinstance(action, Call) and task is not None else None
        came = wrong[0] if wrong else "" if status is None else Status(status).name
        if isinstance(action, Call) and task is not None and status is None and not wrong:
            came = task.state.name
        preempted = stepper.steps.preempted()
        came += "" if preempted is None else f"; interrupted: {preempted}"
        who = "nobody" if task is None else f"task {task.number}"
        found.append((action, said(action, interrupted), who + (f": {came}" if came else "")))
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
        *(["from tyrne.abi import CallNumber as C"] if any(isinstance(one, Call) for one, _, _ in listed) else []),
        f"from tyrne.testing.explore import {names}",
        *([f"from {models} import MODELS"] if models != OURS else []),
        *(["from tyrne.testing.kernels import NULL"] if any("NULL" in text for _, text, _ in listed) else []),
        "",
        "",
        f"def test_{model.name.replace('-', '_')}_keeps_its_invariants() -> None:",
        *_comment(violation.what),
        f'    replay = Replay(MODELS["{model.name}"])',
        *(f"    replay.{text}  # {who}"[:WIDTH] for _, text, who in listed),
    ]
    out.write("\n".join(lines) + "\n")


OURS = "tyrne.testing.explore"
"""Where the models of this repository are."""


def _comment(what: Iterable[str]) -> list[str]:
    return [f"    # {line}"[:WIDTH] for text in what for line in text.splitlines()]
