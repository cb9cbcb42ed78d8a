"""Scaling to the training unit, and what no mixture explains."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from nearedge.learning.examples import Labelled
from nearedge.models.inference._fitting import fit_samples
from nearedge.models.inference._scanning import References

GRID = np.linspace(-1.0, 9.0, 41)
ENERGY = np.arange(-4.0, 12.0, 0.2)


def site(height: float) -> np.ndarray:
    return np.exp(-(((ENERGY - 5) / 2) ** 2)) + height * np.exp(-((ENERGY - 1) ** 2))


SITES = np.array([site(height) for height in (0.0, 0.1, 0.9, 1.1, 2.0)])
NAMES = np.array(["0", "0", "dimer", "dimer", "1"])


@pytest.fixture(scope="module")
def references() -> References:
    sites = Labelled(SITES, np.zeros(5), NAMES)
    weights = csr_array(np.full((3, 5), 0.2))
    names = ("0", "1", "dimer")
    return fit_samples(ENERGY, sites, weights, names, GRID, widths=(0.0, 0.8))[1]


def test_classes_have_their_mean_spectra_in_order(references: References) -> None:
    cut = np.array([np.interp(GRID, ENERGY, mu) for mu in SITES])
    expected = [cut[:2].mean(axis=0), cut[4], cut[2:4].mean(axis=0)]
    assert_allclose(references.spectra[0], expected, atol=1e-9)
    assert (references.low <= references.high).all()
    # A broader peak is a lower one.
    assert (references.spectra[1].max(axis=1) < references.spectra[0].max(axis=1)).all()


def test_a_class_of_which_no_site_was_seen_is_as_all_sites_are() -> None:
    sites = Labelled(SITES, np.zeros(5), NAMES)
    weights = csr_array(np.full((3, 5), 0.2))
    found = fit_samples(ENERGY, sites, weights, ("0", "1", "6", "dimer"), GRID, widths=(0.0,))[1]
    cut = np.array([np.interp(GRID, ENERGY, mu) for mu in SITES])
    assert_allclose(found.spectra[0, 2], cut.mean(axis=0), atol=1e-9)
    assert np.isfinite(found.unexplained(GRID, cut))


@settings(max_examples=20)
@given(st.floats(1e-3, 1e6), st.floats(-5, 5), st.floats(-0.5, 0.5))
def test_unit_and_background_are_found_exactly(
    references: References, scale: float, level: float, slope: float
) -> None:
    fractions = np.array([0.5, 0.2, 0.3])
    clean = fractions @ references.spectra[1]
    seen = scale * (clean + level + slope * GRID)
    assert_allclose(references.normalised(GRID, seen, clean), clean, atol=1e-6)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(-5, 5), st.floats(0.01, 1e4))
def test_mixtures_on_a_line_are_explained(
    references: References, fractions: list[float], line: float, scale: float
) -> None:
    shares = np.array(fractions) + 0.01
    window = scale * (shares @ references.spectra[0] + line + line * GRID)
    assert references.unexplained(GRID, window[None]) < 1e-6


def test_what_no_mixture_has_is_left(references: References) -> None:
    window = np.array([0.5, 0.2, 0.3]) @ references.spectra[0]
    foreign = window + 0.5 * np.exp(-(((GRID - 8) / 0.5) ** 2))
    left = references.unexplained(GRID, foreign[None])
    assert left > 0.1
    # The best of several windows counts.
    assert references.unexplained(GRID, np.array([foreign, window])) < 1e-6
