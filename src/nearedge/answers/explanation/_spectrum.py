"""Explaining what a model says of one spectrum."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.answers._prediction import predict
from nearedge.answers.explanation._attribution import (
    Attribution,
    ExplanationOptions,
    attribute,
    scores,
)
from nearedge.answers.explanation._sites import Site, find_nearest
from nearedge.answers.explanation._training import Question, Training, baseline_of, class_place
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier
from nearedge.models import Kind, Model
from nearedge.spectra import resample


@dataclass(frozen=True)
class SpectrumExplanation:
    """Why a model says what it says of one spectrum.

    Attributes
    ----------
    name : str
        Of the spectrum.
    kind : {"classifier", "regressor"}
    neighbour : str
        Element whose number is predicted.
    spectrum, baseline : float array, shape (energy,)
        At the model's energies.
    zero, unit : str
        Of the energies and the spectra.
    prediction : dict
        As of `nearedge.predict`.
    target, against : str or None
        See `Question`; the target of a regressor is None.
    attribution : Attribution
    nearest : tuple of Site
        Training sites, the nearest first.
    usual : float
        Median distance of a training spectrum from its nearest.
    site : Site or None
        The spectrum's own atom, where it is known.
    """

    name: str
    kind: Kind
    neighbour: str
    spectrum: Float[np.ndarray, " energy"]
    baseline: Float[np.ndarray, " energy"]
    zero: str
    unit: str
    prediction: dict[str, Any]
    target: str | None
    against: str | None
    attribution: Attribution
    nearest: tuple[Site, ...]
    usual: float
    site: Site | None = None


def explain_spectrum(
    model: Model,
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, " energy"],
    training: Training,
    *,
    name: str = "spectrum",
    question: Question | None = None,
    options: ExplanationOptions | None = None,
    nearest: int = 5,
    site: Site | None = None,
) -> SpectrumExplanation:
    """Find the energies that decide what a model says of a spectrum, and its like in training.

    Parameters
    ----------
    model : Model
        Trained on spectra of the same zero and unit.
    energy : float array, shape (energy,)
        In eV.
    mu : float array, shape (energy,)
        The spectrum.
    training : Training
        What the model was trained on, see `match_training`.
    name : str
        Names the spectrum.
    question : Question, optional
        What is asked; by default, why the predicted class.
    options : ExplanationOptions, optional
        Width of intervals, steps.
    nearest : int
        How many training spectra are to be found.
    site : Site, optional
        The spectrum's own atom, if it is known.

    Raises
    ------
    InputError
        If the energies do not cover the model's window, or a class is unknown or not to be asked
        about.
    """
    question = question or Question()
    if question.target is not None and model.kind == "regressor":
        raise InputError(
            f"class '{question.target}' is asked about, but the model predicts numbers; leave out "
            "the target, or use a classifier"
        )
    single = 1 if site is not None and model.kind == "regressor" else None
    prediction = predict(model, energy, mu[None], name, atoms_averaged=single)[0]
    spectrum = resample(energy, mu[None], model.window.grid, name)
    target = None
    functions = scores(model.estimator) if model.kind == "regressor" else []
    if isinstance(model.estimator, Classifier):
        target = question.target or str(prediction["environment"])
        place = class_place(model, target)
        other = None if question.against is None else class_place(model, question.against)
        if other == place:
            raise InputError(
                f"class '{target}' is asked about against itself; choose another class"
            )
        functions = scores(model.estimator, np.array([place]), other)
    baseline = baseline_of(training, question.against)
    (attribution,) = attribute(
        functions, spectrum, model.window.grid, training.background, baseline, options
    )
    besides = None if site is None else (site.snapshot, site.atom)
    sites, usual = find_nearest(spectrum[0], training, model.window, count=nearest, besides=besides)
    return SpectrumExplanation(
        name,
        model.kind,
        model.rule.neighbour,
        spectrum[0],
        baseline,
        str(model.record["spectra"]["energy_zero"]),
        str(model.record["spectra"]["mu_unit"]),
        prediction,
        target,
        question.against,
        attribution,
        tuple(sites),
        usual,
        site,
    )
