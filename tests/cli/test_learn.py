import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.learning.recipes import BEST, RECIPES
from nearedge.models import train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def dataset(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "telling"
    save_dataset(telling_dataset, path)
    return str(path)


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let recipe `best` make fewer examples: what it learns is tested elsewhere."""
    small = replace(BEST, mixtures=replace(BEST.mixtures, count=600))
    monkeypatch.setattr("nearedge.learning.recipes.RECIPES", {**RECIPES, "best": small})


def test_train_evaluate_and_predict(run: Run, dataset: str, tmp_path: Path) -> None:
    for kind, key in (("classifier", "accuracy"), ("regressor", "mae")):
        model = str(tmp_path / kind)
        code, out, err = run(
            "train", kind, dataset, "--hold-out", "run1-0", "run2", "--group", "atom",
            "--seed", "5", "-o", model, "--json",
        )  # fmt: skip
        assert code == 0, err
        trained = json.loads(out)
        assert trained["training"]["held_out"] == ["run1-0", "run2"]
        assert trained["estimate"]["rung"] == "atom"

        code, out, err = run("evaluate", model, dataset, "--only", "run2", "--json")
        assert (code, err) == (0, "")
        result = json.loads(out)
        assert result["n"] == 2 * 28
        assert {key, "rung"} <= result.keys()

        code, out, err = run("predict", model, dataset, "--json")
        assert (code, err) == (0, "")
        assert len(json.loads(out)["predictions"]) == 6 * 28


def test_what_people_read(run: Run, dataset: str, tmp_path: Path) -> None:
    model = str(tmp_path / "model")
    code, out, _ = run("train", "classifier", dataset, "-o", model, "--hold-out", "run2")
    assert code == 0
    assert "rung trajectory" in out
    assert "1-nn" in out
    code, out, _ = run("evaluate", model, dataset, "--only", "run2")
    assert "rung trajectory" in out
    assert "dimer" in out
    code, out, _ = run("evaluate", model, dataset)
    assert "sites were trained on" in out


def test_unknown_names_are_answered_with_the_known_ones(
    run: Run, dataset: str, tmp_path: Path
) -> None:
    code, out, err = run(
        "train", "regressor", dataset, "--hold-out", "x", "-o", str(tmp_path / "m")
    )
    assert (code, out) == (1, "")
    assert "'x'; known are run0, run0-0" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_bad_usage_and_foreign_models(run: Run, dataset: str, tmp_path: Path) -> None:
    assert run("train", "oracle", dataset, "-o", str(tmp_path / "m"))[0] == 2
    assert run("train", "classifier", dataset, "extra", "-o", str(tmp_path / "m"))[0] == 2
    code, _, err = run("evaluate", dataset, dataset)
    assert code == 1
    assert err.count("\n") == 1


def test_an_existing_model_is_kept(run: Run, dataset: str, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    code, _, err = run("train", "classifier", dataset, "-o", str(tmp_path / "m"))
    assert code == 1
    assert "--force" in err


def test_training_goes_on_from_a_model(
    run: Run, dataset: str, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    recipe = replace(BEST, regressor={**BEST.regressor, "hidden": (8,), "n_networks": 1})
    source = tmp_path / "source"
    train(telling_dataset, "regressor", recipe=recipe, hold_out=["run2"]).save(source)
    code, out, err = run(
        "train", "regressor", dataset, "--from", str(source), "-o", str(tmp_path / "model"),
        "--hold-out", "run2", "--json",
    )  # fmt: skip
    assert code == 0, err
    result = json.loads(out)
    assert result["source"]["fingerprint"] == result["training"]["fingerprint"]
    assert result["source"]["shared"] == result["training"]["sites"]
    code, _, err = run(
        "train", "classifier", dataset, "--from", str(source), "-o", str(tmp_path / "other")
    )
    assert (code, "the source model is a regressor" in err) == (1, True)
