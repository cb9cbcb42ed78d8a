"""The multilayer perceptron: dense layers with ReLU between them and nothing after the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Array, Float

Matrix = Any
"""NumPy's, or JAX's while it is trained."""


@dataclass(frozen=True)
class MultilayerPerceptron:
    """Dense layers with rectified linear units between them and a linear output.

    Layer sizes such as 70-8-6-6 stand in the shapes of the weights. Arrays may carry a leading
    axis of networks, see `stack`.

    Attributes
    ----------
    weights : tuple of array, shape (out, in)
        One matrix for each layer.
    biases : tuple of array, shape (out,)
        One vector for each layer.

    Examples
    --------
    >>> network = initialise((70, 8, 6, 6), np.random.default_rng(0))
    >>> network.sizes
    (70, 8, 6, 6)
    >>> network.evaluate(np.ones((3, 70))).shape
    (3, 6)
    """

    weights: tuple[Matrix, ...]
    biases: tuple[Matrix, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of inputs, of units of each hidden layer, and of outputs."""
        return (self.weights[0].shape[-1], *(w.shape[-2] for w in self.weights))

    def __call__(self, x: Float[Array, "example input"]) -> Float[Array, "example output"]:
        """Evaluate the network in JAX, differentiably.

        The activations are kept as (unit, example): with the weights on the left XLA's small
        matrix products run four times as fast on a CPU as in the transposed order.
        """
        import jax
        import jax.numpy as jnp

        h = x.T
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = jax.nn.relu(jnp.asarray(weight) @ h + bias[:, None])
        return (jnp.asarray(self.weights[-1]) @ h + self.biases[-1][:, None]).T

    def evaluate(self, x: Float[np.ndarray, "example input"]) -> Float[np.ndarray, "example out"]:
        """Evaluate the network in NumPy, for prediction: no compilation for each new shape."""
        h = np.asarray(x, dtype=np.float32)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = np.maximum(h @ np.asarray(weight).T + np.asarray(bias), 0)
        return h @ np.asarray(self.weights[-1]).T + np.asarray(self.biases[-1])


def initialise(sizes: Sequence[int], rng: np.random.Generator) -> MultilayerPerceptron:
    """Draw the weights uniformly after Xavier; the biases are zero.

    Weights are uniform within ``sqrt(6 / (in + out))`` (Glorot and Bengio, AISTATS 2010), so that
    activations and gradients start with similar variance in every layer.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden units of each layer, outputs.
    rng : numpy.random.Generator
        Where the numbers come from.

    Examples
    --------
    >>> network = initialise((4, 2), np.random.default_rng(0))
    >>> bool(abs(network.weights[0]).max() <= 1)
    True
    """
    weights = []
    for inputs, outputs in pairwise(sizes):
        bound = np.sqrt(6 / (inputs + outputs))
        weights.append(rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32))
    return MultilayerPerceptron(
        weights=tuple(weights), biases=tuple(np.zeros(n, np.float32) for n in sizes[1:])
    )


def widen(network: MultilayerPerceptron, sizes: Sequence[int]) -> MultilayerPerceptron:
    """Add inputs and hidden units whose weights are zero.

    The network computes the same, and gradient descent keeps it so: a unit with zero weights on
    both sides has zero output and, as the derivative of ReLU at zero is taken as zero, receives no
    gradient; the penalty on zero is zero. So networks of several widths train in one array.

    Parameters
    ----------
    network : MultilayerPerceptron
        The one to widen.
    sizes : sequence of int
        Layer sizes wanted, none smaller than the network's; the added inputs must be fed zeros.

    Examples
    --------
    >>> network = initialise((4, 3, 2), np.random.default_rng(0))
    >>> widen(network, (8, 8, 2)).sizes
    (8, 8, 2)
    """
    weights, biases = [], []
    for weight, bias, inputs, outputs in zip(
        network.weights, network.biases, sizes[:-1], sizes[1:], strict=True
    ):
        rows, columns = weight.shape
        weights.append(np.pad(weight, np.array([[0, outputs - rows], [0, inputs - columns]])))
        biases.append(np.pad(bias, (0, outputs - rows)))
    return MultilayerPerceptron(weights=tuple(weights), biases=tuple(biases))


def narrow(network: MultilayerPerceptron, sizes: Sequence[int]) -> MultilayerPerceptron:
    """Cut off what `widen` added, as NumPy arrays."""
    return MultilayerPerceptron(
        weights=tuple(
            np.array(weight[:outputs, :inputs])
            for weight, (inputs, outputs) in zip(network.weights, pairwise(sizes), strict=True)
        ),
        biases=tuple(
            np.array(bias[:outputs])
            for bias, outputs in zip(network.biases, sizes[1:], strict=True)
        ),
    )


def stack(networks: Sequence[MultilayerPerceptron]) -> MultilayerPerceptron:
    """Put networks of equal sizes into one, along a leading axis."""
    return MultilayerPerceptron(
        weights=tuple(map(np.stack, zip(*(one.weights for one in networks), strict=True))),
        biases=tuple(map(np.stack, zip(*(one.biases for one in networks), strict=True))),
    )


def unstack(networks: MultilayerPerceptron) -> list[MultilayerPerceptron]:
    """Undo `stack`."""
    return [
        MultilayerPerceptron(
            weights=tuple(np.asarray(weight)[i] for weight in networks.weights),
            biases=tuple(np.asarray(bias)[i] for bias in networks.biases),
        )
        for i in range(networks.biases[0].shape[0])
    ]
