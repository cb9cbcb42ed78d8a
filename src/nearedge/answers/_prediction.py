"""Using a model on spectra without labels."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.datasets import load_dataset
from nearedge.errors import InputError
from nearedge.files import read_table
from nearedge.learning.estimators import Classifier
from nearedge.models import MEAN, Model, fraction_classes, output_names, outputs
from nearedge.spectra import resample
from nearedge.trust import ClassSets, Intervals, SiteIntervals


def read_spectra(
    path: str | Path,
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, "spectrum energy"], list[str]]:
    """Read the spectra of a dataset folder or a table, and a name for each.

    Raises
    ------
    InputError
        If the path is neither.
    """
    path = Path(path)
    if path.is_dir():
        data = load_dataset(path)
        pairs = zip(data.snapshot, data.atom, strict=True)
        return data.energy, data.mu, [f"{snapshot}/{atom}" for snapshot, atom in pairs]
    energy, mu = read_table(path)
    return energy, mu, [f"column {number + 2}" for number in range(len(mu))]


def predict(
    model: Model,
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "spectrum energy"],
    source: str = "spectra",
    *,
    atoms_averaged: int | None = None,
) -> list[dict[str, Any]]:
    """Predict the class or the coordination number behind each spectrum.

    Parameters
    ----------
    model : Model
        Trained on spectra of the same zero and unit.
    energy : float array, shape (energy,)
        In eV from the zero the model was trained with.
    mu : float array, shape (spectrum, energy)
        In the unit the model was trained with.
    source : str
        Names the spectra in errors.
    atoms_averaged : int, optional
        Number of atoms whose spectra each of these is the average of, for the intervals of a
        regressor; 1 if they are of single sites. If unknown, the widest intervals are given.

    Returns
    -------
    list of dict
        For each spectrum ``applies`` (false where it is unlike the training spectra), ``novelty``
        (``score``, ``threshold``, ``p_value`` and ``reason``, see `nearedge.trust.Verdicts`), and
        of a classifier ``environment``, ``probabilities`` and ``set`` (the classes that cannot be
        ruled out), of a regressor ``coordination`` and ``interval``; of averages (`atoms_averaged`
        above 1 or unknown) also ``interval_any_composition``, which is wider and holds where the
        material's composition of environments is unlike that of the training data; and of a
        regressor that predicts them ``fractions`` and ``fraction_intervals`` by class. Sets are
        calibrated on single sites, intervals on sites and averages, at the model's level and rung.

    Raises
    ------
    InputError
        If the energies do not cover the model's window, or `atoms_averaged` is not positive or
        given to a classifier.
    """
    classifier = isinstance(model.estimator, Classifier)
    if atoms_averaged is not None and (classifier or atoms_averaged < 1):
        raise InputError(
            "the sets of a classifier are calibrated on single sites; leave out the number of "
            "averaged atoms, or use a regressor"
            if classifier
            else f"an average of {atoms_averaged} atoms is none; give 1 or more"
        )
    inputs = resample(energy, mu, model.window.grid, source)
    verdicts = model.novelty.judge(inputs)
    calibration = model.record["calibration"]
    results: list[dict[str, Any]] = [
        {"applies": not one["reason"], "novelty": one} for one in verdicts.to_json()
    ]
    if isinstance(model.estimator, Classifier):
        probability = np.asarray(model.estimator.predict_proba(inputs), float)
        names = [str(name) for name in model.estimator.classes_]
        sets = ClassSets.from_record(calibration)
        chosen = None if sets is None else sets.members(probability)
        for row, result in enumerate(results):
            result["environment"] = names[int(probability[row].argmax())]
            result["probabilities"] = dict(zip(names, probability[row].tolist(), strict=True))
            result["set"] = (
                None
                if chosen is None
                else [name for name, member in zip(names, chosen[row], strict=True) if member]
            )
    else:
        _add_coordination(results, model, inputs, atoms_averaged)
    return results


def _add_coordination(
    results: list[dict[str, Any]],
    model: Model,
    inputs: Float[np.ndarray, "spectrum energy"],
    atoms: int | None,
) -> None:
    classes = fraction_classes(model.estimator)
    predicted = outputs(model.estimator, inputs, classes)
    ends = _ends(model, predicted, atoms)
    names = output_names(classes)
    for row, result in enumerate(results):
        result["coordination"] = float(predicted[row, 0])
        result["interval"] = None
        if classes:
            shares = predicted[row, 1:].tolist()
            result["fractions"] = dict(zip(classes, shares, strict=True))
        for suffix, table in ends.items():
            both = dict(zip(names, table[row].tolist(), strict=True))
            result[f"interval{suffix}"] = both.pop(MEAN)
            if classes:
                result[f"fraction_intervals{suffix}"] = both


def _ends(
    model: Model, predicted: Float[np.ndarray, "spectrum output"], atoms: int | None
) -> dict[str, Float[np.ndarray, "spectrum output 2"]]:
    """Ends of the intervals, by the suffix of their name; none without a calibration."""
    calibration = model.record["calibration"]
    intervals = Intervals.from_record(calibration)
    if intervals is None:
        return {}
    highest = np.array([np.inf, *[1.0] * (predicted.shape[1] - 1)])[:, None]
    ends = np.clip(intervals.bounds(predicted, atoms), 0.0, highest)
    sites = SiteIntervals.from_record(calibration["sites"]).bounds(predicted[:, 0])
    if atoms == 1:
        ends[:, 0] = sites
        return {"": ends}
    if atoms is None:
        ends[:, 0] = _hull(ends[:, 0], sites)
    uneven = Intervals.from_record(calibration.get("uneven", {}))
    if uneven is None:
        return {"": ends}
    wider = np.clip(uneven.bounds(predicted, atoms), 0.0, highest)
    # To know less of the composition is not to know more of the answer.
    return {"": ends, "_any_composition": _hull(ends, wider)}


def _hull(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    low = np.minimum(one[..., 0], other[..., 0])
    return np.stack([low, np.maximum(one[..., 1], other[..., 1])], axis=-1)
