"""What the networks' answer means: the composition behind it, and how far it may be off.

Networks are biased and unsure in their own way. What they say of simulated samples of known
composition tells it. The samples are of any composition, so that nothing is supposed of the one
that is measured. The truth is taken for linear in what is said; how far it is off grows, linearly
too, with what is said, with the uncertainty of the zero and with the noise. By how much an interval
must exceed that is calibrated: it holds `LEVEL` of the samples of sites that were held out
(conformal prediction with a normalised score: Papadopoulos et al., ECML 2002).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nearedge.trust import LEVEL, conformal_quantile

LEAST_SPREAD = 0.6
"""Least distance that is expected of a sample, in units of the median one."""

SMALLEST = 1e-3
"""The same, where all samples are read exactly."""


class Readings(NamedTuple):
    """What networks say of samples, and the truth.

    Attributes
    ----------
    said : float array, shape (sample, class)
        Fractions, averaged over the places of the zero.
    unsure : float array, shape (sample, 2)
        Standard deviation of the zero in eV, and the noise as a share of the variation.
    true : float array, shape (sample, output)
        Mean of the target, then the fractions.
    """

    said: Float[np.ndarray, "sample class"]
    unsure: Float[np.ndarray, "sample 2"]
    true: Float[np.ndarray, "sample output"]


@dataclass(frozen=True)
class Readout:
    """From what networks say to outputs with intervals. Made by `fit_readout`.

    Attributes
    ----------
    gain : float array, shape (class, output)
        What each output is by fractions that are said.
    spread : float array, shape (class + 2, output)
        How far an output is off, by the same, the uncertainty of the zero and the noise.
    least : float array, shape (output,)
        How far it is off at least.
    reach : float array, shape (output,)
        Half width of an interval in units of that.
    """

    gain: Float[np.ndarray, "class output"]
    spread: Float[np.ndarray, "features output"]
    least: Float[np.ndarray, " output"]
    reach: Float[np.ndarray, " output"]

    def expected(
        self, said: Float[np.ndarray, "sample class"]
    ) -> Float[np.ndarray, "sample output"]:
        """Give the outputs; none is negative, and the fractions add up to one."""
        outputs = np.maximum(said @ self.gain, 0.0)
        total = outputs[:, 1:] @ np.ones(outputs.shape[1] - 1)
        outputs[:, 1:] /= np.where(total > 0, total, 1.0)[:, None]
        return outputs

    def off(
        self, said: Float[np.ndarray, "sample class"], unsure: Float[np.ndarray, "sample 2"]
    ) -> Float[np.ndarray, "sample output"]:
        """Tell how far each output may be off."""
        return np.maximum(np.concatenate([said, unsure], axis=1) @ self.spread, self.least)

    def half_widths(
        self, said: Float[np.ndarray, "sample class"], unsure: Float[np.ndarray, "sample 2"]
    ) -> Float[np.ndarray, "sample output"]:
        """Give half the width of the interval of each output."""
        return self.off(said, unsure) * self.reach


def fit_readout(parts: Sequence[Readings]) -> Readout:
    """Learn what the networks' answers mean.

    Each fold's samples are compared with what the other folds' samples let expect. This is harsher
    than the truth, where all folds are used; the distances are shortened by that ratio, for biases
    of single folds: the root of (1 + 1/K) / (1 + 1/(K - 1)) for K folds.

    Parameters
    ----------
    parts : sequence of Readings
        Of the samples of each fold, whose sites its networks had not seen.
    """
    everything = _joined(parts)
    whole = Readout(_gain(everything), *_nothing(everything))
    errors = []
    for turn, part in enumerate(parts):
        others = [other for place, other in enumerate(parts) if place != turn]
        fitted = Readout(_gain(_joined(others)), *_nothing(part)) if others else whole
        errors.append(np.abs(fitted.expected(part.said) - part.true))
    off = np.concatenate(errors)
    features = np.concatenate([everything.said, everything.unsure], axis=1)
    spread = np.linalg.lstsq(features, off, rcond=None)[0]
    least = np.maximum(LEAST_SPREAD * np.median(off, axis=0), SMALLEST)
    scores = off / np.maximum(features @ spread, least)
    count = len(parts)
    shorter = np.sqrt((1 + 1 / count) / (1 + 1 / (count - 1))) if count > 1 else 1.0
    reach = np.array([conformal_quantile(column, LEVEL) for column in scores.T]) * shorter
    return Readout(whole.gain, spread, least, reach)


def _gain(part: Readings) -> Float[np.ndarray, "class output"]:
    return np.linalg.lstsq(part.said, part.true, rcond=None)[0]


def _nothing(part: Readings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    classes, outputs = part.said.shape[1], part.true.shape[1]
    return np.zeros((classes + 2, outputs)), np.zeros(outputs), np.zeros(outputs)


def _joined(parts: Sequence[Readings]) -> Readings:
    return Readings(*(np.concatenate(column) for column in zip(*parts, strict=True)))
