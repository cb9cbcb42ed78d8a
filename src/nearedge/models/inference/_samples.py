"""What spectra of samples look like: the profiles they have, and mean spectra of the classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from nearedge.spectra import profiles
from nearedge.trust import Gaussian

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
    def _noisy(self) -> dict[tuple[int, int], Gaussian]:
        return {}

    def noisy(self, width: int, noise: float) -> Gaussian:
        """Give the Gaussian of the broadening at a place, with the next higher of `NOISES`."""
        (level,) = noise_levels(np.array([noise])).tolist()
        if (width, level) not in self._noisy:
            covariance = self.covariances[width] + NOISES[level] ** 2 * np.eye(len(self.grid))
            self._noisy[width, level] = Gaussian(self.means[width], covariance)
        return self._noisy[width, level]

    def fit(
        self,
        shapes: Float[np.ndarray, "window grid"],
        noise: Float[np.ndarray, " window"],
        widths: Sequence[int] | None = None,
    ) -> tuple[Float[np.ndarray, "window width"], Float[np.ndarray, "window width"]]:
        """Logarithms of densities but for a constant, and mean squares of Mahalanobis distances.

        They are at all broadenings, or at those at some places.
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

    def normalised(
        self,
        grid: Float[np.ndarray, " grid"],
        window: Float[np.ndarray, " grid"],
        like: Float[np.ndarray, " grid"],
    ) -> Float[np.ndarray, " grid"]:
        """Free a window of its scale and background: those that make it most like a spectrum."""
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
