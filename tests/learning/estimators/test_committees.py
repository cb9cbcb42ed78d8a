"""A kernel machine and networks that answer together."""

from dataclasses import make_dataclass, replace

import jax.numpy as jnp
import numpy as np
import pytest

from nearedge.learning.estimators import (
    AnyEstimator,
    CommitteeRegressor,
    CompositionRegressor,
    MixtureRegressor,
)
from nearedge.records import pack, unpack

CLASSES, VALUES = ["0", "1", "2"], [0.0, 1.0, 2.0]


@pytest.fixture(scope="module")
def examples() -> tuple[np.ndarray, np.ndarray]:
    """Noisy averages of three spectra, and their fractions."""
    rng = np.random.default_rng(0)
    fractions = rng.dirichlet(np.ones(3), 200)
    shapes = rng.normal(size=(3, 8))
    return fractions @ shapes + rng.normal(scale=0.1, size=(200, 8)), fractions


@pytest.fixture(scope="module")
def committee(examples: tuple[np.ndarray, np.ndarray]) -> CommitteeRegressor:
    names = {"classes": CLASSES, "values": VALUES}
    networks = CompositionRegressor(hidden=(8,), epochs=20, n_networks=2, **names)
    return CommitteeRegressor(MixtureRegressor(**names).fit(*examples), networks.fit(*examples))


def test_it_tells_the_mean_of_both(
    committee: CommitteeRegressor, examples: tuple[np.ndarray, np.ndarray]
) -> None:
    x, y = examples
    fractions = committee.predict_fractions(x)
    both = [one.predict_fractions(x) for one in (committee.kernel, committee.networks)]
    assert np.allclose(fractions, (both[0] + both[1]) / 2)
    assert np.allclose(fractions.sum(axis=1), 1)
    assert np.abs(committee.predict(x) - y @ VALUES).mean() < 0.15
    assert (committee.classes, committee.values) == (CLASSES, VALUES)


def test_what_is_differentiated_is_what_is_told(
    committee: CommitteeRegressor, examples: tuple[np.ndarray, np.ndarray]
) -> None:
    x = jnp.asarray(examples[0][:5])
    members = [committee.differentiable(x, n)[:, 0] for n in range(committee.members)]
    assert committee.members == 2
    assert np.allclose(np.mean(members, axis=0), committee.predict(examples[0][:5]), atol=1e-4)


def test_it_is_kept_with_its_members(
    committee: CommitteeRegressor, examples: tuple[np.ndarray, np.ndarray]
) -> None:
    holder = make_dataclass("Holder", [("estimator", AnyEstimator)])
    plain, arrays = pack(holder(committee))
    again = unpack(holder, plain, arrays, source="committee").estimator
    assert isinstance(again, CommitteeRegressor)
    assert np.allclose(again.predict(examples[0]), committee.predict(examples[0]))


def test_members_must_agree(committee: CommitteeRegressor) -> None:
    other = MixtureRegressor(classes=CLASSES, values=[0.0, 1.0, 3.0])
    other.n_features_in_ = committee.n_features_in_
    with pytest.raises(ValueError, match="other classes, values or inputs"):
        replace(committee, kernel=other)
