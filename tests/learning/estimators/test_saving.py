"""Estimators as records."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nearedge.errors import InputError
from nearedge.learning.estimators import (
    AnyEstimator,
    CompositionRegressor,
    KernelClassifier,
    KernelRegressor,
    MixtureRegressor,
    NetworkClassifier,
    NetworkRegressor,
)
from nearedge.records import pack, unpack

QUICK: dict[str, Any] = {"epochs": 10, "batch_size": 16, "records": 2, "n_networks": 2}
X = np.random.default_rng(0).normal(size=(60, 6))
NAMES = np.array(["0", "1", "dimer"])[np.digitize(X[:, 0], [-0.4, 0.4])]
FRACTIONS = np.random.default_rng(1).dirichlet(np.ones(2), 60)


@dataclass(frozen=True)
class Holder:
    """Something that has an estimator."""

    estimator: AnyEstimator


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    composition = CompositionRegressor((6,), classes=["0", "1"], values=[0.0, 1.0], **QUICK)
    mixture = MixtureRegressor(classes=["0", "1"], values=[0.0, 1.0])
    return {
        "network classifier": NetworkClassifier((6,), **QUICK).fit(X, NAMES),
        "network regressor": NetworkRegressor((6,), **QUICK).fit(X, 7 * X[:, 1] + 3),
        "composition": composition.fit(X, FRACTIONS),
        "mixture": mixture.fit(X, FRACTIONS, np.arange(1, 61)),
        "kernel classifier": KernelClassifier().fit(X, NAMES),
        "without slopes": KernelClassifier(slopes=0.0).fit(X, NAMES),
        "kernel regressor": KernelRegressor().fit(X, X[:, 1] ** 2),
    }


def restored(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    return unpack(Holder, json.loads(json.dumps(plain)), arrays, source="model").estimator


def test_what_is_kept_says_the_same(fitted: dict[str, Any]) -> None:
    unseen = 3 * np.random.default_rng(5).normal(size=(7, 6))
    for name, estimator in fitted.items():
        again = restored(*pack(Holder(estimator)))
        assert type(again) is type(estimator), name
        assert again.predict(unseen).tolist() == estimator.predict(unseen).tolist()
        if hasattr(estimator, "predict_proba"):
            np.testing.assert_array_equal(
                again.predict_proba(unseen), estimator.predict_proba(unseen)
            )
        assert again.parameters() == estimator.parameters()
        assert again.members == estimator.members


def test_models_of_before_are_read(fitted: dict[str, Any]) -> None:
    plain, arrays = pack(Holder(fitted["network classifier"]))
    plain["estimator"]["parameters"] |= {"early_stopping": False, "energy": None, "restarts": 5}
    assert restored(plain, arrays).epochs == 10


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("network classifier", lambda one: one.update(type="Transformer"), "is a Transformer"),
        ("network classifier", lambda one: one.pop("type"), "says no type"),
        ("network classifier", lambda one: one.pop("classes") and None, "outputs for classes"),
        ("network classifier", lambda one: one["parameters"].update(hidden=[5]), "do not fit"),
        ("network classifier", lambda one: one.update(colour="red"), "colour"),
        ("network classifier", lambda one: one["parameters"].update(colour="red"), "colour"),
        ("kernel classifier", lambda one: one.pop("steepness"), "steepness"),
        ("kernel classifier", lambda one: one["machines"]["classes"].append("x"), "do not fit"),
        ("kernel regressor", lambda one: one.update(support=one["mean"]), "estimator"),
    ],
)
def test_what_does_not_hang_together_is_refused(
    fitted: dict[str, Any], name: str, spoil: Callable[[dict[str, Any]], object], words: str
) -> None:
    plain, arrays = pack(Holder(fitted[name]))
    plain = copy.deepcopy(plain)
    spoil(plain["estimator"])
    with pytest.raises(InputError, match=words) as caught:
        restored(plain, arrays)
    assert str(caught.value).startswith("model: ")


def test_an_array_that_is_missing_is_named(fitted: dict[str, Any]) -> None:
    plain, arrays = pack(Holder(fitted["composition"]))
    del arrays["estimator.networks.1.biases.0"]
    with pytest.raises(InputError, match=r"estimator\.networks\.1\.biases\.0"):
        restored(plain, arrays)
