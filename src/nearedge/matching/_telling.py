"""From the references that are like a spectrum to its absorber's structure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

from nearedge.matching._matching import Likeness, Match

LEVEL = 0.9
"""Fraction of truths that sets and intervals are meant to contain."""

INSIDE_BY_SHAPE = 0.7
"""Fraction of the weight inside intervals of the oxidation state by the shape alone: of measured
spectra nine in ten hold."""

APART = 0.5
"""Difference of oxidation states by shape and by energy from which they disagree."""

MOST_UNSTATED = 0.5
"""Probability of a crystal without a coordination number from which none is predicted."""


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


def unstated(match: Likeness) -> Float[np.ndarray, "*spectrum"]:
    """Probability of a crystal without a coordination number: a metal, a disputed shell."""
    return probabilities(match, match.own)[1][..., -1]


def mute(match: Likeness) -> Bool[np.ndarray, "*spectrum"]:
    """Whether no number follows: a metal is nearest, or most probably none is stated."""
    nearest = np.where(match.own, match.misfit, np.inf).argmin(axis=-1)
    return np.asarray(match.library.metallic[nearest] | (unstated(match) > MOST_UNSTATED))


def coordination(match: Match) -> Classes | None:
    """Predict the coordination number; None if no reference like the spectrum states one."""
    numbers, shares = probabilities(match, np.isfinite(match.library.value("coordination")))
    if not shares.any():
        return None
    numbers, shares = numbers[:-1], shares[:-1]
    falling = np.argsort(-shares, kind="stable")
    count = int(np.searchsorted(shares[falling].cumsum(), match.library.settings.least)) + 1
    held = tuple(np.sort(numbers[falling[:count]]).tolist())
    told = dict(zip(numbers.tolist(), shares.tolist(), strict=True))
    return Classes(float(numbers[falling[0]]), held, told)


def probabilities(
    match: Likeness, among: Bool[np.ndarray, " reference"]
) -> tuple[Float[np.ndarray, " number"], Float[np.ndarray, "*spectrum number"]]:
    """Give the coordination numbers of some references, at last NaN, and their probabilities.

    That of NaN is for those that state none. All are zero if a coarse fit ruled out all references.
    """
    shares, settings = match.weights(among), match.library.settings
    stated = match.library.value("coordination").astype(float).round(1)
    silent = np.isnan(stated)
    numbers = np.unique(stated[among & ~silent])
    # As many speak for a rare number as for a common one.
    spoken = [
        np.sort(shares[..., mine])[..., -settings.voices :].sum(axis=-1) ** settings.sharpness
        for mine in (*(stated == n for n in numbers), silent)
    ]
    total = np.sum(spoken, axis=0)[..., None]
    return np.r_[numbers, np.nan], np.stack(spoken, axis=-1) / np.where(total > 0, total, 1)


def number(match: Match, target: str) -> Numbers | None:
    """Predict oxidation state or bond length by the median; None if no such reference states it.

    References of other elements are not used. For the oxidation state the energy of the rise counts
    as well as the shape; if both disagree, the interval covers both.
    """
    of_length = target == "bond_length"
    inside = match.library.settings.inside[of_length]
    by_shape = quantiles(match, target, False, _ends(inside if of_length else INSIDE_BY_SHAPE))
    if np.isnan(by_shape).any():
        return None
    shape = Numbers(*by_shape.tolist())
    if of_length or not match.rise_known:
        return shape
    told = Numbers(*quantiles(match, target, True, _ends(inside)).tolist())
    apart = abs(told.value - shape.value) > APART
    if match.rise_tells and not apart:
        return told
    low, high = min(told.low, shape.low), max(told.high, shape.high)
    return Numbers(told.value, low, high, shape.value if apart else None)


def _ends(inside: float) -> tuple[float, float, float]:
    return 0.5, 0.5 - inside / 2, 0.5 + inside / 2


def quantiles(
    match: Likeness, target: str, by_rise: bool, shares: Sequence[float]
) -> Float[np.ndarray, "*spectrum share"]:
    """Quantiles of oxidation state or bond length; NaN where no reference states it.

    They are those of a mixture of a Gaussian for each reference of the spectrum's own element,
    weighted by the misfits and, if wanted, by the energy of the rise.
    """
    values = match.library.value(target).astype(float)
    there = np.isfinite(values) & match.own
    weights = match.weights(there)[..., there]
    if by_rise:
        weights = weights * match.rise_likelihood()[..., there]
    total = weights.sum(axis=-1, keepdims=True)
    told = np.full((*total.shape[:-1], len(shares)), np.nan)
    some = total[..., 0] > 0
    if not some.any():
        return told
    values, weights = values[there], weights[some] / total[some]
    spread = match.library.settings.spread[target == "bond_length"]
    grid = np.linspace(values.min() - 4 * spread, values.max() + 4 * spread, 2001)
    below = weights @ ndtr((grid[:, None] - values) / spread).T
    for place, share in enumerate(shares):
        right = np.clip((below < share).sum(axis=-1), 1, len(grid) - 1)[:, None]
        low, high = (np.take_along_axis(below, at, -1)[:, 0] for at in (right - 1, right))
        part = (share - low) / np.maximum(high - low, 1e-12)
        told[some, place] = grid[right[:, 0] - 1] + part * (grid[1] - grid[0])
    return told
