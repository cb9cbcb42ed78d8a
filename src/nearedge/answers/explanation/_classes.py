"""Explaining what a model looks at in the spectra of each class."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nearedge.answers.explanation._attribution import (
    Attribution,
    ExplanationOptions,
    attribute,
    mean_attribution,
    scores,
)
from nearedge.answers.explanation._training import Training, baseline_of, class_place, seen_sites
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier
from nearedge.models import Kind, Model

MOST = 200
"""So many spectra of a class are explained at most, drawn at random."""


@dataclass(frozen=True)
class ClassAttribution:
    """What decides for a class, as the mean over its spectra that are predicted right.

    Attributes
    ----------
    sites : int
        Sites of the class that were looked at.
    right : int
        Those of them that are predicted right; of a regressor, to half a neighbour.
    spectrum : float array, shape (energy,)
        Mean of the explained spectra.
    attribution : Attribution
        Mean of their attributions.
    single : float
        Median agreement of both methods on a single spectrum.
    """

    sites: int
    right: int
    spectrum: Float[np.ndarray, " energy"]
    attribution: Attribution
    single: float


@dataclass(frozen=True)
class ClassExplanation:
    """What a model looks at in the spectra of each class.

    Attributes
    ----------
    kind : {"classifier", "regressor"}
    neighbour : str
        Element whose number is predicted.
    unseen : bool
        Whether the model was trained on none of the sites.
    zero, unit : str
        Of the energies and the spectra.
    baseline : float array, shape (energy,)
        Where integrated gradients start.
    against : str or None
        See `Question`.
    classes : dict of str to ClassAttribution
    never_right : dict of str to int
        Classes without a right prediction, and their number of sites.
    """

    kind: Kind
    neighbour: str
    unseen: bool
    zero: str
    unit: str
    baseline: Float[np.ndarray, " energy"]
    against: str | None
    classes: dict[str, ClassAttribution]
    never_right: dict[str, int]


def explain_classes(
    model: Model,
    data: SiteSpectra,
    training: Training,
    *,
    against: str | None = None,
    options: ExplanationOptions | None = None,
) -> ClassExplanation:
    """Find the energies that decide for each class, on sites the model was not trained on.

    Parameters
    ----------
    model : Model
        What is explained.
    data : SiteSpectra
        Labelled spectra. Those the model was trained on are left out, unless it was trained on
        all of them.
    training : Training
        What the model was trained on, see `match_training`.
    against : str, optional
        See `Question`; this class itself is then not explained by a classifier.
    options : ExplanationOptions, optional
        Width of intervals, steps.

    Raises
    ------
    InputError
        If labels or energies are not those the model was trained with, a class is unknown, or no
        spectrum is predicted right.
    """
    if data.rule != model.rule:
        raise InputError(
            f"{data.source}: is labelled by {data.rule}, the model by {model.rule}; relabel the "
            "dataset or train on it"
        )
    seen = seen_sites(model, data)
    unseen = not seen.all()
    kept = data.select(~seen) if unseen else data
    inputs = kept.inputs(model.window)
    right = _right(model, inputs, kept)
    rng = np.random.default_rng(0)
    chosen: dict[str, np.ndarray] = {}
    for name in kept.classes:
        rows = np.flatnonzero(right & (kept.environment == name))
        asked = model.kind == "regressor" or name != against
        if len(rows) and asked:
            chosen[name] = np.sort(rng.permutation(rows)[:MOST])
    if not chosen:
        raise InputError(
            f"{kept.source}: no spectrum is predicted right, so there is nothing to explain; use "
            "spectra like those the model was trained on"
        )
    sizes = [len(rows) for rows in chosen.values()]
    rows = np.concatenate(list(chosen.values()))
    functions = scores(model.estimator) if model.kind == "regressor" else []
    if isinstance(model.estimator, Classifier):
        places = np.repeat([class_place(model, name) for name in chosen], sizes)
        functions = scores(
            model.estimator, places, None if against is None else class_place(model, against)
        )
    baseline = baseline_of(training, against)
    parts = attribute(
        functions, inputs[rows], model.window.grid, training.background, baseline, options
    )
    ends = np.cumsum(sizes)
    classes = {}
    for name, size, end in zip(chosen, sizes, ends, strict=True):
        mine = parts[end - size : end]
        members = kept.environment == name
        classes[name] = ClassAttribution(
            int(members.sum()),
            int((members & right).sum()),
            inputs[rows[end - size : end]].mean(axis=0),
            mean_attribution(mine),
            float(np.median([one.agreement for one in mine])),
        )
    counts = kept.counts()
    lost = {name: count for name, count in counts.items() if name not in classes}
    if against is not None and model.kind == "classifier":
        lost.pop(against, None)
    spectra = model.record["spectra"]
    return ClassExplanation(
        model.kind,
        model.rule.neighbour,
        unseen,
        str(spectra["energy_zero"]),
        str(spectra["mu_unit"]),
        baseline,
        against,
        classes,
        lost,
    )


def _right(
    model: Model, inputs: Float[np.ndarray, "site energy"], data: SiteSpectra
) -> Bool[np.ndarray, " site"]:
    predicted = np.asarray(model.estimator.predict(inputs))
    if model.kind == "classifier":
        return predicted.astype(str) == data.environment
    return np.abs(predicted - data.coordination) < 0.5
