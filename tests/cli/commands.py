"""Running the command line inside a test: its status and what it wrote."""

from dataclasses import dataclass

import pytest

from tyrne.cli.main import run_arguments


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error."""
        lines = self.err.splitlines()
        assert len(lines) == 1
        return lines[0]


class Tyrne:
    """Calls the command line with the streams of a test captured."""

    def __init__(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capfdbinary

    def __call__(self, *arguments: object) -> Outcome:
        self._capture.readouterr()
        status = run_arguments([str(argument) for argument in arguments])
        out, err = self._capture.readouterr()
        return Outcome(status, out.decode(), err.decode())

    def raw(self, *arguments: object) -> bytes:
        """The bytes on standard output of a run that ends with status 0."""
        self._capture.readouterr()
        assert run_arguments([str(argument) for argument in arguments]) == 0
        return self._capture.readouterr().out
