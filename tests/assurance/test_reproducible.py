"""Two clean builds in two places give the same bytes, and a build that does not is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from assurance.reproducible import SYSTEM, Place, compared, main, prepared

STAMPED = """
#include "tyrne.h"
static const char stamp[] = __DATE__ " " __TIME__;
void _start(void) { tyrne_task_exit(stamp[0]); }
"""
"""A program that is another at each build."""

Places = list[tuple[Place, Path]]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return prepared(tmp_path_factory.mktemp("places"))


def test_two_clean_builds_in_different_places_give_the_same_bytes(places: Places) -> None:
    elf, image = compared(places, "release", Path(SYSTEM))
    assert (elf.form, image.form) == ("elf", "image")
    assert elf.same, "look at what differs with: make reproducible ARGS='--keep FOLDER'"
    assert image.same
    assert elf.hashes != image.hashes


def test_a_build_that_depends_on_when_it_happens_is_found_out(places: Places, tmp_path: Path) -> None:
    program = tmp_path / "stamped.c"
    program.write_text(STAMPED)
    assert [built.same for built in compared(places, "release", program)] == [False, False]


def test_a_build_that_fails_says_why_and_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "empty.c"
    program.write_text("")
    assert main([str(program), "--profile", "release"]) == 2
    assert "a program has at least one instruction" in capsys.readouterr().err
