"""What spectra of samples look like: to normalise a measured one to their unit, and to draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from nearedge.models.inference._manifold import WIDTHS
from nearedge.spectra import broadened, cut_windows, profiles


class Scaling(NamedTuple):
    """How a measured window becomes one in the training spectra's unit.

    Attributes
    ----------
    scale : float
        Measured intensity of one training unit.
    level, slope : float
        Background at the zero, and its rise for each eV, in measured intensity.
    """

    scale: float
    level: float
    slope: float

    def background(self, grid: Float[np.ndarray, " _"]) -> Float[np.ndarray, " _"]:
        """The straight background at energies from the zero, in measured intensity."""
        return self.level + self.slope * grid

    def apply(
        self, grid: Float[np.ndarray, " _"], mu: Float[np.ndarray, " _"]
    ) -> Float[np.ndarray, " _"]:
        """Bring measured intensities at energies from the zero to the training unit."""
        return (mu - self.background(grid)) / self.scale


@dataclass(frozen=True)
class References:
    """Mean spectra of the classes at each extra broadening, and the range of the sites' spectra.

    Attributes
    ----------
    spectra : float array, shape (width, class, grid)
        In the training spectra's unit.
    low, high : float array, shape (width, grid)
        Between which nine in ten sites lie.
    """

    spectra: Float[np.ndarray, "width class grid"]
    low: Float[np.ndarray, "width grid"]
    high: Float[np.ndarray, "width grid"]

    def mixture(
        self, fractions: Float[np.ndarray, " class"], width: int
    ) -> Float[np.ndarray, " grid"]:
        """Spectrum of a sample of this composition at one of the broadenings."""
        return fractions @ self.spectra[width]

    def scaling(
        self,
        grid: Float[np.ndarray, " grid"],
        window: Float[np.ndarray, " grid"],
        fractions: Float[np.ndarray, " class"],
        width: int,
    ) -> Scaling:
        """Find the unit and the background with which a window is most like such a sample's.

        Parameters
        ----------
        grid : float array, shape (grid,)
            Energies in eV from the zero.
        window : float array, shape (grid,)
            Measured intensities there.
        fractions : float array, shape (class,)
            Composition.
        width : int
            Which of the broadenings.
        """
        like = self.mixture(fractions, width)
        design = np.column_stack([like, np.ones(len(grid)), grid])
        scale, level, slope = np.linalg.lstsq(design, window, rcond=None)[0].tolist()
        return Scaling(scale, level, slope)

    def unexplained(
        self, grid: Float[np.ndarray, " grid"], windows: Float[np.ndarray, "window grid"]
    ) -> float:
        """Share of the variation that no sum of the classes' mean spectra explains.

        A linear combination fit with a straight background, at every broadening; the best counts.

        Parameters
        ----------
        grid : float array, shape (grid,)
            Energies in eV from the zero.
        windows : float array, shape (window, grid)
            Intensities; several windows are one spectrum at several places of the zero.

        Returns
        -------
        float
            Root of the mean square that is left, in units of the standard deviation of the window
            without its straight line.
        """
        bent, _ = profiles(windows)
        best = np.inf
        for spectra in self.spectra:
            basis = np.linalg.qr(np.column_stack([*spectra, np.ones(len(grid)), grid]))[0]
            left = bent - (bent @ basis) @ basis.T
            best = min(best, float(np.square(left).mean(axis=1).min()))
        return float(np.sqrt(best))


def fit_references(
    energy: Float[np.ndarray, " energy"],
    sites: Float[np.ndarray, "site energy"],
    environment: Shaped[np.ndarray, " site"],
    classes: Sequence[str],
    grid: Float[np.ndarray, " grid"],
    widths: Sequence[float] = WIDTHS,
) -> References:
    """Average the sites of each class at each broadening.

    Parameters
    ----------
    energy : float array, shape (energy,)
        In eV.
    sites : float array, shape (site, energy)
        Computed spectra.
    environment : str array, shape (site,)
        Class of each.
    classes : sequence of str
        The order of the classes.
    grid : float array, shape (grid,)
        Energies of the window in eV.
    widths : sequence of float
        Extra broadenings in eV.
    """
    spectra, low, high = [], [], []
    for width in widths:
        curves = broadened_windows(energy, sites, grid, width)
        spectra.append([curves[environment == name].mean(axis=0) for name in classes])
        ends = np.quantile(curves, [0.05, 0.95], axis=0)
        low.append(ends[0])
        high.append(ends[1])
    return References(np.array(spectra), np.array(low), np.array(high))


def broadened_windows(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "spectrum energy"],
    grid: Float[np.ndarray, " grid"],
    width: float,
) -> Float[np.ndarray, "spectrum grid"]:
    """Cut the window out of computed spectra, whose zero is 0 eV, after broadening them."""
    return cut_windows(energy, broadened(energy, mu, width), grid, np.zeros(len(mu)))
