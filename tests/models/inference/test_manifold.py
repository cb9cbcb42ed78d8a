"""Gaussians of profiles, against the textbook."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from scipy.stats import multivariate_normal

from nearedge.learning.examples import Labelled
from nearedge.models.inference._fitting import DISCREPANCY, fit_samples
from nearedge.models.inference._scanning import NOISES, Manifold, noise_levels
from nearedge.spectra import broadened
from nearedge.spectra._windows import cut_windows, profiles

GRID = np.linspace(-1.0, 9.0, 21)
ENERGY = np.arange(-4.0, 12.0, 0.2)
RNG = np.random.default_rng(0)
SITES = np.array(
    [
        np.exp(-(((ENERGY - 5) / 2) ** 2)) + height * np.exp(-((ENERGY - 1) ** 2))
        for height in RNG.uniform(0, 1, 30)
    ]
)
WEIGHTS = csr_array(RNG.dirichlet(np.ones(30), 200))


@pytest.fixture(scope="module")
def manifold() -> Manifold:
    sites = Labelled(SITES, np.zeros(30), np.full(30, "0"))
    return fit_samples(ENERGY, sites, WEIGHTS, ["0"], GRID, widths=(0.0, 0.8))[0]


def found(width: float) -> np.ndarray:
    curves = cut_windows(ENERGY, broadened(ENERGY, SITES, width), GRID, np.zeros(30))
    return profiles(WEIGHTS @ curves)[0]


def test_densities_are_those_of_a_multivariate_normal(manifold: Manifold) -> None:
    windows = found(0.4)[:10]
    noise = np.full(10, NOISES[3])
    log_density, misfit = manifold.fit(windows, noise)
    for width, (mean, covariance) in enumerate(
        zip(manifold.means, manifold.covariances, strict=True)
    ):
        noisy = covariance + NOISES[3] ** 2 * np.eye(len(GRID))
        expected = multivariate_normal(mean, noisy).logpdf(windows)
        constant = len(GRID) / 2 * np.log(2 * np.pi)
        assert_allclose(log_density[:, width], expected + constant, rtol=1e-6)
        off = windows - mean
        squares = np.einsum("wg,gh,wh->w", off, np.linalg.inv(noisy), off)
        assert_allclose(misfit[:, width], squares / len(GRID), rtol=1e-6)


def test_mean_and_covariance_are_those_of_the_samples(manifold: Manifold) -> None:
    for width, mean, covariance in zip(
        manifold.widths, manifold.means, manifold.covariances, strict=True
    ):
        samples = found(width)
        assert_allclose(mean, samples.mean(axis=0), atol=1e-12)
        own = np.cov(samples.T, ddof=0)
        assert_allclose(np.diag(covariance - own), DISCREPANCY**2, rtol=1e-6)


def test_a_broadened_sample_fits_best_at_its_broadening(manifold: Manifold) -> None:
    noise = np.full(200, NOISES[0])
    for width, level in enumerate(manifold.widths):
        log_density, _ = manifold.fit(found(level), noise)
        assert (log_density.argmax(axis=1) == width).mean() > 0.95


def test_more_noise_excuses_more(manifold: Manifold) -> None:
    windows = found(0.0)[:5] + RNG.normal(scale=0.2, size=(5, len(GRID)))
    fits = [manifold.fit(windows, np.full(5, noise))[1] for noise in NOISES]
    assert (np.diff([fit[:, 0] for fit in fits], axis=0) < 0).all()


def test_deviations_are_leave_one_out_residuals(manifold: Manifold) -> None:
    window = found(0.0)[0] + RNG.normal(scale=0.05, size=len(GRID))
    said = manifold.noisy(0, 0.0).conditional(window[None])[0]
    noisy = manifold.covariances[0] + NOISES[0] ** 2 * np.eye(len(GRID))
    off = window - manifold.means[0]
    for point in range(len(GRID)):
        others = np.arange(len(GRID)) != point
        gain = np.linalg.solve(noisy[np.ix_(others, others)], noisy[others, point])
        spread = np.sqrt(noisy[point, point] - gain @ noisy[others, point])
        assert said[point] == pytest.approx((off[point] - gain @ off[others]) / spread, rel=1e-5)


def test_a_disturbed_energy_deviates_most(manifold: Manifold) -> None:
    window = found(0.0)[0].copy()
    window[13] += 1.0
    assert manifold.noisy(0, 0.0).conditional(window[None])[0].argmax() == 13


def test_noise_levels_are_rounded_up() -> None:
    levels = noise_levels(np.array([0.0, NOISES[0], NOISES[2] * 0.99, 5.0, np.inf]))
    assert levels.tolist() == [0, 0, 2, len(NOISES) - 1, len(NOISES) - 1]
