"""What a regressor predicts of a spectrum: the mean of its target, and perhaps fractions."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from nearedge.learning.estimators import CompositionRegressor, Regressor, fraction_table
from nearedge.learning.examples import Labelled, membership

MEAN = "mean"
"""Name of the first output, the mean of the target; the others are names of classes."""


def fraction_classes(estimator: object) -> list[str]:
    """Classes whose fractions a regressor predicts; none if it predicts the mean alone."""
    if not isinstance(estimator, CompositionRegressor):
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
    estimator: Regressor, inputs: Float[np.ndarray, "example energy"], classes: Sequence[str]
) -> Float[np.ndarray, "example output"]:
    """Predict the mean of the target and the fractions of `classes`, side by side.

    A class that the regressor was not taught has the fraction zero.
    """
    number = estimator.predict(inputs)
    if not classes:
        return number[:, None]
    assert isinstance(estimator, CompositionRegressor)
    return np.column_stack([number, fraction_table(estimator, inputs, classes)])


def true_outputs(
    sites: Labelled, classes: Sequence[str]
) -> Float[np.ndarray, "site {len(classes)+1}"]:
    """Target of each site, and one at its class."""
    return np.column_stack([sites.value.astype(float), membership(sites.environment, classes)])
