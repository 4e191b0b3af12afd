"""`make programs`: what it says when programs cannot be had, and where sources come from that not each release has."""

from __future__ import annotations

from pathlib import Path

import pytest

from assurance.linux import fetch
from assurance.linux.fetch import ORIGINS, fetched, main
from assurance.linux.packages import NotHadError, Packages, of_suite

STANZAS = "# ours\nTypes: deb\nURIs: somewhere\nSuites: bookworm bookworm-updates\nSigned-By: key\n\nTypes: deb\n"
LINES = "# a comment\ndeb [signed-by=key] somewhere bookworm main\ndeb security bookworm-security main\n"


def test_a_program_is_made_once_and_then_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"program")
    monkeypatch.setitem(ORIGINS, "lua", lambda battery: made)
    assert fetched("lua", tmp_path / "programs", tmp_path).read_bytes() == b"program"
    made.unlink()
    assert fetched("lua", tmp_path / "programs", tmp_path).read_bytes() == b"program"
    assert [path.name for path in (tmp_path / "programs").iterdir()] == ["lua"]


def test_what_cannot_be_had_is_said_and_the_others_are_fetched(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def had(name: str) -> Path:
        if name == "lua":
            raise NotHadError("apt-get brought nothing;\nis there a network?")
        return fetch.ROOT / "build" / "programs" / name

    monkeypatch.setattr(fetch, "fetched", had)
    assert main(["lua", "busybox"]) == 1
    said = "".join(capfd.readouterr()).splitlines()
    assert said == [
        "lua: wait for it …", r"lua: CANNOT BE HAD: apt-get brought nothing;\nis there a network?",
        "busybox: wait for it …", "busybox: there as build/programs/busybox",
    ]  # fmt: skip
    assert main(["busybox"]) == 0


def test_an_unknown_program_is_a_wrong_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emacs"]) == 2
    said = "programs: emacs: no program that is fetched; there are busybox, lua, micropython, sqlite3\n"
    assert capsys.readouterr().err == said


def test_another_release_is_fetched_from_the_first_place_of_the_list() -> None:
    assert of_suite(STANZAS, "trixie") == "Types: deb\nURIs: somewhere\nSuites: trixie\nSigned-By: key\n"
    assert of_suite(LINES, "trixie") == "deb [signed-by=key] somewhere trixie main\n"
    assert of_suite("deb somewhere bookworm main\n", "trixie") == "deb somewhere trixie main\n"


def test_packages_of_another_release_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    assert packages.of("") is packages
    assert packages.of("trixie").folder == tmp_path / "trixie"


def test_a_source_is_where_its_files_are_with_or_without_a_folder_around_them(tmp_path: Path) -> None:
    for name, file in (("folded", "folded-1.0/src/main.c"), ("flat", "src/main.c")):
        path = tmp_path / "source" / name / file
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "source" / "flat" / "configure").touch()
    for name in ("folded", "flat"):
        assert (Packages(tmp_path).source(name) / "src" / "main.c").is_file()
