"""Intervals of single sites: every coordination number is held, the rare ones too."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nearedge.errors import InputError
from nearedge.trust import calibrate_intervals, calibrate_site_intervals


def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions that lean to the mean, as a regressor's do, and dimers it does not know."""
    truth = rng.choice(5, n, p=[0.18, 0.38, 0.29, 0.11, 0.04]).astype(float)
    names = truth.astype(int).astype(str).astype("<U5")
    dimer = (truth == 0) & (rng.random(n) < 0.3)
    names[dimer] = "dimer"
    predicted = 0.7 * truth + 0.3 * 1.5 + 0.25 * rng.normal(size=n) + 0.4 * dimer
    return predicted, truth, names


def test_every_class_of_new_sites_is_held_where_one_width_leaves_out_the_rare() -> None:
    rng = np.random.default_rng(0)
    predicted, truth, names = draw(rng, 4000)
    made = calibrate_site_intervals(predicted, truth, names)
    new, true, name = draw(rng, 20_000)
    held = made.hold(new, true)
    assert 0.88 < held.mean() < 0.93
    for one in np.unique(name):
        assert held[name == one].mean() > 0.82
    plain = calibrate_intervals(predicted[:, None], truth[:, None]).bounds(new[:, None], 1)[:, 0]
    outside = (true < plain[:, 0]) | (true > plain[:, 1])
    assert outside[name == "4"].mean() > 0.5
    low, high = made.bounds(new).T
    assert (high - low).mean() < (plain[:, 1] - plain[:, 0]).mean()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.sampled_from([0.8, 0.9]))
def test_their_own_sites_are_held_and_the_prediction_is_inside(
    seed: int, n: int, level: float
) -> None:
    predicted, truth, names = draw(np.random.default_rng(seed), n)
    made = calibrate_site_intervals(predicted, truth, names, level)
    low, high = made.bounds(predicted).T
    assert ((low <= predicted) & (predicted <= high)).all()
    if n >= 20:
        assert made.hold(predicted, truth).mean() >= level
    assert set(made.numbers) == set(truth.tolist())


def test_no_site_is_refused() -> None:
    with pytest.raises(InputError, match="on no site"):
        calibrate_site_intervals(np.empty(0), np.empty(0), np.empty(0, str))
