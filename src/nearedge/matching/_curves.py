"""The forward model between a computed near edge and a measured one, and how well it fits.

Both are aligned on their rise. The computed one is shifted, stretched in energy, and broadened by a
Gaussian that grows over the first 20 eV above the rise; amplitude and a line from the rise on are
those that fit best. ``benchmarks/measured.py`` shows what each of these improves.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtr

from nearedge.errors import InputError
from nearedge.spectra import half_rises

GRID = np.arange(-12.0, 35.01, 0.5)
"""Energies in eV from the rise on which spectra are compared, as far as they have them."""

LEAST = (-8.0, 20.0)
"""Energies in eV from the rise that a spectrum must have."""

REFERENCE = np.arange(-30.0, 50.01, 0.5)
"""Energies in eV from the rise on which reference curves are stored."""

GROWS = 20.0
"""Range above the rise over which the broadening grows, eV."""

AMPLITUDE, SLOPE = (0.8, 1.25), 0.4
"""Ranges of the amplitude and of the line, whose value is that at the last energy."""

HOLD = 0.003
"""Penalty on the line, in units of the squared misfit."""

HOLD_STRETCH = 2.5
"""Penalty on the stretch: so far from that usual for an element, the misfit grows by one."""


class Distortion(NamedTuple):
    """The changes that make a computed curve like a measured one."""

    width: float  # standard deviation of the Gaussian at the rise, eV
    growth: float  # what it has grown by, 20 eV above
    stretch: float  # factor of the energies
    shift: float  # eV


@dataclass(frozen=True)
class Distortions:
    """The distortions tried: all combinations of width, growth, stretch and shift."""

    widths: tuple[float, ...]
    growths: tuple[float, ...]
    stretches: tuple[float, ...]
    shifts: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """How many of each."""
        return len(self.widths), len(self.growths), len(self.stretches), len(self.shifts)

    def at(self, place: int) -> Distortion:
        """Return the one at an index of the curves that `distorted` makes."""
        w, g, s, d = np.unravel_index(place, self.shape)
        return Distortion(self.widths[w], self.growths[g], self.stretches[s], self.shifts[d])

    def held(self, stretch: float) -> Float[np.ndarray, " curve"]:
        """Squared misfit added to each curve for another stretch than the usual one."""
        off = (np.array(self.stretches) - stretch) / HOLD_STRETCH
        return np.broadcast_to(off[:, None] ** 2, self.shape).ravel()

    @cached_property
    def kernels(self) -> Float[np.ndarray, "broadening energy reference"]:
        """Matrices that broaden curves on `REFERENCE`."""
        rows = []
        apart = (REFERENCE[:, None] - REFERENCE) ** 2
        for width in self.widths:
            for growth in self.growths:
                sigma = np.maximum(width + growth * np.clip(REFERENCE / GROWS, 0, 1), 0.05)
                kernel = np.exp(-0.5 * apart / sigma[:, None] ** 2)
                rows.append(kernel / kernel.sum(axis=1, keepdims=True))
        return np.array(rows)

    def asked(self, grid: Float[np.ndarray, " energy"]) -> Float[np.ndarray, "curve energy"]:
        """Energies of a reference that are moved onto a grid, a row for each stretch and shift."""
        stretch = np.repeat(self.stretches, len(self.shifts))[:, None]
        return (grid - np.tile(self.shifts, len(self.stretches))[:, None]) / stretch


COARSE = Distortions((1.2,), (1.5, 4.5), (0.97, 1.03, 1.14), tuple(np.arange(-4.0, 4.01, 2.0)))
"""Enough to find the references worth a closer look."""

FINE = Distortions(
    (0.0, 1.2, 2.0, 2.8),
    (0.0, 1.5, 3.0, 4.5, 6.0),
    (0.94, 0.97, 1.0, 1.03, 1.065, 1.10, 1.14, 1.19, 1.25),
    tuple(np.arange(-4.0, 4.01, 0.5)),
)
"""Distortions tried on computed curves."""

MEASURED = Distortions((0.0, 0.7, 1.4), (0.0,), (1.0,), tuple(np.arange(-4.0, 4.01, 0.5)))
"""Distortions tried on measured curves."""


STEPS = np.stack([0.5 + np.arctan(REFERENCE) / np.pi, ndtr(REFERENCE)])
"""Steps without structure, which broadening may widen, on `REFERENCE`."""


class Fit(NamedTuple):
    """How well each reference, with the best of its distortions, fits a spectrum."""

    misfit: Float[np.ndarray, " reference"]  # root mean square, of an edge step of one
    place: Int[np.ndarray, " reference"]  # among the distortions
    amplitude: Float[np.ndarray, " reference"]
    slope: Float[np.ndarray, " reference"]


def find_rise(energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"]) -> float:
    """Find where a normalised spectrum crosses a half and stays above it for 8 eV, in eV.

    Raises
    ------
    InputError
        If there is none.
    """
    (rise,) = rises(energy, mu[None]).tolist()
    if np.isfinite(rise):
        return float(rise)
    raise InputError("it does not rise to half of an edge step and stay there")


def rises(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "spectrum energy"]
) -> Float[np.ndarray, " spectrum"]:
    """Find where normalised spectra cross a half and stay above it for 8 eV, in eV; or NaN."""
    # Close to what counts: farther off another edge may come.
    near = (energy >= -30) & (energy <= 60)
    if near.sum() > 1 and np.ptp(energy[near]) > LEAST[1] - LEAST[0]:
        return half_rises(energy[near], mu[:, near])
    return np.full(len(mu), np.nan)


def distorted(
    curves: Float[np.ndarray, "reference energy"],
    distortions: Distortions,
    grid: Float[np.ndarray, " point"],
) -> Float[np.ndarray, "reference curve point"]:
    """Apply all distortions to references, which are on `REFERENCE`."""
    left, part = _between(distortions, grid)
    made = []
    for kernel in distortions.kernels:
        broad = curves @ kernel.T
        made.append(broad[:, left] * (1 - part) + broad[:, left + 1] * part)
    return np.concatenate(made, axis=1)


def _between(
    distortions: Distortions, grid: Float[np.ndarray, " point"]
) -> tuple[Int[np.ndarray, "curve point"], Float[np.ndarray, "curve point"]]:
    """Place in `REFERENCE` left of each point that is asked for, and the share of the right one."""
    where = (distortions.asked(grid) - REFERENCE[0]) / (REFERENCE[1] - REFERENCE[0])
    where = np.clip(where, 0, len(REFERENCE) - 1.001)
    left = where.astype(int)
    return left, where - left


def line(grid: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
    """Return the line that corrects normalisation: zero before the rise."""
    return np.clip(grid, 0, None) / GRID[-1]


def fit(
    curves: Float[np.ndarray, "reference energy"],
    distortions: Distortions,
    grid: Float[np.ndarray, " point"],
    measured: Float[np.ndarray, " point"],
    stretch: float | None = None,
) -> Fit:
    """Fit references to a normalised spectrum on energies from its rise, part of `GRID`.

    Deviations from a usual stretch, if given, are penalised.
    """
    # A point lies between two energies of a broadened curve. So sums over the points are sums over
    # these energies, their squares, and their products with the next ones, each with its weight.
    left, part = _between(distortions, grid)
    shape = len(REFERENCE), len(left)
    place = (np.stack([left, left + 1]) * len(left) + np.arange(len(left))[:, None]).ravel()

    def weights(at_left: np.ndarray, at_right: np.ndarray) -> Float[np.ndarray, "energy curve"]:
        values = np.stack([at_left, at_right]).ravel()
        return np.bincount(place, values, shape[0] * shape[1]).reshape(shape)

    rising = line(grid)
    of_line, of_measured = (weights((1 - part) * y, part * y) for y in (rising, measured))
    of_squares = weights((1 - part) ** 2, part**2)
    of_products = weights(2 * part * (1 - part), np.zeros_like(part))[:-1]
    sums = []
    for kernel in distortions.kernels:
        broad = curves @ kernel.T
        square = broad**2 @ of_squares + (broad[:, :-1] * broad[:, 1:]) @ of_products
        sums.append((square, broad @ of_line, broad @ of_measured))
    aa, ab, p = (np.concatenate(each, axis=1) for each in zip(*sums, strict=True))
    square, amplitude, slope = _solved(aa, ab, p, grid, measured)
    if stretch is not None:
        square = square + distortions.held(stretch)
    place = square.argmin(axis=1)
    best = np.arange(len(place)), place
    return Fit(np.sqrt(np.maximum(square[best], 0)), place, amplitude[best], slope[best])


def fit_many(
    made: Float[np.ndarray, "reference curve point"],
    grid: Float[np.ndarray, " point"],
    measured: Float[np.ndarray, "spectrum point"],
    held: Float[np.ndarray, " reference"],
) -> Float[np.ndarray, "spectrum reference"]:
    """Misfits of curves that `distorted` has made, of each reference the best, to many spectra.

    Parameters
    ----------
    made, grid, measured
        Curves and normalised spectra on energies from the rise.
    held : float array, shape (reference,)
        What `Distortions.held` adds to the squares of each reference.
    """
    aa, ab = np.einsum("rcp,rcp->rc", made, made), made @ line(grid).astype(made.dtype)
    p = (measured @ made.reshape(-1, len(grid)).T).reshape(len(measured), *aa.shape)
    square, *_ = _solved(aa, ab, p, grid, measured)
    return np.sqrt(np.maximum(square.min(axis=-1) + held, 0))


def _solved(
    aa: Float[np.ndarray, "reference curve"],
    ab: Float[np.ndarray, "reference curve"],
    p: Float[np.ndarray, "*spectrum reference curve"],
    grid: Float[np.ndarray, " point"],
    measured: Float[np.ndarray, "*spectrum point"],
) -> tuple[
    Float[np.ndarray, "*spectrum reference curve"],
    Float[np.ndarray, "*spectrum reference curve"],
    Float[np.ndarray, "*spectrum reference curve"],
]:
    """Mean squares that the best amplitude and line leave, amplitude and line.

    Given are the products of curves with themselves, with the line, and with the spectra.
    """
    rising, points = line(grid).astype(measured.dtype), len(grid)
    bb = float(rising @ rising) + points * HOLD
    q = (measured @ rising)[..., None, None]
    amplitude = np.clip((bb * p - ab * q) / (aa * bb - ab**2), *AMPLITUDE)
    slope = np.clip((q - amplitude * ab) / bb, -SLOPE, SLOPE)
    square = np.einsum("...p,...p->...", measured, measured)[..., None, None]
    square = square - 2 * amplitude * p - 2 * slope * q
    square = square + amplitude**2 * aa + 2 * amplitude * slope * ab + slope**2 * bb
    return square / points, amplitude, slope
