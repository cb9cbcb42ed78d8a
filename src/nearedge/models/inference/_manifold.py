"""Which profiles samples can have: how well a zero and a resolution make a spectrum fit them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_array

from nearedge.models.inference._conditions import broadened_windows
from nearedge.spectra import profiles

WIDTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
"""Extra broadenings that are tried: full width at half maximum in eV."""

NOISES = tuple(float(level) for level in np.geomspace(0.004, 1.024, 9))
"""Noise levels that are told apart, in units of a profile's standard deviation."""

DISCREPANCY = 0.04
"""Smooth deviation that no spectrum is blamed for, in units of a profile's standard deviation.

No simulation knows every background and every self-absorption.
"""

CORRELATION = 1.0
"""How far such a deviation reaches, eV."""


@dataclass(frozen=True)
class Manifold:
    """Gaussians of the profiles that samples have, one for each extra broadening.

    Made by `fit_manifold`.

    Attributes
    ----------
    grid : float array, shape (grid,)
        Energies of the window in eV.
    widths : tuple of float
        Extra broadenings, full width at half maximum in eV.
    means : float array, shape (width, grid)
        Mean profiles.
    covariances : float array, shape (width, grid, grid)
        With the discrepancy, without noise.
    """

    grid: Float[np.ndarray, " grid"]
    widths: tuple[float, ...]
    means: Float[np.ndarray, "width grid"]
    covariances: Float[np.ndarray, "width grid grid"]

    @cached_property
    def _factors(self) -> dict[tuple[int, int], tuple[np.ndarray, float]]:
        return {}

    def _whitening(self, width: int, level: int) -> tuple[np.ndarray, float]:
        """What makes deviations uncorrelated, and half the logarithm of the determinant."""
        if (width, level) not in self._factors:
            count = len(self.grid)
            noisy = self.covariances[width] + NOISES[level] ** 2 * np.eye(count)
            lower = cholesky(noisy, lower=True)
            half = float(np.log(np.diag(lower)).sum())
            inverse = solve_triangular(lower, np.eye(count), lower=True).T
            self._factors[width, level] = (inverse, half)
        return self._factors[width, level]

    def fit(
        self, found: Float[np.ndarray, "window grid"], noise: Float[np.ndarray, " window"]
    ) -> tuple[Float[np.ndarray, "window width"], Float[np.ndarray, "window width"]]:
        """Judge how well profiles fit at each broadening.

        Parameters
        ----------
        found : float array, shape (window, grid)
            Profiles.
        noise : float array, shape (window,)
            Their noise, in units of their standard deviation.

        Returns
        -------
        log_density : float array, shape (window, width)
            Logarithm of the Gaussian densities, without a common constant.
        misfit : float array, shape (window, width)
            Squares of the Mahalanobis distances from the means, per energy.
        """
        count = len(self.grid)
        levels = noise_levels(noise)
        log_density = np.empty((len(found), len(self.widths)))
        misfit = np.empty_like(log_density)
        for level in np.unique(levels).tolist():
            mine = levels == level
            for width, mean in enumerate(self.means):
                whitening, half = self._whitening(width, level)
                squares = np.square((found[mine] - mean) @ whitening).sum(axis=1)
                log_density[mine, width] = -squares / 2 - half
                misfit[mine, width] = squares / count
        return log_density, misfit

    def deviations(
        self, found: Float[np.ndarray, " grid"], noise: float, width: int
    ) -> Float[np.ndarray, " grid"]:
        """How far each energy is from what all the others let expect, in standard deviations."""
        whitening, _ = self._whitening(width, int(noise_levels(np.array([noise]))[0]))
        precision = whitening @ whitening.T
        return (found - self.means[width]) @ precision / np.sqrt(np.diag(precision))

    def arrays(self) -> dict[str, np.ndarray]:
        """Give what must be kept; `from_arrays` makes it again."""
        return {
            "grid": self.grid,
            "widths": np.array(self.widths),
            "means": self.means,
            "covariances": self.covariances,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Manifold":
        """Make it of what `arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing or does not fit together.
        """
        grid, widths = arrays["grid"], arrays["widths"]
        count, points = len(widths), len(grid)
        for name, shape in (("means", (count, points)), ("covariances", (count, points, points))):
            if arrays[name].shape != shape:
                raise ValueError(f"{name} has shape {arrays[name].shape}, not {shape}")
        return cls(grid, tuple(widths.tolist()), arrays["means"], arrays["covariances"])


def noise_levels(noise: Float[np.ndarray, " window"]) -> Int[np.ndarray, " window"]:
    """Give the place of the next higher of `NOISES`, the last for all that exceed it."""
    return np.minimum(np.searchsorted(NOISES, noise), len(NOISES) - 1)


def fit_manifold(
    energy: Float[np.ndarray, " energy"],
    sites: Float[np.ndarray, "site energy"],
    weights: csr_array,
    grid: Float[np.ndarray, " grid"],
    widths: Sequence[float] = WIDTHS,
) -> Manifold:
    """Learn which profiles samples have.

    Parameters
    ----------
    energy : float array, shape (energy,)
        In eV.
    sites : float array, shape (site, energy)
        Computed spectra.
    weights : csr_array, shape (sample, site)
        Which sites make up each sample.
    grid : float array, shape (grid,)
        Energies of the window in eV.
    widths : sequence of float
        Extra broadenings in eV.
    """
    apart = grid[:, None] - grid
    smooth = DISCREPANCY**2 * np.exp(-((apart / CORRELATION) ** 2) / 2)
    means, covariances = [], []
    for width in widths:
        curves = broadened_windows(energy, sites, grid, width)
        found, _ = profiles(np.asarray(weights @ curves))
        mean = found.mean(axis=0)
        off = found - mean
        means.append(mean)
        covariances.append(off.T @ off / len(off) + smooth)
    return Manifold(grid, tuple(widths), np.array(means), np.array(covariances))
