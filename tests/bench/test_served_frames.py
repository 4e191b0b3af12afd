"""What a frame takes through programs/network.py to a client and back: less in a batch, the same in each of a size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

BENCH: Final = Path(__file__).parents[2] / "bench"
TAKEN: Final = "import json; from served import batches; print(json.dumps(batches()))"


@pytest.mark.qemu
def test_a_frame_to_a_client_takes_less_the_larger_its_batch() -> None:
    """In instructions of client, driver and kernel. Before the first batch of a size no such batch was sent. Without a
    copy: it would be some 1,500 instructions more, as in the last row."""
    done = subprocess.run([sys.executable, "-c", TAKEN], cwd=BENCH, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    phases = [taken[1:] for taken in json.loads(done.stdout)]
    assert [len(set(taken)) for taken in phases] == [1, 1, 1, 1]
    single, few, many, copied = (taken[0] / batch for taken, batch in zip(phases, (1, 8, 64, 64), strict=True))
    assert 2000 < single < 4100
    assert 500 < many < few < 1400 and many < 1050
    assert many + 1000 < copied < 3500
