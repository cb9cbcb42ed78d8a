"""Looking at a spectrum wherever its zero may lie, and at what speaks against it there."""

from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

from nearedge.models.inference._manifold import Manifold
from nearedge.spectra import cut_windows, noise_level, profiles, structure_below

STEP = 0.1
"""Distance of the places of the zero that are tried, eV."""

Measure = Literal["misfit", "unexplained", "below", "noise"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""What speaks against a spectrum: its distance from the profiles of samples (Mahalanobis), the
share of it that no sum of the classes' spectra explains, structure below the edge, and noise."""

STRUCTURE = 0.02
"""Structure below the window, in units of a profile's size, that makes a zero unlikely."""

WHITE = 1e6
"""Noise of what is a straight line but for it, in the same unit."""

BURIED = 0.5
"""Noise, in units of a profile's size, from which a place is not believed if there are better."""


class ZeroScan(NamedTuple):
    """A spectrum looked at wherever its zero may lie.

    Attributes
    ----------
    windows, found : float array, shape (zero, grid)
        Intensities in the window, and their profiles.
    size, noise : float array, shape (zero,)
        Size of each profile in measured intensity, and the noise in units of it.
    below : float array, shape (zero,)
        Structure below the window, in the same unit.
    log_density : float array, shape (zero, width)
        How well each place and broadening fits, see `Manifold.fit`.
    misfit : float array, shape (zero, width)
        Squares of the distances.
    """

    windows: Float[np.ndarray, "zero grid"]
    found: Float[np.ndarray, "zero grid"]
    size: Float[np.ndarray, " zero"]
    noise: Float[np.ndarray, " zero"]
    below: Float[np.ndarray, " zero"]
    log_density: Float[np.ndarray, "zero width"]
    misfit: Float[np.ndarray, "zero width"]


def scan_zeros(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, " energy"],
    places: Float[np.ndarray, " zero"],
    manifold: Manifold,
) -> ZeroScan:
    """Look at a spectrum wherever its zero may lie.

    Parameters
    ----------
    energy, mu : float array, shape (energy,)
        In eV, increasing, and any unit.
    places : float array, shape (zero,)
        Places of the zero in eV.
    manifold : Manifold
    """
    rows = np.broadcast_to(mu, (len(places), len(mu)))
    windows = cut_windows(energy, rows, manifold.grid, places)
    found, size = profiles(windows)
    level = float(noise_level(mu))
    below = structure_below(energy, mu, places + manifold.grid[0])
    straight = size == 0
    unit = np.where(straight, 1.0, size)
    noise = np.where(straight, WHITE, np.minimum(level / unit, WHITE))
    below = np.where(straight, 0.0, below / unit)
    log_density, misfit = manifold.fit(found, noise)
    # Where there is structure below the window, the edge lies lower than there.
    log_density -= (np.square(below) / (STRUCTURE**2 + np.square(noise)) / 2)[:, None]
    # What is all noise fits anything badly, but nothing very badly.
    buried = noise > BURIED
    if not buried.all():
        log_density[buried] = -np.inf
    return ZeroScan(windows, found, size, noise, below, log_density, misfit)
