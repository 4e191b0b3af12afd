"""What a deadlock says of a server whose clients have all ended, and of whom it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Tyrne

SYSTEM = """\
[system]
name = "x"
[[endpoint]]
name = "door"
[[endpoint]]
name = "gate"
[[task]]
name = "server"
program = "server.py"
caps = [ { endpoint = "door", rights = ["RECV"] } ]
[[task]]
name = "client"
program = "client.py"
caps = [ { endpoint = "door", rights = ["SEND"] }, { endpoint = "gate" } ]
"""
SERVER = """\
from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, granted, wait
@export
def main() -> u64:
    while True:
        granted(wait(EndpointCap(u64(0))))
"""
CLIENT = """\
from tyrne.lang import export, u64
from tyrne.user import EndpointCap, Message, done, granted, send_wait, wait
@export
def main() -> u64:
    done(send_wait(EndpointCap(u64(0)), Message(u64(1))))
    {more}
    return u64(0)
"""
WAITS = 'tyrne: deadlock: server waits for a message at endpoint "door", at server.py:6 in main'
MEND = "; all its clients have ended: if it serves, write serves = true in its [[task]]"


def run(tyrne: Tyrne, folder: Path, system: str, more: str = "pass") -> list[str]:
    (folder / "s.toml").write_text(system)
    (folder / "server.py").write_text(SERVER)
    (folder / "client.py").write_text(CLIENT.format(more=more))
    outcome = tyrne("run", "-q", "s.toml")
    assert outcome.status == 5
    return outcome.err.splitlines()


def test_a_server_whose_clients_have_ended_is_told_how_it_serves(tyrne: Tyrne, tmp_path: Path) -> None:
    assert run(tyrne, tmp_path, SYSTEM) == [WAITS + MEND]
    served = SYSTEM.replace('name = "server"', 'name = "server"\nserves = true')
    (tmp_path / "s.toml").write_text(served)
    assert tyrne("run", "-q", "s.toml").status == 0


def test_a_server_with_a_client_that_waits_too_is_not(tyrne: Tyrne, tmp_path: Path) -> None:
    client = 'tyrne: deadlock: client waits for a message at endpoint "gate", at client.py:6 in main'
    assert run(tyrne, tmp_path, SYSTEM, "granted(wait(EndpointCap(u64(1))))") == [WAITS, client]


@pytest.mark.parametrize("rights", ['rights = ["RECV"]', 'rights = ["DUPLICATE"]'])
def test_a_server_that_never_had_a_client_is_not(tyrne: Tyrne, tmp_path: Path, rights: str) -> None:
    told = run(tyrne, tmp_path, SYSTEM.replace('rights = ["SEND"]', rights))
    assert told[0] == WAITS and not any("serve" in line.removeprefix(WAITS) for line in told)
