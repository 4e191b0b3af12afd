"""`make linux`: which programs of others there are, where they come from, and when one counts as equal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assurance.linux import battery as campaign
from assurance.linux.battery import Battery, Outcome, Result, figures, main, text_of
from assurance.linux.packages import NotHadError, Packages, with_sources
from assurance.scorecard.campaigns import different_programs, programs_of_linux
from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest

DEB822 = "Types: deb\nURIs: somewhere\nSuites: bookworm\nComponents: main\n"
LINES = "# a comment\ndeb [a=b] somewhere bookworm main\ndeb-src somewhere bookworm main\n"


def test_each_program_has_one_origin_and_each_source_a_program() -> None:
    battery = Battery()
    assert len(battery.programs) >= 60
    for name, program in battery.programs.items():
        assert sum(map(bool, (program.package, program.built, program.go, program.rust))) == 1, name
    assert {program.built for program in battery.programs.values()} - {""} == set(battery.sources)
    for name, source in battery.sources.items():
        assert bool(source.files) != bool(source.commands), name
        assert bool(source.program) == bool(source.commands), name


def test_sources_are_fetched_from_where_packages_are() -> None:
    assert with_sources(DEB822).startswith("Types: deb deb-src\nURIs: somewhere\n")
    added = with_sources(LINES).splitlines()
    assert added == ["# a comment", "deb [a=b] somewhere bookworm main", "deb-src [a=b] somewhere bookworm main"]


def test_a_file_of_a_package_may_lie_below_usr(tmp_path: Path) -> None:
    for name, place in (("old", "bin"), ("new", "usr/bin")):
        (tmp_path / "binary" / name / place).mkdir(parents=True)
        (tmp_path / "binary" / name / place / "program").touch()
        assert Packages(tmp_path).file(name, "bin/program").is_file()
    with pytest.raises(NotHadError, match="old: it has no bin/other"):
        Packages(tmp_path).file("old", "bin/other")


def test_without_apt_a_program_is_left_out_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotHadError, match="there is no apt-get on this machine"):
        Packages(tmp_path).binary("busybox-static")
    result = Battery(tmp_path).result("busybox-echo", ["hosted"])
    assert (result.left_out, result.seen) == ("there is no apt-get on this machine", {})


def test_output_status_and_end_have_to_be_the_same() -> None:
    right = Outcome("text", 3)
    for wrong in (Outcome("text", 0), Outcome("tex", 3), Outcome("text", 3, "faulted")):
        assert Result("p", right, {"hosted": right, "qemu": wrong}).differs() == ["qemu"]
    assert text_of(b"\xff\xc3\xa4") == "\\xff\u00e4"


def test_figures_say_what_differs_and_what_was_left_out() -> None:
    right, wrong = Outcome("a\nb\n"), Outcome("a\nc\n")
    results = [
        Result("same", right, {"hosted": right}),
        Result("other", right, {"hosted": wrong}),
        Result("known", right, {"hosted": wrong}, reason="no such call"),
        Result("missing", right, {}, "no package"),
    ]
    told = figures(results)
    assert (told["programs"], told["equal"]) == (3, 1)
    assert told["different"] == {"other": {"hosted": "c for b"}, "known": "no such call"}
    assert told["left_out"] == {"missing": "no package"}
    assert told["kernel"] == digest()
    assert dict(programs_of_linux(told))["programs that others wrote, on hosted and qemu"] == "3"
    assert different_programs(told)[1:] == ["differs: known: no such call", "left out: missing: no package"]


@pytest.mark.parametrize(
    ("reason", "equal", "status"), [("", True, 0), ("", False, 1), ("why", False, 0), ("why", True, 1)]
)
def test_the_status_is_1_for_what_differs_without_a_reason_and_for_a_reason_without_need(
    reason: str, equal: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = Outcome("a\n")
    seen = {"hosted": right if equal else Outcome("b\n")}
    monkeypatch.setattr(Battery, "result", lambda self, name, machines: Result(name, right, seen, reason=reason))
    monkeypatch.setattr(campaign, "need_oracle", lambda: None)
    assert main(["busybox-echo", "--machine", "hosted"]) == status
    assert f"{int(equal)} of 1 equal" in capsys.readouterr().out


def test_an_unknown_program_is_a_wrong_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert capsys.readouterr().err == "linux: nothing: no program of programs.toml; the names are in it\n"


def test_a_program_that_reads_files_and_input_is_compared_with_linux() -> None:
    battery = Battery()
    try:
        campaign.need_oracle()
        battery.file(battery.programs["busybox-sort"])
    except (NotHadError, RequestError) as error:
        pytest.skip(f"cannot be had here: {error}")
    for name in ("busybox-sort", "busybox-sha512sum"):
        result = battery.result(name, ["hosted"])
        assert result.expected.output and result.expected.status == 0
        assert result.differs() == []
