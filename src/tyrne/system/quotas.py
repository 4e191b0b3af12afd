"""Whether all that a system starts with and all that its tasks may make fit into the kernel at once."""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from tyrne.system import limits
from tyrne.system.devices import pages_of
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.parts import Quota, Region
from tyrne.system.room import larger
from tyrne.system.shape import Description, TaskTable

LIMITS: Final = {
    "tasks": limits.TASKS,
    "endpoints": limits.ENDPOINTS,
    "notifications": limits.NOTIFICATIONS,
    "spaces": limits.SPACES,
    "memory": limits.REGIONS,
    "quotas": limits.QUOTAS,
    "frames": limits.SHARED_FRAMES,
}
"""How much of each there is for all tasks; of frames there are more where RAM is larger."""
CLAIMS: Final = tuple(field.name for field in fields(Quota))


def read_quota(mistakes: Mistakes, where: Where, task: TaskTable, frames: int) -> Quota:
    """The quota of a task, each number within what there is of it. Frames alone pay for the tables of its space, which
    needs no capability over the quota."""
    claims, there_is = task.quota.model_dump(), {**LIMITS, "frames": frames}
    for claim, number in claims.items():
        if not 0 <= number <= there_is[claim]:
            what = f"{claim} is {number}; write a number from 0 to {there_is[claim]}"
            mistakes.add((*where, "quota", claim), what)
    quota = Quota(**claims)
    if quota != Quota(frames=quota.frames) and not any(cap.quota for cap in task.caps):
        what = "a quota that the task has no capability of; add { quota = true } to its caps, or remove quota"
        mistakes.add((*where, "quota"), what)
    return quota


def check_sums(
    mistakes: Mistakes,
    model: Description,
    regions: Sequence[Region],
    quotas: Sequence[Quota],
    frames: int,
    names: Lookup[str, Sequence[str]],
) -> None:
    """What is there from the start, by its names, and after it the quotas in the order of their tasks, must fit in."""
    tasks, there_is = len(names["task"]), {**LIMITS, "frames": frames}
    taken = {
        "tasks": tasks,
        "endpoints": len(names["endpoint"]),
        "notifications": len(names["notification"]),
        "spaces": tasks,
        "memory": len(regions),
        "quotas": tasks,
        "frames": pages_of(regions),
    }
    wanted = taken["frames"] + sum(map(_above, model.task)) + sum(quota.frames for quota in quotas)
    if taken["frames"] > frames:
        what = f"{taken['frames']} pages of memory; a system has at most {frames}, remove some{larger(wanted, True)}"
        mistakes.add(("memory", len(regions) - 1, "pages"), what)
    for index, task in enumerate(model.task):
        large = _above(task)
        if taken["frames"] <= frames < taken["frames"] + large:
            total = taken["frames"] + large
            what = f"{total} pages of memory, and of stacks above {limits.SMALL_STACK_PAGES} pages each"
            mend = f"a system has at most {frames}, lower a stack_pages{larger(wanted, True)}"
            mistakes.add(("task", index, "stack_pages"), f"{what}; {mend}")
        taken["frames"] += large
    for claim in CLAIMS:
        total = taken[claim]
        for index, quota in enumerate(quotas):
            total += getattr(quota, claim)
            if getattr(quota, claim) and total > there_is[claim]:
                there = f"{taken[claim]} from the start and {total - taken[claim]} in quotas up to here"
                mend = f"lower a quota{larger(wanted, True) if claim == 'frames' else ''}"
                what = f"{claim}: {there}; a system has at most {there_is[claim]}, {mend}"
                mistakes.add(("task", index, "quota", claim), what)
                break


def _above(task: TaskTable) -> int:
    """The pages of a stack that count with the memory regions."""
    return max(0, (task.stack_pages or 0) - limits.SMALL_STACK_PAGES)
