"""Recipes: from raw spectra to fitted estimators."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.estimators import (
    CommitteeRegressor,
    CompositionRegressor,
    KernelClassifier,
    KernelRegressor,
    MixtureRegressor,
    NetworkClassifier,
    NetworkRegressor,
    fraction_classes,
)
from nearedge.learning.examples import AVERAGE_SIZE, MIXTURE_SIZE, Labelled
from nearedge.learning.recipes import (
    BEST,
    NETWORK,
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
    networks = {"epochs": 30, "records": 2, "n_networks": 1}
    return replace(
        recipe,
        averages=Examples(300, AVERAGE_SIZE),
        mixtures=Examples(300, MIXTURE_SIZE),
        classifier={**recipe.classifier, **({} if recipe.kernel else networks)},
        regressor={**recipe.regressor, "epochs": 60, "records": 2, "batch_size": 32},
    )


def test_the_papers_networks_are_the_papers() -> None:
    paper = find_recipe("paper")
    assert paper.averages.count == 8000
    assert paper.mixtures == Examples(10000, (20, 70))
    classifier = paper.new_classifier(7)
    regressor = paper.new_regressor(7, {"0": 0.0, "1": 1.0}, learning_rate=0.001)
    assert isinstance(classifier, NetworkClassifier)
    assert isinstance(regressor, NetworkRegressor)
    assert (classifier.hidden, classifier.epochs, classifier.batch_size) == ((8, 6), 1500, 32)
    assert (regressor.hidden, regressor.epochs, regressor.batch_size) == ((8, 6), 400, 256)
    assert classifier.l2 == 0.1
    assert classifier.random_state == 7
    assert regressor.learning_rate == 0.001
    with pytest.raises(InputError, match="'worst' is not known; choose one of paper, network"):
        find_recipe("worst")


def test_classifiers_of_all_recipes_learn(
    sites: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    mu, environment, _ = sites
    common = environment != "dimer"
    jobs = [
        (Labelled(mu[common], environment[common], environment[common]), seed) for seed in (1, 2)
    ]
    averaging = fit_classifiers(small(PAPER), jobs)
    assert [model.random_state for model in averaging] == [1, 2]
    assert all(model.score(mu[common], environment[common]) > 0.9 for model in averaging)
    assert isinstance(averaging[0], NetworkClassifier)
    assert np.isfinite(averaging[0].curves_[0].validation_score).all()
    for recipe, kind in ((BEST, KernelClassifier), (NETWORK, NetworkClassifier)):
        (raw,) = fit_classifiers(small(recipe), [(Labelled(mu, environment, environment), 1)])
        assert isinstance(raw, kind)
        assert raw.classes_.tolist() == ["0", "1", "2", "dimer"]
        assert raw.score(mu, environment) > 0.9


def test_an_average_needs_two_spectra(sites: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    mu, environment, _ = sites
    with pytest.raises(InputError, match="'dimer' has a single spectrum"):
        fit_classifiers(small(PAPER), [(Labelled(mu, environment, environment), 1)])


@pytest.mark.parametrize("recipe", [PAPER, BEST])
def test_regressors_learn_mean_coordination(
    recipe: Recipe, sites: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    mu, environment, coordination = sites
    job = (Labelled(mu[:60], coordination[:60], environment[:60]), 3)
    model = fit_regressors(small(recipe), [job], by_class=True)[0]
    assert bool(fraction_classes(model)) == recipe.fractions
    assert isinstance(model, CommitteeRegressor) == recipe.kernel
    rng = np.random.default_rng(5)
    chosen = rng.integers(0, 60, (50, 30))
    error = model.predict(mu[chosen].mean(axis=1)) - coordination[chosen].mean(axis=1)
    assert np.sqrt((error**2).mean()) < 0.1


def test_a_class_stands_for_its_mean_coordination() -> None:
    coordination = np.array([0, 1, 1, 0, 3])
    environment = np.array(["0", "1", "1", "dimer", "dimer"])
    found = Labelled(np.ones((5, 2)), coordination, environment).class_values()
    assert found == {"0": 0.0, "1": 1.0, "dimer": 1.5}
    for recipe, kind in ((BEST, MixtureRegressor), (NETWORK, CompositionRegressor)):
        regressor = recipe.new_regressor(0, found)
        assert isinstance(regressor, kind)
        assert (regressor.classes, regressor.values) == (["0", "1", "dimer"], [0.0, 1.0, 1.5])


def test_the_window_shrinks_to_the_papers_where_spectra_are_short() -> None:
    assert BEST.reach(np.linspace(-3, 16, 20)) == BEST.window
    assert BEST.reach(np.linspace(-1.2, 12, 20)) == PAPER.window
    assert BEST.reach(np.linspace(-1.2, 12, 20), averages=True) == BEST.narrow


def test_a_class_of_one_spectrum_cannot_be_averaged() -> None:
    environment = np.array(["0", "1", "1", "dimer"])
    assert PAPER.teachable(environment).tolist() == [False, True, True, False]
    assert BEST.teachable(environment).all()


def test_jitter_teaches_not_to_rely_on_the_normalisation(telling_dataset: SiteSpectra) -> None:
    data = telling_dataset
    sites = Labelled(data.inputs(), data.coordination, data.environment)
    recipe = replace(BEST, mixtures=Examples(2000, MIXTURE_SIZE))
    jobs = [(sites, 0)]
    (careful,) = fit_regressors(recipe, jobs, by_class=True)
    (trusting,) = fit_regressors(replace(recipe, jitter=0.0), jobs, by_class=True)
    error = {
        name: np.abs(model.predict(1.1 * sites.mu) - sites.value).mean()
        for name, model in (("careful", careful), ("trusting", trusting))
    }
    assert error["careful"] < error["trusting"]


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [(PAPER, NetworkRegressor), (NETWORK, NetworkRegressor), (BEST, KernelRegressor)],
)
def test_every_recipe_learns_a_number_that_does_not_follow_from_the_class(
    recipe: Recipe, kind: type, sites: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    mu, environment, _ = sites
    # As a bond valence does, it varies within a class.
    value = mu[:, 0] + 0.5 * mu[:, 1]
    (model,) = fit_regressors(small(recipe), [(Labelled(mu, value, environment), 3)])
    assert isinstance(model, kind)
    mixed = np.random.default_rng(5).integers(0, 60, (50, 30))
    error = model.predict(mu[mixed].mean(axis=1)) - value[mixed].mean(axis=1)
    assert np.sqrt((error**2).mean()) < 0.5 * value.std()
