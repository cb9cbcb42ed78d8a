"""Looking at one spectrum at many places of the zero."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.models.inference import Inference
from nearedge.models.inference._inference import MEASURES, measure
from nearedge.models.inference._scanning import scan_zeros
from nearedge.spectra import profiles

PLACES = np.round(np.arange(526.0, 534.05, 0.1), 1)


def test_the_true_zero_fits_best(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> None:
    found = scan_zeros(axis, scan, PLACES, inference.manifold)
    assert PLACES[found.log_density.max(axis=1).argmax()] == pytest.approx(530, abs=0.2)
    assert_allclose(found.shapes, profiles(found.windows)[0])
    assert_allclose(found.shapes.std(axis=1), 1)
    # The noise is one in the same absolute unit at every place.
    assert_allclose(found.noise * found.size, found.noise[0] * found.size[0])
    assert found.noise[0] * found.size[0] == pytest.approx(scan.max() / 200, rel=0.15)


def test_an_edge_below_the_window_is_seen(
    inference: Inference, axis: np.ndarray, scan: np.ndarray
) -> None:
    found = scan_zeros(axis, scan, np.array([530.0, 538.0]), inference.manifold)
    assert found.below[0] < 0.05
    assert found.below[1] > 0.3


def test_scale_and_line_change_nothing(
    inference: Inference, axis: np.ndarray, scan: np.ndarray
) -> None:
    one = scan_zeros(axis, scan, PLACES, inference.manifold)
    other = scan_zeros(axis, 50 * (scan + 2 + 0.01 * axis), PLACES, inference.manifold)
    assert_allclose(other.log_density, one.log_density, rtol=1e-6, atol=1e-6)
    assert_allclose(other.noise, one.noise, rtol=1e-6)


def test_straight_parts_are_no_place_for_the_zero(inference: Inference) -> None:
    energy = np.arange(500.0, 560.0, 0.1)
    step = np.where(energy > 550, 1.0, 0.0)
    found = scan_zeros(energy, step, np.array([505.0, 545.0]), inference.manifold)
    assert found.size[0] == 0
    assert (found.log_density[0] == -np.inf).all()
    assert np.isfinite(found.log_density[1]).all()
    # Of a straight line as a whole every place is as bad.
    line = scan_zeros(energy, energy, np.array([505.0, 545.0]), inference.manifold)
    assert not line.size.any()
    assert np.isfinite(line.log_density).all()


def test_where_all_is_noise_is_no_place_for_the_zero(
    inference: Inference, axis: np.ndarray, scan: np.ndarray
) -> None:
    """Whatever stands out of the noise tells more, even of a spectrum that fits nowhere."""
    foreign = scan + 1.5 * np.exp(-(((axis - 534) / 0.5) ** 2))
    places = np.round(np.arange(517.0, 544.05, 0.1), 1)
    found = scan_zeros(axis, foreign, places, inference.manifold)
    best = int(found.log_density.max(axis=1).argmax())
    assert found.noise[0] > 0.7
    assert found.noise[best] < 0.5
    # Where there is nothing but noise, every place is as good.
    white = np.random.default_rng(0).normal(size=len(axis))
    assert np.isfinite(scan_zeros(axis, white, places, inference.manifold).log_density).all()


def test_noise_is_no_unexplained_part(
    inference: Inference, axis: np.ndarray, scan: np.ndarray
) -> None:
    noisy = scan + np.random.default_rng(0).normal(scale=scan.max() / 30, size=len(scan))
    values = []
    for mu in (scan, noisy):
        found = scan_zeros(axis, mu, PLACES, inference.manifold)
        best, width = np.unravel_index(found.log_density.argmax(), found.log_density.shape)
        own = measure(found, int(best), int(width), inference.references, inference.grid)
        values.append(dict(zip(MEASURES, own, strict=True)))
    clean, loud = values
    assert loud["noise"] > 3 * clean["noise"]
    assert clean["unexplained"] < 0.05
    assert loud["unexplained"] < loud["noise"]
