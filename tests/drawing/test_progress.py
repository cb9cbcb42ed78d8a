import io
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from nearedge.drawing import progress


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A minute of 20 ms."""
    monkeypatch.setattr(progress, "MINUTE", 0.02)
    yield
    progress.be_quiet(False)


def shown(*, terminal: bool) -> str:
    """What a work of five steps and 0.1 s shows."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=80)
    with progress.counting_bar(console) as bar:
        task = bar.add_task("sites", total=5)
        for _ in range(4):
            bar.advance(task)
            time.sleep(0.03)
    return text.getvalue()


def test_without_a_terminal_there_is_a_line_now_and_then() -> None:
    lines = shown(terminal=False).splitlines()
    assert 2 <= len(lines) <= 8
    assert all(line.startswith("sites: ") and " % done, 0 s so far" in line for line in lines)
    assert lines[-1].endswith(" s left")


def test_a_terminal_shows_a_bar() -> None:
    assert "4/5" in shown(terminal=True)


def test_work_of_unknown_length_says_how_long_it_has_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress.progress_bar("training") as tell:
        time.sleep(0.05)
        tell("halfway", 0.5)
        time.sleep(0.05)
        tell("far " * 30, 0.9)
        time.sleep(0.05)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "training: 0 s so far"
    (halfway, *_) = (line for line in said if line.startswith("halfway"))
    assert halfway.startswith("halfway: 50 % done")
    assert said[-1].startswith("far " * 30 + ": 90 % done")
    assert not any("a minute" in line for line in said)


def test_quiet_is_quiet() -> None:
    progress.be_quiet(True)
    assert shown(terminal=False) == ""
    assert "sites" not in shown(terminal=True)
