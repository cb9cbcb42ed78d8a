import numpy as np
from hypothesis import given, settings, strategies as st

from nearedge.models._conformal import class_sets, half_width, set_threshold

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(20, 200), st.sampled_from([0.5, 0.8, 0.9]))
def test_an_interval_holds_at_least_its_share_of_what_it_was_made_of(
    seed: int, n: int, level: float
) -> None:
    residuals = np.abs(np.random.default_rng(seed).normal(size=n))
    held = (residuals <= half_width(residuals, level)).mean()
    assert level <= held <= level + 2 / n + 1 / n


def test_new_residuals_are_held_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    held = [
        (np.abs(rng.normal(size=200)) <= half_width(np.abs(rng.normal(size=50)), 0.9)).mean()
        for _ in range(500)
    ]
    assert abs(np.mean(held) - 0.9) < 0.015


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(20, 100))
def test_sets_hold_their_share_and_are_never_empty(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet(np.ones(4), size=n)
    truth = np.array([rng.choice(4, p=row) for row in probability])
    chosen = class_sets(probability, set_threshold(probability[np.arange(n), truth], 0.9))
    assert chosen[np.arange(n), truth].mean() >= 0.9
    assert chosen.any(axis=1).all()
