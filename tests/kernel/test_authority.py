"""What a refused handle is called."""

from __future__ import annotations

import pytest

from tyrne.abi import Status
from tyrne.kernel.authority import message_status

RENAMED = {
    Status.INVALID_HANDLE: Status.STALE_HANDLE,
    Status.WRONG_KIND: Status.WRONG_OBJECT_KIND,
    Status.INSUFFICIENT_RIGHTS: Status.MISSING_RIGHT,
}


@pytest.mark.parametrize("refusal", Status)
def test_calls_about_messages_have_names_of_their_own_for_three_refusals_and_for_no_other(refusal: Status) -> None:
    assert message_status(refusal) is RENAMED.get(refusal, refusal)
