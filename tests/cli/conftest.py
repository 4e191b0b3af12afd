"""The command line as a fixture, in a directory of its own."""

from pathlib import Path

import pytest
from commands import Tyrne


@pytest.fixture
def tyrne(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tyrne:
    monkeypatch.chdir(tmp_path)
    return Tyrne(capfdbinary)
