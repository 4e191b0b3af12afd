"""What tests of deadlines run on: the fast path, where there is one, and the general path."""

from __future__ import annotations

import pytest
from hall import Hall

from tyrne.kernel import kernel


@pytest.fixture(params=["fast", "general"])
def hall(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Hall]:
    if request.param == "general":
        monkeypatch.setattr(kernel, "fast_call", lambda *_: None)
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
        monkeypatch.setattr(kernel, "fast_fault", lambda *_: None)
    return Hall
