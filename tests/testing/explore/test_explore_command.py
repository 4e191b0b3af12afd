"""make explore: what it says, what it writes down, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from seeded_bugs import BUGS

from tyrne.system import kernel_source
from tyrne.testing.explore import MODELS
from tyrne.testing.explore.__main__ import main


def test_the_figures_are_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "explore.json"
    assert main(["console", "--workers", "1", "--json", str(file)]) == 0
    written = json.loads(file.read_text())
    model = written["models"]["console"]
    assert written["command"] == 'make explore ARGS="console"'
    assert written["kernel"] == kernel_source.digest()
    assert model["exhausted"] is True
    assert model["violations"] == 0
    assert f"console: {model['states']} states" in capsys.readouterr().out


def test_the_figures_count_the_transitions_of_the_fast_path_and_the_work_that_was_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "explore.json"
    assert main(["pair", "--max-states", "60", "--workers", "1", "--json", str(file)]) == 0
    model = json.loads(file.read_text())["models"]["pair"]
    assert 0 < model["fast"] < model["transitions"]
    assert 0 < model["preempted"]["end of a task"] < model["transitions"]


def test_a_search_that_was_cut_says_so_in_the_command_that_repeats_it(tmp_path: Path) -> None:
    file = tmp_path / "explore.json"
    assert main(["offspring", "console", "--max-states", "5", "--workers", "1", "--json", str(file)]) == 0
    written = json.loads(file.read_text())
    assert written["command"] == 'make explore ARGS="offspring console --max-states 5"'
    assert written["models"]["offspring"]["exhausted"] is False


def test_the_rest_of_the_models_is_added_to_the_figures_of_this_kernel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "explore.json"
    rest = ["--workers", "1", "--json", str(file), "--rest"]
    assert main(["console", *rest]) == 0
    assert main(["bound", "--max-states", "5", *rest]) == 0
    assert main(["bound", "console", "--max-states", "5", *rest]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["console", "bound", "bound"], "a model is explored again until it is exhausted"
    written = json.loads(file.read_text())
    assert written["command"] == 'make explore ARGS="console bound --max-states 5"'
    assert {name: model["exhausted"] for name, model in written["models"].items()} == {"console": True, "bound": False}


def test_figures_of_another_kernel_are_not_added_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "explore.json"
    file.write_text('{"kernel": "another", "models": {"console": {"exhausted": true}}}')
    assert main(["console", "--workers", "1", "--json", str(file), "--rest"]) == 0
    assert json.loads(file.read_text())["models"]["console"]["states"] > 1


def test_all_models_are_explored_unless_some_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(MODELS)
    assert main(["--max-states", "1", "--workers", "1"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == list(MODELS)


def test_a_violation_is_written_as_a_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test_found.py"
    with monkeypatch.context() as patch:
        next(bug for bug in BUGS if bug.what.startswith("an endpoint is bound twice")).plant(patch)
        found = ["bindings", "--from", "seeded_bugs", "--workers", "1"]
        assert main(found) == 1
        assert "replay.call(C.BIND, 2, " in capsys.readouterr().out
        assert main([*found, "--write", str(file)]) == 1
    assert file.read_text().count("replay.call(") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no model is named nothing; there are console"),
        (["pair", "--from", "nowhere"], "name a module with a dictionary MODELS"),
        (["pair", "--workers", "1", "--checkpoint", "{made}"], "remove it to start anew"),
        (["pair", "--rest"], "--rest needs the figures that it adds to: --json FILE"),
        (["pair", "--rest", "--json", "{made}/pair/progress"], "no figures of make explore; remove it to begin anew"),
        (["pair", "--json", "{made}"], "is a directory; name a file"),
        (["pair", "--write", "/dev/null/test_found.py"], "cannot be written"),
    ],
)
def test_a_request_that_is_wrong_is_answered_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair" / "progress").write_text('{"about": "something else"}')
    assert main([argument.replace("{made}", str(tmp_path)) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("explore: ")
