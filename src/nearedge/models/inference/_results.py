"""What is known of a sample after its spectrum was measured: outputs, zero, and how it fits."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from nearedge.models.inference._zero import Measure
from nearedge.trust import BELOW_EDGE, Misfit, run_around

MODE = 0.1
"""Probability from which a separate place of the zero is worth mentioning."""

APART = 0.5
"""Zeros are separate if so many eV between them are unlikely."""

UNSURE = 0.5
"""Width in eV of the zero's interval from which it is spoken of."""

STRIKING = 3.0
"""Deviation from which an energy is spoken of, in standard deviations."""

_NAMED: dict[Measure, str] = {
    "misfit": "distance from them",
    "unexplained": "unexplained part",
    "below": BELOW_EDGE,
    "noise": "noise",
}


class Mode(NamedTuple):
    """A place where the zero may lie (eV), its probability, and the target's mean if it does."""

    zero: float
    weight: float
    value: float


@dataclass(frozen=True)
class Posterior:
    """Outputs with intervals, and the distributions of the zero and of the extra broadening.

    `scanned` are places of the zero, eV on the measured axis, `values` the target's mean at each,
    widths full ones at half maximum in eV. Outputs are the target's ``mean``, then fractions.
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
        return np.clip(ends, 0.0, np.array([np.inf] + [1.0] * (len(ends) - 1))[:, None])

    @property
    def zero(self) -> float:
        """Most likely place of the zero, eV on the measured axis."""
        return float(self.scanned[self.zero_weights.argmax()])

    @property
    def width(self) -> float:
        """Mean extra broadening, full width at half maximum in eV."""
        return float(self.width_weights @ self.widths)

    def zero_interval(self) -> tuple[float, float]:
        """Ends of the zero's central interval of 90 %, eV on the measured axis."""
        low, high = np.searchsorted(np.cumsum(self.zero_weights), [0.05, 0.95])
        return float(self.scanned[low]), float(self.scanned[min(high, len(self.scanned) - 1)])

    def clusters(self) -> list[Int[np.ndarray, " _"]]:
        """Part the likely places of the zero, by index, where `APART` between them is unlikely."""
        likely = np.flatnonzero(self.zero_weights >= 1e-3 * self.zero_weights.max())
        return np.split(likely, np.flatnonzero(np.diff(self.scanned[likely]) > APART) + 1)

    def modes(self) -> list[Mode]:
        """List the separate places where the zero may lie, the likeliest first."""
        modes = []
        for places in self.clusters():
            weight = float(self.zero_weights[places].sum())
            shares = self.zero_weights[places] / weight
            zero, value = shares @ self.scanned[places], shares @ self.values[places]
            modes.append(Mode(float(zero), weight, float(value)))
        modes.sort(key=lambda mode: -mode.weight)
        return [mode for mode in modes if mode.weight >= MODE] or modes[:1]

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


@dataclass(frozen=True)
class Fit:
    """How a spectrum fits the profiles of samples, and how unusual that is.

    The `measures` of that, see `MEASURES`, are in units of their limits; `p_value` is the share of
    simulated measurements that are as unusual. `deviation` is that from what the other energies let
    expect, in standard deviations. In the training spectra's unit stand the `window`, freed of the
    straight background, the `mixture` of the expected composition, and between which nine in ten
    sites lie. Noise is a share of the spectrum's own variation.
    """

    measures: dict[Measure, float]
    p_value: float
    energy: Float[np.ndarray, " grid"]
    deviation: Float[np.ndarray, " grid"]
    noise: float
    window: Float[np.ndarray, " grid"]
    mixture: Float[np.ndarray, " grid"]
    low: Float[np.ndarray, " grid"]
    high: Float[np.ndarray, " grid"]

    @property
    def score(self) -> float:
        """The measure that speaks most against the spectrum: above one it is unlike any sample."""
        return max(self.measures.values())

    def reasons(self) -> tuple[Misfit, ...]:
        """Say why the spectrum is unlike any sample's; nothing if it is like one.

        The energies are named at which it differs the most from what its others let expect.
        """
        if self.score <= 1:
            return ()
        exceeded = {_NAMED[name]: own for name, own in self.measures.items() if own > 1}
        worst = int(np.abs(self.deviation).argmax())
        if abs(self.deviation[worst]) < STRIKING:
            return (Misfit(exceeded, self.noise),)
        sign = np.sign(self.deviation[worst])
        first, last = run_around(sign * self.deviation > STRIKING / 2, worst)
        ends = float(self.energy[first]), float(self.energy[last])
        return (Misfit(exceeded, self.noise, *ends, bool(sign > 0)),)
