"""The plain methods, on data of which the answer is known."""

import numpy as np
import pytest

from nearedge.learning.baselines import (
    baseline_answers,
    classifier_baselines,
    regressor_baselines,
)

NAMES = ["majority", "1-nn", "svm", "logistic", "random-forest"]


def separable(seed: int, sites: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.choice(["0", "1"], sites, p=[0.7, 0.3])
    # Raw OCEAN intensities are this small: standardising is part of the pipelines.
    return 1e-5 * (rng.random((sites, 6)) + 5 * (y == "1")[:, None]), y


def accuracies(train: tuple, test: tuple) -> dict[str, float]:
    told = baseline_answers(train, test[0], seed=0)
    return {name: float(np.mean(answers == test[1])) for name, answers in told.items()}


def test_separable_classes_are_told_apart_by_all_but_the_majority():
    test = separable(1)
    scores = accuracies(separable(0), test)
    assert list(scores) == NAMES
    assert scores.pop("majority") == np.mean(test[1] == "0")
    assert scores == dict.fromkeys(scores, 1.0)


def test_a_class_that_was_not_trained_on_counts_as_an_error():
    x, y = separable(0)
    unseen = np.where(np.arange(len(y)) < 15, "dimer", y)
    assert accuracies((x, y), (x, unseen))["1-nn"] == pytest.approx(45 / 60)
    only = y == "0"
    assert accuracies((x[only], y[only]), (x, y)) == dict.fromkeys(NAMES, np.mean(only))


def test_ridge_finds_a_linear_law_and_the_constant_is_the_training_mean():
    rng = np.random.default_rng(3)
    x = rng.random((80, 5))
    y = x @ np.arange(5.0) + 2
    models = {name: model.fit(x[:60], y[:60]) for name, model in regressor_baselines().items()}
    assert np.abs(models["ridge"].predict(x[60:]) - y[60:]).max() < 1e-3
    assert models["constant"].predict(x[60:]) == pytest.approx(np.full(20, y[:60].mean()))


def test_one_seed_gives_one_forest():
    x, y = separable(0)
    noise = np.random.default_rng(0).random(x.shape)
    first, second = (classifier_baselines(7)["random-forest"].fit(noise, y) for _ in range(2))
    fresh = np.random.default_rng(1).random((40, 6))
    assert np.array_equal(first.predict_proba(fresh), second.predict_proba(fresh))
