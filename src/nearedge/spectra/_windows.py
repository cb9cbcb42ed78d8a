"""Windows of a measured spectrum at a supposed zero, freed of its unknown unit and background."""

import numpy as np
from jaxtyping import Float

from nearedge.spectra._grids import SLACK


def cut_windows(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "spectrum energy"],
    grid: Float[np.ndarray, " grid"],
    zeros: Float[np.ndarray, " spectrum"],
) -> Float[np.ndarray, "spectrum grid"]:
    """Cut a window out of each spectrum, at its own zero; beyond the ends their values are held."""
    rows = zip(zeros, mu, strict=True)
    return np.array([np.interp(grid + zero, energy, row) for zero, row in rows])


def covered_zeros(
    energy: Float[np.ndarray, " energy"], grid: Float[np.ndarray, " grid"], step: float
) -> Float[np.ndarray, " zero"]:
    """List the zeros, multiples of `step`, for which a spectrum covers the whole window."""
    first = np.ceil((energy[0] - grid[0] - SLACK) / step)
    last = np.floor((energy[-1] - grid[-1] + SLACK) / step)
    # Whole multiples, without the dust of the multiplication.
    return np.round(np.arange(first, last + 1) * step, 9)


def profiles(
    windows: Float[np.ndarray, "*batch grid"],
) -> tuple[Float[np.ndarray, "*batch grid"], Float[np.ndarray, "*batch"]]:
    """Take the best straight line out of each window, and its size, the standard deviation.

    Of computed spectra too: so neither scale nor background misleads what learnt from them.
    """
    count = windows.shape[-1]
    line = np.linalg.qr(np.column_stack([np.ones(count), np.linspace(-1, 1, count)]))[0]
    bent = windows - (windows @ line) @ line.T
    size = np.asarray(bent.std(axis=-1))
    # What rounding leaves of a straight line is no structure.
    flat = size <= 1e-12 * np.abs(windows).max(axis=-1)
    size = np.asarray(np.where(flat, 0.0, size))
    divisor = np.where(flat, 1.0, size)[..., None]
    return np.where(flat[..., None], 0.0, bent / divisor), size


def noise_level(mu: Float[np.ndarray, "*batch energy"]) -> Float[np.ndarray, "*batch"]:
    """Estimate the standard deviation of the noise that neighbouring energies do not share."""
    if mu.shape[-1] < 4:
        return np.zeros(mu.shape[:-1])
    # The variance of a third difference is 1 + 9 + 9 + 1 times that of the noise.
    differences = np.abs(np.diff(mu, 3, axis=-1)) / np.sqrt(20)
    # Half of all normal numbers are smaller than this.
    return np.asarray(np.median(differences, axis=-1) / 0.6745)


def structure_below(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, " energy"],
    tops: Float[np.ndarray, " place"],
    reach: float = 5.0,
) -> Float[np.ndarray, " place"]:
    """Root mean square of what the best line and the noise leave, within `reach` eV below each top.

    Below the edge nothing absorbs but what makes a straight background.
    """
    square = float(noise_level(mu)) ** 2
    firsts = np.searchsorted(energy, tops - reach)
    lasts = np.searchsorted(energy, tops, side="right")
    left = np.zeros(len(tops))
    for place, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        if last - first < 5 or energy[last - 1] - energy[first] < 1:
            continue
        along = energy[first:last] - energy[first:last].mean()
        off = mu[first:last] - mu[first:last].mean()
        off = off - along * (along @ off) / (along @ along)
        left[place] = np.sqrt(max(float(np.square(off).mean()) - square, 0.0))
    return left
