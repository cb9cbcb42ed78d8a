"""The command line as a whole: help, completion, start-up, errors."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

Run = Callable[..., tuple[int, str, str]]

HEAVY = "jax optax sklearn matplotlib scipy xarray ase h5py numpy pooch feff10 torch"

EVERY_HELP = """
import json, sys
from typer.main import get_command
from typer.testing import CliRunner
from nearedge.cli import app

def walk(command, words):
    result = CliRunner().invoke(app, [*words, "--help"])
    seen[" ".join(words)] = [result.exit_code, [name for name in HEAVY if name in sys.modules]]
    for name, verb in getattr(command, "commands", {}).items():
        walk(verb, [*words, name])

HEAVY, seen = sys.argv[1].split(), {}
walk(get_command(app), [])
print(json.dumps(seen))
"""


def test_no_help_imports_what_computes() -> None:
    command = [sys.executable, "-c", EVERY_HELP, HEAVY]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    assert {"", "paper", "predict", "map", "dataset import", "structures build"} <= set(seen)
    assert {verb: what for verb, what in seen.items() if what != [0, []]} == {}


def test_completion_imports_nothing_that_computes() -> None:
    asked = "import sys, nearedge.cli\ntry: nearedge.cli.main()\nfinally: print(*sys.modules)"
    environment = {
        **os.environ,
        "_NEAREDGE_COMPLETE": "complete_bash",
        "COMP_WORDS": "nearedge dat",
        "COMP_CWORD": "1",
    }
    command = [sys.executable, "-c", f"import sys; sys.argv = ['nearedge']\n{asked}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    offered, modules = done.stdout.split(maxsplit=1)
    assert offered == "dataset"
    assert not set(HEAVY.split()) & set(modules.split())


def test_the_version_and_bad_usage(run: Run) -> None:
    assert run("--version")[:2] == (0, "nearedge 0.1.0\n")
    assert run("no-such-verb")[0] == 2
    assert run("paper", "--seed", "-1")[0] == 2


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "/a/b"), "/a/b: No such file"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("truncated file"), "truncated file"),
    ],
)
def test_an_error_of_the_system_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: OSError, line: str
) -> None:
    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr("nearedge.datasets.load_dataset", fail)
    code, out, err = run("dataset", "info", "anything")
    assert (code, out) == (1, "")
    assert err.startswith(f"nearedge: {line}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [("--quiet", "dataset", "info"), ("dataset", "info", "--quiet")])
def test_quiet_is_said_before_or_after_the_verb(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    told = []
    monkeypatch.setattr("nearedge.drawing.progress.be_quiet", told.append)
    assert "missing: no such folder" in run(*words, "missing")[2]
    assert told == [True]
