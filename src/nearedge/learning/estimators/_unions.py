"""Classifiers and regressors of any sort: fitted side by side, read in one order of classes."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

from nearedge.learning.estimators._committees import CommitteeRegressor
from nearedge.learning.estimators._kernel import (
    KernelClassifier,
    KernelEstimator,
    KernelRegressor,
)
from nearedge.learning.estimators._mixtures import MixtureRegressor
from nearedge.learning.estimators._networks import (
    CompositionRegressor,
    NetworkClassifier,
    NetworkRegressor,
)

Classifier = NetworkClassifier | KernelClassifier
FractionRegressor = CommitteeRegressor | CompositionRegressor | MixtureRegressor
UnfittedRegressor = NetworkRegressor | CompositionRegressor | MixtureRegressor | KernelRegressor
Regressor = UnfittedRegressor | CommitteeRegressor
AnyEstimator = Classifier | Regressor

Unfitted = Classifier | UnfittedRegressor
"""What is fitted by itself; the members of a committee are, before they come together."""

Estimator = TypeVar("Estimator", bound=Unfitted)

Split = tuple[tuple[Any, ...], tuple[Any, Any] | None]
"""Examples to train on, with weights or without, and to validate on if there are any."""


def fit_many(
    estimators: Sequence[Estimator],
    examples: Sequence[Split],
    progress: Callable[[float], None] | None = None,
) -> list[Estimator]:
    """Fit each estimator in place on its own examples: as `fit` does, but networks faster.

    Kernel machines ignore validation data. `progress` receives the fraction of the networks'
    training that is done.
    """
    waiting = []
    for estimator, (train, validation) in zip(estimators, examples, strict=True):
        if isinstance(estimator, KernelEstimator):
            estimator.fit(*train)
        else:
            waiting.append((estimator, estimator.jobs(train[0], train[1], validation)))
    if waiting:
        from nearedge.learning.training import train as train_jobs

        every = [job for _, jobs in waiting for job in jobs]
        trained = iter(train_jobs(every, progress=progress))
        for estimator, jobs in waiting:
            estimator.take([next(trained) for _ in jobs])
    return list(estimators)


def class_table(
    classifier: Classifier, spectra: Float[np.ndarray, "example energy"], classes: Sequence[str]
) -> Float[np.ndarray, "example class"]:
    """Return the probabilities of `classes`, in this order.

    It is zero for a class that the classifier has not learnt. A class that only the classifier has
    is left out, and the others are normalised again.
    """
    table = np.zeros((len(spectra), len(classes)))
    probability = classifier.predict_proba(spectra)
    for column, name in enumerate(classifier.classes_):
        if name in classes:
            table[:, list(classes).index(str(name))] = probability[:, column]
    return table / table.sum(axis=1, keepdims=True)


def fraction_classes(estimator: object) -> list[str]:
    """Classes whose fractions a regressor predicts; none if it predicts the mean alone."""
    return list(estimator.classes) if isinstance(estimator, FractionRegressor) else []


def outputs(
    estimator: Regressor, spectra: Float[np.ndarray, "example energy"], classes: Sequence[str]
) -> Float[np.ndarray, "example output"]:
    """Predict the mean of the target and the fractions of `classes`, side by side.

    A class that the regressor has not learnt has the fraction zero.
    """
    table = np.zeros((len(spectra), 1 + len(classes)))
    table[:, 0] = estimator.predict(spectra)
    if classes:
        assert isinstance(estimator, FractionRegressor)
        columns = [1 + list(classes).index(name) for name in estimator.classes]
        table[:, columns] = estimator.predict_fractions(spectra)
    return table
