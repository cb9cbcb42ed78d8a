"""From the references that are like a spectrum to its absorber's structure."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
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
    """Probability of a crystal without a coordination number: a metal, a disputed shell."""
    shares = _probabilities(match, match.own)
    return shares.get(None, 0.0)


def coordination(match: Match) -> Classes | None:
    """Predict the coordination number; None if no reference like the spectrum states one."""
    told = _probabilities(match, np.isfinite(match.library.value("coordination")))
    probability = {n: share for n, share in told.items() if n is not None}
    if not probability:
        return None
    best = max(probability, key=lambda n: probability[n])
    falling = sorted(probability, key=lambda n: -probability[n])
    together = np.cumsum([probability[n] for n in falling])
    count = int(np.searchsorted(together, match.library.settings.least)) + 1
    return Classes(best, tuple(sorted(falling[:count])), probability)


def _probabilities(
    match: Match, among: Bool[np.ndarray, " reference"]
) -> dict[float | None, float]:
    """Give the probability of each coordination number of some references; None if not stated."""
    shares, settings = match.weights(among), match.library.settings
    if not shares.any():
        return {}
    number = match.library.value("coordination").astype(float).round(1)
    classes = [*np.unique(number[among & np.isfinite(number)]).tolist(), None]
    # As many speak for a rare number as for a common one.
    spoken = {
        n: float(
            np.sort(shares[np.isnan(number) if n is None else number == n])[
                -settings.voices :
            ].sum()
        )
        ** settings.sharpness
        for n in classes
    }
    total = sum(spoken.values())
    return {n: share / total for n, share in spoken.items()}


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
