"""Simulated measurements of known samples."""

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from nearedge.models.inference._conditions import Conditions
from nearedge.spectra import broadened, recorded

BROADENING_STEP = 0.1
"""Broadenings are whole multiples of it, eV: finer ones make no difference."""


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
