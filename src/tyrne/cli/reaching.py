"""The command `reach`: which authority may ever come to whom, and whether a policy is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tyrne.cli.help import Command
from tyrne.cli.options import Allow, AsJson, Limit, Run
from tyrne.cli.output import complain
from tyrne.cli.running import STDOUT, progress, terminal, write
from tyrne.system.errors import RequestError

if TYPE_CHECKING:
    from tyrne.inspect.reach.answers import Reach

STATUS_KEPT, STATUS_VIOLATED, STATUS_LIMITED = 0, 1, 4

app = typer.Typer()


@app.command(cls=Command)
def reach(
    run: Run,
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="What may come to this task.", show_default=False)
    ] = None,
    named: Annotated[
        str | None,
        typer.Argument(
            metavar="OBJECT", help="Whether this may come to it, an object or a task; and how.", show_default=False
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Say whether what FILE denies can come about."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="From the state after N transitions of the kernel on. Without it: from the start on."
        ),
    ] = None,
    json: AsJson = False,
    limit: Limit = None,
    allow: Allow = None,
) -> int:
    """Show which authority may ever come to whom by the rules of the kernel, whatever programs do, and by which steps.

    It may say that something can be that never is, but never that something cannot be that is. With an object in the
    place of TASK: to whom that may come.

    Exit status: 0; 1 the policy is not kept; 2 the request was wrong; 4 the limit was reached before the position.
    """
    from tyrne.cli import reached
    from tyrne.cli.replay import limit_reached, warnings_about
    from tyrne.cli.sheet import show
    from tyrne.cli.views import heading
    from tyrne.inspect import open_run
    from tyrne.inspect.look import position_of
    from tyrne.inspect.positions import move, target_of
    from tyrne.inspect.reach.answers import reach_of
    from tyrne.inspect.reach.policy import read_policy
    from tyrne.inspect.reach.verdict import violations
    from tyrne.system.printable import json_text

    if policy is not None and task is not None:
        raise RequestError("--policy is about the whole system; leave TASK out")
    target = target_of("0" if at is None else at, "--at")
    with progress(terminal(stderr=True), "reasoning …"):
        replay = open_run(run, limit or 0, tuple(allow or ()))
        move(replay, target, "--at")
        where = position_of(replay)
        found = reach_of(replay.kernel, replay.explainer.names)
    complain(*warnings_about(replay), label="warning: ")
    thing = None if named is None else found.find(named)
    kind = "task" if task is not None and (thing is not None or _is_task(found, task)) else None
    about = None if task is None else found.find(task, kind)
    judged = denials = None
    if policy is not None:
        kept = read_policy(policy, found)
        found = found.trusting(kept.trust)
        judged, denials = list(violations(found, kept)), len(kept.deny)
    if about is not None and about.kind != "task":
        about, thing = None, about
    tasks = found.tasks if about is None else [about]
    if json:
        write(STDOUT, json_text(reached.data(found, where, tasks, thing, judged)).encode())
    elif judged is not None:
        show([heading(where), *reached.judged(str(policy), found, judged, denials or 0)], terminal(stderr=False))
    else:
        answer = (
            reached.everything(found, tasks) if thing is None
            else reached.whose(found, thing) if about is None
            else reached.between(found, about, thing)
        )  # fmt: skip
        show([heading(where), *answer], terminal(stderr=False))
    if replay.limited:
        complain(limit_reached(replay))
        return STATUS_LIMITED
    return STATUS_VIOLATED if judged else STATUS_KEPT


def _is_task(found: Reach, name: str) -> bool:
    """Whether a name is that of a task, if maybe of something else as well."""
    return any(name in (task.name, task.text) for task in found.tasks)
