"""`make counts`: the same work takes about as many instructions on Tyrne as qemu-user runs for it."""

from __future__ import annotations

import pytest

from assurance.linux import counts as campaign
from assurance.linux.battery import FOLDER, Battery
from assurance.linux.counts import BUDGET, WORKS, Counts, Oracle, counted, main
from assurance.linux.packages import NotHadError
from tyrne.compiler.build.cache import locked


@pytest.mark.more
@pytest.mark.qemu
@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.program)
def test_the_kernel_and_the_library_take_little_beside_a_program_that_computes(work: campaign.Work) -> None:
    """The program runs the same instructions: what hosted and qemu-user count differs by the library's."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with locked(FOLDER / "lock"):  # another worker may be at it
        try:
            battery = Battery()
            found = counted(work, battery, Oracle(battery.packages))
        except NotHadError as error:
            pytest.skip(f"cannot be had here: {error}")
    assert found.oracle > 50_000_000
    assert 1 <= found.hosted / found.oracle < 1.01
    assert found.hosted < found.qemu <= BUDGET * found.oracle


@pytest.mark.parametrize(("qemu", "status"), [(1050, 0), (1051, 1)])
def test_more_than_five_percent_above_qemu_user_is_found(
    qemu: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "Oracle", lambda packages: None)
    monkeypatch.setattr(campaign, "counted", lambda work, *_: Counts(work.program, 1000, 1001, qemu, 300.0))
    assert main([]) == status
    assert all(f" {work.program} " in capsys.readouterr().out for work in WORKS[:1])


def test_without_qemu_user_nothing_is_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(packages: object) -> None:
        raise NotHadError("there is no apt-get on this machine")

    monkeypatch.setattr(campaign, "Oracle", missing)
    assert main([]) == 2
    assert capsys.readouterr().err == "counts: there is no apt-get on this machine\n"
