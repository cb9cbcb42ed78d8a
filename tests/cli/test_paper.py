import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nearedge import paper
from nearedge.datasets import SiteSpectra, load_dataset, save_dataset
from nearedge.paper.protocol import Protocol, quick_protocol

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def dataset(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "telling"
    save_dataset(telling_dataset, path)
    return str(path)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick protocol, quicker still, and its figures in one format.

    Its programs are those of tests/paper: what is compiled once is compiled for both.
    """
    monkeypatch.setattr("nearedge.paper.report.FORMATS", ("png",))

    def protocol() -> Protocol:
        quick = quick_protocol()
        recipe = replace(
            quick.recipe,
            averages=replace(quick.recipe.averages, count=400),
            mixtures=replace(quick.recipe.mixtures, count=600),
            classifier={**quick.recipe.classifier, "epochs": 20},
            regressor={**quick.recipe.regressor, "epochs": 20},
        )
        return replace(
            quick, recipe=recipe, better=None, widths=(4,), sizes=(400,), sweep_epochs=20,
            rungs=("paper", "trajectory"),
        )  # fmt: skip

    monkeypatch.setattr("nearedge.paper.quick_protocol", protocol)


@pytest.mark.usefixtures("hasty")
def test_the_report_holds_what_the_seed_gives(run: Run, dataset: str, tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    folder.mkdir()
    command = ("paper", "--dataset", dataset, "--out", str(folder), "--quick", "--seed", "4")
    code, _, err = run(*command)
    assert code == 1
    assert "--force" in err

    code, out, _ = run(*command, "--force")
    assert code == 0
    assert "What these two numbers mean" in out
    assert str(folder / "index.html") in out
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["made"]["command"] == " ".join(("nearedge", *command, "--force"))
    again = paper.reproduce(load_dataset(dataset), paper.quick_protocol(), seed=4).to_json()
    assert again == {name: report[name] for name in again}


def test_a_class_with_one_spectrum_is_refused_and_nothing_is_written(
    run: Run, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    dimers = np.flatnonzero(telling_dataset.environment == "dimer")
    kept = np.setdiff1d(np.arange(len(telling_dataset)), dimers[1:])
    save_dataset(telling_dataset.select(kept), tmp_path / "lonely")
    folder = tmp_path / "out"
    code, _, err = run("paper", "--dataset", str(tmp_path / "lonely"), "--out", str(folder))
    assert code == 1
    assert "class 'dimer' has a single spectrum" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lonely"]


@pytest.mark.parametrize(("words", "folder"), [((), "paper"), (("--quick",), "paper-quick")])
def test_an_output_that_exists_is_refused_before_any_work(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    folder: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / folder).mkdir()
    code, _, err = run("paper", "--dataset", "none", *words)
    assert code == 1
    assert err.startswith(f"nearedge: {folder}: already exists")
