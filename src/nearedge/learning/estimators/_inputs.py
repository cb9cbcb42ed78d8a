"""What every estimator asks of raw spectra: that they fit their grid, and how far they spread."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError


def check_energy(energy: Sequence[float] | np.ndarray | None, points: int) -> None:
    """Refuse a grid that is not that of the spectra.

    Raises
    ------
    InputError
        If there is one and it has another number of energies.
    """
    if energy is not None and len(energy) != points:
        raise InputError(
            f"energy has {len(energy)} values for spectra of {points}; give the grid of the spectra"
        )


def floored_spread(
    x: Float[np.ndarray, "example feature"], floor: float
) -> tuple[Float[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    """Give the standard deviations, and what to divide by: no less than a share of the largest.

    Parameters
    ----------
    x : float array, shape (example, feature)
    floor : float
        That share. What is constant and has no floor is divided by one.

    Examples
    --------
    >>> spread, scale = floored_spread(np.array([[0.0, 0.0, 5.0], [4.0, 1.0, 5.0]]), 0.5)
    >>> spread.tolist(), scale.tolist()
    ([2.0, 0.5, 0.0], [2.0, 1.0, 1.0])
    """
    spread = x.std(axis=0)
    # Rounding leaves a constant intensity with a spread of some 1e-16 of its size.
    spread = np.where(spread <= 1e-12 * np.abs(x).max(axis=0), 0.0, spread)
    scale = np.maximum(spread, floor * spread.max())
    return spread, np.where(scale > 0, scale, 1.0)
