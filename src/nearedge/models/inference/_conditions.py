"""How measured spectra differ from computed ones: simulated measurements of known samples."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from nearedge.errors import InputError
from nearedge.spectra import broadened, cut_windows, recorded

BROADENING_STEP = 0.1
"""Broadenings are whole multiples of it, eV: finer ones make no difference."""


@dataclass(frozen=True)
class Conditions:
    """What measured spectra suffer beside the unknown zero, each spectrum at random.

    Parameters
    ----------
    broadening : tuple of float
        Least and most full width at half maximum, in eV, of a Gaussian the computed spectra are
        convolved with.
    signal_to_noise : tuple of float
        Least and most highest intensity over the standard deviation of the noise; the logarithm
        is uniform.
    background : float
        Largest constant under a spectrum, as a share of its highest intensity.
    slope : float
        Largest rise or fall of the background from the first to the last energy, in the same unit.

    Raises
    ------
    InputError
        If a number makes no sense.
    """

    broadening: tuple[float, float] = (0.0, 1.0)
    signal_to_noise: tuple[float, float] = (30.0, 500.0)
    background: float = 0.5
    slope: float = 0.5

    def __post_init__(self) -> None:
        least, most = self.broadening
        noisy, clean = self.signal_to_noise
        numbers = (*self.broadening, *self.signal_to_noise, self.background, self.slope)
        if (
            not np.isfinite(numbers).all()
            or not 0 <= least <= most
            or not 0 < noisy <= clean
            or min(self.background, self.slope) < 0
        ):
            raise InputError(
                f"broadening {self.broadening} eV, signal to noise {self.signal_to_noise}, "
                f"background {self.background}, slope {self.slope}: give (least, most), none "
                "negative, signal to noise positive"
            )


def simulate_measurements(
    energy: Float[np.ndarray, " energy"],
    sites: Float[np.ndarray, "site energy"],
    weights: csr_array,
    conditions: Conditions,
    rng: np.random.Generator,
) -> Float[np.ndarray, "sample energy"]:
    """Average computed spectra of sites, and let each average suffer as if it were measured.

    Parameters
    ----------
    energy : float array, shape (energy,)
        In eV.
    sites : float array, shape (site, energy)
        Computed spectra.
    weights : csr_array, shape (sample, site)
        Which sites make up each sample; rows add up to one.
    conditions : Conditions
    rng : Generator

    Returns
    -------
    float array, shape (sample, energy)
        The energies are the computed ones: the zero lies at 0 eV.
    """
    count = int(weights.sum(axis=1).size)
    steps = np.rint(rng.uniform(*conditions.broadening, count) / BROADENING_STEP).astype(int)
    mu = np.empty((count, len(energy)))
    for step in np.unique(steps):
        mine = steps == step
        mu[mine] = weights[mine] @ broadened(energy, sites, step * BROADENING_STEP)
    level = rng.uniform(0, conditions.background, (count, 1))
    slope = rng.uniform(-conditions.slope, conditions.slope, (count, 1))
    noisy, clean = np.log(conditions.signal_to_noise).tolist()
    quality = np.exp(rng.uniform(noisy, clean, (count, 1)))
    return recorded(mu, rng, background=level, slope=slope, signal_to_noise=quality)


def broadened_windows(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "spectrum energy"],
    grid: Float[np.ndarray, " grid"],
    width: float,
) -> Float[np.ndarray, "spectrum grid"]:
    """Cut the window out of computed spectra, whose zero is 0 eV, after broadening them."""
    return cut_windows(energy, broadened(energy, mu, width), grid, np.zeros(len(mu)))
