"""The two estimators as scikit-learn and a user see them."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.base import clone as _clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from nearedge.errors import InputError
from nearedge.learning.estimators import (
    KernelClassifier,
    NetworkClassifier,
    NetworkRegressor,
    fit_many,
)

# Typed as what goes in, or a collection of it, in scikit-learn.
clone: Any = _clone

QUICK: dict[str, Any] = {"epochs": 40, "batch_size": 16, "records": 2}


@pytest.fixture(scope="module")
def spectra() -> np.ndarray:
    """Intensities as small as OCEAN's, one of them constant."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 6)) * 1e-5 + 3e-5
    values[:, 3] = 0.1 + 0.2
    return values


@pytest.fixture(scope="module")
def names(spectra: np.ndarray) -> np.ndarray:
    return np.array(["0", "1", "dimer"])[np.digitize(spectra[:, 0], [2.6e-5, 3.4e-5])]


@pytest.fixture(scope="module")
def classifier(spectra: np.ndarray, names: np.ndarray) -> NetworkClassifier:
    return NetworkClassifier((6,), n_networks=2, **QUICK).fit(spectra, names)


def _expected_failures(estimator: Any) -> dict[str, str]:
    failures = {
        "check_do_not_raise_errors_in_init_or_set_params": (
            "sets every parameter to -1 and so on; beartype, which only the tests run under, "
            "refuses what the annotations do not allow"
        )
    }
    if isinstance(estimator, KernelClassifier):
        failures["check_methods_subset_invariance"] = (
            "wants 1e-7; kernels are in single precision, whose rounding depends on the shape"
        )
    return failures


@parametrize_with_checks(
    [
        NetworkClassifier((16,), epochs=60, batch_size=8, learning_rate=0.02, records=2),
        NetworkRegressor((16,), epochs=60, batch_size=8, learning_rate=0.02, records=2),
        KernelClassifier(),
    ],
    expected_failed_checks=_expected_failures,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_takes_it_for_one_of_its_own(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


def test_classes_are_learnt_from_raw_intensities(
    classifier: NetworkClassifier, spectra: np.ndarray, names: np.ndarray
) -> None:
    assert classifier.classes_.tolist() == ["0", "1", "dimer"]
    assert classifier.score(spectra, names) > 0.9
    assert classifier.input_scale_[3] == 1
    assert np.isfinite(classifier.predict_proba(spectra)).all()


def test_the_unit_of_the_intensities_does_not_matter(
    classifier: NetworkClassifier, spectra: np.ndarray, names: np.ndarray
) -> None:
    other = clone(classifier).fit(spectra * 1e6, names)
    np.testing.assert_allclose(
        other.predict_proba(spectra * 1e6), classifier.predict_proba(spectra), atol=1e-3
    )


def test_an_ensemble_averages_its_networks(
    classifier: NetworkClassifier, spectra: np.ndarray
) -> None:
    both = classifier.predict_proba(spectra)
    single = []
    for network in classifier.networks_:
        alone = clone(classifier)
        alone.__dict__.update(classifier.__dict__)
        alone.networks_ = [network]
        single.append(alone.predict_proba(spectra))
    assert not np.allclose(single[0], single[1])
    np.testing.assert_allclose(both, np.mean(single, axis=0))
    np.testing.assert_allclose(both.sum(axis=1), 1)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_spectra_to_predict_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = _fitted_regressor()
    x = rng.normal(size=(9, 4))
    order = rng.permutation(9)
    np.testing.assert_allclose(model.predict(x[order]), model.predict(x)[order], rtol=1e-5)


_regressors: list[NetworkRegressor] = []


def _fitted_regressor() -> NetworkRegressor:
    if not _regressors:
        x = np.random.default_rng(0).normal(size=(60, 4))
        model = NetworkRegressor((6,), n_networks=2, **QUICK)
        _regressors.append(model.fit(x, 5 + x[:, 0]))
    return _regressors[0]


def test_numbers_are_learnt_and_curves_are_in_their_unit() -> None:
    model = _fitted_regressor()
    x = np.random.default_rng(1).normal(size=(40, 4))
    assert model.score(x, 5 + x[:, 0]) > 0.8
    # Curves are in the unit of the target.
    x = np.random.default_rng(0).normal(size=(60, 4))
    each = [np.asarray(model.differentiable(jnp.asarray(x), network))[:, 0] for network in (0, 1)]
    errors = ((np.array(each) - 5 - x[:, 0]) ** 2).mean(axis=1)
    np.testing.assert_allclose([curves.score[-1] for curves in model.curves_], errors, rtol=1e-3)


def test_same_seed_same_numbers(spectra: np.ndarray, names: np.ndarray) -> None:
    first, second, other = (
        NetworkClassifier((6,), random_state=seed, **QUICK)
        .fit(spectra, names)
        .predict_proba(spectra)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_many_at_once_are_as_each_alone(spectra: np.ndarray, names: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    data = [((spectra, names), None), ((spectra * 2, rng.permutation(names)), None)]
    models = [NetworkClassifier((6,), random_state=k, **QUICK) for k in (5, 6)]
    together = fit_many(models, data)
    assert together == models
    for model, ((x, y), _) in zip(together, data, strict=True):
        alone = clone(model).fit(x, y)
        np.testing.assert_allclose(model.predict_proba(x), alone.predict_proba(x), atol=1e-4)


def test_cross_validation_of_scikit_learn_works(spectra: np.ndarray, names: np.ndarray) -> None:
    model = NetworkClassifier((6,), **QUICK).set_params(learning_rate=0.05)
    scores = cross_val_score(model, spectra, names, cv=2)
    assert scores.mean() > 0.6


def test_validation_data_draws_curves(spectra: np.ndarray, names: np.ndarray) -> None:
    model = NetworkClassifier((6,), **QUICK)
    model.fit(spectra[:40], names[:40], validation=(spectra[40:], names[40:]))
    assert np.isfinite(model.curves_[0].validation_loss).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_networks": 0}, "n_networks=0"),
        ({"hidden": (3, 0)}, "hidden"),
        ({"random_state": 1.5}, "random_state=1.5"),
        ({"l2_convention": "weird"}, "decoupled"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"l2": -1.0}, "l2=-1.0"),
        ({"scale_floor": 1.5}, "scale_floor=1.5"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    spectra: np.ndarray, names: np.ndarray, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        NetworkClassifier().set_params(**changes).fit(spectra, names)


def test_energies_that_hardly_vary_are_not_blown_up(spectra: np.ndarray, names: np.ndarray) -> None:
    quiet = spectra.copy()
    quiet[:, 1] *= 1e-3
    quiet[:, 2] = 7.0
    spread = quiet.std(axis=0)
    plain, half, common = (
        NetworkClassifier((6,), scale_floor=floor, **QUICK).fit(quiet, names).input_scale_
        for floor in (0.0, 0.5, 1.0)
    )
    np.testing.assert_allclose(plain[1], spread[1])
    assert plain[2] == 1.0
    np.testing.assert_allclose(half, np.maximum(spread, spread.max() / 2))
    np.testing.assert_allclose(common, spread.max())


def test_bad_data_is_refused(spectra: np.ndarray, names: np.ndarray) -> None:
    with pytest.raises(InputError, match="one class, '1'; a"):
        NetworkClassifier(**QUICK).fit(spectra, np.full(len(names), "1"))
    with pytest.raises(InputError, match="'9'"):
        NetworkClassifier(**QUICK).fit(
            spectra, names, validation=(spectra[:2], np.array(["9", "1"]))
        )
    spoilt = spectra.copy()
    spoilt[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        NetworkClassifier(**QUICK).fit(spoilt, names)


def test_a_dead_ensemble_is_not_kept_silently(spectra: np.ndarray, names: np.ndarray) -> None:
    model = NetworkClassifier((6,), l2=100.0, l2_convention="batch", **QUICK)
    with pytest.warns(ConvergenceWarning, match="1 of 1 networks learned no more than a constant"):
        model.fit(spectra, names)
    assert model.restarts_ == (5,)


def test_the_differentiable_networks_answer_as_predict_does(
    classifier: NetworkClassifier, spectra: np.ndarray
) -> None:
    x = jnp.asarray(spectra)
    chances = [np.exp(classifier.differentiable(x, network)) for network in range(2)]
    assert np.mean(chances, axis=0) == pytest.approx(classifier.predict_proba(spectra), abs=1e-4)
    regressor = NetworkRegressor((4,), n_networks=2, **QUICK).fit(spectra, spectra[:, 0] * 1e5)
    values = [np.asarray(regressor.differentiable(x, network)) for network in range(2)]
    assert np.mean(values, axis=0)[:, 0] == pytest.approx(regressor.predict(spectra), rel=1e-4)
