"""What said fractions mean, for data of which the answer is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.models.inference._readout import Readings, Readout, fit_readout
from nearedge.trust import LEVEL

NUMBERS = np.array([0.0, 1.0, 2.0])


def samples(count: int, noise: float, seed: int, *, unsure: float = 0.0) -> Readings:
    """Fractions said right but for noise, which grows with the uncertainty of the zero."""
    rng = np.random.default_rng(seed)
    fractions = rng.dirichlet(np.ones(3), count)
    zero = rng.uniform(0, unsure, count)
    off = (noise + zero)[:, None] * rng.normal(size=(count, 3))
    said = fractions + off - off.mean(axis=1, keepdims=True)
    true = np.column_stack([fractions @ NUMBERS, fractions])
    return Readings(said, np.column_stack([zero, np.zeros(count)]), true)


def parts(noise: float = 0.02, *, unsure: float = 0.0) -> list[Readings]:
    return [samples(400, noise, seed, unsure=unsure) for seed in range(3)]


def held(readout: Readout, part: Readings) -> np.ndarray:
    off = np.abs(readout.expected(part.fractions) - part.true)
    return (off <= readout.half_widths(part.fractions, part.unsure)).mean(axis=0)


def test_a_linear_law_is_recovered() -> None:
    readout = fit_readout(parts(noise=0.0))
    assert_allclose(readout.gain[:, 0], NUMBERS, atol=1e-6)
    assert_allclose(readout.gain[:, 1:], np.eye(3), atol=1e-6)


def test_fractions_are_fractions() -> None:
    readout = fit_readout(parts())
    outputs = readout.expected(np.array([[1.2, -0.3, 0.1], [0.2, 0.3, 0.5]]))
    assert (outputs >= 0).all()
    assert_allclose(outputs[:, 1:].sum(axis=1), 1)


def test_intervals_hold_the_level_of_unseen_samples() -> None:
    readout = fit_readout(parts(unsure=0.2))
    assert_allclose(held(readout, samples(4000, 0.02, 9, unsure=0.2)), LEVEL, atol=0.04)


def test_who_is_unsure_of_the_zero_gets_wider_intervals_that_hold_as_often() -> None:
    readout = fit_readout(parts(unsure=0.2))
    test = samples(6000, 0.02, 9, unsure=0.2)
    sure = test.unsure[:, 0] < 0.05
    widths = readout.half_widths(test.fractions, test.unsure)[:, 0]
    assert widths[~sure].mean() > 1.5 * widths[sure].mean()
    for mine in (sure, ~sure):
        part = Readings(*(column[mine] for column in test))
        assert held(readout, part)[0] == pytest.approx(LEVEL, abs=0.08)


def test_folds_that_contradict_each_other_make_intervals_wide() -> None:
    """Each fold's networks have a bias of their own, which no other fold knows."""
    biased = [
        part._replace(true=part.true + np.array([shift, 0, 0, 0]))
        for part, shift in zip(parts(), (0.0, 0.5, 1.0), strict=True)
    ]
    assert fit_readout(biased).half_widths(*parts()[0][:2])[:, 0].min() > 0.3
    assert fit_readout(parts()).half_widths(*parts()[0][:2])[:, 0].max() < 0.3


def test_one_fold_is_enough() -> None:
    readout = fit_readout(parts()[:1])
    assert held(readout, samples(2000, 0.02, 9))[0] == pytest.approx(LEVEL, abs=0.05)
