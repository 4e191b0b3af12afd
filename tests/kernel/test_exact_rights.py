"""Each call needs exactly the rights that it says: with these alone it succeeds, without one of them it does not."""

from __future__ import annotations

import re

import pytest

from kernel.rights_needed import CASES, prepared
from properties.scenarios import ME
from tyrne.abi import CALLS, CallNumber, Rights, Status
from tyrne.rows import check_rows
from tyrne.testing.world import World

C, R, S = CallNumber, Rights, Status


NEEDED: list[tuple[str, int, R, S]] = [
    # what is done, which argument names the capability, the rights over it, what is said without one of them
    ("send", 0, R.SEND, S.MISSING_RIGHT),
    ("send", 5, R.TRANSFER, S.INVALID_TRANSFER_CAP),
    ("recv", 0, R.RECV, S.MISSING_RIGHT),
    ("console_write", 0, R.CONSOLE_WRITE, S.INSUFFICIENT_RIGHTS),
    ("cap_copy", 0, R.DUPLICATE, S.INSUFFICIENT_RIGHTS),
    ("cap_derive", 0, R.DERIVE, S.INSUFFICIENT_RIGHTS),
    ("cap_revoke", 0, R.REVOKE, S.INSUFFICIENT_RIGHTS),
    ("cap_move", 0, R.NONE, S.OK),
    ("cap_move_to_another", 0, R.TRANSFER, S.INSUFFICIENT_RIGHTS),
    ("cap_move_to_another", 1, R.CONFIGURE, S.INSUFFICIENT_RIGHTS),
    ("cap_drop", 0, R.NONE, S.OK),
    ("cap_query", 0, R.NONE, S.OK),
    ("send_wait", 0, R.SEND, S.MISSING_RIGHT),
    ("send_wait", 5, R.TRANSFER, S.INVALID_TRANSFER_CAP),
    ("call_a_receiver", 0, R.SEND, S.MISSING_RIGHT),
    ("call_a_receiver", 5, R.TRANSFER, S.INVALID_TRANSFER_CAP),
    ("wait", 0, R.RECV, S.MISSING_RIGHT),
    ("wait_for_signals", 0, R.WAIT, S.MISSING_RIGHT),
    ("reply", 0, R.NONE, S.OK),
    ("reply", 5, R.TRANSFER, S.INVALID_TRANSFER_CAP),
    ("reply_wait", 0, R.NONE, S.OK),
    ("reply_wait", 5, R.RECV, S.MISSING_RIGHT),
    ("cancel", 0, R.RECV, S.MISSING_RIGHT),
    ("notify", 0, R.NOTIFY, S.MISSING_RIGHT),
    ("poll", 0, R.WAIT, S.MISSING_RIGHT),
    ("bind", 0, R.RECV, S.MISSING_RIGHT),
    ("bind", 1, R.WAIT, S.MISSING_RIGHT),
    ("create endpoint", 0, R.CREATE, S.INSUFFICIENT_RIGHTS),
    ("quota_move", 0, R.CREATE, S.INSUFFICIENT_RIGHTS),
    ("quota_move", 1, R.CREATE, S.INSUFFICIENT_RIGHTS),
    ("memory_derive", 0, R.DERIVE, S.INSUFFICIENT_RIGHTS),
    ("map_across_two_tables", 0, R.MAP, S.INSUFFICIENT_RIGHTS),
    ("map_across_two_tables", 1, R.READ, S.INSUFFICIENT_RIGHTS),
    ("map", 1, R.READ | R.WRITE, S.INSUFFICIENT_RIGHTS),
    ("map_to_be_executed", 1, R.READ | R.EXECUTE, S.INSUFFICIENT_RIGHTS),
    ("unmap", 0, R.MAP, S.INSUFFICIENT_RIGHTS),
    ("unmap", 1, R.NONE, S.OK),
    ("protect_to_be_written", 0, R.MAP, S.INSUFFICIENT_RIGHTS),
    ("protect_to_be_executed", 1, R.READ | R.EXECUTE, S.INSUFFICIENT_RIGHTS),
    ("protect_to_be_written", 1, R.READ | R.WRITE, S.INSUFFICIENT_RIGHTS),
    ("task_configure", 0, R.CONFIGURE, S.INSUFFICIENT_RIGHTS),
    ("task_configure", 1, R.BIND, S.INSUFFICIENT_RIGHTS),
    ("task_supervise", 0, R.CONFIGURE, S.INSUFFICIENT_RIGHTS),
    ("task_supervise", 1, R.SEND, S.MISSING_RIGHT),
    ("task_priority", 0, R.CONFIGURE, S.INSUFFICIENT_RIGHTS),
    ("task_resume", 0, R.CONTROL, S.INSUFFICIENT_RIGHTS),
    ("task_suspend", 0, R.CONTROL, S.INSUFFICIENT_RIGHTS),
    ("task_read", 0, R.INSPECT, S.INSUFFICIENT_RIGHTS),
    ("task_write", 0, R.MODIFY, S.INSUFFICIENT_RIGHTS),
    ("task_end", 0, R.CONTROL, S.INSUFFICIENT_RIGHTS),
    ("task_state", 0, R.INSPECT, S.INSUFFICIENT_RIGHTS),
    ("clock_read", 0, R.READ, S.INSUFFICIENT_RIGHTS),
    ("clock_arm", 0, R.ARM, S.INSUFFICIENT_RIGHTS),
    ("clock_arm", 2, R.NOTIFY, S.MISSING_RIGHT),
    ("interrupt_bind", 0, R.BIND, S.INSUFFICIENT_RIGHTS),
    ("interrupt_bind", 1, R.NOTIFY, S.MISSING_RIGHT),
    ("interrupt_ack", 0, R.ACK, S.INSUFFICIENT_RIGHTS),
]
LACKING = [
    (name, at, right, status)
    for name, at, rights, status in NEEDED
    for right in rights
    if not (right is R.READ and name.startswith("protect"))  # without it nothing is mapped
]


def test_every_call_that_takes_a_capability_is_in_the_table() -> None:
    own = {C.TASK_YIELD, C.TASK_EXIT}
    found = {CASES[name](World(3, slots=10, pages=192))[0] for name, *_ in NEEDED}
    check_rows(__file__, "NEEDED", found | own, C)


@pytest.mark.promise(
    "A call needs a capability of the right kind with the rights that docs/abi.md lists for it, or it is refused and "
    "changes nothing"
)
def test_the_rights_of_the_table_are_those_that_the_interface_lists_for_each_call() -> None:
    needed: dict[C, R] = dict.fromkeys(C, R.NONE)
    for name, _, rights, _ in NEEDED:
        number = CASES[name](World(3, slots=10, pages=192))[0]
        needed[number] |= rights
    for layout in CALLS:
        listed = {word for word in re.findall(r"[A-Z_]+", layout.authority) if word in R.__members__}
        assert listed == {right.name for right in needed[layout.number]}, layout.number


@pytest.mark.parametrize(("name", "at", "rights", "status"), NEEDED)
def test_a_call_succeeds_with_the_rights_that_it_needs_and_no_other(name: str, at: int, rights: R, status: S) -> None:
    w, number, arguments = prepared(name, at, rights)
    found = w.call(ME, number, *arguments)
    assert found is None or found[0] == 0


@pytest.mark.promise(
    "Only what the capabilities in its own table allow",
    "objects: those that its table names, with the rights that the entry has",
    (
        "A call needs a capability of the right kind with the rights that docs/abi.md lists for it, or it is refused "
        "and changes nothing"
    ),
)
@pytest.mark.parametrize(("name", "at", "right", "status"), LACKING)
def test_a_call_is_refused_with_all_rights_but_one_that_it_needs(name: str, at: int, right: R, status: S) -> None:
    w, number, arguments = prepared(name, at, ~right)
    assert w.refused(ME, number, *arguments) is status
