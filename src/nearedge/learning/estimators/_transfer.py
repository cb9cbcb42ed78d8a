"""Networks to continue from: those of another estimator, fitted to the new one's outputs."""

from collections.abc import Sequence

import numpy as np

from nearedge.learning.networks import MultilayerPerceptron, initialise


def match_outputs(
    network: MultilayerPerceptron, old: Sequence[str], new: Sequence[str], seed: int
) -> MultilayerPerceptron:
    """Keep the outputs that have a name in both, and draw the others afresh.

    Parameters
    ----------
    network : MultilayerPerceptron
        With an output for each of `old`.
    old, new : sequence of str
        Names of the outputs: classes, usually.
    seed : int
        Of the outputs that `old` lacks.

    Returns
    -------
    MultilayerPerceptron
        With an output for each of `new`.

    Examples
    --------
    >>> network = initialise((4, 3, 2), np.random.default_rng(0))
    >>> other = match_outputs(network, ["0", "1"], ["1", "dimer"], seed=1)
    >>> bool((other.weights[-1][0] == network.weights[-1][1]).all()), other.sizes
    (True, (4, 3, 2))
    """
    fresh = initialise((*network.sizes[:-1], len(new)), np.random.default_rng(seed))
    weight, bias = fresh.weights[-1], fresh.biases[-1]
    for row, name in enumerate(new):
        if name in old:
            known = list(old).index(name)
            weight[row] = network.weights[-1][known]
            bias[row] = network.biases[-1][known]
    return MultilayerPerceptron((*network.weights[:-1], weight), (*network.biases[:-1], bias))


def rescale_output(
    network: MultilayerPerceptron, scale: float, shift: float
) -> MultilayerPerceptron:
    """Multiply what a network gives by `scale` and add `shift`.

    Examples
    --------
    >>> network = initialise((4, 3, 1), np.random.default_rng(0))
    >>> x = np.ones((1, 4))
    >>> twice = rescale_output(network, 2.0, 1.0).evaluate(x)
    >>> bool(np.isclose(twice, 2 * network.evaluate(x) + 1).all())
    True
    """
    return MultilayerPerceptron(
        (*network.weights[:-1], np.asarray(network.weights[-1] * scale, np.float32)),
        (*network.biases[:-1], np.asarray(network.biases[-1] * scale + shift, np.float32)),
    )
