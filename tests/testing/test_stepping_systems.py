"""Hosted systems stepped in tests: until something happens, with the kernel at hand between any two traps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tyrne.kernel import capability_calls
from tyrne.kernel.effects import done
from tyrne.kernel.kernel import Kernel
from tyrne.lang import Trap
from tyrne.testing import CapKind, HeldCapability, LiveSystem, Rights, Status, boot_system, run_system

SYSTEMS = Path(__file__).parents[2] / "systems"


def boot(name: str, **terms: bool) -> LiveSystem:
    return boot_system(f"{name}.toml", folder=SYSTEMS, **terms)


def test_a_capability_is_seen_to_arrive_and_to_be_revoked() -> None:
    system = boot("grant")
    assert [held.object for held in system.capabilities("grantee")] == ["console", "channel"]
    system.until(call="wait", task="grantee")
    granted = HeldCapability(2, CapKind.ENDPOINT, "door", Rights.SEND | Rights.TRANSFER)
    assert system.capabilities("grantee")[2] == granted
    assert repr(granted) == "<0x2: endpoint door, TRANSFER|SEND>"
    system.until(call="cap_revoke")
    assert [held.object for held in system.capabilities("grantee")] == ["console", "channel"]
    system.until(call="send_wait", task="grantee", status=Status.STALE_HANDLE)
    system.finish().assert_success()


def test_a_stepped_run_is_the_run() -> None:
    assert boot("server").finish().report() == run_system("server.toml", folder=SYSTEMS).report()


def test_a_task_is_seen_in_each_state_of_a_call() -> None:
    system = boot("ping-pong")
    assert (system.running, system.transitions) == ("ping", 0)
    states = []
    while system.step():
        states.append((system.task("ping").state, system.task("pong").state))
    assert {("sending", "ready"), ("calling", "ready"), ("ready", "receiving")} <= set(states)
    assert (system.running, system.task("pong").state, system.task("pong").exit_code) == (None, "exited", 0)
    assert system.step() is False


def test_mapped_memory_says_where_and_how_much() -> None:
    system = boot("ring")
    (memory,) = (held for held in system.capabilities("producer") if held.kind is CapKind.MEMORY)
    assert (memory.object, memory.pages) == ("ring", (0, 1))
    assert memory.address is not None
    assert repr(memory).endswith(f", pages 0 to 0, mapped at {memory.address:#x}>")


def test_until_takes_a_condition_and_a_text_together() -> None:
    system = boot("supervisor")
    system.until(lambda now: now.task("crasher").state == "calling", console="life 1")
    fault = system.kernel.tasks.items[1].fault
    assert fault is not None
    assert int(fault.address) == 0xDEAD_0000
    with pytest.raises(ValueError, match="until waits for nothing"):
        system.until()


def test_what_never_happens_is_told_with_an_account() -> None:
    system = boot("ping-pong")
    with pytest.raises(AssertionError) as caught:
        system.until(call="cap_revoke", task="ping")
    first, *account = str(caught.value).splitlines()
    assert first.startswith("<'ping-pong' after ")
    assert first.endswith(": ping exited; pong exited> ended before it came to call='cap_revoke', task='ping'")
    assert "  ping: the answer is 0xbbbb" in account


def test_objects_that_were_made_have_the_place_that_they_are_in() -> None:
    system = boot("builder")
    system.until(call="task_resume")
    assert system.task("task 1").state == "ready"
    names = [held.object for held in system.capabilities("builder")]
    assert "task 1" in names
    with pytest.raises(KeyError, match="task 2 was not made yet"):
        system.task("task 2")
    system.until(lambda now: now.task("task 1").state == "exited" and not now.capabilities("task 1"))


def test_a_seeded_bug_is_caught_at_the_transition_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Kernel.leave

    def leave(kernel: Kernel[object]) -> object:
        kernel.endpoints.population += 1
        return whole(kernel)  # type: ignore[arg-type]

    system = boot("ping-pong")
    monkeypatch.setattr(Kernel, "leave", leave)
    with pytest.raises(AssertionError, match=r"^after transition 1, of ping:\neach_arena_counts_its_objects: endpoint"):
        system.finish()
    boot("ping-pong", check=False).finish().assert_success()


def test_what_outlives_its_revocation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    system = boot("grant")
    monkeypatch.setattr(capability_calls, "revoke", lambda kernel, caller, call: done())
    with pytest.raises(AssertionError, match=r"of grantor:\ntask 1, slot 2: .*SEND.* has outlived the revocation"):
        system.finish()


def test_a_panic_is_raised_where_the_kernel_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Trap("a seeded failure")

    system = boot("ping-pong")
    monkeypatch.setattr(Kernel, "leave", fail)
    with pytest.raises(Trap, match="a seeded failure"):
        system.step()
