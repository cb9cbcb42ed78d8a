"""What a regressor predicts of a spectrum: the mean coordination number, and perhaps fractions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.datasets import SiteSpectra
from nearedge.learning.estimators import fraction_table
from nearedge.learning.examples import membership

MEAN = "mean"
"""Name of the first output, the mean coordination number; the others are names of classes."""


def fraction_classes(estimator: Any) -> list[str]:
    """Classes whose fractions a regressor predicts; none if it predicts the mean alone."""
    if not hasattr(estimator, "predict_fractions"):
        return []
    return [str(name) for name in estimator.classes_]


def output_names(classes: Sequence[str]) -> list[str]:
    """Names of the outputs, in order.

    Examples
    --------
    >>> output_names(["0", "dimer"])
    ['mean', '0', 'dimer']
    """
    return [MEAN, *classes]


def outputs(
    estimator: Any, inputs: Float[np.ndarray, "example energy"], classes: Sequence[str]
) -> Float[np.ndarray, "example output"]:
    """Predict the mean coordination number and the fractions of `classes`, side by side.

    A class that the regressor was not taught has the fraction zero.
    """
    number = estimator.predict(inputs)
    fractions = [fraction_table(estimator, inputs, classes)] if classes else []
    return np.column_stack([number, *fractions])


def true_outputs(
    data: SiteSpectra, classes: Sequence[str]
) -> Float[np.ndarray, "site {len(classes)+1}"]:
    """Coordination number of each site, and one at its class."""
    own = membership(data.environment, classes)
    return np.column_stack([data.coordination.astype(float), own])
