"""What a block of a disk takes: less in a batch, because what is done once is done once for all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

BENCH: Final = Path(__file__).parents[2] / "bench"
TAKEN: Final = "import json; from blocks import batches; print(json.dumps(batches()))"


@pytest.mark.qemu
def test_a_block_takes_less_the_larger_its_batch() -> None:
    """In instructions of client, driver and kernel: the least, since a batch may take several interrupts. On a host
    that is busy, each batch may."""
    done = subprocess.run([sys.executable, "-c", TAKEN], cwd=BENCH, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = {int(batch): min(taken) / max(int(batch) % 256, 1) for batch, taken in json.loads(done.stdout).items()}
    assert 1000 < found[0] < 1700 < found[1] < 4300
    assert found[8] < 1300 and found[64] < 800
    assert found[256 + 64] < 800
