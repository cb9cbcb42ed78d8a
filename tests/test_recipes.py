"""Recipes: from raw spectra to fitted estimators."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.errors import InputError
from nearedge.examples import AVERAGE_SIZE, MIXTURE_SIZE
from nearedge.recipes import (
    BEST,
    PAPER,
    Examples,
    Recipe,
    find_recipe,
    fit_classifiers,
    fit_regressors,
)


@pytest.fixture(scope="module")
def sites() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spectra whose first intensities grow with the coordination number; one lone dimer."""
    rng = np.random.default_rng(0)
    coordination = np.concatenate([np.repeat([0, 1, 2], 20), [0]])
    mu = rng.normal(scale=0.2, size=(61, 6)) + 3
    mu[:, :2] += coordination[:, None]
    mu[60, 4] += 5
    environment = coordination.astype(str).astype("U5")
    environment[60] = "dimer"
    return mu, environment, coordination


def small(recipe: Recipe) -> Recipe:
    return replace(
        recipe,
        averages=Examples(300, AVERAGE_SIZE),
        mixtures=Examples(300, MIXTURE_SIZE),
        classifier={**recipe.classifier, "epochs": 30, "records": 2, "n_networks": 1},
        regressor={**recipe.regressor, "epochs": 60, "records": 2, "batch_size": 32},
    )


def test_the_papers_networks_are_the_papers() -> None:
    paper = find_recipe("paper")
    assert paper.averages.count == 8000
    assert paper.mixtures == Examples(10000, (20, 70))
    classifier, regressor = paper.new_classifier(7), paper.new_regressor(7, learning_rate=0.001)
    assert (classifier.hidden, classifier.epochs, classifier.batch_size) == ((8, 6), 1500, 32)
    assert (regressor.hidden, regressor.epochs, regressor.batch_size) == ((8, 6), 400, 256)
    assert classifier.l2 == 0.1
    assert classifier.random_state == 7
    assert regressor.learning_rate == 0.001
    with pytest.raises(InputError, match="'worst' is not known; choose one of paper, best"):
        find_recipe("worst")


def test_classifiers_of_both_recipes_learn(
    sites: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    mu, environment, _ = sites
    common = environment != "dimer"
    jobs = [(mu[common], environment[common], seed) for seed in (1, 2)]
    averaging = fit_classifiers(small(PAPER), jobs)
    assert [model.random_state for model in averaging] == [1, 2]
    assert all(model.score(mu[common], environment[common]) > 0.9 for model in averaging)
    assert np.isfinite(averaging[0].curves_[0].validation_score).all()
    raw = fit_classifiers(small(BEST), [(mu, environment, 1)], energy=np.arange(6.0))[0]
    assert raw.classes_.tolist() == ["0", "1", "2", "dimer"]
    assert raw.score(mu, environment) > 0.9
    assert raw.energy is not None


def test_an_average_needs_two_spectra(sites: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    mu, environment, _ = sites
    assert (PAPER.least, BEST.least) == (2, 1)
    with pytest.raises(InputError, match="'dimer' has a single spectrum"):
        fit_classifiers(small(PAPER), [(mu, environment, 1)])


@pytest.mark.parametrize("recipe", [PAPER, BEST])
def test_regressors_learn_mean_coordination(
    recipe: Recipe, sites: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    mu, _, coordination = sites
    model = fit_regressors(small(recipe), [(mu[:60], coordination[:60], 3)])[0]
    rng = np.random.default_rng(5)
    chosen = rng.integers(0, 60, (50, 30))
    error = model.predict(mu[chosen].mean(axis=1)) - coordination[chosen].mean(axis=1)
    assert np.sqrt((error**2).mean()) < 0.1


def test_a_class_of_one_spectrum_cannot_be_averaged() -> None:
    environment = np.array(["0", "1", "1", "dimer"])
    assert PAPER.teachable(environment).tolist() == [False, True, True, False]
    assert BEST.teachable(environment).all()
