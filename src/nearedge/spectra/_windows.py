"""What a measured spectrum shows if the zero lies here or there: windows, freed of the unknown.

A measured spectrum has an intensity unit of its own and lies on a background. So nothing is taken
from a window but its profile: what is left when the best straight line and the size are taken out.
Computed spectra are looked at in the same way, so that neither scale nor a sloping background can
mislead what learnt from them.
"""

import numpy as np
from jaxtyping import Float


def cut_windows(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "spectrum energy"],
    grid: Float[np.ndarray, " grid"],
    zeros: Float[np.ndarray, " spectrum"],
) -> Float[np.ndarray, "spectrum grid"]:
    """Cut a window out of each spectrum, at its own zero.

    Parameters
    ----------
    energy : float array, shape (energy,)
        Energies of the spectra in eV, increasing.
    mu : float array, shape (spectrum, energy)
        Intensities.
    grid : float array, shape (grid,)
        Energies of the window in eV, from the zero.
    zeros : float array, shape (spectrum,)
        Where the zero lies in each spectrum, eV.

    Returns
    -------
    float array, shape (spectrum, grid)
        Linear between the energies; beyond them the end values are held.

    Examples
    --------
    >>> energy = np.array([520.0, 530.0, 540.0])
    >>> cut_windows(energy, energy[None] / 10, np.array([-2.0, 2.0]), np.array([530.0]))
    array([[52.8, 53.2]])
    """
    wanted = np.clip(grid + zeros[:, None], energy[0], energy[-1])
    right = np.clip(np.searchsorted(energy, wanted), 1, len(energy) - 1)
    left = right - 1
    share = (wanted - energy[left]) / (energy[right] - energy[left])
    rows = np.arange(len(mu))[:, None]
    return mu[rows, left] * (1 - share) + mu[rows, right] * share


def covered_zeros(
    energy: Float[np.ndarray, " energy"], grid: Float[np.ndarray, " grid"], step: float
) -> Float[np.ndarray, " zero"]:
    """List the places of the zero for which a spectrum covers the whole window.

    Parameters
    ----------
    energy : float array, shape (energy,)
        Energies of the spectrum in eV, increasing.
    grid : float array, shape (grid,)
        Energies of the window in eV, from the zero.
    step : float
        Distance of neighbouring places in eV; they are whole multiples of it.

    Returns
    -------
    float array, shape (zero,)
        Increasing, and empty if the spectrum is too short.

    Examples
    --------
    >>> covered_zeros(np.linspace(529, 540, 12), np.linspace(-1, 9, 11), 0.5)
    array([530. , 530.5, 531. ])
    """
    slack = 1e-6
    first = np.ceil((energy[0] - grid[0] - slack) / step)
    last = np.floor((energy[-1] - grid[-1] + slack) / step)
    # Whole multiples, without the dust of the multiplication.
    return np.round(np.arange(first, last + 1) * step, 9)


def profiles(
    windows: Float[np.ndarray, "*batch grid"],
) -> tuple[Float[np.ndarray, "*batch grid"], Float[np.ndarray, "*batch"]]:
    """Take the best straight line out of each window, and its size.

    Parameters
    ----------
    windows : float array, shape (..., grid)
        Intensities at uniform energies.

    Returns
    -------
    profile : float array, shape (..., grid)
        Of unit standard deviation; zero where a window is a straight line.
    size : float array, shape (...)
        The standard deviation that was divided by.

    Examples
    --------
    >>> wave = np.array([0.0, 1.0, 0.0, -1.0, 0.0])
    >>> one, size = profiles(wave)
    >>> other, larger = profiles(3 * wave + 10 + 2 * np.arange(5))
    >>> bool(np.allclose(one, other)), round(float(larger / size), 6)
    (True, 3.0)
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
    """Estimate the standard deviation of the noise that neighbouring energies do not share.

    Third differences take out what is smooth; their median size is not misled by a few glitches.

    Parameters
    ----------
    mu : float array, shape (..., energy)
        Intensities at about uniform energies; of fewer than four the noise is said to be zero.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(scale=0.02, size=2000)
    >>> round(float(noise_level(np.sin(np.linspace(0, 6, 2000)) + noise)), 2)
    0.02
    """
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
    """Measure how far a spectrum is from a straight line below given energies.

    Below the edge nothing absorbs but what makes a straight background, or one that was taken off.

    Parameters
    ----------
    energy, mu : float array, shape (energy,)
        In eV, increasing, and any unit.
    tops : float array, shape (place,)
        Energies in eV, increasing.
    reach : float
        How far below each it is looked, eV.

    Returns
    -------
    float array, shape (place,)
        Root mean square of what the best line leaves, without the share of the noise; zero where
        there are fewer than five points or less than 1 eV.

    Examples
    --------
    >>> energy = np.arange(520.0, 540.0, 0.1)
    >>> peak = np.exp(-((energy - 528) ** 2))
    >>> structure_below(energy, peak, np.array([525.0, 530.0])).round(2)
    array([0.  , 0.33])
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
