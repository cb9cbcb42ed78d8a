"""From the references that are like a spectrum to its absorber's structure."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from nearedge.matching._matching import Match

LEVEL = 0.9
"""Fraction of truths that sets and intervals are meant to contain."""

INSIDE_BY_SHAPE = 0.7
"""Fraction of the weight inside intervals of the oxidation state by the shape alone: of measured
spectra nine in ten hold."""

APART = 0.5
"""Difference of oxidation states by shape and by energy from which they disagree."""


@dataclass(frozen=True)
class Numbers:
    """A number with its interval; by the shape alone, if the energies change it much."""

    value: float
    low: float
    high: float
    by_shape: float | None = None


@dataclass(frozen=True)
class Classes:
    """The likeliest number, the set of those not ruled out, and all probabilities.

    A number that is not whole is the mean over the sites of a crystal.
    """

    value: float
    set: tuple[float, ...]
    probabilities: dict[float, float]


def unstated(match: Match) -> float:
    """Weight fraction of references without a coordination number: metals, disputed shells."""
    return float(match.weights(match.own)[np.isnan(match.library.value("coordination"))].sum())


def coordination(match: Match) -> Classes | None:
    """Predict the coordination number; None if no reference like the spectrum states one."""
    number = match.library.value("coordination").astype(float).round(1)
    shares = match.weights(np.isfinite(number))
    if not shares.any():
        return None
    classes = np.unique(number[np.isfinite(number)]).tolist()
    settings = match.library.settings
    # As many speak for a rare number as for a common one.
    spoken = {
        n: float(np.sort(shares[number == n])[-settings.voices :].sum()) ** settings.sharpness
        for n in classes
    }
    probability = {n: share / sum(spoken.values()) for n, share in spoken.items()}
    best = max(probability, key=lambda n: probability[n])
    falling = sorted(classes, key=lambda n: -probability[n])
    together = np.cumsum([probability[n] for n in falling])
    count = int(np.searchsorted(together, settings.least)) + 1
    return Classes(best, tuple(sorted(falling[:count])), probability)


def number(match: Match, target: str) -> Numbers | None:
    """Predict oxidation state or bond length by the median; None if no such reference states it.

    References of other elements are not used. For the oxidation state the energy of the rise counts
    as well as the shape; if both disagree, the interval covers both.
    """
    values = match.library.value(target).astype(float)
    there = np.isfinite(values) & match.own
    shares = match.weights(there)[there]
    if not shares.any():
        return None
    settings, which = match.library.settings, int(target == "bond_length")
    spread, inside = settings.spread[which], settings.inside[which]
    if target == "bond_length":
        return Numbers(*_quantiles(values[there], shares, spread, inside))
    shape = Numbers(*_quantiles(values[there], shares, spread, INSIDE_BY_SHAPE))
    if not match.rise_known:
        return shape
    weights = shares * match.rise_likelihood()[there]
    told = Numbers(*_quantiles(values[there], weights, spread, inside))
    apart = abs(told.value - shape.value) > APART
    if match.rise_tells and not apart:
        return told
    low, high = min(told.low, shape.low), max(told.high, shape.high)
    return Numbers(told.value, low, high, shape.value if apart else None)


def _quantiles(
    values: Float[np.ndarray, " stated"],
    weights: Float[np.ndarray, " stated"],
    spread: float,
    inside: float,
) -> tuple[float, float, float]:
    """Median, and ends of the interval, of a mixture of a Gaussian for each reference."""
    grid = np.linspace(values.min() - 4 * spread, values.max() + 4 * spread, 2001)
    below = ndtr((grid[:, None] - values) / spread) @ (weights / weights.sum())
    middle, low, high = np.interp([0.5, 0.5 - inside / 2, 0.5 + inside / 2], below, grid).tolist()
    return middle, low, high
