import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.errors import InputError
from nearedge.models import evaluate, load_model, train

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("quick_recipes")


@pytest.fixture(scope="module")
def dataset(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "telling"
    save_dataset(telling_dataset, path)
    return str(path)


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
        assert len(json.loads(out)["answers"]) == 6 * 28


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
    assert "'x'; there are Fe2Li6O7, run0, run1" in err
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


def test_another_target_is_trained_and_a_copied_trajectory_is_refused(
    run: Run, dataset: str, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    code, out, err = run(
        "train", "regressor", dataset, "--target", "bond_valence", "--hold-out", "run2",
        "-o", str(tmp_path / "model"), "--json",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["target"] == "bond_valence"

    table, structures = telling_dataset.table, dict(telling_dataset.structures)
    again = table.isel(site=telling_dataset.snapshot == "run0-0")
    again = again.assign_coords(
        snapshot=("site", np.full(again.sizes["site"], "copy")),
        trajectory=("site", np.full(again.sizes["site"], "copy")),
    )
    structures["copy"] = structures["run0-0"]
    data = SiteSpectra(xr.concat([table, again], "site", join="override"), structures)
    for kind in ("classifier", "regressor"):
        with pytest.raises(InputError, match="'copy'.* again under another name"):
            train(data, kind)
    model = load_model(tmp_path / "model")
    with pytest.raises(InputError, match="training spectra under other names"):
        evaluate(model, data, only=["copy"])


@pytest.mark.parametrize("option", ["--standards", "--measured"])
def test_standards_are_for_libraries(run: Run, tmp_path: Path, option: str) -> None:
    code, _, err = run(
        "train", "classifier", "li3feo35", option, str(tmp_path), "-o", str(tmp_path / "model")
    )
    assert code == 2
    assert f"{option} is for libraries: nearedge train library li3feo35" in err


def test_usage_says_what_further_names_belong_to(run: Run) -> None:
    for verb, option in {
        "train": "hold-out", "evaluate": "only", "robustness": "only", "spectra simulate": "only"
    }.items():  # fmt: skip
        usage = " ".join(run(*verb.split(), "--help")[1].split("Usage:")[1].split())
        assert f"[--{option} NAME]..." in usage
