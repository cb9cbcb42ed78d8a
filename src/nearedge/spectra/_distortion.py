"""The forward model: what a spectrum suffers between a computed site and a measured file."""

import math

import numpy as np
from jaxtyping import Float

FWHM = 2 * math.sqrt(2 * math.log(2))
"""Full width at half maximum of a Gaussian of standard deviation one."""

Each = float | Float[np.ndarray, "spectrum 1"]  # one number for all spectra, or one for each


def convolved(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "spectrum energy"],
    grid: Float[np.ndarray, " grid"],
    sigma: float,
) -> Float[np.ndarray, "spectrum grid"]:
    """Convolve piecewise linear spectra with a normal density, of standard deviation `sigma` in eV.

    Exactly: a spectrum is its first value and a ramp per segment, a ramp the difference of two
    integrals of a step, and that of a step convolved with the density, from minus infinity to x,
    is x Phi(x / sigma) + sigma phi(x / sigma). Beyond the energies the end values go on.
    """
    from scipy.special import ndtr

    x = grid[:, None] - energy
    if sigma > 1e-6:  # eV: less is nothing, and would overflow
        z = x / sigma
        integral = x * ndtr(z) + sigma * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    else:
        integral = np.maximum(x, 0.0)
    ramps = -np.diff(integral, axis=1) / np.diff(energy)
    return mu[:, :1] + np.diff(mu, axis=1) @ ramps.T


def broadened(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, "spectrum energy"], width: float
) -> Float[np.ndarray, "spectrum energy"]:
    """Convolve spectra with a Gaussian of this full width at half maximum, eV."""
    return convolved(energy, mu, energy, width / FWHM)


def recorded(
    mu: Float[np.ndarray, "spectrum energy"],
    rng: "np.random.Generator",  # in quotes: its import takes a while
    *,
    background: Each = 0.0,
    slope: Each = 0.0,
    signal_to_noise: Each = math.inf,
) -> Float[np.ndarray, "spectrum energy"]:
    """Put spectra on a sloping background, and add normal noise.

    Background (in the middle), its rise from end to end and noise are shares of a spectrum's
    highest intensity, for all spectra or one for each.
    """
    height = np.abs(mu).max(axis=1, keepdims=True)
    along = np.linspace(-0.5, 0.5, mu.shape[1])
    noise = rng.normal(size=mu.shape) / signal_to_noise
    return mu + height * (background + slope * along + noise)
