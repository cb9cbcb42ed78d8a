"""Networks that say fractions of profiles, and what these mean: composition, and how far off."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nearedge.trust import LEVEL, conformal_quantile

LEAST_SPREAD = 0.6
"""Least distance that is expected of a sample, in units of the median one."""

SMALLEST = 1e-3
"""The same, where all samples are read exactly."""


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
        """Give the mean fractions of the classes, in single precision."""
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
    """What networks say of samples, and the truth: the target's mean, then the fractions.

    Unsure are the zero (standard deviation in eV) and the noise (share of the variation).
    """

    fractions: Fractions
    unsure: Float[np.ndarray, "sample 2"]
    true: Outputs


@dataclass(frozen=True)
class Readout:
    """From what networks say to outputs with intervals: mean of the target, then the fractions.

    The truth is taken for linear in what is said (`gain`); how far it is off grows, linearly too,
    with what is said, with the uncertainty of the zero and with the noise (`spread`), and is no
    less than `least`. An interval reaches so many times as far that it holds `LEVEL` of the samples
    of sites that were held out (conformal prediction with a normalised score: Papadopoulos et al.,
    ECML 2002).
    """

    gain: Float[np.ndarray, "class output"]
    spread: Float[np.ndarray, "features output"]
    least: Float[np.ndarray, " output"]
    reach: Float[np.ndarray, " output"]

    def expected(self, fractions: Fractions) -> Outputs:
        """Give the outputs; none is negative, and the fractions add up to one."""
        return _expected(self.gain, fractions)

    def half_widths(self, fractions: Fractions, unsure: Float[np.ndarray, "sample 2"]) -> Outputs:
        """Give half the width of the interval of each output."""
        off = np.concatenate([fractions, unsure], axis=1) @ self.spread
        return np.maximum(off, self.least) * self.reach


def _expected(gain: Float[np.ndarray, "class output"], fractions: Fractions) -> Outputs:
    outputs = np.maximum(fractions @ gain, 0.0)
    total = outputs[:, 1:] @ np.ones(outputs.shape[1] - 1)
    outputs[:, 1:] /= np.where(total > 0, total, 1.0)[:, None]
    return outputs


def fit_readout(parts: Sequence[Readings]) -> Readout:
    """Learn what networks' answers mean, from samples of each fold's unseen sites.

    Each fold's samples are compared with what the other folds' samples let expect. This is harsher
    than the truth, where all folds are used; the distances are shortened by that ratio, for biases
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
