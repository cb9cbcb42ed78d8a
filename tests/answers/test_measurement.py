"""A model on measured spectra: answers, refusals, and what a folder keeps."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nearedge.answers import predict_measured
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.recipes import PAPER
from nearedge.models import Model, load_model, ready_model_path, train
from nearedge.models.inference import Zero

AXIS = np.arange(515.0, 555.0, 0.1)

KEYS = {
    "applies",
    "novelty",
    "like_training",
    "offset",
    "broadening",
    "noise",
    "remarks",
    *(
        f"{name}{suffix}"
        for name in ("coordination", "interval", "fractions", "fraction_intervals")
        for suffix in ("", "_any_composition")
    ),
}


@pytest.fixture(scope="module")
def scan(unseen_mu: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    mu = unseen_mu(AXIS - 530.0).mean(axis=0)
    return 300 * (mu + 0.2 + np.random.default_rng(3).normal(scale=0.005, size=len(mu)))


@pytest.fixture(scope="module")
def ready() -> Model:
    return load_model(ready_model_path())


def test_everything_is_told(
    measured_model: Model, telling_dataset: SiteSpectra, scan: np.ndarray
) -> None:
    measurement = predict_measured(measured_model, AXIS, scan)
    said = measurement.to_dict()
    assert said.keys() == KEYS
    assert said == json.loads(json.dumps(said, allow_nan=False))
    assert said["applies"]
    assert said["novelty"]["reason"] is None
    assert said["novelty"]["score"] == max(said["novelty"]["measures"].values()) <= 1
    mine = telling_dataset.trajectory == "run2"
    low, high = said["interval"]
    assert low <= telling_dataset.coordination[mine].mean() <= high
    for suffix in ("", "_any_composition"):
        shares, ends = said[f"fractions{suffix}"], said[f"fraction_intervals{suffix}"]
        assert shares.keys() == ends.keys() == telling_dataset.counts().keys()
        assert sum(shares.values()) == pytest.approx(1)
        assert all(0 <= low <= high <= 1 for low, high in ends.values())
    wide = said["interval_any_composition"]
    assert wide[1] - wide[0] > high - low
    assert said["offset"]["energy"] == pytest.approx(530, abs=0.2)
    assert not said["offset"]["ambiguous"]
    (mode,) = said["offset"]["modes"]
    assert mode["weight"] == pytest.approx(1)
    assert mode["coordination"] == pytest.approx(said["coordination"], abs=0.05)


def test_a_straight_step_has_numbers_for_json(measured_model: Model) -> None:
    step = np.where(AXIS > 540, 1.0, 0.0)
    said = predict_measured(measured_model, AXIS, step).to_dict()
    json.dumps(said, allow_nan=False)
    assert not said["applies"]


def test_a_saved_model_answers_the_same(
    measured_model: Model, measured_folder: Path, scan: np.ndarray
) -> None:
    assert sorted(path.name for path in (measured_folder / "measured").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]
    again = load_model(measured_folder)
    for mu in (scan, -scan):
        for zero in (None, Zero(529.8, 0.3)):
            one, other = (
                predict_measured(model, AXIS, mu, zero).to_dict()
                for model in (measured_model, again)
            )
            assert one == other
    card = (measured_folder / "card.md").read_text()
    assert "## Measured spectra" in card
    assert f"{measured_model.record['measured']['any']['mae']:.3f}" in card


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no json": lambda folder: (folder / "model.json").unlink(),
    "no weights": lambda folder: (folder / "weights.safetensors").unlink(),
    "empty json": lambda folder: (folder / "model.json").write_text("{}"),
    "half json": lambda folder: (folder / "model.json").write_text("{"),
    "no tensors": lambda folder: (folder / "weights.safetensors").write_text("x"),
    "empty": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "a file": lambda folder: (shutil.rmtree(folder), folder.write_text("x")),
    "lost temperature": lambda folder: rename(folder, '"temperature"', '"warmth"'),
    "other classes": lambda folder: rename(folder, '"dimer"', '"trimer"', 1),
    "lost array": lambda folder: keep(folder, lambda name: not name.endswith("mass")),
    "shorter array": lambda folder: keep(folder, lambda _: True, "manifold.means"),
}


def rename(folder: Path, old: str, new: str, times: int = -1) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace(old, new, times))


def keep(folder: Path, wanted: Callable[[str], bool], shortened: str = "-") -> None:
    path = folder / "weights.safetensors"
    arrays = {name: one for name, one in load_file(path).items() if wanted(name)}
    for name in arrays:
        if name.endswith(shortened):
            arrays[name] = np.ascontiguousarray(arrays[name][..., 1:])
    save_file(arrays, path)


@pytest.mark.parametrize("name", list(DAMAGES))
def test_a_damaged_folder_is_refused(measured_folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "model"
    shutil.copytree(measured_folder, copy)
    DAMAGES[name](copy / "measured")
    with pytest.raises(InputError, match=str(copy)) as stop:
        load_model(copy)
    assert "\n" not in str(stop.value)
    assert "train" in str(stop.value)


def test_without_the_folder_it_is_a_model_of_computed_spectra(
    measured_model: Model, measured_folder: Path, scan: np.ndarray, tmp_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(measured_folder, copy)
    shutil.rmtree(copy / "measured")
    assert load_model(copy).inference is None
    with pytest.raises(InputError, match=r"scan.dat: the model does not know measured spectra"):
        predict_measured(load_model(copy), AXIS, scan, source="scan.dat")
    assert measured_model.inference is not None


def test_models_of_other_recipes_and_kinds_refuse(
    telling_dataset: SiteSpectra, scan: np.ndarray
) -> None:
    few = replace(
        PAPER,
        mixtures=replace(PAPER.mixtures, count=100),
        regressor={**PAPER.regressor, "hidden": (4,), "epochs": 20},
    )
    paper = train(telling_dataset, "regressor", recipe=few, group="snapshot")
    assert paper.inference is None
    with pytest.raises(InputError, match=r"recipe 'paper' teaches none .*--recipe best"):
        predict_measured(paper, AXIS, scan)
    classifier = train(telling_dataset, "classifier", group="snapshot")
    assert classifier.inference is None
    with pytest.raises(InputError, match="use a regressor \\(nearedge train regressor\\)"):
        predict_measured(classifier, AXIS, scan)


@pytest.mark.parametrize("alike", [-0.1, 1.0, np.nan])
def test_a_likeness_is_a_probability(measured_model: Model, scan: np.ndarray, alike: float) -> None:
    with pytest.raises(InputError, match="give 0 or more and less than 1"):
        predict_measured(measured_model, AXIS, scan, alike=alike)


def test_the_model_that_ships_reads_its_own_kind_and_refuses_oceans(
    ready: Model, ocean_dataset: SiteSpectra
) -> None:
    """FEFF's mean spectra of the material apply at any zero; another engine's are foreign."""
    from nearedge.datasets import load_dataset, starter_path

    data = load_dataset(starter_path())
    for name in np.unique(data.trajectory)[:3]:
        mine = data.trajectory == name
        mean = data.mu[mine].mean(axis=0)
        measurement = predict_measured(ready, data.energy + 531.0, 1000 * mean)
        assert not measurement.fit.novel
        assert measurement.posterior.zero == pytest.approx(531, abs=0.3)
        low, high = measurement.posterior.interval()[0]
        assert low - 0.1 <= data.coordination[mine].mean() <= high + 0.1
    mean = ocean_dataset.mu.mean(axis=0)
    measurement = predict_measured(ready, ocean_dataset.energy + 531.0, mean)
    said = measurement.to_dict()
    assert not said["applies"]
    assert said["novelty"]["reason"].startswith("like no mixture of the training spectra")
