"""Where the energy zero of a model may lie on the axis of a measured spectrum, and how well."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.models.inference._samples import Manifold
from nearedge.spectra import (
    covered,
    covered_zeros,
    cut_windows,
    noise_level,
    profiles,
    structure_below,
)

STEP = 0.1
"""Distance of the places of the zero that are tried, eV."""

Measure = Literal["misfit", "unexplained", "below", "noise"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""What speaks against a spectrum: its distance from the profiles of samples (Mahalanobis), the
share of it that no sum of the classes' spectra explains, structure below the edge, and noise."""

STRUCTURE = 0.02
"""Structure below the window, in units of a profile's size, that makes a zero unlikely."""

WHITE = 1e6
"""Noise of what is a straight line but for it, in the same unit."""

BURIED = 0.5
"""Noise, in units of a profile's size, from which a place is not believed if there are better."""


@dataclass(frozen=True)
class Zero:
    """What is known of the place of the energy zero on the measured axis, in eV.

    With no `energy` every place for which the spectrum covers the window is as good as any other;
    else it lies there with a standard deviation, zero if it is certain. `within` it lies for sure.
    """

    energy: float | None = None
    uncertainty: float = 0.5
    within: tuple[float, float] = (-np.inf, np.inf)

    def __post_init__(self) -> None:
        if not np.isfinite([self.energy or 0.0, self.uncertainty]).all() or self.uncertainty < 0:
            raise InputError(
                f"E0 {self.energy} ± {self.uncertainty} eV; give a finite energy and an "
                "uncertainty that is not negative"
            )

    def places(
        self,
        energy: Float[np.ndarray, " energy"],
        grid: Float[np.ndarray, " grid"],
        source: str,
    ) -> tuple[Float[np.ndarray, " zero"], Float[np.ndarray, " zero"]]:
        """List the places to try, in eV, and the logarithms of their prior probabilities."""
        span = f"{energy[0]:g} to {energy[-1]:g} eV"
        e0, off = self.energy, self.uncertainty
        if e0 is not None and off < STEP / 2:
            if not covered(energy, e0 + grid).all():
                raise InputError(
                    f"{source}: energies from {span} do not cover the window {e0 + grid[0]:g} to "
                    f"{e0 + grid[-1]:g} eV about E0 = {e0:g} eV; measure a wider range or give "
                    "another E0"
                )
            return np.array([e0]), np.zeros(1)
        places = covered_zeros(energy, grid, STEP)
        places = places[(places >= self.within[0]) & (places <= self.within[1])]
        if not len(places):
            raise InputError(
                f"{source}: energies from {span} do not cover the model's window of "
                f"{grid[-1] - grid[0]:g} eV ({grid[0]:g} to {grid[-1]:g} eV from its zero) "
                "wherever the zero may lie; measure a wider range"
            )
        if e0 is None:
            return places, np.zeros(len(places))
        near = places[np.abs(places - e0) <= 4 * off]
        if not len(near):
            raise InputError(
                f"{source}: energies from {span} cover the window only for an E0 from "
                f"{places[0]:g} to {places[-1]:g} eV, not for {e0:g} ± {off:g} eV; measure a wider "
                "range or give another E0"
            )
        return near, -(((near - e0) / off) ** 2) / 2


class ZeroScan(NamedTuple):
    """A spectrum looked at wherever its zero may lie; noise and structure `below` are by `size`."""

    windows: Float[np.ndarray, "zero grid"]
    shapes: Float[np.ndarray, "zero grid"]
    size: Float[np.ndarray, " zero"]
    noise: Float[np.ndarray, " zero"]
    below: Float[np.ndarray, " zero"]
    log_density: Float[np.ndarray, "zero width"]
    misfit: Float[np.ndarray, "zero width"]


def scan_zeros(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, " energy"],
    places: Float[np.ndarray, " zero"],
    manifold: Manifold,
) -> ZeroScan:
    """Look at a spectrum in any unit wherever its zero may lie (all energies in eV)."""
    rows = np.broadcast_to(mu, (len(places), len(mu)))
    windows = cut_windows(energy, rows, manifold.grid, places)
    shapes, size = profiles(windows)
    level = float(noise_level(mu))
    below = structure_below(energy, mu, places + manifold.grid[0])
    straight = size == 0
    unit = np.where(straight, 1.0, size)
    noise = np.where(straight, WHITE, np.minimum(level / unit, WHITE))
    below = np.where(straight, 0.0, below / unit)
    log_density, misfit = manifold.fit(shapes, noise)
    # Where there is structure below the window, the edge lies lower than there.
    log_density -= (np.square(below) / (STRUCTURE**2 + np.square(noise)) / 2)[:, None]
    # What is all noise fits anything badly, but nothing very badly.
    buried = noise > BURIED
    if not buried.all():
        log_density[buried] = -np.inf
    return ZeroScan(windows, shapes, size, noise, below, log_density, misfit)
