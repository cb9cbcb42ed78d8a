import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nearedge.datasets import SiteSpectra, save_dataset

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def dataset(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "telling"
    save_dataset(telling_dataset, path)
    return str(path)


@pytest.mark.usefixtures("quick_recipes")
def test_json_is_one_object_with_every_rung(run: Run, dataset: str) -> None:
    code, out, _ = run("ladder", dataset, "--recipe", "best", "--seeds", "1", "--json")
    assert code == 0
    result = json.loads(out)
    assert list(result["rungs"]) == ["paper", "spectrum", "snapshot", "atom", "trajectory"]
    for rung in result["rungs"].values():
        assert set(rung["baselines"]) == {"majority", "1-nn", "svm", "logistic", "random-forest"}
        assert rung["n"] > 0
        # Plain spectra: the package's own recipe reads them.
        assert rung["accuracy"] > 0.8
    assert result["regression"]["trajectory"]["snapshots"]["n"] >= 2
    assert "engine" in result["not_climbed"]


def test_bad_input_is_one_line_and_exit_1(run: Run, tmp_path: Path) -> None:
    code, out, err = run("ladder", str(tmp_path / "none"), "--json")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "none" in err


def test_bad_usage_is_exit_2(run: Run, dataset: str) -> None:
    assert run("ladder", dataset, "--recipe", "worst")[0] == 2
    assert run("ladder", dataset, "--seeds", "0")[0] == 2
    assert run("ladder")[0] == 2
