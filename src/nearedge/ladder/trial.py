"""The trial of L. Li, M. Lu and M. K. Y. Chan (2019): average raw spectra, split the averages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.learning.estimators import SpectrumEstimator, Unfitted, fit_many
from nearedge.learning.examples import Labelled, Partition
from nearedge.learning.recipes import Recipe, averages


@dataclass(frozen=True)
class Trial:
    """One network to train on synthetic examples."""

    seed: int
    examples: int | None = None  # examples in all, before the split; None for the recipe's number
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the estimator that differ from the recipe's."""


@dataclass(frozen=True)
class Outcome:
    """A fitted model, and its accuracy or mean squared error on each part of the examples."""

    model: Any  # one of nearedge.learning.estimators
    train: float
    validation: float
    test: float
    raw: float  # the same on the raw parents, one spectrum at a time
    x: Float[np.ndarray, "example energy"]  # the synthetic spectra
    labels: np.ndarray
    predicted: np.ndarray
    parts: Partition

    @property
    def restarts(self) -> int:
        """How often the networks died and were restarted."""
        return sum(self.model.restarts_) if isinstance(self.model, SpectrumEstimator) else 0


def run(
    recipe: Recipe,
    sites: Labelled,
    trials: Sequence[Trial],
    progress: Callable[[float], None] | None = None,
) -> list[Outcome]:
    """Train models side by side, each on its own averages; score them by each part's labels.

    If the labels are classes, these are same-class averages and classifiers, else mixtures and
    regressors. A model that predicts fractions learns those of the mixtures, and is scored by the
    mean.
    """
    models: list[Unfitted] = []
    for trial in trials:
        if sites.of_classes:
            models.append(recipe.new_classifier(trial.seed, **trial.changes))
        else:
            values = sites.class_values()
            models.append(recipe.new_regressor(trial.seed, values, **trial.changes))
    made = [
        averages(recipe, model, sites, trial.seed, trial.examples)
        for model, trial in zip(models, trials, strict=True)
    ]
    splits = [parts.split(x, y) for x, y, _, parts in made]
    fit_many(models, [(train, validation) for train, validation, _ in splits], progress)
    outcomes = []
    for model, (x, _, labels, parts) in zip(models, made, strict=True):
        predicted = model.predict(x)
        marks = _marks(predicted, labels)
        scores = {name: float(marks[rows].mean()) for name, rows in parts._asdict().items()}
        raw = float(_marks(model.predict(sites.mu), sites.value).mean())
        outcomes.append(
            Outcome(model, **scores, raw=raw, x=x, labels=labels, predicted=predicted, parts=parts)
        )
    return outcomes


def _marks(predicted: np.ndarray, truth: np.ndarray) -> Float[np.ndarray, " example"]:
    """One for a right class and zero for a wrong one, or the squared error of a number."""
    if predicted.dtype.kind in "iuf":
        return (predicted - truth) ** 2
    return (predicted == truth).astype(float)
