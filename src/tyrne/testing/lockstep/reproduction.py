"""From a game that went wrong to a test that fails until the kernel, or the compiler, is mended."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tyrne.compiler.build.cache import digest
from tyrne.testing.lockstep.game import Game

TEMPLATE: Final = '''\
"""{summary}

Found by `make fuzz-calls`. The game is the kernel's profile, a manifest, and a step of the current task on each line.
"""

# ruff: noqa: E501

from __future__ import annotations

from tyrne.testing.lockstep.game import Game, replay

GAME = """\\
{game}"""


def test_{name}() -> None:
    cause = replay(Game.parse(GAME){counting})
    assert cause is None, f"{{type(cause).__name__}}: {{cause}}"
'''


def write_test(game: Game, cause: AssertionError, folder: Path, counting: bool = False) -> Path:
    """A file for pytest in the folder, which is made if need be; `counting` is as in `replay`."""
    text = str(game)
    name = f"game_{digest([text])[:8]}"
    summary = f"{type(cause).__name__}: {cause}".splitlines()[0][:200].replace("\\", "/").replace('"', "'")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"test_{name}.py"
    which = ", counting=True" if counting else ""
    path.write_text(TEMPLATE.format(summary=summary, game=text, name=name, counting=which))
    return path
