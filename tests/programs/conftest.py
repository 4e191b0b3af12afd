"""What the tests of the user library share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_kernel import ScriptedKernel

from tyrne.lang import u64
from tyrne.user import calls, printing


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedKernel]:
    """The kernel behind every system call of the library, whose buffer is empty before and after."""
    scripted = ScriptedKernel()
    monkeypatch.setattr(calls, "supervisor_call", scripted.supervisor_call)
    monkeypatch.setattr(printing, "address_of", lambda place: u64(0x80_3000))
    printing.LINE.length = u64(0)
    yield scripted
    printing.LINE.length = u64(0)
