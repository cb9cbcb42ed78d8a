"""Training, judging, saving and using a model, on spectra whose answer is known."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nearedge.answers import answer
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier
from nearedge.learning.recipes import BEST
from nearedge.models import Kind, Model, evaluate, load_model, train
from nearedge.spectra import Spectrum
from nearedge.targets import EnvironmentRule
from tests.conftest import SMALL as NETWORKS, UNSEEN, teach_measured

# The recipe `best` in kind, with fewer and smaller networks of fewer examples.
SMALL = replace(
    BEST,
    averages=replace(BEST.averages, count=600),
    mixtures=replace(BEST.mixtures, count=600),
    regressor=NETWORKS,
)
small = partial(train, recipe=SMALL)


def probabilities(model: Model, inputs: np.ndarray) -> np.ndarray:
    assert isinstance(model.estimator, Classifier)
    return model.estimator.predict_proba(inputs)


@pytest.fixture(scope="module")
def classifier(telling_dataset: SiteSpectra) -> Model:
    return small(telling_dataset, "classifier", hold_out=["run2"], seed=1)


@pytest.fixture(scope="module")
def regressor(measured_model: Model) -> Model:
    return measured_model


def test_a_held_out_trajectory_is_recognised(
    classifier: Model, telling_dataset: SiteSpectra
) -> None:
    result = evaluate(classifier, telling_dataset, only=["run2"]).to_json()
    assert result["accuracy"] > 1.5 * result["baseline_accuracy"]
    assert (result["rung"], result["seen"]) == ("trajectory", 0)
    assert result["outside"] <= 0.1 * result["n"]
    matrix = np.array(result["confusion"]["matrix"])
    assert np.trace(matrix) / matrix.sum() == pytest.approx(result["accuracy"])
    assert matrix.sum() == result["n"] == (telling_dataset.trajectory == "run2").sum()
    assert 0.8 <= result["coverage"] <= 1
    assert 1 <= result["mean_set_size"] <= len(matrix)
    classes = result["per_class"].values()
    held = sum(one["n"] * one["coverage"] for one in classes if one["n"])
    assert held / result["n"] == pytest.approx(result["coverage"])


def test_the_coverage_on_record_is_that_of_sites_the_calibration_did_not_see(
    classifier: Model, regressor: Model
) -> None:
    record = classifier.record.calibration
    judged = record.set_coverage
    assert judged is not None
    assert judged.n == record.n == classifier.record.training.sites
    # Two trajectories are left to train on.
    assert judged.groups == 2
    assert 0.75 <= judged.coverage <= 1
    assert record.sets is not None
    assert list(record.sets.classes) == list(classifier.record.training.classes)
    record = regressor.record.calibration
    assert record.outputs[0] == "mean"
    assert record.intervals is not None
    assert record.intervals.atoms[0] == 1
    assert tuple(row.atoms for row in record.coverage) == record.intervals.atoms
    assert record.coverage[0].n == record.n
    assert 0.75 <= record.coverage[0].coverage <= 1
    # The average of many sites is known better than one of them.
    assert record.intervals.half_widths[-1][0] < record.intervals.half_widths[0][0]


def test_coordination_of_a_held_out_trajectory(
    regressor: Model, telling_dataset: SiteSpectra
) -> None:
    result = evaluate(regressor, telling_dataset, only=["run2"]).to_json()
    assert result["mae"] < 0.5 * result["baseline_mae"]
    assert result["mae"] <= result["rmse"]
    assert result["r2"] > 0.5
    assert result["interval_coverage"] > 0.7
    assert 0 < result["mean_interval_width"] < 4
    assert result["averages"][-1]["mae"] < result["mae"]
    assert sum(one["n"] for one in result["per_class"].values()) == result["n"]
    assert result["rung"] == "trajectory"


def test_another_composition_is_a_higher_rung(
    classifier: Model, telling_dataset: SiteSpectra
) -> None:
    assert classifier.record.training.compositions == ("Fe2Li6O7",)
    unseen = telling_dataset.select(telling_dataset.trajectory == "run2")
    changed = unseen.table.assign_coords(composition=("site", ["FeLi5O4"] * len(unseen)))
    other = SiteSpectra(changed, unseen.structures)
    assert evaluate(classifier, other, only=["Li5FeO4"]).rung == "composition"
    assert evaluate(classifier, unseen).rung == "trajectory"


def test_a_score_on_training_sites_says_so(classifier: Model, telling_dataset: SiteSpectra) -> None:
    result = evaluate(classifier, telling_dataset).to_json()
    assert result["rung"] == "training"
    assert result["seen"] == (telling_dataset.trajectory != "run2").sum()


def test_a_snapshot_of_a_known_trajectory_is_a_lower_rung(telling_dataset: SiteSpectra) -> None:
    model = small(telling_dataset, "regressor", hold_out=["run0-1"], group="snapshot")
    assert evaluate(model, telling_dataset, only=["run0-1"]).rung == "snapshot"
    assert model.record.estimate.rung == "snapshot"


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_held_out_sites_are_not_used_in_any_way(
    kind: Kind, classifier: Model, regressor: Model, telling_dataset: SiteSpectra
) -> None:
    """The model is the same whatever the held-out spectra are."""
    table = telling_dataset.table.copy(deep=True)
    table["mu"][telling_dataset.trajectory == "run2"] *= 100
    spoilt = SiteSpectra(table, telling_dataset.structures)
    known, teach = {
        "classifier": (classifier, partial(small, kind="classifier", hold_out=["run2"], seed=1)),
        "regressor": (regressor, partial(teach_measured, **UNSEEN)),
    }[kind]
    other = teach(spoilt)
    assert known.record == other.record
    inputs = telling_dataset.inputs(known.window)
    assert_array_equal(known.estimator.predict(inputs), other.estimator.predict(inputs))


def test_the_same_seed_gives_the_same_model(
    classifier: Model, telling_dataset: SiteSpectra
) -> None:
    again = small(telling_dataset, "classifier", hold_out=["run2"], seed=1)
    assert again.record == classifier.record
    inputs = telling_dataset.inputs()
    assert_array_equal(probabilities(again, inputs), probabilities(classifier, inputs))


def test_the_estimate_names_its_rung_and_stands_beside_baselines(
    classifier: Model, regressor: Model
) -> None:
    for model, names in (
        (classifier, {"majority", "1-nn", "svm", "logistic", "random-forest"}),
        (regressor, {"constant", "ridge", "1-nn", "random-forest"}),
    ):
        estimate = model.record.estimate
        assert estimate.rung == "trajectory"
        assert estimate.baselines is not None
        assert estimate.baselines.keys() == names
        assert estimate.n == model.record.training.sites


def test_a_single_snapshot_gives_no_estimate_by_snapshot(telling_dataset: SiteSpectra) -> None:
    one = telling_dataset.select(telling_dataset.snapshot == "run0-0")
    with pytest.raises(InputError, match="cannot be kept apart by snapshot"):
        small(one, "regressor", group="snapshot")


def test_a_saved_model_predicts_the_same(
    classifier: Model, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    classifier.save(tmp_path / "model")
    files = sorted(path.name for path in (tmp_path / "model").iterdir())
    assert files == ["card.md", "model.json", "weights.safetensors"]
    again = load_model(tmp_path / "model")
    # Models compare by identity: arrays have no one answer.
    assert len({classifier, again, again}) == 2
    assert (again.window, again.target, again.identity) == (
        classifier.window,
        classifier.target,
        classifier.identity,
    )
    assert again.record == classifier.record
    assert evaluate(again, telling_dataset) == evaluate(classifier, telling_dataset)
    energy = telling_dataset.energy
    spectra = [Spectrum(str(n), energy, mu, "data") for n, mu in enumerate(telling_dataset.mu[:9])]
    spectra += [replace(spectrum, mu=5 - spectrum.mu) for spectrum in spectra]
    one, other = answer(again, spectra), answer(classifier, spectra)
    assert [found.to_json() for found in one] == [found.to_json() for found in other]
    card = (tmp_path / "model" / "card.md").read_text()
    assert "rung **trajectory**" in card
    assert "run2" in card
    assert "## Error bars" in card
    judged = classifier.record.calibration.set_coverage
    assert judged is not None
    assert f"{judged.coverage:.3f}" in card


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.json", "{", "model.json"),
        ("model.json", "{}", "model.json"),
        ("weights.safetensors", "x", "weights.safetensors"),
        ("weights.safetensors", None, "weights.safetensors"),
    ],
)
def test_a_damaged_model_is_refused(
    regressor: Model, tmp_path: Path, name: str, content: str | None, said: str
) -> None:
    regressor.save(tmp_path / "model")
    path = tmp_path / "model" / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=said):
        load_model(tmp_path / "model")


def test_a_model_that_lost_its_record_is_refused(regressor: Model, tmp_path: Path) -> None:
    regressor.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    stored = json.loads(path.read_text())
    text = json.dumps(stored).replace('"window"', '"widow"')
    path.write_text(text)
    with pytest.raises(InputError, match="window"):
        load_model(tmp_path / "model")


def test_the_truth_is_what_the_model_was_taught(
    classifier: Model, telling_dataset: SiteSpectra
) -> None:
    relabelled = telling_dataset.relabel(EnvironmentRule("O", "Fe", 3.0, 1.7))
    one, other = (evaluate(classifier, data).to_json() for data in (telling_dataset, relabelled))
    assert one["accuracy"] == other["accuracy"]


def test_spectra_of_another_edge_are_refused(
    classifier: Model, telling_dataset: SiteSpectra
) -> None:
    other = SiteSpectra(
        telling_dataset.table.assign_attrs(edge="L1"), telling_dataset.structures, "other"
    )
    with pytest.raises(InputError, match="other: holds O L1 edge spectra, the model reads O K"):
        evaluate(classifier, other)


def test_a_model_of_an_older_version_is_refused_with_the_command_that_makes_it_anew(
    classifier: Model, tmp_path: Path
) -> None:
    classifier.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    old = {"format": "nearedge-model", "version": 1, "kind": "KernelClassifier"}
    path.write_text(json.dumps(old))
    with pytest.raises(InputError, match="train it anew: nearedge train classifier DATASET -o"):
        load_model(tmp_path / "model")


def test_any_number_of_a_site_can_be_told(telling_dataset: SiteSpectra, tmp_path: Path) -> None:
    model = small(telling_dataset, "regressor", target="bond_valence", hold_out=["run2"])
    assert model.target.name == "bond_valence"
    result = evaluate(model, telling_dataset, only=["run2"]).to_json()
    assert result["mae"] < 0.7 * result["baseline_mae"]
    assert result["interval_coverage"] > 0.7
    model.save(tmp_path / "model")
    assert "Bond valence from O K edge spectra" in (tmp_path / "model" / "card.md").read_text()
    again = evaluate(load_model(tmp_path / "model"), telling_dataset, only=["run2"])
    assert again.to_json() == result
    with pytest.raises(InputError, match="'environment' is a class; train a classifier"):
        small(telling_dataset, "regressor", target="environment")
    with pytest.raises(InputError, match="says nothing of the target 'spin'; it has environment"):
        small(telling_dataset, "regressor", target="spin")
