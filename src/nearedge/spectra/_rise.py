"""The rise of a K-edge in computed spectra, and windows counted from it."""

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.spectra._distortion import convolved
from nearedge.spectra._grids import Window, resample

STAYS = 8.0
"""eV for which a spectrum stays above half of its step behind the rise; no pre-edge peak does."""
LAST = 30.0
"""eV at the end of a spectrum whose mean is its step."""
BLUR, STRIDE = 0.7, 0.1
"""Gaussian blur of what the rise is sought in, and steps in which it is sought, eV."""


def find_rises(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "site energy"]
) -> Float[np.ndarray, " site"]:
    """Find where spectra of step one cross a half to stay above it, in eV; NaN where none does.

    Examples
    --------
    >>> energy = np.arange(-20.0, 60.0, 0.5)
    >>> find_rises(energy, np.array([1 / (1 + np.exp(3.0 - energy)), 0 * energy])).round(2)
    array([ 3., nan])
    """
    grid = np.arange(energy[0], energy[-1], STRIDE)
    smooth = convolved(energy, mu, grid, BLUR)
    length = min(round(STAYS / STRIDE), len(grid))
    stays = np.lib.stride_tricks.sliding_window_view(smooth > 0.5, length, axis=1).all(axis=-1)
    rows, first = np.arange(len(mu)), stays.argmax(axis=1)
    below, above = smooth[rows, first - 1], smooth[rows, first]
    back = np.divide(above - 0.5, above - below, where=first > 0, out=np.full(len(mu), np.nan))
    return grid[first] - STRIDE * back


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
    steps = mu[:, energy >= energy[-1] - LAST].mean(axis=1, keepdims=True)
    curves = mu / np.where(steps > 0, steps, np.inf)
    rises = find_rises(energy, curves)
    if np.isnan(rises).any():
        number = int(np.flatnonzero(np.isnan(rises))[0]) + 1
        raise InputError(
            f"{source}: spectrum {number} has no rise to be counted from; leave it out"
        )
    pairs = zip(rises, curves, strict=True)
    return np.vstack([resample(energy - e0, row[None], window.grid, source) for e0, row in pairs])
