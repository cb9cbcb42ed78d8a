"""What the references that are like a spectrum tell of its absorber."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

from nearedge.matching._matching import Match

LEVEL = 0.9
"""Share of truths that sets and intervals are meant to hold."""


@dataclass(frozen=True)
class Numbers:
    """A number with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Classes:
    """The likeliest number, the set of those that are not ruled out, and all probabilities.

    A number that is not whole is the mean over the sites of a crystal.
    """

    value: float
    set: tuple[float, ...]
    probabilities: dict[float, float]


def unstated(match: Match) -> float:
    """Share of the weight of references without a coordination: metals, and disputed shells."""
    return float(match.weights()[np.isnan(match.library.value("coordination"))].sum())


def coordination(match: Match) -> Classes | None:
    """Tell the coordination number; None if no reference that is like the spectrum states one."""
    number = match.library.value("coordination")
    shares = _shares(match, np.isfinite(number))
    if shares is None:
        return None
    number = number.astype(float).round(1)
    classes = np.unique(number[np.isfinite(number)]).tolist()
    probability = {n: float(shares[number == n].sum()) for n in classes}
    best = max(probability, key=lambda n: probability[n])
    least = match.library.settings.least
    chosen = {n for n, share in probability.items() if share >= least} | {best}
    return Classes(best, tuple(sorted(chosen)), probability)


def number(match: Match, target: str) -> Numbers | None:
    """Tell the mean oxidation state or bond length; None if no like reference states it.

    For the oxidation state the energy of the rise speaks as well as the shape.
    """
    values = match.library.value(target).astype(float)
    there = np.isfinite(values)
    shares = _shares(match, there)
    if shares is None:
        return None
    if target == "oxidation_state":
        shares = shares * np.where(there, rise_likelihood(match, values), 0.0)
        shares /= shares.sum()
    spread = match.library.settings.spread[target == "bond_length"]
    values, shares = values[there], shares[there]
    # Quantiles of the mixture of a Gaussian for each reference.
    grid = np.linspace(values.min() - 4 * spread, values.max() + 4 * spread, 2001)
    below = ndtr((grid[:, None] - values) / spread) @ shares
    low, high = np.interp([(1 - LEVEL) / 2, (1 + LEVEL) / 2], below, grid)
    return Numbers(float(shares @ values), float(low), float(high))


def rise_likelihood(
    match: Match, states: Float[np.ndarray, " state"]
) -> Float[np.ndarray, " state"]:
    """Likelihood of where the spectrum rises, for each oxidation state, times any factor.

    One for all where energies are not absolute, or no law is known for the element.
    """
    settings, spectrum = match.library.settings, match.aligned.spectrum
    edge = match.library.edges[0]
    if edge.name != "K" or edge.absorber not in settings.rises or not spectrum.absolute:
        return np.ones(len(states))
    zero, slope = settings.rises[edge.absorber]
    off = (match.aligned.rise - edge.energy - zero - slope * states) / settings.rise_sigma
    # What is wrong is wrong by some eV either way, as by twenty in all.
    wrong = settings.rise_wrong * settings.rise_sigma * np.sqrt(2 * np.pi) / 20
    return (1 - settings.rise_wrong) * np.exp(-0.5 * off**2) + wrong


def _shares(
    match: Match, there: Bool[np.ndarray, " reference"]
) -> Float[np.ndarray, " reference"] | None:
    weights = np.where(there, match.weights(), 0.0)
    # Measured against the best of those, not of all.
    if weights.sum() < 1e-9:
        return None
    return weights / weights.sum()
