"""How a spectrum fits those of samples, and how unusual that is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.models.inference._references import Scaling
from nearedge.models.inference._scan import MEASURES, Measure
from nearedge.trust import BELOW_EDGE, Misfit

STRIKING = 3.0
"""Deviation from which an energy is spoken of, in standard deviations."""

_NAMED: dict[Measure, str] = {
    "misfit": "distance from them",
    "unexplained": "unexplained part",
    "below": BELOW_EDGE,
    "noise": "noise",
}


@dataclass(frozen=True)
class Fit:
    """How a spectrum fits the profiles of samples, and how unusual that is.

    Attributes
    ----------
    measures : dict of str to float
        How unusual the spectrum is, by `MEASURES`, each in units of its limit.
    p_value : float
        Share of simulated measurements that are as unusual.
    energy : float array, shape (grid,)
        Energies of the window, eV from the zero.
    deviation : float array, shape (grid,)
        How far each energy is from what the others let expect, in standard deviations.
    noise : float
        Standard deviation of the noise as a share of the spectrum's own variation.
    window : float array, shape (grid,)
        Intensities in the training spectra's unit, freed of the straight background.
    mixture : float array, shape (grid,)
        Spectrum of a sample of the expected composition, in the same unit.
    low, high : float array, shape (grid,)
        Between which nine in ten training sites lie, as broadened.
    scaling : Scaling
        How measured intensities become those of `window`.
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
    scaling: Scaling

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
        exceeded = {
            _NAMED[name]: self.measures[name] for name in MEASURES if self.measures[name] > 1
        }
        worst = int(np.abs(self.deviation).argmax())
        if abs(self.deviation[worst]) < STRIKING:
            return (Misfit(exceeded, self.noise),)
        sign = np.sign(self.deviation[worst])
        over = sign * self.deviation > STRIKING / 2
        first = last = worst
        while first > 0 and over[first - 1]:
            first -= 1
        while last < len(over) - 1 and over[last + 1]:
            last += 1
        ends = float(self.energy[first]), float(self.energy[last])
        return (Misfit(exceeded, self.noise, *ends, bool(sign > 0)),)
