"""What a regressor predicts of a spectrum: the mean of its target, and perhaps fractions."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from nearedge.learning.estimators import fraction_classes as fraction_classes, outputs as outputs
from nearedge.learning.examples import Labelled, membership

MEAN = "mean"
"""Name of the first output, the mean of the target; the others are names of classes."""


def output_names(classes: Sequence[str]) -> list[str]:
    """Names of the outputs, in order.

    Examples
    --------
    >>> output_names(["0", "dimer"])
    ['mean', '0', 'dimer']
    """
    return [MEAN, *classes]


def true_outputs(
    sites: Labelled, classes: Sequence[str]
) -> Float[np.ndarray, "site {len(classes)+1}"]:
    """Target of each site, and one at its class."""
    return np.column_stack([sites.value.astype(float), membership(sites.environment, classes)])
