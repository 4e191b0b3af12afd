"""What is tried in several parts, or ways: `make test` tries the first of them, `make test-more` the others."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def first_of(name: str, values: Iterable[object]) -> pytest.MarkDecorator:
    """A parameter."""
    first, *others = values
    return pytest.mark.parametrize(name, [first, *(pytest.param(value, marks=pytest.mark.more) for value in others)])
