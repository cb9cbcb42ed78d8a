"""What spectra of samples look like: the profiles they have, and mean spectra of the classes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from nearedge.spectra import profiles

WIDTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
"""Extra broadenings that are tried: full width at half maximum in eV."""

NOISES = tuple(float(level) for level in np.geomspace(0.004, 1.024, 9))
"""Noise levels that are told apart, in units of a profile's standard deviation."""


@dataclass(frozen=True)
class Manifold:
    """Gaussians of the profiles that samples have, without noise, at each broadening (eV)."""

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
        self, shapes: Float[np.ndarray, "window grid"], noise: Float[np.ndarray, " window"]
    ) -> tuple[Float[np.ndarray, "window width"], Float[np.ndarray, "window width"]]:
        """Logarithms of densities but for a constant, and mean squares of Mahalanobis distances."""
        each = [self.misfit(shapes, noise, width) for width in range(len(self.widths))]
        misfit, halves = (np.stack(column, axis=1) for column in zip(*each, strict=True))
        return -misfit * len(self.grid) / 2 - halves, misfit

    def misfit(
        self,
        shapes: Float[np.ndarray, "window grid"],
        noise: Float[np.ndarray, " window"],
        width: int,
    ) -> tuple[Float[np.ndarray, " window"], Float[np.ndarray, " window"]]:
        """Squared distances at one broadening, and half the logarithms of the determinants."""
        levels = noise_levels(noise)
        misfit, halves = np.empty(len(shapes)), np.empty(len(shapes))
        for level in np.unique(levels).tolist():
            same = levels == level
            whitening, halves[same] = self._whitening(width, level)
            whitened = (shapes[same] - self.means[width]) @ whitening
            misfit[same] = np.einsum("ij,ij->i", whitened, whitened) / len(self.grid)
        return misfit, halves

    def deviations(
        self, shape: Float[np.ndarray, " grid"], noise: float, width: int
    ) -> Float[np.ndarray, " grid"]:
        """How far each energy is from what all the others let expect, in standard deviations."""
        whitening, _ = self._whitening(width, int(noise_levels(np.array([noise]))[0]))
        precision = whitening @ whitening.T
        return (shape - self.means[width]) @ precision / np.sqrt(np.diag(precision))


def noise_levels(noise: Float[np.ndarray, " window"]) -> Int[np.ndarray, " window"]:
    """Give the place of the next higher of `NOISES`, the last for all that exceed it."""
    return np.minimum(np.searchsorted(NOISES, noise), len(NOISES) - 1)


@dataclass(frozen=True)
class References:
    """Mean spectra of the classes at each extra broadening, and the range of the sites' spectra.

    They are in the training spectra's unit; nine in ten sites lie between `low` and `high`.
    """

    spectra: Float[np.ndarray, "width class grid"]
    low: Float[np.ndarray, "width grid"]
    high: Float[np.ndarray, "width grid"]

    def mixture(
        self, fractions: Float[np.ndarray, " class"], width: int
    ) -> Float[np.ndarray, " grid"]:
        """Spectrum of a sample of this composition at one of the broadenings."""
        return fractions @ self.spectra[width]

    def normalised(
        self,
        grid: Float[np.ndarray, " grid"],
        window: Float[np.ndarray, " grid"],
        fractions: Float[np.ndarray, " class"],
        width: int,
    ) -> Float[np.ndarray, " grid"]:
        """Bring a window to the unit, and free it of the background, most like such a sample's."""
        like = self.mixture(fractions, width)
        design = np.column_stack([like, np.ones(len(grid)), grid])
        scale, level, slope = np.linalg.lstsq(design, window, rcond=None)[0].tolist()
        return (window - (level + slope * grid)) / scale

    def unexplained(
        self, grid: Float[np.ndarray, " grid"], windows: Float[np.ndarray, "window grid"]
    ) -> float:
        """Share of the variation that no sum of the classes' mean spectra explains.

        A linear combination fit with a straight background, at every broadening and of each of the
        windows (one spectrum at several places of the zero); the best counts. What is left is the
        root of the mean square in units of the window's standard deviation about a straight line.
        """
        bent, _ = profiles(windows)
        best = np.inf
        for spectra in self.spectra:
            basis = np.linalg.qr(np.column_stack([*spectra, np.ones(len(grid)), grid]))[0]
            left = bent - (bent @ basis) @ basis.T
            best = min(best, float(np.square(left).mean(axis=1).min()))
        return float(np.sqrt(best))
