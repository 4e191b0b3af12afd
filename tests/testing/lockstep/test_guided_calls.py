"""Fuzzing guided by coverage: it can be repeated, it finds what is wrong, and what it finds becomes a test."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace

import pytest

from tyrne.abi import VERSION
from tyrne.hal.interrupt import MOST_SEED
from tyrne.kernel import rendezvous, signals
from tyrne.testing.lockstep import __main__ as command
from tyrne.testing.lockstep import smallest as smallest_games
from tyrne.testing.lockstep import workers
from tyrne.testing.lockstep.agreement import watchdog
from tyrne.testing.lockstep.campaign import Campaign, Reached
from tyrne.testing.lockstep.corpus import load, save
from tyrne.testing.lockstep.game import Game, GameError
from tyrne.testing.lockstep.random_systems import random_manifest, random_ticks
from tyrne.testing.lockstep.smallest import edges_of, smallest
from tyrne.testing.lockstep.tally import Tally
from tyrne.testing.lockstep.workers import Report, Work, reports, together

WORK = r"^(\w+): (\d+) steps, (\d+) times preempted$"


def test_a_campaign_can_be_repeated_and_goes_on_from_what_it_has_kept() -> None:
    first, second = Campaign(8), Campaign(8)
    with watchdog(300):
        for campaign in first, second:
            campaign.play_until(2500)
    assert first.tally.calls == second.tally.calls
    assert (first.features, first.paths) == (second.features, second.paths)
    assert first.replayed.steps == second.replayed.steps > 0
    assert len(first.meter.edges_of(first.features)) > 0.6 * len(first.meter.counted)


def test_workers_share_the_calls_and_add_up() -> None:
    last = {report.worker: report for report in reports(Work(calls=600, seed=3, workers=2))}
    assert sorted(last) == [0, 1] and all(report.error is None for report in last.values())
    assert any(report.entries for report in last.values())  # one whose only game is of a release kernel keeps none
    reached = together(list(last.values()))
    assert reached.tally.calls.total() >= 600
    assert reached.tally.steps == sum(report.reached.tally.steps for report in last.values())
    assert reached.features == last[0].reached.features | last[1].reached.features


def test_wrong_kernel_is_found_by_a_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendezvous, "unmap_placed", lambda kernel, slot: setattr(slot, "placement", None))
    with pytest.raises(GameError, match="seed 1, game"):
        Campaign(1).play_until(60_000)


def test_what_is_found_becomes_a_test_that_fails_until_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, figures = tmp_path / "found", tmp_path / "figures.json"
    with monkeypatch.context() as wrong:
        wrong.setattr(signals, "signal", lambda kernel, notification, bits: notification.set(bits))
        to = ["--json", str(figures), "--found", str(found)]
        status = _command("--calls", "60000", "--seed", "2", "--tries", "25", *to)
        assert status == 1
        assert "a test of it" in capsys.readouterr().out
        (path,) = found.iterdir()
        module = _module(path)
        (name,) = (name for name in vars(module) if name.startswith("test_"))
        with pytest.raises(AssertionError, match="Error"):
            getattr(module, name)()
    getattr(module, name)()
    assert "Error" in json.loads(figures.read_text())["found"]


def test_figures_count_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    assert _command("--calls", "300", "--seed", "4", "--json", str(path)) == 0
    figures = json.loads(path.read_text())
    assert figures["found"] is None and figures["calls"] >= 300
    assert figures["calls"] == sum(sum(own.values()) for own in figures["statuses"].values())
    assert figures["edges"]["total"] - figures["edges"]["covered"] == len(figures["never"]) > 0
    assert all(Path(never["place"].split(":")[0]).suffix == ".py" for never in figures["never"])
    assert list(figures["work"]) == ["Revocation", "Preparation", "Reaping"]
    assert all(counts["steps"] >= counts["preempted"] for counts in figures["work"].values())


def test_a_report_says_how_often_long_work_was_preempted(capsys: pytest.CaptureFixture[str]) -> None:
    assert _command("--calls", "3000", "--seed", "4") == 0
    out = capsys.readouterr().out
    counts = {kind: tuple(map(int, found)) for kind, *found in re.findall(WORK, out, re.MULTILINE)}
    assert list(counts) == ["Revocation", "Preparation", "Reaping"]
    assert all(steps > preempted for steps, preempted in counts.values())
    assert sum(preempted for _, preempted in counts.values()) > 0


def test_few_short_games_reach_the_same_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smallest_games, "TRIES", 8)
    campaign = Campaign(8)
    campaign.play_until(100)
    entries = [entry for entry in campaign.corpus.entries if max(entry.features) >= 0][-8:]
    reached = 0
    for entry in entries:
        reached |= edges_of(Game(entry.manifest, True, entry.ticks, list(entry.steps)))
    games = smallest(entries)
    assert 0 < len(games) <= len(entries)
    assert sum(len(game.steps) for game in games) < sum(len(entry.steps) for entry in entries)
    for game in games:
        reached &= ~edges_of(game)
    assert reached == 0


def test_bad_requests_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.game").write_text("debug nothing\n")
    assert _command("--calls", "1", "--corpus", str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert error.startswith("fuzz-calls: ") and "bad.game" in error and error.count("\n") == 1
    missing = tmp_path / "none"
    assert _command("--calls", "1", "--corpus", str(missing)) == 2
    assert capsys.readouterr().err == f"fuzz-calls: {missing}: there is no such folder; name one with .game files\n"
    for option in "--json", "--keep", "--found":
        assert _command("--calls", "1", option, "/proc/none/here") == 2
        assert capsys.readouterr().err.startswith("fuzz-calls: /proc/none/here")
    with pytest.raises(SystemExit, match="2"):
        _command("--calls", "0")
    assert "'0' is not a number from 1 on" in capsys.readouterr().err


@pytest.mark.parametrize("exit_code", [1, -9], ids=["exception", "killed"])
def test_worker_that_is_lost_is_no_success(
    exit_code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    lost = SimpleNamespace(exitcode=exit_code)

    def reports(work: Work) -> Iterator[Report]:
        yield from ()
        workers._check_alive([lost])

    monkeypatch.setattr(command, "reports", reports)
    assert command.main(["--json", str(figures)]) == 1
    assert "fuzz-calls: worker 0 ended with exit status" in capsys.readouterr().err
    assert "before it was done" in json.loads(figures.read_text())["found"]


def test_interrupt_ends_it_with_the_figures_until_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def reports(work: Work) -> Iterator[Report]:
        yield Report(0, Reached(Tally(), Tally(), 0, set(), 0))
        raise KeyboardInterrupt

    figures = tmp_path / "figures.json"
    monkeypatch.setattr(command, "reports", reports)
    assert command.main(["--json", str(figures)]) == 130
    assert capsys.readouterr().err == "fuzz-calls: interrupted\n"
    assert json.loads(figures.read_text())["calls"] == 0


def test_a_game_is_read_as_it_was_written(tmp_path: Path) -> None:
    campaign = Campaign(7)
    campaign.play_until(200)
    entry = campaign.corpus.entries[-1]
    game = Game(entry.manifest, True, entry.ticks, list(entry.steps))
    assert Game.parse(str(game)) == game
    save(game, tmp_path)
    assert load(tmp_path) == [game]


def test_a_game_of_an_older_interface_or_from_before_it_had_versions_is_read_and_a_newer_one_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    game = Game(random_manifest(Random(1)), True)
    text = str(game)
    assert text.startswith(f"debug {VERSION} ")
    for older in f"debug {VERSION - 1} ", "debug ":
        assert Game.parse(text.replace(f"debug {VERSION} ", older)) == game
    (tmp_path / "new.game").write_text(text.replace(f"debug {VERSION} ", f"debug {VERSION + 1} "))
    assert _command("--calls", "1", "--corpus", str(tmp_path)) == 2
    assert capsys.readouterr().err == (
        f"fuzz-calls: {tmp_path / 'new.game'}: made with version {VERSION + 1} of the interface, and this tyrne has "
        f"version {VERSION}; remove the file or write it anew\n"
    )


def test_ticks_of_a_game_are_read_and_one_without_has_none() -> None:
    game = Game(random_manifest(Random(1)), True, 77)
    text = str(game)
    assert text.startswith(f"debug {VERSION} ticks=77 ")
    assert Game.parse(text) == game
    assert Game.parse(text.replace(" ticks=77", "")) == Game(game.manifest, True) == replace(game, ticks=0)


def test_most_games_have_ticks() -> None:
    random = Random(1)
    seeds = [random_ticks(random) for _ in range(100)]
    assert 60 < sum(map(bool, seeds)) < 100
    assert all(0 <= seed <= MOST_SEED for seed in seeds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "debug",
        "other AAAA",
        "debug AAAA",
        "debug 2 AAAA",
        "debug x eJwDAAAAAAE=",
        "debug eJwDAAAAAAE=\nSVC 1 2 +3 with -",
        "debug 3 ticks= eJwDAAAAAAE=",
        "debug 3 ticks=0 eJwDAAAAAAE=",
        "debug 3 ticks=x eJwDAAAAAAE=",
        f"debug 3 ticks={1 << 63} eJwDAAAAAAE=",
        "debug 3 other=1 eJwDAAAAAAE=",
    ],
)
def test_what_is_no_game_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (game|manifest|step)"):
        Game.parse(text)


def test_random_manifests_are_those_of_their_seeds() -> None:
    assert random_manifest(Random(1)) == random_manifest(Random(1)) != random_manifest(Random(2))


def _command(*words: str) -> int:
    return command.main(["--workers", "1", *words])


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
