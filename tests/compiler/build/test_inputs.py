"""A program is built anew when anything that its build has read has changed, and when something has come to stand where
it would be read instead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tyrne.compiler.build.c_program import CProgram, build_c_program
from tyrne.compiler.build.inputs import PACKAGE, Index

SOURCE = '#include "inc.h"\nvoid _start(void) { for (;;) { __asm__ volatile("svc #0" :: "r"(VALUE)); } }\n'


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def build(tmp_path: Path) -> Callable[[], bytes]:
    """Builds src/x.c, which finds headers beside it, and in the folders one and two."""
    source = written(tmp_path / "src" / "x.c", SOURCE)
    folders = (tmp_path / "one", tmp_path / "two")
    for folder in folders:
        folder.mkdir()
    return lambda: build_c_program(CProgram((source,), folders)).read_bytes()


def test_a_header_that_changed_is_noticed(tmp_path: Path, build: Callable[[], bytes]) -> None:
    header = written(tmp_path / "two" / "inc.h", '#include "sub/more.h"\n')
    more = written(tmp_path / "two" / "sub" / "more.h", "#define VALUE 1\n")
    before = build()
    assert build() == before
    written(more, "#define VALUE 2\n")
    changed = build()
    assert changed != before
    written(header, "#define VALUE 3\n")
    assert build() not in (before, changed)


@pytest.mark.parametrize("earlier", ["src", "one"])
def test_a_header_that_comes_to_stand_in_a_folder_that_is_searched_before_is_noticed(
    tmp_path: Path, build: Callable[[], bytes], earlier: str
) -> None:
    written(tmp_path / "two" / "inc.h", "#define VALUE 1\n")
    before = build()
    written(tmp_path / earlier / "inc.h", "#define VALUE 2\n")
    assert build() != before
    (tmp_path / earlier / "inc.h").unlink()
    assert build() == before


@pytest.mark.parametrize("directive", ['.incbin "data"', '.include "data"'])
def test_a_file_that_the_assembler_reads_is_noticed(tmp_path: Path, directive: str) -> None:
    source = written(tmp_path / "x.S", f"        .global _start\n_start: b _start\n        {directive}\n")
    data = written(tmp_path / "data", "nop\n")
    before = build_c_program(CProgram((source,))).read_bytes()
    written(data, "isb\n")
    assert build_c_program(CProgram((source,))).read_bytes() != before


def test_a_file_that_is_embedded_is_noticed(tmp_path: Path) -> None:
    text = 'const char data[] = {\n#embed "data"\n};\nconst char *_start(void) { return data; }\n'
    source = written(tmp_path / "x.c", text)
    data = written(tmp_path / "data", "a")
    before = build_c_program(CProgram((source,))).read_bytes()
    written(data, "b")
    assert build_c_program(CProgram((source,))).read_bytes() != before


def test_the_package_that_builds_is_no_part_of_a_folder_that_it_lies_in() -> None:
    """So a copy of that folder, with the program and another tyrne, does not stand for it."""
    index = Index(["a request"], {}, PACKAGE.parent)
    library, beside = str(PACKAGE / "user" / "calls.py"), str(PACKAGE.parent / "helper.py")
    assert (index.kept(library), index.kept(beside)) == (library, "helper.py")
    assert [index.named(index.kept(name)) for name in (library, beside)] == [library, beside]
