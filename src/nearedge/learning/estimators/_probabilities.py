"""Probabilities and fractions of several estimators side by side, which may know other classes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from nearedge.learning.estimators._classifier import NetworkClassifier
from nearedge.learning.estimators._composition import CompositionRegressor
from nearedge.learning.estimators._kernel import KernelClassifier


def class_table(
    classifier: NetworkClassifier | KernelClassifier,
    spectra: Float[np.ndarray, "example energy"],
    classes: Sequence[str],
) -> Float[np.ndarray, "example class"]:
    """Give the probabilities of `classes`, in this order.

    A class that the classifier has not learnt has none. One that it alone has is left out, and the
    others of a spectrum add up to one again.
    """
    table = np.zeros((len(spectra), len(classes)))
    found = classifier.predict_proba(spectra)
    for column, name in enumerate(classifier.classes_):
        if name in classes:
            table[:, list(classes).index(str(name))] = found[:, column]
    return table / table.sum(axis=1, keepdims=True)


def fraction_table(
    regressor: CompositionRegressor,
    spectra: Float[np.ndarray, "example energy"],
    classes: Sequence[str],
) -> Float[np.ndarray, "example class"]:
    """Give the fractions of `classes`, in this order.

    A class that the regressor was not taught has the fraction zero.
    """
    table = np.zeros((len(spectra), len(classes)))
    columns = [list(classes).index(str(name)) for name in regressor.classes_]
    table[:, columns] = regressor.predict_fractions(spectra)
    return table
