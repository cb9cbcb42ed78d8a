"""Profiles, places of the zero, noise and structure below the edge."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.spectra import cut_windows, noise_level, profiles
from nearedge.spectra._windows import covered_zeros, structure_below

GRID = np.linspace(-1.0, 11.0, 61)
ENERGY = np.arange(520.0, 545.0, 0.1)
CURVE = np.exp(-(((GRID - 6) / 2) ** 2)) + 0.4 * np.exp(-((GRID - 1) ** 2))


@given(st.floats(1e-9, 1e9), st.floats(-100, 100), st.floats(-10, 10))
def test_a_profile_knows_neither_scale_nor_line(scale: float, level: float, slope: float) -> None:
    one, size = profiles(CURVE)
    other, larger = profiles(scale * (CURVE + level + slope * GRID))
    assert_allclose(other, one, atol=1e-9)
    assert float(larger) == pytest.approx(scale * float(size), rel=1e-9)


def test_a_profile_is_standardised_and_its_own_profile() -> None:
    windows = np.random.default_rng(0).normal(size=(3, 4, len(GRID)))
    found, size = profiles(windows)
    assert size.shape == (3, 4)
    assert_allclose(found.std(axis=-1), 1)
    assert_allclose(found.mean(axis=-1), 0, atol=1e-12)
    assert_allclose(found @ GRID, 0, atol=1e-9)
    assert_allclose(profiles(found)[0], found, atol=1e-12)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_straight_line_has_no_profile(level: float, slope: float) -> None:
    found, size = profiles(level + slope * GRID)
    assert size == 0
    assert_array_equal(found, 0)


@given(st.floats(-8.0, 8.0))
def test_a_window_moves_with_the_zero(move: float) -> None:
    """What is cut depends on energies from the zero only."""
    mu = np.interp(ENERGY, GRID + 530, CURVE)
    one = cut_windows(ENERGY, mu[None], GRID, np.array([530.0]))
    other = cut_windows(ENERGY + move, mu[None], GRID, np.array([530.0 + move]))
    assert_allclose(other, one, atol=1e-9)


def test_each_spectrum_has_a_zero_of_its_own() -> None:
    mu = np.array([ENERGY, 2 * ENERGY])
    cut = cut_windows(ENERGY, mu, np.array([0.0, 1.05]), np.array([525.0, 530.0]))
    assert_allclose(cut, [[525, 526.05], [1060, 1062.1]])


def test_beyond_the_energies_the_end_value_is_held() -> None:
    cut = cut_windows(ENERGY, ENERGY[None], np.array([-5.0, 100.0]), np.array([520.0]))
    assert_array_equal(cut[0], ENERGY[[0, -1]])


@given(st.floats(-600, 600), st.floats(5.0, 40.0))
def test_covered_zeros_cover_and_none_is_missed(first: float, span: float) -> None:
    energy = np.linspace(first, first + span, 50)
    found = covered_zeros(energy, GRID, 0.1)
    slack = 2e-6
    assert (found + GRID[0] >= energy[0] - slack).all()
    assert (found + GRID[-1] <= energy[-1] + slack).all()
    assert abs(len(found) - max(span - (GRID[-1] - GRID[0]), 0) / 0.1) <= 1.001
    assert_allclose(found, np.round(found, 1), atol=1e-9)


@pytest.mark.parametrize("sigma", [1e-4, 0.01, 0.1])
def test_the_noise_is_found_under_a_smooth_spectrum(sigma: float) -> None:
    rng = np.random.default_rng(1)
    mu = np.exp(-(((ENERGY - 535) / 2) ** 2)) + rng.normal(scale=sigma, size=(40, len(ENERGY)))
    level = noise_level(mu)
    assert level.mean() == pytest.approx(sigma, rel=0.1)
    # A few glitches do not matter.
    mu[:, ::50] += 10
    assert noise_level(mu).mean() == pytest.approx(sigma, rel=0.3)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_a_parabola_has_no_noise(a: float, b: float, c: float) -> None:
    x = np.linspace(-1, 1, 50)
    assert float(noise_level(a + b * x + c * x**2)) < 1e-9


def test_structure_below_sees_peaks_and_neither_lines_nor_noise() -> None:
    rng = np.random.default_rng(2)
    line = 3 + 0.2 * (ENERGY - 520) + rng.normal(scale=0.01, size=len(ENERGY))
    peak = line + np.exp(-((ENERGY - 532) ** 2))
    tops = np.array([520.2, 528.0, 533.0])
    assert_allclose(structure_below(ENERGY, line, tops), 0, atol=0.006)
    too_short, before, beyond = structure_below(ENERGY, peak, tops)
    assert too_short == 0
    assert before < 0.006
    assert beyond > 0.15
