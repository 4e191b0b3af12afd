"""Memory that is mapped by blocks is seen by all who look: inspection, the page's search for a write, and debuggers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne.debug.memory import read
from tyrne.inspect import look_at_replay, open_run
from tyrne.inspect.ui.writes import physical
from tyrne.kernel.authority import live_space
from tyrne.lang import u64
from tyrne.system.errors import RequestError
from tyrne.system.replay import Replay

AT = 0x4000_0000
LAST = AT + 1023 * 4096 + 8
TEXT = f"""
[system]
name = "large"
[[memory]]
name = "room"
pages = 1024
[[task]]
name = "one"
program = "exit.bin"
caps = [{{ memory = "room", at = {AT} }}]
"""


@pytest.fixture
def run(tmp_path: Path) -> Replay:
    (tmp_path / "exit.bin").write_bytes(bytes.fromhex("000080d2880080d2010000d4"))
    (tmp_path / "large.toml").write_text(TEXT)
    replay = open_run(tmp_path / "large.toml")
    replay.to(0)
    return replay


def test_what_is_mapped_by_blocks_is_shown_with_what_its_task_may_do(run: Replay) -> None:
    (space,) = [space for space in look_at_replay(run).spaces if space.tasks]
    (mapping,) = [mapping for mapping in space.mappings if mapping.region is not None]
    assert (mapping.start, mapping.end, mapping.access, mapping.pages) == (AT, AT + 1024 * 4096, "rw-", 1024)


def test_a_word_in_a_block_is_found_by_its_address(run: Replay) -> None:
    region = run.kernel.regions.items[0]
    assert physical(run, 0, AT + 16) == region.address(u64(0)) + 16
    assert physical(run, 0, LAST) == region.address(u64(1023)) + 8
    with pytest.raises(RequestError, match="nothing is mapped"):
        physical(run, 0, AT + 1024 * 4096)


def test_a_debugger_reads_across_two_blocks(run: Replay) -> None:
    board, region = run.machine.board, run.kernel.regions.items[0]
    for page, content in ((511, b"end."), (512, b"next")):
        place = int(region.address(u64(page))) + (4092 if page == 511 else 0)
        board.put(place, content)
    space = live_space(run.kernel.tasks.items[0])
    assert read(board, space, AT + 512 * 4096 - 4, 8) == b"end.next"
    assert len(read(board, space, LAST, 5000)) == 4096 - 8
