"""What is known of a sample after its spectrum was measured."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

MODE = 0.1
"""Probability from which a separate place of the zero, or another answer, is worth mentioning."""

APART = 0.5
"""Zeros are separate if so many eV between them are unlikely."""


class Mode(NamedTuple):
    """One of several places where the zero may lie.

    Attributes
    ----------
    zero : float
        In eV on the measured axis.
    weight : float
        Its probability.
    coordination : float
        The mean coordination number if it is the right one.
    """

    zero: float
    weight: float
    coordination: float


@dataclass(frozen=True)
class Posterior:
    """A mixture of normal distributions, over places of the zero and kinds of samples.

    Attributes
    ----------
    names : tuple of str
        Of the outputs: the mean coordination number, then the classes.
    scanned : float array, shape (scanned,)
        Places of the zero that were tried, eV on the measured axis.
    zero_weights : float array, shape (scanned,)
        Their probabilities.
    widths : float array, shape (width,)
        Extra broadenings that were tried, full width at half maximum in eV.
    width_weights : float array, shape (width,)
        Their probabilities.
    zeros : float array, shape (component,)
        Place of the zero in each component of the mixture.
    alike : bool array, shape (component,)
        Whether it supposes environments about as frequent as in the training data.
    weights : float array, shape (component,)
        Adding up to one.
    means, spreads : float array, shape (component, output)
        Of the normal distributions.
    mass : float array, shape (3, output)
        Central probability that intervals take, as calibrated: for samples like the training data,
        for others, and for these where no likeness is supposed.
    """

    names: tuple[str, ...]
    scanned: Float[np.ndarray, " scanned"]
    zero_weights: Float[np.ndarray, " scanned"]
    widths: Float[np.ndarray, " width"]
    width_weights: Float[np.ndarray, " width"]
    zeros: Float[np.ndarray, " component"]
    alike: Bool[np.ndarray, " component"]
    weights: Float[np.ndarray, " component"]
    means: Float[np.ndarray, "component output"]
    spreads: Float[np.ndarray, "component output"]
    mass: Float[np.ndarray, "3 output"]

    @property
    def alike_weight(self) -> float:
        """Probability that environments are about as frequent as in the training data."""
        return float(self.weights[self.alike].sum())

    def any_composition(self) -> "Posterior":
        """Leave out the components that suppose a composition like the training data's."""
        kept = ~self.alike
        return replace(
            self,
            zeros=self.zeros[kept],
            alike=self.alike[kept],
            weights=self.weights[kept] / self.weights[kept].sum(),
            means=self.means[kept],
            spreads=self.spreads[kept],
            mass=self.mass[[2, 2, 2]],
        )

    def expected(self) -> Float[np.ndarray, " output"]:
        """Mean of every output; fractions are kept from 0 to 1 and add up to one."""
        mean = np.maximum(self.weights @ self.means, 0.0)
        mean[1:] /= mean[1:].sum() or 1.0
        return mean

    def below(self, values: Float[np.ndarray, " output"]) -> Float[np.ndarray, " output"]:
        """Probability that each output is below a value."""
        return self.weights @ ndtr((values - self.means) / self.spreads)

    def quantile(self, share: Float[np.ndarray, " output"]) -> Float[np.ndarray, " output"]:
        """Value that each output is below with this probability."""
        low = (self.means - 10 * self.spreads).min(axis=0)
        high = (self.means + 10 * self.spreads).max(axis=0)
        for _ in range(40):
            middle = (low + high) / 2
            less = self.below(middle) < share
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        return (low + high) / 2

    def interval(self) -> Float[np.ndarray, "output 2"]:
        """Ends of the calibrated interval of each output."""
        alike = self.alike_weight
        mass = alike * self.mass[0] + (1 - alike) * self.mass[1]
        ends = np.stack([self.quantile((1 - mass) / 2), self.quantile((1 + mass) / 2)], axis=1)
        highest = np.array([np.inf, *[1.0] * (len(self.names) - 1)])[:, None]
        return np.clip(ends, 0.0, highest)

    def centrality(self, truth: Float[np.ndarray, " output"]) -> Float[np.ndarray, " output"]:
        """Central probability that an interval must take to reach the truth."""
        return np.abs(2 * self.below(truth) - 1)

    @property
    def zero(self) -> float:
        """Most likely place of the zero, eV on the measured axis."""
        return float(self.scanned[self.zero_weights.argmax()])

    @property
    def width(self) -> float:
        """Mean extra broadening, full width at half maximum in eV."""
        return float(self.width_weights @ self.widths)

    def zero_interval(self, level: float = 0.9) -> tuple[float, float]:
        """Ends of the central interval of the zero, eV on the measured axis."""
        risen = np.cumsum(self.zero_weights)
        low = np.searchsorted(risen, (1 - level) / 2)
        high = np.searchsorted(risen, (1 + level) / 2)
        return float(self.scanned[low]), float(self.scanned[min(high, len(self.scanned) - 1)])

    def modes(self) -> list[Mode]:
        """List the separate places where the zero may lie, the likeliest first."""
        found = []
        for first, last in _clusters(self.zeros[self.weights > 0], APART):
            mine = (self.zeros >= first) & (self.zeros <= last)
            weight = float(self.weights[mine].sum())
            shares = self.weights[mine] / weight
            zero = float(shares @ self.zeros[mine])
            found.append(Mode(zero, weight, float(shares @ self.means[mine, 0])))
        kept = [mode for mode in found if mode.weight >= MODE]
        return sorted(kept or found, key=lambda mode: -mode.weight)

    def answers(self, points: int = 400) -> list[float]:
        """List the separate maxima of the coordination number's density, the highest first."""
        low = self.quantile(np.full(len(self.names), 0.001))[0]
        high = self.quantile(np.full(len(self.names), 0.999))[0]
        at = np.linspace(low, high, points)
        z = (at[:, None] - self.means[:, 0]) / self.spreads[:, 0]
        density = np.exp(-(z**2) / 2) @ (self.weights / self.spreads[:, 0])
        return _separate_maxima(at, density)


def _clusters(places: Float[np.ndarray, " place"], apart: float) -> list[tuple[float, float]]:
    """Ends of the groups of places between which nothing lies for longer than `apart`."""
    ordered = np.unique(places)
    cuts = np.flatnonzero(np.diff(ordered) > apart)
    firsts = ordered[np.concatenate([[0], cuts + 1])]
    lasts = ordered[np.concatenate([cuts, [len(ordered) - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _separate_maxima(at: Float[np.ndarray, " _"], density: Float[np.ndarray, " _"]) -> list[float]:
    """Maxima of at least a third of the highest, with a valley of less than two thirds between."""
    inner = np.flatnonzero((density[1:-1] >= density[:-2]) & (density[1:-1] > density[2:])) + 1
    tall = [int(i) for i in inner if density[i] >= density.max() / 3]
    kept: list[int] = []
    for place in sorted(tall, key=lambda i: -density[i]):
        valleys = [density[min(place, other) : max(place, other)].min() for other in kept]
        if all(valley < density[place] * 2 / 3 for valley in valleys):
            kept.append(place)
    return [float(at[i]) for i in kept]
