"""Which rights the maker of an object gets: those that mean something for its kind, and no other."""

from __future__ import annotations

import pytest

from tyrne.abi import CapKind, Rights, rights_over
from tyrne.rows import check_rows

K, R = CapKind, Rights
OVER_ITSELF = R.DUPLICATE | R.DERIVE | R.REVOKE | R.TRANSFER
RIGHTS = {
    K.DEBUG_CONSOLE: OVER_ITSELF | R.CONSOLE_WRITE,
    K.ENDPOINT: OVER_ITSELF | R.SEND | R.RECV,
    K.NOTIFICATION: OVER_ITSELF | R.NOTIFY | R.WAIT,
    K.TASK: OVER_ITSELF | R.CONFIGURE | R.CONTROL | R.INSPECT | R.MODIFY,
    K.ADDRESS_SPACE: OVER_ITSELF | R.MAP | R.BIND,
    K.MEMORY: OVER_ITSELF | R.READ | R.WRITE | R.EXECUTE,
    K.QUOTA: OVER_ITSELF | R.CREATE,
    K.REPLY: R.TRANSFER,
    K.CLOCK: OVER_ITSELF | R.READ | R.ARM,
    K.INTERRUPT: OVER_ITSELF | R.BIND | R.ACK,
}


def test_the_table_has_every_kind() -> None:
    check_rows(__file__, "RIGHTS", RIGHTS, K)


@pytest.mark.parametrize("kind", CapKind)
def test_each_kind_has_its_rights(kind: CapKind) -> None:
    assert rights_over(kind) == RIGHTS[kind]
