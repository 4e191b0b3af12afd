"""`make fresh` takes from this machine how packages are reached, and nothing else. The trials themselves take too long
for a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assurance import fresh
from assurance.fresh import RELEASES, STEPS, login, main, named_paths


def test_the_environment_is_a_new_logins_with_the_proxies_of_this_machine() -> None:
    outside = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "https_proxy": "http://a",
        "NO_PROXY": "b",
        "TYRNE_CACHE": "/x",
        "HOME": "/y",
    }
    inside = login("newcomer", outside)
    assert inside["HOME"] == "/home/newcomer" and "sbin" not in inside["PATH"]
    assert inside["https_proxy"] == "http://a" and inside["NO_PROXY"] == "b"
    assert not {"PYTHONDONTWRITEBYTECODE", "TYRNE_CACHE"} & inside.keys()
    assert login("root", {})["HOME"] == "/root" and "/usr/sbin" in login("root", {})["PATH"]


def test_what_pip_was_told_on_this_machine_is_found_there() -> None:
    settings = {
        "cert": "/etc/ssl/own.crt",
        "find-links": "/srv/wheels https://example.org/links",
        "extra-index-url": "file:///srv/index/simple https://example.org/simple",
        "timeout": "60",
    }
    assert named_paths(settings) == [Path("/etc/ssl/own.crt"), Path("/srv/wheels"), Path("/srv/index")]


def test_a_newcomer_runs_it_without_rights_and_root_tests_it() -> None:
    assert [step.user for step in STEPS] == ["newcomer"] * 4 + ["root"]
    assert (STEPS[1].line, STEPS[-1].line) == ("make run", "make test")
    assert list(RELEASES.values()) == ["Debian 12", "Debian 13"]


def test_a_wrong_request_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["potato"]) == 2
    assert "fresh: potato: no release that this is tried on; choose from bookworm, trixie" in capsys.readouterr().err
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["trixie"]) == 2
    assert "run it with: sudo make fresh" in capsys.readouterr().err


@pytest.mark.parametrize("broken", range(len(STEPS)))
def test_the_first_step_that_fails_is_the_last(broken: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taken: list[str] = []

    def attempt(release: str, made: Path, step: fresh.Step) -> bool:
        taken.append(step.name)
        return step is not STEPS[broken]

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(fresh, "machine", lambda release, folder: folder)
    monkeypatch.setattr(fresh, "attempt", attempt)
    assert main(["trixie", "--folder", str(tmp_path)]) == 1
    assert taken == [step.name for step in STEPS[: broken + 1]]


def test_what_a_step_says_is_kept_and_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fresh, "LOGS", tmp_path / "logs")
    assert fresh._logged(["sh", "-c", "echo said; echo complained >&2; exit 3"], "step") == 3
    assert (tmp_path / "logs" / "step.log").read_text() == "said\ncomplained\n" == capfd.readouterr().out
