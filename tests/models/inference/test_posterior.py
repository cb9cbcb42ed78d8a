"""Posteriors made by hand, of which the answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from nearedge.models.inference import Posterior


def made(zeros: list[float], weights: list[float], values: list[float] | None = None) -> Posterior:
    return Posterior(
        names=("mean", "0", "1"),
        scanned=np.array(zeros),
        zero_weights=np.array(weights) / np.sum(weights),
        values=np.array(values or [1.0] * len(zeros)),
        widths=np.array([0.0, 1.0]),
        width_weights=np.array([0.25, 0.75]),
        expected=np.array([2.0, 0.4, 0.6]),
        half_widths=np.array([0.3, 0.1, 0.1]),
    )


SINGLE = made([530.0], [1.0])


def test_intervals_stay_where_compositions_can_be() -> None:
    assert_allclose(SINGLE.interval(), [[1.7, 2.3], [0.3, 0.5], [0.5, 0.7]])
    wide = replace(SINGLE, half_widths=np.array([3.0, 0.5, 0.5])).interval()
    assert_allclose(wide, [[0.0, 5.0], [0.0, 0.9], [0.1, 1.0]])


def test_separate_zeros_are_modes_and_near_ones_are_not() -> None:
    posterior = made(
        [530.0, 530.1, 530.2, 534.0, 538.0], [0.2, 0.3, 0.1, 0.35, 0.05], [1.0, 1.0, 2.0, 3.0, 0.0]
    )
    first, second = posterior.modes()
    assert first.weight == pytest.approx(0.6)
    assert first.zero == pytest.approx((530 * 0.2 + 530.1 * 0.3 + 530.2 * 0.1) / 0.6)
    assert first.value == pytest.approx((1.0 * 0.5 + 2.0 * 0.1) / 0.6)
    assert (second.zero, second.weight) == (534.0, pytest.approx(0.35))
    assert posterior.zero == 534.0  # the single likeliest place
    (remark,) = posterior.remarks()
    assert remark.startswith("the alignment is ambiguous: E0 = 530.1 eV (60%) would mean 1.17")
    assert remark.endswith("--e0 decides")


def test_places_that_are_impossible_are_no_modes() -> None:
    assert [mode.zero for mode in made([530.0, 540.0], [1.0, 0.0]).modes()] == [530.0]


def test_the_likeliest_of_many_unlikely_zeros_is_told() -> None:
    posterior = made(np.arange(530.0, 550.0).tolist(), [0.05] * 19 + [0.06])
    assert [mode.zero for mode in posterior.modes()] == [549.0]


def test_the_interval_of_the_zero() -> None:
    zeros = np.round(np.arange(528.0, 532.05, 0.1), 1)
    posterior = made(zeros.tolist(), norm.pdf(zeros, 530, 0.3).tolist())
    low, high = posterior.zero_interval()
    assert low == pytest.approx(530 - 0.3 * norm.ppf(0.95), abs=0.1)
    assert high == pytest.approx(530 + 0.3 * norm.ppf(0.95), abs=0.1)
    assert posterior.zero == 530.0
    (remark,) = posterior.remarks()
    assert remark.startswith("the zero is uncertain: from 529.")
    assert SINGLE.zero_interval() == (530.0, 530.0)
    assert SINGLE.remarks() == []


def test_the_width_is_a_mean() -> None:
    assert SINGLE.width == 0.75
