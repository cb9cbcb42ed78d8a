"""Networks that predict fractions from profiles, and their calibration to compositions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nearedge.trust import LEVEL, conformal_quantile

LEAST_SPREAD = 0.6
"""Least expected error of a sample, in units of the median one."""

SMALLEST = 1e-3
"""The same, if all samples are read exactly."""


Fractions = Float[np.ndarray, "sample class"]
Outputs = Float[np.ndarray, "sample output"]


@dataclass(frozen=True)
class Networks:
    """An ensemble from profiles, scaled, to fractions, in NumPy: nothing is compiled."""

    mean: Float[np.ndarray, " grid"]
    scale: Float[np.ndarray, " grid"]
    weights: tuple[Float[np.ndarray, "network _ _"], ...]
    biases: tuple[Float[np.ndarray, "network one _"], ...]

    def fractions(
        self, shapes: Float[np.ndarray, "profile grid"]
    ) -> Float[np.ndarray, "profile _"]:
        """Return the mean fractions of the classes, in single precision."""
        inputs = ((shapes - self.mean) / self.scale).astype(np.float32, copy=False)
        *layers, last = zip(self.weights, self.biases, strict=True)
        total: np.ndarray | float = 0.0
        # Network by network what is computed on the way stays in the processor's cache.
        for network in range(len(self.weights[0])):
            values = inputs
            for weights, biases in layers:
                values = np.maximum(values @ weights[network] + biases[network], 0)
            values = values @ last[0][network] + last[1][network]
            # Reductions along so short an axis are slow in NumPy; column by column they are not.
            raised = np.exp(values - reduce(np.maximum, values.T)[:, None])
            raised /= (raised @ np.ones(raised.shape[1], raised.dtype))[:, None]
            total = total + raised
        return np.asarray(total / np.float32(len(self.weights[0])))


class Readings(NamedTuple):
    """Networks' predictions for samples, and the truth: the target's mean, then the fractions.

    Uncertainties: the zero (standard deviation in eV) and the noise (fraction of variation).
    """

    fractions: Fractions
    unsure: Float[np.ndarray, "sample 2"]
    true: Outputs


@dataclass(frozen=True)
class Readout:
    """From networks' predictions to outputs with intervals: mean of the target, then fractions.

    The truth is assumed linear in the predictions (`gain`); the expected error grows linearly with
    the predictions, the uncertainty of the zero and the noise (`spread`), and is at least `least`.
    An interval is a multiple of it, such that it contains the truth for `LEVEL` of the samples of
    held-out sites (conformal prediction with a normalised score: Papadopoulos et al., ECML 2002).
    """

    gain: Float[np.ndarray, "class output"]
    spread: Float[np.ndarray, "features output"]
    least: Float[np.ndarray, " output"]
    reach: Float[np.ndarray, " output"]

    def expected(self, fractions: Fractions) -> Outputs:
        """Return the outputs; none is negative, and the fractions add up to one."""
        return _expected(self.gain, fractions)

    def half_widths(self, fractions: Fractions, unsure: Float[np.ndarray, "sample 2"]) -> Outputs:
        """Return half the width of the interval of each output."""
        off = np.concatenate([fractions, unsure], axis=1) @ self.spread
        return np.maximum(off, self.least) * self.reach


def _expected(gain: Float[np.ndarray, "class output"], fractions: Fractions) -> Outputs:
    outputs = np.maximum(fractions @ gain, 0.0)
    total = outputs[:, 1:] @ np.ones(outputs.shape[1] - 1)
    outputs[:, 1:] /= np.where(total > 0, total, 1.0)[:, None]
    return outputs


def fit_readout(parts: Sequence[Readings]) -> Readout:
    """Learn to calibrate networks' predictions, from samples of each fold's unseen sites.

    Each fold's samples are compared with predictions from the other folds' samples. This
    overestimates errors, as finally all folds are used; they are reduced by that ratio, for biases
    of single folds: the root of (1 + 1/K) / (1 + 1/(K - 1)) for K folds.
    """
    every = _joined(parts)
    off = np.concatenate(
        [
            np.abs(_expected(_gain(_joined(others or parts)), part.fractions) - part.true)
            for turn, part in enumerate(parts)
            for others in [[*parts[:turn], *parts[turn + 1 :]]]
        ]
    )
    features = np.concatenate([every.fractions, every.unsure], axis=1)
    spread = np.linalg.lstsq(features, off, rcond=None)[0]
    least = np.maximum(LEAST_SPREAD * np.median(off, axis=0), SMALLEST)
    scores = off / np.maximum(features @ spread, least)
    count = len(parts)
    shorter = np.sqrt((1 + 1 / count) / (1 + 1 / (count - 1))) if count > 1 else 1.0
    reach = np.array([conformal_quantile(column, LEVEL) for column in scores.T]) * shorter
    return Readout(_gain(every), spread, least, reach)


def _gain(part: Readings) -> Float[np.ndarray, "class output"]:
    return np.linalg.lstsq(part.fractions, part.true, rcond=None)[0]


def _joined(parts: Sequence[Readings]) -> Readings:
    return Readings(*(np.concatenate(column) for column in zip(*parts, strict=True)))
