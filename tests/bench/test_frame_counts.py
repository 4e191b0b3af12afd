"""What a frame of a network takes: less in a batch, and exactly the same in each of a size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

BENCH: Final = Path(__file__).parents[2] / "bench"
TAKEN: Final = "import json; from frames import batches; print(json.dumps(batches()))"


@pytest.mark.qemu
def test_a_frame_takes_less_the_larger_its_batch_and_each_batch_the_same() -> None:
    """In instructions of the program and the kernel."""
    done = subprocess.run([sys.executable, "-c", TAKEN], cwd=BENCH, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    phases = json.loads(done.stdout)
    assert [len(set(taken)) for taken in phases] == [1, 1, 1, 1]
    single, few, many, summed = (taken[0] / batch for taken, batch in zip(phases, (1, 8, 64, 64), strict=True))
    assert 500 < many < few < single < 2100
    assert many < 900 and few < 1050
    assert many + 1458 < summed < 4500  # a word of the sum is several instructions
