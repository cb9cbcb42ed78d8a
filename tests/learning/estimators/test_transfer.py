"""Continuing from another estimator's networks, against what is known of them."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.learning.estimators import CoordinationRegressor, EnvironmentClassifier

STILL: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-12, "records": 1, "restarts": 0}
COUNT = 300


@pytest.fixture(scope="module")
def spectra() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(COUNT, 6))


@pytest.fixture(scope="module")
def names(spectra: np.ndarray) -> np.ndarray:
    return np.array(["0", "1", "2"])[np.digitize(spectra[:, 0] + spectra[:, 1], [-0.7, 0.7])]


@pytest.fixture(scope="module")
def source(spectra: np.ndarray, names: np.ndarray) -> EnvironmentClassifier:
    return EnvironmentClassifier((12,), epochs=60, n_networks=2).fit(spectra, names)


@pytest.mark.filterwarnings("ignore:.*learned no more than a constant")
def test_training_starts_where_the_source_ended(
    spectra: np.ndarray, names: np.ndarray, source: EnvironmentClassifier
) -> None:
    still = EnvironmentClassifier((12,), n_networks=3, **STILL).fit(spectra, names, source=source)
    for network, given in zip(
        still.networks_, [*source.networks_, source.networks_[0]], strict=True
    ):
        for one, other in zip(network.weights, given.weights, strict=True):
            assert_allclose(one, other, atol=1e-6)
    assert still.score(spectra, names) == pytest.approx(source.score(spectra, names), abs=0.02)


@pytest.mark.filterwarnings("ignore:.*learned no more than a constant")
def test_the_unit_of_the_new_spectra_does_not_matter(
    spectra: np.ndarray, names: np.ndarray, source: EnvironmentClassifier
) -> None:
    other = 1e-5 * spectra + 3e-5
    still = EnvironmentClassifier((12,), n_networks=2, **STILL).fit(other, names, source=source)
    assert_allclose(still.predict_proba(other), source.predict_proba(spectra), atol=1e-4)


def test_few_labelled_spectra_are_enough_for_who_knows_the_rest(
    spectra: np.ndarray, names: np.ndarray, source: EnvironmentClassifier
) -> None:
    few = np.arange(12)
    scores = [
        EnvironmentClassifier((12,), epochs=30, learning_rate=0.002, n_networks=2)
        .fit(spectra[few], names[few], source=given)
        .score(spectra, names)
        for given in (None, source)
    ]
    assert scores[1] > scores[0] + 0.1


@pytest.mark.filterwarnings("ignore:.*learned no more than a constant")
def test_classes_are_matched_by_name(
    spectra: np.ndarray, names: np.ndarray, source: EnvironmentClassifier
) -> None:
    renamed = np.where(names == "0", "dimer", names)
    still = EnvironmentClassifier((12,), n_networks=2, **STILL).fit(spectra, renamed, source=source)
    assert still.classes_.tolist() == ["1", "2", "dimer"]
    new, old = still.networks_[0].weights[-1], source.networks_[0].weights[-1]
    assert_allclose(new[:2], old[1:], atol=1e-6)
    assert np.abs(new[2] - old[0]).max() > 0.01
    assert new[2].any()
    kept = names != "0"
    fewer = EnvironmentClassifier((12,), n_networks=2, **STILL)
    fewer.fit(spectra[kept], names[kept], source=source)
    assert_allclose(fewer.networks_[1].weights[-1], source.networks_[1].weights[-1][1:], atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*learned no more than a constant")
def test_a_regressor_goes_on_in_its_own_unit(spectra: np.ndarray) -> None:
    """Other labels have another mean and spread; the numbers that are predicted stay."""
    numbers = 2.0 + 0.5 * spectra[:, 0]
    source = CoordinationRegressor((12,), epochs=60).fit(spectra, numbers)
    still = CoordinationRegressor((12,), **STILL).fit(spectra, 3 * numbers + 1, source=source)
    assert_allclose(still.predict(spectra), source.predict(spectra), atol=1e-4)


def test_another_kind_or_shape_is_refused(
    spectra: np.ndarray, names: np.ndarray, source: EnvironmentClassifier
) -> None:
    wrong: Any = source
    with pytest.raises(InputError, match="cannot continue from a EnvironmentClassifier"):
        CoordinationRegressor((12,)).fit(spectra, spectra[:, 0], source=wrong)
    with pytest.raises(InputError, match=r"\(6, 8\), those of the source \(6, 12\)"):
        EnvironmentClassifier((8,)).fit(spectra, names, source=source)
    with pytest.raises(InputError, match=r"\(5, 12\)"):
        EnvironmentClassifier((12,)).fit(spectra[:, :5], names, source=source)
