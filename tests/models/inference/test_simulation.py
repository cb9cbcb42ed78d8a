"""Simulated measurements suffer what they are said to suffer, and nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from nearedge.models import Conditions
from nearedge.models.inference import simulate_measurements
from nearedge.spectra import broadened, noise_level

ENERGY = np.arange(-5.0, 15.0, 0.1)
SITES = np.array([np.exp(-(((ENERGY - at) / 1.5) ** 2)) for at in (2.0, 4.0, 6.0)])
CLEAN = Conditions((0.0, 0.0), (1e12, 1e12), 0.0, 0.0)


def simulate(conditions: Conditions, count: int = 30, seed: int = 0) -> np.ndarray:
    weights = csr_array(np.tile([0.2, 0.3, 0.5], (count, 1)))
    return simulate_measurements(ENERGY, SITES, weights, conditions, np.random.default_rng(seed))


def test_ideal_conditions_give_the_average_of_the_sites() -> None:
    assert_allclose(simulate(CLEAN), np.tile([0.2, 0.3, 0.5] @ SITES, (30, 1)), atol=1e-9)


def test_noise_is_within_its_limits() -> None:
    mu = simulate(Conditions((0.0, 0.0), (20.0, 80.0), 0.0, 0.0), 200)
    height = ([0.2, 0.3, 0.5] @ SITES).max()
    quality = height / noise_level(mu)
    assert 15 < quality.min() < 30
    assert 60 < quality.max() < 110
    # The logarithm is uniform: as many below the geometric mean as above it.
    assert (quality < 40).mean() == pytest.approx(0.5, abs=0.12)


def test_the_background_is_a_straight_line_within_its_limits() -> None:
    left = simulate(Conditions((0.0, 0.0), (1e12, 1e12), 0.5, 0.3), 100) - simulate(CLEAN, 100)
    height = ([0.2, 0.3, 0.5] @ SITES).max()
    middle, rise = left.mean(axis=1) / height, (left[:, -1] - left[:, 0]) / height
    assert_allclose(np.diff(left, 2, axis=1), 0, atol=1e-9)
    assert 0 <= middle.min() < middle.max() <= 0.5
    assert -0.3 <= rise.min() < 0 < rise.max() <= 0.3


def test_broadening_adds_in_quadrature_and_conserves_the_integral() -> None:
    seen = broadened(ENERGY, SITES, 1.5)
    assert_allclose(seen.sum(axis=1), SITES.sum(axis=1), rtol=1e-6)
    assert_allclose(broadened(ENERGY, SITES, 0.0), SITES, atol=1e-12)
    # 2 sqrt(ln 2) is the full width of exp(-x^2).
    full = np.hypot(1.5 * 2 * np.sqrt(np.log(2)), 1.5)
    for mu in seen:
        above = ENERGY[mu > mu.max() / 2]
        assert np.ptp(above) == pytest.approx(full, abs=0.15)


def test_one_seed_gives_one_set_of_measurements() -> None:
    first, again, other = (simulate(Conditions(), seed=seed) for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0
