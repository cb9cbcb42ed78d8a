"""The sites that a model was trained on, found again in a dataset, and what is asked of it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nearedge.answers.explanation._background import Background
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier
from nearedge.models import Model


@dataclass(frozen=True)
class Training:
    """What a model was trained on.

    Attributes
    ----------
    data : SiteSpectra
        The sites; those that were held out are not among them.
    inputs : float array, shape (site, energy)
        Their spectra at the model's energies.
    background : Background
        Their mean and covariance.
    """

    data: SiteSpectra
    inputs: Float[np.ndarray, "site energy"]
    background: Background


@dataclass(frozen=True)
class Question:
    """What is to be explained.

    Attributes
    ----------
    target : str, optional
        Class that is asked about; by default the one that is predicted. A regressor is always
        asked about its number.
    against : str, optional
        Why the target rather than this class: the baseline is the mean training spectrum of this
        class, not that of all, and a classifier's score is the log-odds between the two.
    """

    target: str | None = None
    against: str | None = None


def match_training(model: Model, data: SiteSpectra) -> Training:
    """Find the sites a model was trained on in the dataset it was trained on.

    Raises
    ------
    InputError
        If the dataset, less the sites the model held out, is not the one in the model's record.
    """
    record = model.record["training"]
    refusal = InputError(
        f"{data.source}: is not what the model was trained on (its fingerprint is not "
        f"{record['fingerprint'][:12]}...); give the dataset it was trained on"
    )
    try:
        kept = data.select(~data.names_mask(record["held_out"]))
    except InputError:
        raise refusal from None
    if kept.fingerprint() != record["fingerprint"]:
        raise refusal
    inputs = kept.inputs(model.window)
    return Training(kept, inputs, Background.of(inputs))


def seen_sites(model: Model, data: SiteSpectra) -> Bool[np.ndarray, " site"]:
    """Tell which sites of a dataset the model was trained on, by their names in its record."""
    record = model.record
    if data.attributes["engine"] != record["spectra"]["engine"]:
        return np.zeros(len(data), bool)
    snapshots = np.isin(data.snapshot, record["training"]["snapshots"])
    return snapshots & np.isin(data.groups("atom"), record["training"]["atoms"])


def baseline_of(training: Training, against: str | None) -> Float[np.ndarray, " energy"]:
    """Give the mean spectrum of all training sites, or of a class.

    Raises
    ------
    InputError
        If the training sites have no such class.
    """
    if against is None:
        return training.background.mean
    members = training.data.environment == against
    if not members.any():
        raise InputError(
            f"class '{against}' is not among the training sites; choose one of "
            f"{', '.join(training.data.classes)}"
        )
    return training.inputs[members].mean(axis=0)


def class_place(model: Model, name: str) -> int:
    """Look up the place of a class among those of a classifier.

    Raises
    ------
    InputError
        If the model does not know it.
    """
    assert isinstance(model.estimator, Classifier)
    known = [str(one) for one in model.estimator.classes_]
    if name not in known:
        raise InputError(
            f"class '{name}' is not one of the model's; choose one of {', '.join(known)}"
        )
    return known.index(name)
