"""Fractions of environments from averages."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from nearedge.errors import InputError
from nearedge.learning.estimators import CompositionRegressor, load_estimator

QUICK: dict[str, Any] = {"epochs": 150, "batch_size": 32, "records": 2}
NAMES, NUMBERS = ["0", "1", "dimer"], [0.0, 1.0, 0.25]


@pytest.fixture(scope="module")
def pure() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 6))


@pytest.fixture(scope="module")
def regressor(pure: np.ndarray) -> CompositionRegressor:
    fractions = np.random.default_rng(1).dirichlet(np.ones(3), 500)
    model = CompositionRegressor((16,), classes=NAMES, coordination=NUMBERS, n_networks=2, **QUICK)
    return model.fit(fractions @ pure, fractions)


def test_fractions_of_unseen_averages_are_told(
    regressor: CompositionRegressor, pure: np.ndarray
) -> None:
    fractions = np.random.default_rng(2).dirichlet(np.ones(3), 200)
    found = regressor.predict_fractions(fractions @ pure)
    assert np.abs(found - fractions).mean() < 0.03
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()
    assert regressor.score(fractions @ pure, fractions) > 0.95
    assert np.allclose(regressor.predict(fractions @ pure), found @ NUMBERS)


def test_networks_that_disagree_show_it(regressor: CompositionRegressor, pure: np.ndarray) -> None:
    each = [np.asarray(regressor.differentiable(jnp.asarray(pure), k))[:, 0] for k in (0, 1)]
    assert np.allclose(np.std(each, axis=0), regressor.predict_spread(pure), atol=1e-4)
    assert regressor.predict_spread(pure).max() > 0


def test_its_mean_can_be_differentiated(regressor: CompositionRegressor, pure: np.ndarray) -> None:
    each = [np.asarray(regressor.differentiable(jnp.asarray(pure), k))[:, 0] for k in (0, 1)]
    assert regressor.members == 2
    assert np.allclose(np.mean(each, axis=0), regressor.predict(pure), atol=1e-4)


def test_a_saved_one_says_the_same(
    regressor: CompositionRegressor, pure: np.ndarray, tmp_path: Path
) -> None:
    regressor.save(tmp_path / "model")
    loaded, _ = load_estimator(tmp_path / "model")
    assert isinstance(loaded, CompositionRegressor)
    assert loaded.classes_.tolist() == NAMES
    assert np.array_equal(loaded.predict_fractions(pure), regressor.predict_fractions(pure))


def test_it_continues_from_another_one_class_by_class(
    regressor: CompositionRegressor, pure: np.ndarray
) -> None:
    fractions = np.random.default_rng(3).dirichlet(np.ones(2), 40)
    chosen = pure[[0, 2]]
    start = CompositionRegressor(
        (16,), classes=["0", "dimer"], coordination=[0.0, 0.25], **{**QUICK, "epochs": 1}
    ).fit(fractions @ chosen, fractions, source=regressor)
    for mine, theirs in zip(start.networks_, regressor.networks_, strict=False):
        assert np.allclose(mine.weights[0], theirs.weights[0], atol=0.02)
        assert np.allclose(mine.weights[1], np.asarray(theirs.weights[1])[[0, 2]], atol=0.02)


def test_what_is_no_fraction_is_refused(pure: np.ndarray) -> None:
    model = CompositionRegressor((4,), classes=NAMES, coordination=NUMBERS, **QUICK)
    with pytest.raises(InputError, match="must add up to one"):
        model.fit(pure, np.ones((3, 3)))
    with pytest.raises(InputError, match=r"shape \(3, 2\) do not fit 3 classes"):
        model.fit(pure, np.full((3, 2), 0.5))
    with pytest.raises(InputError, match="a coordination number for each"):
        CompositionRegressor((4,), classes=NAMES, coordination=[1.0]).fit(pure, np.eye(3))
