import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.learning.recipes import PAPER
from nearedge.models import train

Run = Callable[..., tuple[int, str, str]]

# As simple as a recipe can be: what is tested is the explanation.
PLAIN = replace(
    PAPER,
    classifier={"hidden": (12,), "epochs": 100, "l2": 0.0, "n_networks": 2},
    regressor={"hidden": (8,), "epochs": 100, "n_networks": 2},
    averaged=False,
)


@pytest.fixture(scope="module")
def folder(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset and two models that have not seen its third trajectory."""
    folder = tmp_path_factory.mktemp("explain")
    save_dataset(telling_dataset, folder / "data")
    for kind in ("classifier", "regressor"):
        model = train(telling_dataset, kind, recipe=PLAIN, hold_out=["run2"], seed=1)
        model.save(folder / kind)
    return folder


def site_of(data: SiteSpectra, trajectory: str, environment: str) -> tuple[str, np.ndarray]:
    row = np.flatnonzero((data.trajectory == trajectory) & (data.environment == environment))[0]
    return f"{data.snapshot[row]}/{data.atom[row]}", data.mu[row]


def test_one_spectrum_with_figure_numbers_and_structures(
    run: Run, folder: Path, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    name, _ = site_of(telling_dataset, "run2", "dimer")
    out_folder = tmp_path / "why"
    code, out, err = run(
        "explain", str(folder / "classifier"), str(folder / "data"), "--spectrum", name,
        "--nearest", "3", "-o", str(out_folder), "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["target"] == result["prediction"]["values"]["environment"]["value"] == "dimer"
    assert result["site"]["environment"] == "dimer"
    curve = result["attribution"]
    # The only thing that tells a dimer is its peak at 4 eV; scaled by its spread, any part does.
    peak = abs(np.array(curve["energy"]) - 4) < 3
    for method in ("integrated_gradients", "occlusion"):
        size = np.abs(curve[method]["mean"])
        assert size[peak].sum() > 0.75 * size.sum()
    assert curve["agreement"] > 0.5
    total = sum(curve["integrated_gradients"]["mean"])
    assert total == pytest.approx(curve["score"] - curve["baseline_score"], rel=0.02)
    assert [one["environment"] for one in result["nearest"]] == ["dimer"] * 3
    assert {one["trajectory"] for one in result["nearest"]} <= {"run0", "run1"}
    assert len({(one["trajectory"], one["atom"]) for one in result["nearest"]}) == 3
    for one in result["nearest"]:
        cluster = read(out_folder / one["file"])
        assert not isinstance(cluster, list)
        assert cluster.get_chemical_symbols()[0] == "O"
        distance = cluster.get_distances(0, np.arange(1, len(cluster)))
        assert distance.max() <= 5.0
        assert distance.min() == pytest.approx(one["neighbours"][0]["distance"], abs=1e-3)
        assert cluster.info["environment"] == "dimer"
        assert cluster.info["snapshot"] == one["snapshot"]
    figures = {path.name for path in out_folder.glob("explanation.*")}
    assert figures == {f"explanation.{kind}" for kind in ("png", "svg", "pdf", "json")}
    assert json.loads((out_folder / "explanation.json").read_text()) == result


def test_every_class_on_sites_that_were_held_out(
    run: Run, folder: Path, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    out_folder = tmp_path / "classes"
    code, out, err = run(
        "explain", str(folder / "classifier"), str(folder / "data"), "-o", str(out_folder), "--json"
    )
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["unseen"]
    held_out = telling_dataset.select(telling_dataset.trajectory == "run2").counts()
    for name, one in result["classes"].items():
        assert one["sites"] == held_out[name]
        assert 0 < one["right"] <= one["sites"]
    assert result["classes"].keys() | result["never_right"].keys() == held_out.keys()
    assert (out_folder / "explanation.png").stat().st_size > 10_000


def test_a_table_needs_the_training_data_and_finds_its_like(
    run: Run, folder: Path, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    _, mu = site_of(telling_dataset, "run2", "1")
    table = tmp_path / "mine.dat"
    np.savetxt(table, np.column_stack([telling_dataset.energy, 1.02 * mu, mu]))
    model = str(folder / "regressor")
    code, _, err = run("explain", model, str(table))
    assert code == 1
    assert "--training" in err
    assert err.count("\n") == 1
    data = str(folder / "data")
    code, _, err = run("explain", model, str(table), "--training", data)
    assert code == 1
    assert "2 spectra; choose one with --spectrum, from 'column 2' to 'column 3'" in err
    code, out, err = run(
        "explain", model, str(table), "--training", data, "--spectrum", "column 3", "--json"
    )
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["site"] is None
    assert result["attribution"]["score"] == pytest.approx(
        result["prediction"]["values"]["coordination"]["value"], abs=0.01
    )
    assert result["nearest"][0]["environment"] == "1"
    code, out, _ = run(
        "explain", model, str(table), "--training", data, "--spectrum", "column 2", "--nearest", "0"
    )
    assert code == 0
    assert "(number of Fe atoms within 2.6 Å)" in out
    assert "rank correlation" in out


def test_the_training_data_must_be_what_the_model_was_trained_on(
    run: Run, folder: Path, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    other = telling_dataset.select(telling_dataset.snapshot != "run0-0")
    save_dataset(other, tmp_path / "other")
    model = str(folder / "classifier")
    code, _, err = run("explain", model, str(tmp_path / "other"))
    assert code == 1
    assert "name its dataset with --training" in err
    code, _, err = run(
        "explain", model, str(folder / "data"), "--training", str(tmp_path / "other")
    )
    assert code == 1
    assert "other: is not what the model was trained on" in err
    assert err.count("\n") == 1
    # What was not trained on may be anywhere, if the training data is given.
    arguments = ("--training", str(folder / "data"), "--json")
    code, out, _ = run("explain", model, str(tmp_path / "other"), *arguments)
    assert code == 0
    assert json.loads(out)["unseen"]


def test_why_not_another_class(run: Run, folder: Path, telling_dataset: SiteSpectra) -> None:
    name, _ = site_of(telling_dataset, "run2", "2")
    arguments = ("explain", str(folder / "classifier"), str(folder / "data"), "--spectrum", name)
    code, out, err = run(*arguments, "--against", "0", "--target", "2", "--json")
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["score"] == "log-odds of 2 Fe against 0 Fe"
    # What differs is the pre-edge at 1 eV.
    curve = result["attribution"]
    energy = np.array(curve["energy"])
    assert abs(energy[np.argmax(curve["integrated_gradients_summed"]["mean"])] - 1) < 1
    for option in ("--against", "--target"):
        code, _, err = run(*arguments, option, "9")
        assert code == 1
        assert "'9'" in err
        assert "choose one of" in err
    code, _, err = run(*arguments, "--target", "0", "--against", "0")
    assert code == 1
    assert "compared with itself" in err


def test_sites_that_were_trained_on_are_said_to_be(
    run: Run, folder: Path, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    seen = telling_dataset.select(telling_dataset.trajectory == "run0")
    save_dataset(seen, tmp_path / "seen")
    arguments = (str(tmp_path / "seen"), "--training", str(folder / "data"))
    code, out, _ = run("explain", str(folder / "regressor"), *arguments)
    assert code == 0
    assert "was trained on all of these sites" in out
    # A site is not its own nearest training spectrum.
    name, _ = site_of(telling_dataset, "run0", "2")
    code, out, _ = run(
        "explain", str(folder / "regressor"), *arguments, "--spectrum", name, "--json"
    )
    nearest = json.loads(out)["nearest"]
    assert len(nearest) == 5
    assert all(one["distance"] > 0 for one in nearest)
    assert name not in {f"{one['snapshot']}/{one['atom']}" for one in nearest}


def test_bad_usage(run: Run, folder: Path, tmp_path: Path) -> None:
    model, data = str(folder / "classifier"), str(folder / "data")
    assert run("explain", model, data, "--target", "2")[0] == 2
    assert run("explain", model, data, "--nearest", "-1")[0] == 2
    code, _, err = run("explain", model, data, "--spectrum", "run9/3")
    assert code == 1
    assert "no spectrum is named 'run9/3'" in err
    code, _, err = run("explain", model, data, "--width", "0")
    assert code == 1
    assert "must be a positive energy" in err
    (tmp_path / "there").mkdir()
    code, _, err = run("explain", model, data, "-o", str(tmp_path / "there"))
    assert code == 1
    assert "--force" in err
