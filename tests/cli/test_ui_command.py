"""`tyrne ui`: what it prints, how it ends, and its errors."""

from __future__ import annotations

import http.client
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from commands import Tyrne
from test_inspecting import report

from tyrne.system.shipped import shipped

SERVER = shipped("systems/server.toml")


def test_it_prints_an_address_with_a_token_serves_and_ends_with_an_interrupt() -> None:
    command = [sys.executable, "-m", "tyrne", "ui", str(SERVER)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stderr is not None
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#([\w-]{32})\n", running.stdout.readline())
        assert found is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
        connection.request("GET", "/data/about", headers={"X-Tyrne-Token": found[2]})
        assert json.loads(connection.getresponse().read())["run"] == str(SERVER)
        connection.close()
        running.send_signal(signal.SIGINT)
        assert (running.wait(60), running.stdout.read(), running.stderr.read()) == (0, "", "")


def test_more_connections_than_it_may_have_files_are_borne_in_silence() -> None:
    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    command = [sys.executable, "-m", "tyrne", "ui", str(SERVER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=few_files) as running:
        assert running.stdout is not None and running.stderr is not None
        found = re.search(r":(\d+)/", running.stdout.readline())
        assert found is not None
        with ExitStack() as ends:
            for _ in range(80):
                ends.enter_context(socket.create_connection(("127.0.0.1", int(found[1])), 60))
            time.sleep(1.5)  # it tries again after a second
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        running.send_signal(signal.SIGINT)
        assert (running.wait(60), running.stderr.read()) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("none.toml", "none.toml: cannot be read: no such file or directory; give the path of a system description"),
        ("REPORT --system RUN", "--system RUN: REPORT is of other programs or of another description; give the one"),
        ("RUN --port 70000", "Invalid value for '--port': Input should be less than or equal to 65535"),
    ],
)
def test_what_is_wrong_with_the_request_is_one_line(
    tyrne: Tyrne, tmp_path: Path, arguments: str, expected: str
) -> None:
    made = str(report("grant", tmp_path, "hosted")) if "REPORT" in arguments else ""
    outcome = tyrne("ui", *arguments.replace("RUN", str(SERVER)).replace("REPORT", made).split())
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.startswith(f"tyrne: error: {expected}".replace("RUN", str(SERVER)).replace("REPORT", made))


def test_without_its_libraries_it_says_how_to_get_them(tyrne: Tyrne, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "tyrne.inspect.ui.server", raising=False)
    outcome = tyrne("ui", SERVER)
    assert (outcome.status, outcome.error) == (
        2,
        "tyrne: error: the server is not there; install it with pip install 'tyrne[ui]'",
    )


def test_what_takes_time_is_said_to_go_on_from_the_first_import(tyrne: Tyrne, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    @contextmanager
    def progress(console: object, what: str) -> Iterator[None]:
        said.append(what)
        yield

    monkeypatch.setattr("tyrne.cli.serving.progress", progress)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "tyrne.inspect.ui.server", raising=False)
    assert tyrne("ui", SERVER).status == 2
    assert said == ["opening …"]


def test_no_other_command_imports_the_server() -> None:
    script = (
        "import sys; from tyrne.cli.main import run_arguments; status = run_arguments(sys.argv[1:]);"
        "sys.exit(status or bool({'capstone', 'starlette', 'uvicorn', 'tyrne.inspect.ui'} & set(sys.modules)))"
    )
    for words in (["ps", str(SERVER)], ["picture", "waits", str(SERVER)], ["--help"]):
        assert subprocess.run([sys.executable, "-c", script, *words], stdout=subprocess.DEVNULL).returncode == 0
