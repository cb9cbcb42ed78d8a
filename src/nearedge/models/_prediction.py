"""Using a model on spectra without labels."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.dataset import load_dataset
from nearedge.estimators import EnvironmentClassifier
from nearedge.models._conformal import class_sets
from nearedge.models._model import Model
from nearedge.spectra import resample
from nearedge.tables import read_table


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

    Returns
    -------
    list of dict
        For each spectrum ``applies`` (false where it is unlike the training spectra), ``novelty``
        (``score``, ``threshold``, ``p_value`` and ``reason``, see `nearedge.trust.Verdicts`), and
        of a classifier ``environment``, ``probabilities`` and ``set`` (the classes that cannot be
        ruled out), of a regressor ``coordination`` and ``interval``. Sets and intervals are
        calibrated on single sites at the model's level and rung.

    Raises
    ------
    InputError
        If the energies do not cover the model's window.
    """
    inputs = resample(energy, mu, model.window.grid, source)
    verdicts = model.novelty.judge(inputs)
    calibration = model.record["calibration"]
    results: list[dict[str, Any]] = [
        {"applies": not one["reason"], "novelty": one} for one in verdicts.to_json()
    ]
    if isinstance(model.estimator, EnvironmentClassifier):
        probability = np.asarray(model.estimator.predict_proba(inputs), float)
        names = [str(name) for name in model.estimator.classes_]
        threshold = calibration.get("threshold")
        chosen = None if threshold is None else class_sets(probability, threshold)
        for row, result in enumerate(results):
            result["environment"] = names[int(probability[row].argmax())]
            result["probabilities"] = dict(zip(names, probability[row].tolist(), strict=True))
            result["set"] = (
                None
                if chosen is None
                else [name for name, member in zip(names, chosen[row], strict=True) if member]
            )
    else:
        half = calibration.get("half_width")
        for result, value in zip(results, model.estimator.predict(inputs), strict=True):
            number = float(value)
            result["coordination"] = number
            result["interval"] = None if half is None else [number - half, number + half]
    return results
