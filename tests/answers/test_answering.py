"""A model on spectra: one answer for a site, an average and a measured sample."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import load_file, save_file

from nearedge.answers import Answer, Request, Value, answer
from nearedge.datasets import SiteSpectra, load_dataset, starter_path
from nearedge.errors import InputError
from nearedge.learning.recipes import PAPER
from nearedge.models import Model, load_model, train
from nearedge.models.inference import Zero
from nearedge.spectra import Spectrum
from nearedge.trust import NoEdge, Scaled

AXIS = np.arange(515.0, 555.0, 0.1)


@pytest.fixture(scope="module")
def scan(unseen_mu: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    mu = unseen_mu(AXIS - 530.0).mean(axis=0)
    return 300 * (mu + 0.2 + np.random.default_rng(3).normal(scale=0.005, size=len(mu)))


def alone(
    model: Model, energy: np.ndarray, mu: np.ndarray, request: Request | None = None
) -> Answer:
    (found,) = answer(model, Spectrum("mu", energy, mu, "scan.dat"), request)
    return found


def number(found: Answer) -> float:
    value = found.values["coordination"].value
    assert isinstance(value, float)
    return value


def test_everything_is_told(
    measured_model: Model, telling_dataset: SiteSpectra, scan: np.ndarray
) -> None:
    found = alone(measured_model, AXIS, scan)
    said = found.to_json()
    assert said == json.loads(json.dumps(said, allow_nan=False))
    assert said.keys() >= {
        "file", "label", "absorber", "edge", "e0", "model", "rung", "applies", "reasons", "values",
        "remarks", "basis", "zero", "broadening", "noise", "novelty",
    }  # fmt: skip
    assert (said["absorber"], said["edge"], said["rung"]) == ("O", "K", "trajectory")
    assert said["applies"]
    assert said["reasons"] == []
    assert "any composition, rung trajectory" in found.basis
    assert any("baseline" in remark for remark in found.remarks)
    value = found.values["coordination"]
    mine = telling_dataset.trajectory == "run2"
    assert value.low is not None
    assert value.high is not None
    assert value.level == 0.9
    assert value.low - 0.1 <= telling_dataset.coordination[mine].mean() <= value.high + 0.1
    shares = found.values["environment"]
    assert shares.probabilities is not None
    assert shares.intervals is not None
    assert shares.probabilities.keys() == telling_dataset.counts().keys()
    assert sum(shares.probabilities.values()) == pytest.approx(1)
    assert all(0 <= low <= high <= 1 for low, high in shares.intervals.values())
    assert shares.probabilities[str(shares.value)] == max(shares.probabilities.values())
    assert found.e0 == pytest.approx(530, abs=0.2)
    (mode,) = said["zero"]["modes"]
    assert mode["value"] == pytest.approx(number(found), abs=0.05)


def test_a_step_has_numbers_for_json(measured_model: Model) -> None:
    step = np.where(AXIS > 540, 1.0, 0.0)
    found = alone(measured_model, AXIS, step)
    json.dumps(found.to_json(), allow_nan=False)
    assert not found.applies
    assert found.values == {}
    (forced,) = answer(measured_model, Spectrum("mu", AXIS, step, "step.dat"), Request(force=True))
    assert forced.reasons == found.reasons
    assert forced.values.keys() == {"coordination", "environment"}
    assert any("--force" in remark for remark in forced.remarks)


def test_many_spectra_are_answered_as_each_alone(
    measured_model: Model, telling_dataset: SiteSpectra, scan: np.ndarray
) -> None:
    data = telling_dataset
    sites = [Spectrum(str(n), data.energy, mu, "data") for n, mu in enumerate(data.mu[:5])]
    mixed = [sites[0], Spectrum("scan", AXIS, scan, "scan.dat"), *sites[1:]]
    together = answer(measured_model, mixed)
    assert [found.label for found in together] == [spectrum.name for spectrum in mixed]
    for found, spectrum in zip(together, mixed, strict=True):
        (single,) = answer(measured_model, spectrum)
        assert number(single) == pytest.approx(number(found), abs=1e-5)
        assert single.applies == found.applies


def test_sites_and_averages_have_their_own_intervals(
    measured_model: Model, telling_dataset: SiteSpectra
) -> None:
    data = telling_dataset
    mean = Spectrum("mean", data.energy, data.mu[data.trajectory == "run2"].mean(axis=0), "data")

    def width(atoms: int | None) -> float:
        (found,) = answer(measured_model, mean, Request(atoms_averaged=atoms))
        value = found.values["coordination"]
        assert value.low is not None
        assert value.high is not None
        assert ("--atoms-averaged" in found.basis) == (atoms is None)
        return value.high - value.low

    assert width(56) < width(2) <= width(None)
    assert width(1) <= width(None)
    with pytest.raises(InputError, match="at least one atom"):
        Request(atoms_averaged=0)


def test_computed_spectra_that_are_foreign_are_said_to_be(
    measured_model: Model, telling_dataset: SiteSpectra
) -> None:
    energy, mu = telling_dataset.energy, telling_dataset.mu[0]
    for foreign, reason in ((10 * mu, Scaled), (0 * mu + 1, NoEdge), (mu[::-1], object)):
        found = alone(measured_model, energy, foreign)
        assert not found.applies
        assert isinstance(found.reasons[0], reason)
    with pytest.raises(InputError, match=r"scan.dat: energies .* do not cover the window"):
        alone(measured_model, energy[10:], mu[10:])


def test_a_classifier_tells_classes_and_sets(telling_dataset: SiteSpectra) -> None:
    data = telling_dataset
    model = train(data, "classifier", hold_out=["run2"])
    mine = data.trajectory == "run2"
    spectra = [Spectrum(str(n), data.energy, mu, "data") for n, mu in enumerate(data.mu[mine])]
    found = answer(model, spectra)
    right = held = 0
    for single, truth in zip(found, data.environment[mine], strict=True):
        (value,) = single.values.values()
        assert value.set is not None
        assert value.probabilities is not None
        assert value.value in value.set
        right += value.value == truth
        held += truth in value.set
        # A set that seems too small for its probabilities is explained.
        small = sum(value.probabilities[name] for name in value.set) < 0.5
        assert any("the set has a probability" in text for text in single.remarks) == small
    assert right > 0.8 * len(found)
    assert held >= right
    with pytest.raises(InputError, match="leave out the number of averaged atoms"):
        answer(model, spectra, Request(atoms_averaged=2))
    with pytest.raises(InputError, match="use a regressor"):
        answer(model, Spectrum("mu", data.energy + 530, data.mu[0], "scan.dat"))


def test_a_saved_model_answers_the_same(
    measured_model: Model, measured_folder: Path, scan: np.ndarray
) -> None:
    again = load_model(measured_folder)
    for zero in (None, Zero(529.8, 0.3)):
        one, other = (
            alone(model, AXIS, scan, Request(zero=zero)).to_json()
            for model in (measured_model, again)
        )
        assert one == other
    assert "## Measured spectra" in (measured_folder / "card.md").read_text()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no json": lambda folder: (folder / "model.json").unlink(),
    "no weights": lambda folder: (folder / "weights.safetensors").unlink(),
    "empty json": lambda folder: (folder / "model.json").write_text("{}"),
    "half json": lambda folder: (folder / "model.json").write_text("{"),
    "no tensors": lambda folder: (folder / "weights.safetensors").write_text("x"),
    "empty": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "lost temperature": lambda folder: rename(folder, '"temperature"', '"warmth"'),
    "lost array": lambda folder: keep(folder, lambda name: not name.endswith("reach")),
}


def rename(folder: Path, old: str, new: str) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace(old, new))


def keep(folder: Path, wanted: Callable[[str], bool]) -> None:
    path = folder / "weights.safetensors"
    save_file({name: array for name, array in load_file(path).items() if wanted(name)}, path)


@pytest.mark.parametrize("name", list(DAMAGES))
def test_a_damaged_folder_is_refused(measured_folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "model"
    shutil.copytree(measured_folder, copy)
    DAMAGES[name](copy / "measured" if (copy / "measured").is_dir() else copy)
    with pytest.raises(InputError, match=str(copy)) as stop:
        load_model(copy)
    assert "\n" not in str(stop.value)


def test_models_that_know_no_measured_spectra_say_so(
    measured_model: Model, telling_dataset: SiteSpectra, scan: np.ndarray
) -> None:
    with pytest.raises(InputError, match=r"scan.dat.*: the model cannot read measured spectra"):
        alone(replace(measured_model, inference=None), AXIS, scan)
    few = replace(
        PAPER,
        mixtures=replace(PAPER.mixtures, count=100),
        regressor={**PAPER.regressor, "hidden": (4,), "epochs": 20},
    )
    paper = train(telling_dataset, "regressor", recipe=few, group="snapshot")
    assert paper.inference is None
    with pytest.raises(InputError, match=r"recipe 'paper' does not train on them.*--recipe best"):
        alone(paper, AXIS, scan)


def test_the_model_that_ships_reads_its_own_kind_and_refuses_oceans(
    ocean_dataset: SiteSpectra,
) -> None:
    """FEFF's mean spectra of the material apply at any zero; another engine's are foreign."""
    ready, data = load_model(), load_dataset(starter_path())
    for name in np.unique(data.trajectory)[:3]:
        mine = data.trajectory == name
        found = alone(ready, data.energy + 531.0, 1000 * data.mu[mine].mean(axis=0))
        assert found.applies
        assert found.e0 == pytest.approx(531, abs=0.3)
        value = found.values["coordination"]
        assert value.low is not None
        assert value.high is not None
        assert value.low - 0.1 <= data.coordination[mine].mean() <= value.high + 0.1
    foreign = alone(ready, ocean_dataset.energy + 531.0, ocean_dataset.mu.mean(axis=0))
    assert not foreign.applies
    assert "unlike any mixture of the training spectra" in str(foreign.reasons[-1])


def test_compositions_unlike_the_training_datas_are_read_and_held(
    measured_model: Model, telling_dataset: SiteSpectra, unseen_mu: Callable[..., np.ndarray]
) -> None:
    """The default supposes nothing: samples of one class alone are not drawn to the mean."""
    mine = telling_dataset.trajectory == "run2"
    for count in (0, 3):
        sites = telling_dataset.coordination[mine] == count
        mu = unseen_mu(AXIS - 530.0)[sites].mean(axis=0)
        # The novelty check may refuse a sample of one class.
        found = alone(measured_model, AXIS, mu, Request(force=True))
        assert number(found) == pytest.approx(count, abs=0.5)


def test_a_sentence_says_it_all() -> None:
    values = {"coordination": Value(1.42, 1.1, 1.77), "bond_valence": Value(0.5)}
    said = Answer("data/scan.dat", "mu", None, 530.0, "m", "atom", values=values)
    assert (
        said.sentence() == "scan.dat mu: coordination 1.42 (1.10 to 1.77), bond valence 0.50 v.u."
    )
    assert repr(said) == f"<Answer: {said.sentence()}>"


def test_a_zero_and_an_axis_that_is_taken_as_it_is_contradict_each_other() -> None:
    with pytest.raises(InputError, match="leave out one of them"):
        Request(align="none", zero=Zero(530.0))


def test_a_given_zero_is_used(measured_model: Model, scan: np.ndarray) -> None:
    # The noise of this scan is such that its best fit at this zero may be refused.
    found = alone(measured_model, AXIS, scan, Request(zero=Zero(530.1, 0.0), force=True))
    assert found.e0 == 530.1
    assert_allclose(number(found), number(alone(measured_model, AXIS, scan)), atol=0.2)
