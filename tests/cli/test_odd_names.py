"""Files of any name: a source whose path is printable builds, another is refused in a line; programs that are built
already may have any name."""

import os
from pathlib import Path

import pytest
from commands import Tyrne

from tyrne.system.shipped import shipped

CODE = b"\x00\x00\x80\xd2\x88\x00\x80\xd2\x01\x00\x00\xd4"
"""mov x0, #0; mov x8, #4; svc #0."""
SOURCES = ["-x.c", "@x.c", "a b.S", "a:b.S", "a\\1.S", "a'\"$(b);.S", "*.S", ".h.S", "漢字.S", "-.S", "1 - x.py"]
HIDDEN = [b"\xff", b"a\nb", b"\x1b[2J", "\x9bJ".encode(), "\u202e".encode(), "\u2028tyrne: ".encode(), b"\xc3", b"\t"]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_of_any_printable_name_builds(tyrne: Tyrne, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(shipped(f"programs/hello{Path(name).suffix}").read_bytes())
    outcome = tyrne("run", f"./{name}")
    assert (outcome.status, outcome.err) == (0, "")


@pytest.mark.parametrize("name", ["-x.c", "@x.c", "a:b.c", "a\\1.c"])
def test_its_mistakes_are_named_with_its_path(tyrne: Tyrne, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("int x;\nint y = ;\n")
    outcome = tyrne("check", f"./{name}")
    assert outcome.status == 2
    assert outcome.err.partition("\n")[0].endswith(f"{name}:2:9: expected expression")


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("suffix", [".c", ".S", ".py"])
def test_a_source_whose_path_is_not_printable_is_refused_in_a_line(
    tyrne: Tyrne, tmp_path: Path, name: bytes, suffix: str
) -> None:
    file = os.fsdecode(name) + suffix
    (tmp_path / file).write_bytes(shipped(f"programs/hello{suffix}").read_bytes())
    outcome = tyrne("run", file)
    assert outcome.status == 2
    assert outcome.error.endswith("the path of a source is printable UTF-8; rename the file, or its folder")
    assert outcome.error.isprintable()
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    (folder / f"x{suffix}").write_bytes(shipped(f"programs/hello{suffix}").read_bytes())
    assert tyrne("check", folder / f"x{suffix}").error.isprintable()


@pytest.mark.parametrize("name", HIDDEN)
def test_a_built_program_may_have_any_name(tyrne: Tyrne, tmp_path: Path, name: bytes) -> None:
    file = os.fsdecode(name) + ".bin"
    (tmp_path / file).write_bytes(CODE)
    assert tyrne("run", file).status == 0
    checked = tyrne("check", file)
    assert checked.status == 0
    assert all(line.isprintable() for line in checked.out.splitlines())
    assert tyrne("run", "--report", file, file).error.isprintable()
