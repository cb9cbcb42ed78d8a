"""The rise of a K-edge in computed spectra, and windows counted from it."""

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.spectra._distortion import convolved
from nearedge.spectra._grids import Window, resample

STAYS = 8.0
"""eV for which a spectrum stays above half of its step behind the rise; no pre-edge peak does."""
LAST = 30.0  # eV at the end of a spectrum whose mean is its step
BLUR, STRIDE = 0.7, 0.1
"""Gaussian blur of what the rise is sought in, and steps in which it is sought, eV."""


def find_rises(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "site energy"], source: str
) -> Float[np.ndarray, " site"]:
    """Find where spectra cross half of their step to stay above it, in eV.

    Raises
    ------
    InputError
        If one does nowhere.

    Examples
    --------
    >>> energy = np.arange(-20.0, 60.0, 0.5)
    >>> find_rises(energy, 5 / (1 + np.exp([[3.0], [4.0]] - energy)), "steps").round(2)
    array([3., 4.])
    """
    rises = half_rises(energy, mu / _steps(energy, mu))
    if not np.isfinite(rises).all():
        raise InputError(
            f"{source}: spectrum {int(np.isnan(rises).argmax()) + 1} has no rise to be counted "
            "from; leave it out"
        )
    return rises


def half_rises(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "site energy"]
) -> Float[np.ndarray, " site"]:
    """Find where spectra of step one cross a half to stay above it, in eV; NaN where nowhere.

    The steepest rise is that of the pre-edge in some spectra; this is not.
    """
    grid = np.arange(energy[0], energy[-1], STRIDE)
    smooth = convolved(energy, mu, grid, BLUR)
    length = min(round(STAYS / STRIDE), len(grid))
    above = np.pad((smooth > 0.5).cumsum(axis=1), ((0, 0), (1, 0)))
    stays = above[:, length:] - above[:, :-length] == length
    rows, first = np.arange(len(mu)), stays.argmax(axis=1)
    below, above = smooth[rows, first - 1], smooth[rows, first]
    slope = np.where(first > 0, above - below, np.nan)
    return grid[first] - STRIDE * (above - 0.5) / slope


def _steps(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "site energy"]
) -> Float[np.ndarray, "site 1"]:
    """Heights of the edges; infinite where there is none."""
    steps = mu[:, energy >= energy[-1] - LAST].mean(axis=1, keepdims=True)
    return np.where(steps > 0, steps, np.inf)


def cut_window(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "site energy"],
    window: Window,
    source: str = "spectra",
) -> Float[np.ndarray, "site point"]:
    """Bring spectra onto a window's energies: from their zero, or each from its rise and step one.

    Raises
    ------
    InputError
        If a spectrum does not cover the window, or has no rise to count from.
    """
    if not window.aligned:
        return resample(energy, mu, window.grid, source)
    rows = zip(find_rises(energy, mu, source), mu / _steps(energy, mu), strict=True)
    return np.vstack([resample(energy - e0, row[None], window.grid, source) for e0, row in rows])
