"""What is tried in several parts: `make test` makes the first of them, `make test-more` the others."""

from __future__ import annotations

import pytest


def shards(name: str, count: int, first: int = 1) -> pytest.MarkDecorator:
    """A parameter for the number of the part, of so many; the `first` ones are made each time."""
    later = [pytest.param(number, marks=pytest.mark.more) for number in range(first, count)]
    return pytest.mark.parametrize(name, [*range(first), *later])
