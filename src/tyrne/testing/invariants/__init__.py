"""What holds of a whole kernel between any two traps: the list of its invariants.

| file | of what |
|---|---|
| `tree.py` | capabilities: the derivation tree, the tables, the arenas |
| `owners.py` | memory: frames, translation tables, mappings, claims |
| `waiting.py` | tasks, queues and messages |
| `work.py` | long work: what is left of it, and who has it to do |
| `deadlines.py` | time: deadlines, the alarm, turns |
| `lines.py` | interrupt lines: who hears them, and whether the board lets them through |
| `transitions.py` | what holds of a kernel before and after one trap; these take both, and are not in the list |
| `task_states.py` | what leads from one state of a task to another; checked as it happens, and not in the list |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from tyrne.kernel.kernel import Kernel
from tyrne.testing.invariants import deadlines, lines, owners, tree, waiting, work

Invariant = Callable[[Kernel[Any]], Iterator[str]]
"""Yields a sentence for each violation; its name says what holds."""

INVARIANTS: Final[tuple[Invariant, ...]] = (
    tree.every_capability_names_a_living_object,
    tree.every_object_has_its_origin,
    tree.links_are_symmetric,
    tree.every_branch_ends_at_a_root,
    tree.depth_counts_derivations,
    tree.authority_only_shrinks,
    tree.each_slot_of_a_table_is_used_free_or_retired,
    tree.each_arena_counts_its_objects,
    tree.each_endpoint_counts_who_may_receive,
    owners.each_frame_has_one_owner,
    owners.tables_are_reachable_only_by_their_owner,
    owners.claims_only_move,
    owners.what_is_mapped_is_recorded,
    owners.tables_are_counted_right,
    owners.pages_are_what_a_task_may_have,
    owners.spaces_have_tags_of_their_own,
    waiting.queues_are_whole,
    waiting.the_ready_are_queued_by_priority,
    waiting.each_task_waits_for_what_it_says,
    waiting.nobody_waits_for_what_is_there,
    waiting.a_poll_stands_by_a_living_capability,
    waiting.tasks_are_bound_whole,
    waiting.the_cpu_holds_the_current_task,
    work.what_is_to_be_reaped_is_listed_once,
    work.who_paid_is_still_there,
    work.somebody_has_the_work_to_do,
    work.who_has_work_is_not_done,
    work.what_is_revoked_is_marked,
    work.who_has_ended_can_do_nothing,
    work.what_is_prepared_is_hidden,
    work.nobody_sees_what_is_not_cleared,
    deadlines.the_alarm_stands_at_the_next_deadline,
    deadlines.a_deadline_stands_by_what_its_task_holds,
    deadlines.what_something_is_set_by_is_armed,
    deadlines.who_may_time_out_is_not_let_run_at_once,
    deadlines.a_turn_passes_while_somebody_waits_for_the_next,
    lines.a_line_stands_by_what_its_driver_holds,
    lines.a_line_is_unmasked_while_it_is_open,
)


def violations(kernel: Kernel[Any]) -> list[str]:
    """What does not hold, each with the name of its invariant."""
    return [f"{invariant.__name__}: {what}" for invariant in INVARIANTS for what in invariant(kernel)]


def check_system(kernel: Kernel[Any]) -> None:
    """Fail with every violation at once."""
    demand(violations(kernel))


def demand(found: Iterable[str]) -> None:
    """Fail with all that was found; pass if it is nothing."""
    sentences = list(found)
    if sentences:
        raise AssertionError("\n".join(sentences))
