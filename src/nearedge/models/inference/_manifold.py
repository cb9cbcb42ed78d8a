"""Which profiles samples can have: how well a zero and a resolution make a spectrum fit them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

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
            lower = np.linalg.cholesky(noisy)
            half = float(np.log(np.diag(lower)).sum())
            self._factors[width, level] = (np.triu(np.linalg.inv(lower).T), half)
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
        every = range(len(self.widths))
        misfit = np.stack([self.misfit(found, noise, width) for width in every], axis=1)
        levels = noise_levels(noise)
        halves = np.zeros((len(NOISES), len(self.widths)))
        for level in np.unique(levels).tolist():
            halves[level] = [self._whitening(width, level)[1] for width in every]
        return -misfit * len(self.grid) / 2 - halves[levels], misfit

    def misfit(
        self,
        found: Float[np.ndarray, "window grid"],
        noise: Float[np.ndarray, " window"],
        width: int,
    ) -> Float[np.ndarray, " window"]:
        """Squares of the Mahalanobis distances from the mean at one broadening, per energy."""
        levels = noise_levels(noise)
        misfit = np.empty(len(found))
        for level in np.unique(levels).tolist():
            mine = levels == level
            whitened = (found[mine] - self.means[width]) @ self._whitening(width, level)[0]
            misfit[mine] = np.einsum("ij,ij->i", whitened, whitened) / len(self.grid)
        return misfit

    def deviations(
        self, found: Float[np.ndarray, " grid"], noise: float, width: int
    ) -> Float[np.ndarray, " grid"]:
        """How far each energy is from what all the others let expect, in standard deviations."""
        whitening, _ = self._whitening(width, int(noise_levels(np.array([noise]))[0]))
        precision = whitening @ whitening.T
        return (found - self.means[width]) @ precision / np.sqrt(np.diag(precision))


def noise_levels(noise: Float[np.ndarray, " window"]) -> Int[np.ndarray, " window"]:
    """Give the place of the next higher of `NOISES`, the last for all that exceed it."""
    return np.minimum(np.searchsorted(NOISES, noise), len(NOISES) - 1)
