"""What spectra of samples look like: to normalise a measured one to their unit, and to draw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped
from scipy.optimize import nnls

from nearedge.models.inference._conditions import broadened_windows
from nearedge.models.inference._manifold import WIDTHS
from nearedge.spectra import profiles
from nearedge.targets import class_order


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
        """Share of the variation that no mixture of the classes' mean spectra explains.

        A linear combination fit with fractions that are not negative and a straight background, at
        every broadening; the best one counts.

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
        _, sizes = profiles(windows)
        along = np.linspace(-1, 1, len(grid))
        background = [np.ones(len(grid)), -np.ones(len(grid)), along, -along]
        best = np.inf
        for spectra in self.spectra:
            design = np.column_stack([*spectra, *background])
            design /= np.abs(design).max(axis=0)
            for window, size in zip(windows, sizes, strict=True):
                if size > 0:
                    _, left = nnls(design, window / size)
                    best = min(best, float(left))
        return best / np.sqrt(len(grid))

    def arrays(self) -> dict[str, np.ndarray]:
        """Give what must be kept; `from_arrays` makes it again."""
        return {"spectra": self.spectra, "low": self.low, "high": self.high}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], shape: tuple[int, int, int]
    ) -> "References":
        """Make it of what `arrays` gave; `shape` is (width, class, grid).

        Raises
        ------
        KeyError, ValueError
            If something is missing or does not fit together.
        """
        widths, _, points = shape
        wanted = {"spectra": shape, "low": (widths, points), "high": (widths, points)}
        for name, one in wanted.items():
            if arrays[name].shape != one:
                raise ValueError(f"{name} has shape {arrays[name].shape}, not {one}")
        return cls(**{name: arrays[name] for name in wanted})


def fit_references(
    energy: Float[np.ndarray, " energy"],
    sites: Float[np.ndarray, "site energy"],
    environment: Shaped[np.ndarray, " site"],
    grid: Float[np.ndarray, " grid"],
    widths: Sequence[float] = WIDTHS,
) -> References:
    """Average the sites of each class, in `class_order`, at each broadening.

    Parameters
    ----------
    energy : float array, shape (energy,)
        In eV.
    sites : float array, shape (site, energy)
        Computed spectra.
    environment : str array, shape (site,)
        Class of each.
    grid : float array, shape (grid,)
        Energies of the window in eV.
    widths : sequence of float
        Extra broadenings in eV.
    """
    classes = class_order(np.unique(environment).tolist())
    spectra, low, high = [], [], []
    for width in widths:
        curves = broadened_windows(energy, sites, grid, width)
        spectra.append([curves[environment == name].mean(axis=0) for name in classes])
        ends = np.quantile(curves, [0.05, 0.95], axis=0)
        low.append(ends[0])
        high.append(ends[1])
    return References(np.array(spectra), np.array(low), np.array(high))
