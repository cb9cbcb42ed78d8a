"""The trial of L. Li, M. Lu and M. K. Y. Chan (2019): average raw spectra, split the averages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float

from nearedge.learning.estimators import Classifier, Regressor, SpectrumEstimator, fit_many
from nearedge.learning.examples import (
    Labelled,
    Partition,
    class_averages,
    membership,
    mixture_weights,
    partition,
)
from nearedge.learning.recipes import Recipe

Model = TypeVar("Model", Classifier, Regressor)


@dataclass(frozen=True)
class Trial:
    """One network to train on synthetic examples."""

    seed: int
    examples: int | None = None
    """Examples in all, before the split; None for the recipe's number."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the estimator that differ from the recipe's."""


@dataclass(frozen=True)
class Outcome(Generic[Model]):
    """A fitted model, and its accuracy or mean squared error on each part of the examples."""

    model: Model
    train: float
    validation: float
    test: float
    raw: float
    """The same on the raw parents, one spectrum at a time."""
    x: Float[np.ndarray, "example energy"]
    """The synthetic spectra."""
    labels: np.ndarray
    predicted: np.ndarray
    parts: Partition

    @property
    def restarts(self) -> int:
        """How often the networks had died and were started again."""
        return sum(self.model.restarts_) if isinstance(self.model, SpectrumEstimator) else 0


def run_classifiers(
    recipe: Recipe, sites: Labelled, trials: Sequence[Trial]
) -> list[Outcome[Classifier]]:
    """Train classifiers side by side, each on its own same-class averages."""
    made, size = [], recipe.averages.size
    for trial in trials:
        count, seed = trial.examples or recipe.averages.count, trial.seed
        x, y = class_averages(sites.mu, sites.value, examples=count, size=size, seed=seed)
        made.append((x, y, y, partition(len(x), seed=seed)))
    models = [recipe.new_classifier(trial.seed, **trial.changes) for trial in trials]
    return _run(models, made, sites)


def run_regressors(
    recipe: Recipe, sites: Labelled, trials: Sequence[Trial]
) -> list[Outcome[Regressor]]:
    """Train regressors side by side, each on its own mixtures.

    One that predicts fractions learns those of the mixtures; all are scored by the mean.
    """
    own, size = membership(sites.environment), recipe.mixtures.size
    made = []
    for trial in trials:
        count, seed = trial.examples or recipe.mixtures.count, trial.seed
        weights = mixture_weights(len(sites.mu), examples=count, size=size, seed=seed)
        labels = weights @ sites.value.astype(float)
        taught = weights @ own if recipe.fractions else labels
        made.append((weights @ sites.mu, taught, labels, partition(count, seed=seed)))
    values = sites.class_values()
    models = [recipe.new_regressor(trial.seed, values, **trial.changes) for trial in trials]
    return _run(models, made, sites)


def _run(
    models: list[Model],
    made: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, Partition]],
    sites: Labelled,
) -> list[Outcome[Model]]:
    """Fit models to spectra and what is taught of them; score them by the labels of each part."""
    fit_many(models, [parts.split(x, y)[:2] for x, y, _, parts in made])
    outcomes = []
    for model, (x, _, labels, parts) in zip(models, made, strict=True):
        predicted = model.predict(x)
        marks = _marks(predicted, labels)
        scores = {name: float(marks[rows].mean()) for name, rows in vars(parts).items()}
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
