"""What a task that has not ended waits for, in the names of its description."""

from __future__ import annotations

import pytest

from tyrne.abi import CapKind as K
from tyrne.abi import TaskState as S
from tyrne.hal.board import Standing
from tyrne.lang import u64
from tyrne.system.names import Names
from tyrne.system.standing_words import WAITS, waits

NAMES = Names(("client", "server"), ("table", "kitchen"), ("bell",))


def standing(state: S, kind: int = 0, index: int = 0, generation: int = 0) -> Standing:
    return Standing(u64(state.value), u64(0x80_0010), u64(kind), u64(index), u64(generation))


SENDING, RECEIVING, CALLING = S.SENDING, S.RECEIVING, S.CALLING
ENDPOINT, NOTIFICATION, TASK = K.ENDPOINT.value, K.NOTIFICATION.value, K.TASK.value
CASES = [
    (standing(SENDING, ENDPOINT, 1), 'waits for a receiver at endpoint "kitchen"'),
    (standing(RECEIVING, ENDPOINT), 'waits for a message at endpoint "table"'),
    (standing(RECEIVING, ENDPOINT, 2), "waits for a message at endpoint 2"),
    (standing(RECEIVING, ENDPOINT, 0, 1), "waits for a message at endpoint 0"),
    (standing(RECEIVING, NOTIFICATION), 'waits for signals of notification "bell"'),
    (standing(CALLING, TASK, 1), "waits for an answer from server"),
    (standing(CALLING, TASK, 9), "waits for an answer from task 9"),
    (standing(CALLING), "waits for an answer from whoever takes its reply capability"),
    (standing(S.SUSPENDED), "is suspended"),
    (standing(S.INACTIVE), "was never started"),
    (standing(S.READY), None),
]


@pytest.mark.parametrize(("at", "words"), CASES)
def test_what_is_waited_for_has_the_name_of_the_description_while_it_is_the_descriptions(
    at: Standing, words: str | None
) -> None:
    assert waits(at, NAMES) == words


def test_every_way_to_wait_is_met() -> None:
    assert {(int(at.state), int(at.kind)) for at, words in CASES if words is not None} == set(WAITS)
