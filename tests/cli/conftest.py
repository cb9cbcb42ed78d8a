"""The command line as a user meets it, without the cost of a new process."""

from collections.abc import Callable

import pytest

from nearedge.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line; give exit code, stdout and stderr."""
    # Messages are wrapped to the terminal; tests look for whole sentences.
    monkeypatch.setenv("COLUMNS", "400")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["nearedge", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call
