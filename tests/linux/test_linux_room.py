"""Memory of programs of Linux is made when it is asked for, by the quota of their tasks; addresses cost nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from linux_programs import ORACLE, build, by_oracle, on_all_machines, run, told

from tyrne.abi import CallNumber, CapKind
from tyrne.hosted.happened import CallEvent
from tyrne.hosted.recorder import Listener
from tyrne.linux.start import HEAP_PIECES, HEAP_TABLES
from tyrne.system.errors import RequestError
from tyrne.system.run import Machine, Request, Result, prepare
from tyrne.system.select import load_system, select

TASK = '[[task]]\nname = "{}"\nprogram = "{}"\nabi = "linux"\n'
SYSTEM = '[system]\nname = "s"\n'
PAGES = 1024


def _is_ok(event: CallEvent) -> bool:
    return event.results is not None and event.results[0] == 0


def made(result: Result) -> list[int]:
    """The pages of each region that the program made."""
    calls = (event for event in result.recorder.calls if event.number == CallNumber.CREATE.value)
    return [event.arguments[2] for event in calls if event.arguments[1] == CapKind.MEMORY.value and _is_ok(event)]


def run_of(folder: Path, text: str, machine: Machine = Machine.NATIVE) -> Result:
    """The run of a system that a text describes, beside the programs of tests."""
    for name in ("room.c", "library.c"):
        (folder / Path(name).stem).write_bytes(build(name).read_bytes())
    (folder / "s.toml").write_text(text)
    system = load_system(select([folder / "s.toml"]))
    return prepare(Request(system, machine, False, 400_000_000)).run(Listener())


@on_all_machines
def test_addresses_are_reserved_without_memory_and_become_memory_where_they_are_asked_to(machine: Machine) -> None:
    result = run(build("room.c"), machine=machine, heap_pages=128)
    assert told(result) == ("reserved\n", 0)
    assert sum(made(result)) <= 128  # of 65 GiB that were reserved


@pytest.mark.skipif(ORACLE is None, reason="needs qemu-user")
def test_qemu_user_says_the_same_of_what_is_reserved() -> None:
    assert by_oracle(build("room.c")) == ("reserved\n", 0)


@on_all_machines
def test_memory_that_is_used_up_is_refused_and_nothing_has_changed(machine: Machine) -> None:
    console, code = told(run(build("room.c"), str(PAGES), machine=machine, heap_pages=PAGES))
    assert code == 0, f"room.c, line {code}"
    counts = [int(line.split()[0]) for line in console.splitlines()[1:]]
    assert [count > least for count, least in zip(counts, (1000, 900, 700), strict=True)] == [True] * 3


def test_memory_comes_in_few_regions_and_a_program_that_asks_for_none_has_none() -> None:
    assert made(run(build("abort.c"))) == []
    assert len(made(run(build("changes.c")))) <= 3
    assert max(map(len, _held_at_once(run(build("room.c"), str(PAGES), heap_pages=PAGES)))) <= HEAP_PIECES


def _held_at_once(result: Result) -> list[set[int]]:
    """The handles of regions that the program held after each of its calls that made or dropped one."""
    held: set[int] = set()
    found = [set(held)]
    for event in result.recorder.calls:
        if event.number == CallNumber.CREATE.value and _is_ok(event):
            held.add(event.results[1] if event.results else 0)
        elif event.number == CallNumber.CAP_DROP.value and _is_ok(event):
            held.discard(event.arguments[0])
        found.append(set(held))
    return found


@pytest.mark.parametrize("pages", [PAGES, PAGES + 500])
def test_with_one_region_left_the_heap_is_one_of_whole_blocks(tmp_path: Path, pages: int) -> None:
    taken = 'name = "holder"\nprogram = "p.S"\ncaps = [{ quota = true }]\nquota = { memory = 31 }\n'
    (tmp_path / "p.S").write_text(".global _start\n_start: mov x8, #4\n mov x0, #0\n svc #0\n")
    task = TASK.format("l", "library") + f"heap_pages = {pages}\ncaps = [{{ console = true }}]\n"
    result = run_of(tmp_path, SYSTEM + task + f"[[task]]\n{taken}")
    assert set(made(result)) == {PAGES}
    assert result.outcome()["tasks"][0]["code"] == 0


def test_a_heap_may_be_as_large_as_the_memory_of_its_machine(tmp_path: Path) -> None:
    text = '[system]\nname = "s"\nmemory = "1G"\n'
    task = TASK.format("r", "room") + 'args = ["240000"]\nheap_pages = 240000\n'
    system = described(tmp_path, text + task)
    assert system == {"memory": HEAP_PIECES, "frames": 240_000 + HEAP_TABLES}


def described(folder: Path, text: str) -> Mapping[str, int]:
    """The claims of the first task of a system."""
    (folder / "room").write_bytes(build("room.c").read_bytes())
    (folder / "s.toml").write_text(text)
    quota = load_system(select([folder / "s.toml"])).tasks[0].quota
    return {name: value for name, value in vars(quota).items() if value}


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(RequestError) as error:
        described(folder, text)
    return str(error.value).replace(f"{folder}/", "")


def test_programs_share_the_regions_that_are_left(tmp_path: Path) -> None:
    tasks = "".join(TASK.format(f"t{number}", "room") for number in range(4))
    region = '[[memory]]\nname = "m"\npages = 1\n'
    assert described(tmp_path, SYSTEM + region + tasks)["memory"] == 7  # of 31


def test_what_no_heap_fits_beside_is_refused_in_one_line(tmp_path: Path) -> None:
    task = TASK.format("t", "room")
    quota = task + "caps = [{ quota = true }]\nquota = { memory = 32 }\n"
    assert refusal(tmp_path, SYSTEM + quota) == (
        "s.toml:5: room: none of the 32 memory regions of a system is left for its heap; lower memory in a quota"
    )
    console = ", ".join(["{ console = true }"] * 15)
    assert refusal(tmp_path, SYSTEM + task + f"caps = [{console}]\n") == (
        "s.toml:5: room: its heap takes 2 of the 16 capabilities that a task may have, and there are 15 others; "
        "remove some"
    )
    two = "".join(TASK.format(name, "room") + "heap_pages = 12000\n" for name in ("a", "b"))
    assert refusal(tmp_path, SYSTEM + two) == (
        "s.toml:5: room: programs take 0 pages above 512 each, up to this one, and memory, stacks, heaps and quotas "
        '24128; a system has at most 20480, make it smaller, or write memory = "256M" in [system]'
    )
