"""Fractions of environments from averages."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from nearedge.errors import InputError
from nearedge.learning.estimators import CompositionRegressor

QUICK: dict[str, Any] = {"epochs": 150, "batch_size": 32, "records": 2}
NAMES, NUMBERS = ["0", "1", "dimer"], [0.0, 1.0, 0.25]


@pytest.fixture(scope="module")
def pure() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 6))


@pytest.fixture(scope="module")
def regressor(pure: np.ndarray) -> CompositionRegressor:
    fractions = np.random.default_rng(1).dirichlet(np.ones(3), 500)
    model = CompositionRegressor((16,), classes=NAMES, values=NUMBERS, n_networks=2, **QUICK)
    return model.fit(fractions @ pure, fractions)


def test_fractions_of_unseen_averages_are_told(
    regressor: CompositionRegressor, pure: np.ndarray
) -> None:
    fractions = np.random.default_rng(2).dirichlet(np.ones(3), 200)
    found = regressor.predict_fractions(fractions @ pure)
    assert np.abs(found - fractions).mean() < 0.03
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()
    assert np.allclose(regressor.predict(fractions @ pure), found @ NUMBERS)


def test_its_mean_can_be_differentiated(regressor: CompositionRegressor, pure: np.ndarray) -> None:
    each = [np.asarray(regressor.differentiable(jnp.asarray(pure), k))[:, 0] for k in (0, 1)]
    assert regressor.members == 2
    assert np.allclose(np.mean(each, axis=0), regressor.predict(pure), atol=1e-4)


def test_what_is_no_fraction_is_refused(pure: np.ndarray) -> None:
    model = CompositionRegressor((4,), classes=NAMES, values=NUMBERS, **QUICK)
    with pytest.raises(InputError, match="must add up to one"):
        model.fit(pure, np.ones((3, 3)))
    with pytest.raises(InputError, match=r"shape \(3, 2\) do not fit 3 classes"):
        model.fit(pure, np.full((3, 2), 0.5))
    with pytest.raises(InputError, match="a number for each"):
        CompositionRegressor((4,), classes=NAMES, values=[1.0]).fit(pure, np.eye(3))
