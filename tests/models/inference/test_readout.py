"""What said fractions mean, for data of which the answer is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.models.inference._readout import (
    KINDS,
    LEAST_SPREAD,
    PRIOR_SAMPLES,
    SAID_ERROR,
    Expectation,
    Readout,
    fit_readout,
    is_alike,
)

CLASSES = 3
TRUTHS = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
# Broad beside SAID_ERROR, which is always supposed.
SPREADS = np.array([3.0, 10.0])
EXPECTED = Expectation(np.full(CLASSES + 1, 0.01), 1000)


def linear(
    noise: float = 0.0, count: int = 4000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Said and true compositions, jointly normal: said, true, kinds, and what adds to the true."""
    rng = np.random.default_rng(5)
    gain = rng.normal(size=(CLASSES + 1, CLASSES))
    said = np.concatenate(
        [
            centre + rng.normal(scale=spread, size=(count, CLASSES))
            for centre, spread in zip(TRUTHS, SPREADS, strict=True)
        ]
    )
    true = 1.5 + said @ gain.T + rng.normal(scale=noise, size=(2 * count, CLASSES + 1))
    return said, true, np.repeat(np.array(KINDS), count), gain


def test_a_linear_law_is_recovered() -> None:
    said, true, kind, gain = linear()
    readout = fit_readout(said, true, kind, EXPECTED)
    assert_allclose(readout.gain, [gain, gain], rtol=2e-3, atol=2e-3)
    _, expected = readout.read(said[:50])
    for number in range(len(KINDS)):
        assert_allclose(expected[:, number], true[:50], atol=0.02)


def test_the_spread_is_that_of_the_residuals() -> None:
    said, true, kind, _ = linear(noise=0.7)
    readout = fit_readout(said, true, kind, Expectation(np.full(CLASSES + 1, 0.7), 1000))
    assert_allclose(readout.spread, 0.7, rtol=0.05)
    exact = fit_readout(*linear()[:3], EXPECTED)
    assert (exact.spread >= LEAST_SPREAD).all()
    assert (exact.spread < 0.2).all()


def test_the_regression_is_ridge_regression() -> None:
    """What few samples may not have shown is noise of the said."""
    said, true, kind, _ = linear(noise=0.5, count=40)
    readout = fit_readout(said, true, kind, EXPECTED)
    for number, name in enumerate(KINDS):
        x, y = said[kind == name], true[kind == name]
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        own = x.T @ x + len(x) * SAID_ERROR**2 * np.eye(CLASSES)
        assert_allclose(readout.gain[number], np.linalg.solve(own, x.T @ y).T, rtol=1e-9)


def test_kinds_are_told_apart_by_their_densities() -> None:
    said, true, kind, _ = linear()
    readout = fit_readout(said, true, kind, EXPECTED)
    log_kind, _ = readout.read(said)
    chosen = np.array(KINDS)[log_kind.argmax(axis=1)]
    assert (chosen == kind).mean() > 0.85
    near, far = readout.read(np.array([TRUTHS[0], TRUTHS[0] + 40]))[0]
    assert near[0] > near[1]
    assert far[1] > far[0]


def test_expectation_and_observation_are_weighed_by_their_samples() -> None:
    seen, before = np.array([0.1]), np.array([0.4])
    equal = Expectation(before, PRIOR_SAMPLES).combined(seen)
    assert_allclose(equal, np.sqrt((0.1**2 + 0.4**2) / 2))
    assert_allclose(Expectation(before, 10**9).combined(seen), seen, rtol=1e-6)
    assert_allclose(Expectation(before, 0).combined(seen), before)


def test_few_samples_are_not_taken_for_exact() -> None:
    said, true, kind, _ = linear(count=3)
    spread = fit_readout(said, true, kind, Expectation(np.full(CLASSES + 1, 0.3), 3)).spread
    assert (spread[KINDS.index("alike")] >= 0.3 * np.sqrt(6 / 9) - 1e-12).all()


def test_what_is_kept_makes_it_again() -> None:
    readout = fit_readout(*linear()[:3], EXPECTED)
    arrays = readout.arrays()
    again = Readout.from_arrays(arrays, CLASSES)
    said = TRUTHS
    for one, other in zip(readout.read(said), again.read(said), strict=True):
        assert_allclose(one, other, rtol=0)
    with pytest.raises(ValueError, match="said has shape"):
        Readout.from_arrays(arrays, CLASSES + 1)


def test_kinds_take_turns() -> None:
    assert is_alike(6).tolist() == [True, False] * 3
