"""The multilayer perceptron: dense layers with ReLU between them and nothing after the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Array, Float

Matrix = Any
"""An array of NumPy, or of JAX in training."""


@dataclass(frozen=True)
class MultilayerPerceptron:
    """Dense layers with rectified linear units between them and a linear output.

    Layer sizes, such as 70-8-6-6, follow from the shapes of the weights, (out, in) of each layer.
    Arrays may carry a leading axis of networks.

    The first columns of the input may be categorical features, one column per value (one, the
    others zero): for each feature the first layer receives the value's column of an embedding,
    (dimension, value). A row of zeros is an unknown value; its vector is the origin, which the
    first biases make as good as any other.
    """

    weights: tuple[Matrix, ...]
    biases: tuple[Matrix, ...]
    embeddings: tuple[Matrix, ...] = ()

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

        h = jnp.concatenate(self._embedded(x.T)) if self.embeddings else x.T
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = jax.nn.relu(jnp.asarray(weight) @ h + bias[:, None])
        return (jnp.asarray(self.weights[-1]) @ h + self.biases[-1][:, None]).T

    def evaluate(self, x: Float[np.ndarray, "example input"]) -> Float[np.ndarray, "example out"]:
        """Evaluate the network in NumPy, for prediction: no compilation for each new shape."""
        h = np.concatenate(self._embedded(np.asarray(x, dtype=np.float32).T)).T
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = np.maximum(h @ np.asarray(weight).T + np.asarray(bias), 0)
        return h @ np.asarray(self.weights[-1]).T + np.asarray(self.biases[-1])

    def _embedded(self, x: Any) -> list[Any]:
        """Replace the rows of each categorical feature by its embedding; the intensities follow."""
        parts, start = [], 0
        for table in self.embeddings:
            end = start + table.shape[-1]
            parts.append(table @ x[start:end])
            start = end
        return [*parts, x[start:]]


def initialise(
    sizes: Sequence[int], rng: np.random.Generator, embeddings: Sequence[tuple[int, int]] = ()
) -> MultilayerPerceptron:
    """Draw the weights uniformly after Xavier; the biases are zero.

    Weights are uniform within ``sqrt(6 / (in + out))`` (Glorot and Bengio, AISTATS 2010), so that
    activations and gradients start with similar variance in every layer. Embeddings, of so many
    dimensions and values, are standard normal, as the other inputs are standardised.
    """
    weights = []
    for inputs, outputs in pairwise(sizes):
        bound = np.sqrt(6 / (inputs + outputs))
        weights.append(rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32))
    biases = tuple(np.zeros(n, np.float32) for n in sizes[1:])
    tables = tuple(rng.normal(size=shape).astype(np.float32) for shape in embeddings)
    return MultilayerPerceptron(tuple(weights), biases, tables)


def widen(network: MultilayerPerceptron, sizes: Sequence[int]) -> MultilayerPerceptron:
    """Add inputs and hidden units whose weights are zero; the added inputs must be fed zeros.

    The network's output is unchanged, and gradient descent keeps it so: a unit with zero weights on
    both sides has zero output and, as the derivative of ReLU at zero is taken as zero, receives no
    gradient; the penalty on zero is zero. So networks of several widths train in one array.
    """
    shapes = [(outputs, inputs) for inputs, outputs in pairwise(sizes)]
    weights = [_padded(w, shape) for w, shape in zip(network.weights, shapes, strict=True)]
    biases = [_padded(b, shape[:1]) for b, shape in zip(network.biases, shapes, strict=True)]
    return MultilayerPerceptron(tuple(weights), tuple(biases), network.embeddings)


def _padded(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    ends = [(0, wide - narrow) for wide, narrow in zip(shape, array.shape, strict=True)]
    return np.pad(array, ends)


def narrow(network: MultilayerPerceptron, sizes: Sequence[int]) -> MultilayerPerceptron:
    """Cut off what `widen` added, as NumPy arrays."""
    ends = list(pairwise(sizes))
    weights = [np.array(w[:b, :a]) for w, (a, b) in zip(network.weights, ends, strict=True)]
    biases = [np.array(v[:b]) for v, (_, b) in zip(network.biases, ends, strict=True)]
    embeddings = tuple(map(np.array, network.embeddings))
    return MultilayerPerceptron(tuple(weights), tuple(biases), embeddings)
