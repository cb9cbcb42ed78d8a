"""The networks of an inference as plain arrays, evaluated in NumPy: nothing is compiled."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Networks:
    """An ensemble from profiles to fractions of classes. Made by `plain_networks`.

    Attributes
    ----------
    mean, scale : float array, shape (grid,)
        What is taken from profiles, and what they are then divided by.
    weights : tuple of float array, shape (network, in, out)
        One for each layer.
    biases : tuple of float array, shape (network, 1, out)
        One for each layer.
    """

    mean: Float[np.ndarray, " grid"]
    scale: Float[np.ndarray, " grid"]
    weights: tuple[Float[np.ndarray, "network _ _"], ...]
    biases: tuple[Float[np.ndarray, "network one _"], ...]

    def fractions(self, found: Float[np.ndarray, "profile grid"]) -> Float[np.ndarray, "profile _"]:
        """Give the mean fractions of the classes, in single precision.

        Parameters
        ----------
        found : float array, shape (profile, grid)
            Profiles, see `nearedge.spectra.profiles`.
        """
        inputs = ((found - self.mean) / self.scale).astype(np.float32, copy=False)
        layers = list(zip(self.weights, self.biases, strict=True))
        total: np.ndarray | float = 0.0
        # Network by network what is computed on the way stays in the processor's cache.
        for network in range(len(self.weights[0])):
            values = inputs
            for place, (weights, biases) in enumerate(layers):
                values = values @ weights[network] + biases[network]
                if place < len(layers) - 1:
                    np.maximum(values, 0, out=values)
            total = total + _softmax(values)
        return np.asarray(total / np.float32(len(self.weights[0])))


def _softmax(outputs: Float[np.ndarray, "profile class"]) -> Float[np.ndarray, "profile class"]:
    # Reductions along so short an axis are slow in NumPy; column by column they are not.
    top = outputs[:, 0].copy()
    for column in outputs.T[1:]:
        np.maximum(top, column, out=top)
    raised = np.exp(outputs - top[:, None])
    raised /= (raised @ np.ones(raised.shape[1], raised.dtype))[:, None]
    return raised
