"""A spectrum at all positions of the zero, compared with profiles of samples and their sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.spectra import (
    covered,
    covered_zeros,
    cut_windows,
    noise_level,
    profiles,
    structure_below,
)
from nearedge.trust import Gaussian

Axis = Float[np.ndarray, " energy"]
Grid = Float[np.ndarray, " grid"]
Windows = Float[np.ndarray, "window grid"]

WIDTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
"""Extra broadenings tried: full width at half maximum in eV."""

NOISES = tuple(float(level) for level in np.geomspace(0.004, 1.024, 9))
"""Noise levels distinguished, in units of a profile's standard deviation."""

STEP = 0.1
"""Distance between the positions of the zero that are tried, eV."""

STRUCTURE = 0.02
"""Structure below the window, in units of a profile's size, that makes a zero unlikely."""

WHITE = 1e6
"""Noise assigned to a straight line, in the same unit."""

BURIED = 0.5
"""Noise, in units of a profile's size, from which better positions are preferred."""


@dataclass(frozen=True)
class Manifold:
    """Gaussians of the profiles of samples, without noise, at each broadening (eV)."""

    grid: Grid
    widths: tuple[float, ...]
    means: Float[np.ndarray, "width grid"]
    covariances: Float[np.ndarray, "width grid grid"]

    @cached_property
    def _noisy(self) -> dict[tuple[int, int], Gaussian]:
        return {}

    def noisy(self, width: int, noise: float) -> Gaussian:
        """Return the Gaussian of the broadening at an index, with the next higher of `NOISES`."""
        (level,) = noise_levels(np.array([noise])).tolist()
        if (width, level) not in self._noisy:
            covariance = self.covariances[width] + NOISES[level] ** 2 * np.eye(len(self.grid))
            self._noisy[width, level] = Gaussian(self.means[width], covariance)
        return self._noisy[width, level]

    def fit(
        self,
        shapes: Windows,
        noise: Float[np.ndarray, " window"],
        widths: Sequence[int] | None = None,
    ) -> tuple[Float[np.ndarray, "window width"], Float[np.ndarray, "window width"]]:
        """Logarithms of densities up to a constant, and mean squares of Mahalanobis distances.

        They are at all broadenings, or at those with some indices.
        """
        chosen = range(len(self.widths)) if widths is None else widths
        levels = noise_levels(noise)
        misfit = np.empty((len(shapes), len(chosen)))
        log_density = np.empty_like(misfit)
        for level in np.unique(levels).tolist():
            same = levels == level
            for column, width in enumerate(chosen):
                gaussian = self.noisy(width, NOISES[level])
                misfit[same, column] = gaussian.squares(shapes[same])
                # The product of the diagonal is the root of the inverse's determinant.
                log_density[same, column] = np.log(np.diag(gaussian.whitening)).sum()
        return log_density - misfit * len(self.grid) / 2, misfit


def noise_levels(noise: Float[np.ndarray, " window"]) -> Int[np.ndarray, " window"]:
    """Return the index of the next higher of `NOISES`, the last for all above it."""
    return np.minimum(np.searchsorted(NOISES, noise), len(NOISES) - 1)


@dataclass(frozen=True)
class References:
    """Mean spectra of the classes at each extra broadening, and the range of the sites' spectra.

    They are in the training spectra's unit; nine in ten sites lie between `low` and `high`.
    """

    spectra: Float[np.ndarray, "width class grid"]
    low: Float[np.ndarray, "width grid"]
    high: Float[np.ndarray, "width grid"]

    def normalised(self, grid: Grid, window: Grid, like: Grid) -> Grid:
        """Remove scale and background from a window: those that make it most like a spectrum."""
        design = np.column_stack([like, np.ones(len(grid)), grid])
        scale, level, slope = np.linalg.lstsq(design, window, rcond=None)[0].tolist()
        return (window - (level + slope * grid)) / scale

    def unexplained(self, grid: Grid, windows: Windows) -> float:
        """Fraction of the variation that no sum of the classes' mean spectra explains.

        A linear combination fit with a straight background, at every broadening and for each of the
        windows (one spectrum at several positions of the zero); the best counts. The residual is
        the root mean square in units of the window's standard deviation about a straight line.
        """
        bent, _ = profiles(windows)
        best = np.inf
        for spectra in self.spectra:
            basis = np.linalg.qr(np.column_stack([*spectra, np.ones(len(grid)), grid]))[0]
            left = bent - (bent @ basis) @ basis.T
            best = min(best, float(np.square(left).mean(axis=1).min()))
        return float(np.sqrt(best))


@dataclass(frozen=True)
class Zero:
    """What is known of the position of the energy zero on the measured axis, in eV.

    Without `energy` all positions at which the spectrum covers the window are equally likely; else
    it lies there with a standard deviation, zero if it is certain. It certainly lies `within`.
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
        self, energy: Axis, grid: Grid, source: str
    ) -> tuple[Float[np.ndarray, " zero"], Float[np.ndarray, " zero"]]:
        """List the positions to try, in eV, and the logarithms of their prior probabilities."""
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
    """A spectrum at all positions of its zero; noise and structure `below` are in that `size`."""

    windows: Float[np.ndarray, "zero grid"]
    shapes: Float[np.ndarray, "zero grid"]
    size: Float[np.ndarray, " zero"]
    noise: Float[np.ndarray, " zero"]
    below: Float[np.ndarray, " zero"]
    log_density: Float[np.ndarray, "zero width"]
    misfit: Float[np.ndarray, "zero width"]


def scan_zeros(
    energy: Axis, mu: Axis, places: Float[np.ndarray, " zero"], manifold: Manifold
) -> ZeroScan:
    """Scan a spectrum in any unit over the possible positions of its zero (energies in eV)."""
    rows = np.broadcast_to(mu, (len(places), len(mu)))
    windows = cut_windows(energy, rows, manifold.grid, places)
    shapes, size = profiles(windows)
    level = float(noise_level(mu))
    below = structure_below(energy, mu, places + manifold.grid[0])
    straight, unit = size == 0, np.where(size == 0, 1.0, size)
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
