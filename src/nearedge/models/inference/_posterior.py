"""What is known of a sample after its spectrum was measured."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

MODE = 0.1
"""Probability from which a separate place of the zero is worth mentioning."""

APART = 0.5
"""Zeros are separate if so many eV between them are unlikely."""

UNSURE = 0.5
"""Width in eV of the zero's interval from which it is spoken of."""


class Mode(NamedTuple):
    """One of several places where the zero may lie.

    Attributes
    ----------
    zero : float
        In eV on the measured axis.
    weight : float
        Its probability.
    value : float
        The mean of the target if it is the right one.
    """

    zero: float
    weight: float
    value: float


@dataclass(frozen=True)
class Posterior:
    """Outputs with intervals, and the distributions of the zero and of the extra broadening.

    Attributes
    ----------
    names : tuple of str
        Of the outputs: ``mean`` of the target, then the classes.
    scanned : float array, shape (scanned,)
        Places of the zero that were tried, eV on the measured axis.
    zero_weights : float array, shape (scanned,)
        Their probabilities.
    values : float array, shape (scanned,)
        Mean of the target if the zero lies there.
    widths : float array, shape (width,)
        Extra broadenings that were tried, full width at half maximum in eV.
    width_weights : float array, shape (width,)
        Their probabilities.
    expected : float array, shape (output,)
        Mean of the target and fractions, which add up to one.
    half_widths : float array, shape (output,)
        Of their intervals.
    """

    names: tuple[str, ...]
    scanned: Float[np.ndarray, " scanned"]
    zero_weights: Float[np.ndarray, " scanned"]
    values: Float[np.ndarray, " scanned"]
    widths: Float[np.ndarray, " width"]
    width_weights: Float[np.ndarray, " width"]
    expected: Float[np.ndarray, " output"]
    half_widths: Float[np.ndarray, " output"]

    def interval(self) -> Float[np.ndarray, "output 2"]:
        """Ends of the calibrated interval of each output; none is negative, no fraction over 1."""
        ends = np.stack([self.expected - self.half_widths, self.expected + self.half_widths], 1)
        highest = np.array([np.inf, *[1.0] * (len(self.names) - 1)])[:, None]
        return np.clip(ends, 0.0, highest)

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

    def clusters(self) -> list[Int[np.ndarray, " _"]]:
        """Part the likely places of the zero, by index, where `APART` between them is unlikely."""
        likely = np.flatnonzero(self.zero_weights >= 1e-3 * self.zero_weights.max())
        return np.split(likely, np.flatnonzero(np.diff(self.scanned[likely]) > APART) + 1)

    def modes(self) -> list[Mode]:
        """List the separate places where the zero may lie, the likeliest first."""
        found = []
        for places in self.clusters():
            weight = float(self.zero_weights[places].sum())
            shares = self.zero_weights[places] / weight
            zero, value = shares @ self.scanned[places], shares @ self.values[places]
            found.append(Mode(float(zero), weight, float(value)))
        found.sort(key=lambda mode: -mode.weight)
        return [mode for mode in found if mode.weight >= MODE] or found[:1]

    def remarks(self) -> list[str]:
        """Say what a person must know beside the numbers: several zeros, or an uncertain one."""
        modes = self.modes()
        if len(modes) > 1:
            places = "; ".join(
                f"E0 = {mode.zero:.1f} eV ({mode.weight:.0%}) would mean {mode.value:.2f}"
                for mode in modes
            )
            return [f"the alignment is ambiguous: {places}; --e0 decides"]
        low, high = self.zero_interval()
        if high - low > UNSURE:
            return [f"the zero is uncertain: from {low:.1f} to {high:.1f} eV"]
        return []
