"""From the references that are like a spectrum to its absorber's structure."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from nearedge.matching._matching import Match

LEVEL = 0.9
"""Fraction of truths that sets and intervals are meant to contain."""


@dataclass(frozen=True)
class Numbers:
    """A number with its interval."""

    value: float
    low: float
    high: float


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
    as well as the shape.
    """
    values = match.library.value(target).astype(float)
    there = np.isfinite(values) & match.own
    shares = match.weights(there)
    if not shares.any():
        return None
    if target == "oxidation_state":
        shares = shares * match.rise_likelihood()
        shares /= shares.sum()
    settings = match.library.settings
    which = target == "bond_length"
    spread, half = settings.spread[which], settings.inside[which] / 2
    values, shares = values[there], shares[there]
    # Quantiles of the mixture of a Gaussian for each reference.
    grid = np.linspace(values.min() - 4 * spread, values.max() + 4 * spread, 2001)
    below = ndtr((grid[:, None] - values) / spread) @ shares
    ends = np.interp([0.5, 0.5 - half, 0.5 + half], below, grid)
    return Numbers(*map(float, ends))
