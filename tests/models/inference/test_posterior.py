"""Mixtures of normal distributions made by hand, of which the answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm

from nearedge.models.inference import Posterior

NAMES = ("mean", "0", "1")


def mixture(
    weights: list[float],
    means: list[list[float]],
    spread: float = 0.1,
    zeros: list[float] | None = None,
    mass: float = 0.9,
) -> Posterior:
    """Components in turn alike and not; the zero of each may be told."""
    count = len(weights)
    places = np.array(zeros or [530.0] * count)
    scanned, inverse = np.unique(places, return_inverse=True)
    return Posterior(
        names=NAMES,
        scanned=scanned,
        zero_weights=np.bincount(inverse, np.array(weights)),
        widths=np.array([0.0, 1.0]),
        width_weights=np.array([0.25, 0.75]),
        zeros=places,
        alike=np.arange(count) % 2 == 0,
        weights=np.array(weights),
        means=np.array(means),
        spreads=np.full((count, len(NAMES)), spread),
        mass=np.full((3, len(NAMES)), mass),
    )


SINGLE = mixture([1.0], [[2.0, 0.4, 0.6]])
TWO = mixture([0.6, 0.4], [[1.0, 0.9, 0.1], [3.0, 0.2, 0.8]])

components = st.lists(
    st.tuples(st.floats(0.01, 1), st.floats(0, 4), st.floats(0, 1)), min_size=1, max_size=5
)


def made(parts: list[tuple[float, float, float]], spread: float) -> Posterior:
    total = sum(weight for weight, *_ in parts)
    weights = [weight / total for weight, *_ in parts]
    return mixture(weights, [[mean, share, 1 - share] for _, mean, share in parts], spread)


@given(components, st.floats(0.005, 2), st.floats(0.001, 0.999))
def test_a_quantile_inverts_the_distribution(
    parts: list[tuple[float, float, float]], spread: float, share: float
) -> None:
    posterior = made(parts, spread)
    wanted = np.full(len(NAMES), share)
    assert_allclose(posterior.below(posterior.quantile(wanted)), wanted, atol=1e-6)


@given(components, st.floats(0.005, 2))
def test_expected_fractions_are_fractions(
    parts: list[tuple[float, float, float]], spread: float
) -> None:
    mean = made(parts, spread).expected()
    assert mean[1:].sum() == pytest.approx(1)
    assert (mean >= 0).all()
    assert mean[0] <= max(one for _, one, _ in parts) + 1e-9


@pytest.mark.parametrize("mass", [0.5, 0.9, 0.99])
def test_the_interval_of_one_normal_holds_its_mass(mass: float) -> None:
    ends = mixture([1.0], [[2.0, 0.4, 0.6]], 0.05, mass=mass).interval()
    half = 0.05 * norm.ppf((1 + mass) / 2)
    assert_allclose(ends, np.array([2.0, 0.4, 0.6])[:, None] + [-half, half], atol=1e-6)


def test_intervals_stay_where_compositions_can_be() -> None:
    ends = mixture([1.0], [[0.02, 0.99, 0.01]], 0.5).interval()
    assert ends[0, 0] == 0
    assert ends[0, 1] > 0.5
    assert ends[1, 1] == 1
    assert ends[2, 0] == 0


def test_each_kind_has_its_mass() -> None:
    """An interval takes the mean of both, weighted by how likely each kind is."""
    both = replace(
        mixture([0.25, 0.75], [[2.0, 0.5, 0.5]] * 2),
        mass=np.array([[0.6] * 3, [0.8] * 3, [0.95] * 3]),
    )
    half = 0.1 * norm.ppf((1 + 0.75) / 2)
    assert_allclose(both.interval()[0], [2 - half, 2 + half], atol=1e-6)
    free = both.any_composition()
    half = 0.1 * norm.ppf((1 + 0.95) / 2)
    assert_allclose(free.interval()[0], [2 - half, 2 + half], atol=1e-6)


def test_without_likeness_the_other_components_are_left() -> None:
    free = TWO.any_composition()
    assert TWO.alike_weight == pytest.approx(0.6)
    assert free.alike_weight == 0
    assert free.weights.sum() == pytest.approx(1)
    assert_allclose(free.expected(), [3.0, 0.2, 0.8])
    assert_allclose(TWO.expected(), [1.8, 0.62, 0.38])


@given(st.floats(0, 4))
def test_an_interval_of_the_centrality_just_reaches_the_truth(truth: float) -> None:
    values = np.array([truth, 0.4, 0.6])
    mass = TWO.centrality(values)[0]
    near = replace(TWO, mass=np.full((3, 3), min(mass + 1e-4, 1 - 1e-9))).interval()[0]
    assert near[0] - 1e-3 <= truth <= near[1] + 1e-3 or mass > 0.999
    if mass > 1e-3:
        tight = replace(TWO, mass=np.full((3, 3), mass - 1e-3)).interval()[0]
        assert not tight[0] + 1e-9 < truth < tight[1] - 1e-9


def test_separate_zeros_are_modes_and_near_ones_are_not() -> None:
    zeros = [530.0, 530.1, 530.2, 534.0, 538.0]
    weights = [0.2, 0.3, 0.1, 0.35, 0.05]
    means = [[1.0, 0.5, 0.5], [1.0, 0.5, 0.5], [2.0, 0.5, 0.5], [3.0, 0.1, 0.9], [0.0, 1.0, 0.0]]
    posterior = mixture(weights, means, zeros=zeros)
    first, second = posterior.modes()
    assert first.weight == pytest.approx(0.6)
    assert first.zero == pytest.approx((530 * 0.2 + 530.1 * 0.3 + 530.2 * 0.1) / 0.6)
    assert first.coordination == pytest.approx((1.0 * 0.5 + 2.0 * 0.1) / 0.6)
    assert (second.zero, second.weight) == (534.0, pytest.approx(0.35))
    assert posterior.zero == 534.0  # the single likeliest place


def test_places_that_are_impossible_are_no_modes() -> None:
    posterior = mixture([1.0, 0.0], [[1.0, 0.5, 0.5]] * 2, zeros=[530.0, 540.0])
    assert [mode.zero for mode in posterior.modes()] == [530.0]


def test_many_unlikely_zeros_are_all_told() -> None:
    zeros = np.arange(530.0, 550.0)
    posterior = mixture([0.05] * 20, [[1.0, 0.5, 0.5]] * 20, zeros=zeros.tolist())
    assert len(posterior.modes()) == 20


def test_the_interval_of_the_zero() -> None:
    zeros = np.round(np.arange(528.0, 532.05, 0.1), 1)
    weights = norm.pdf(zeros, 530, 0.3)
    posterior = mixture(
        (weights / weights.sum()).tolist(), [[1.0, 0.5, 0.5]] * len(zeros), zeros=zeros.tolist()
    )
    low, high = posterior.zero_interval()
    assert low == pytest.approx(530 - 0.3 * norm.ppf(0.95), abs=0.1)
    assert high == pytest.approx(530 + 0.3 * norm.ppf(0.95), abs=0.1)
    assert posterior.zero == 530.0
    assert SINGLE.zero_interval() == (530.0, 530.0)


def test_the_width_is_a_mean() -> None:
    assert SINGLE.width == 0.75


def test_two_answers_are_told_and_one_is_told_once() -> None:
    assert_allclose(SINGLE.answers(), [2.0], atol=0.01)
    # The highest first.
    assert_allclose(TWO.answers(), [1.0, 3.0], atol=0.02)
    near = mixture([0.5, 0.5], [[2.0, 0.5, 0.5], [2.1, 0.5, 0.5]])
    assert_allclose(near.answers(), [2.05], atol=0.02)
    # What is much less likely is no second answer.
    assert_allclose(
        mixture([0.9, 0.1], [[1.0, 0.5, 0.5], [3.0, 0.5, 0.5]]).answers(), [1.0], atol=0.02
    )
