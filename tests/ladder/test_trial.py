"""The paper's own trial, on spectra that tell the classes plainly."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder.trial import Trial, run
from nearedge.learning.estimators import MixtureRegressor, NetworkRegressor
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import BEST, PAPER, PAPER_WINDOW, Examples, Recipe, fit_classifiers


def sites_of(data: SiteSpectra, target: str = "coordination") -> Labelled:
    return data.labelled(data.target(target), PAPER_WINDOW)


@pytest.fixture(scope="module")
def small() -> Recipe:
    return replace(
        PAPER,
        averages=Examples(600, (2, 10)),
        mixtures=Examples(1500, (20, 70)),
        classifier={**PAPER.classifier, "epochs": 40},
        regressor={**PAPER.regressor, "epochs": 60},
    )


def test_a_trial_scores_each_part_of_its_own_examples(telling_dataset: SiteSpectra, small: Recipe):
    mu, names = telling_dataset.inputs(), telling_dataset.environment
    (one,) = run(small, sites_of(telling_dataset, "environment"), [Trial(3)])
    assert one.test > 0.95
    assert one.raw == pytest.approx(np.mean(one.model.predict(mu) == names))
    for part in ("train", "validation", "test"):
        sites = getattr(one.parts, part)
        right = one.model.predict(one.x[sites]) == one.labels[sites]
        assert getattr(one, part) == pytest.approx(right.mean())
    assert len(one.x) == 600


def test_the_trial_is_the_recipe_given_all_spectra(telling_dataset: SiteSpectra, small: Recipe):
    mu = telling_dataset.inputs()
    (one,) = run(small, sites_of(telling_dataset, "environment"), [Trial(5)])
    (same,) = fit_classifiers(small, [(sites_of(telling_dataset, "environment"), 5)])
    assert np.array_equal(one.model.predict_proba(mu), same.predict_proba(mu))


def test_regressors_score_squared_errors_in_neighbours(telling_dataset: SiteSpectra, small: Recipe):
    sites = sites_of(telling_dataset)
    one, other = run(small, sites, [Trial(0), Trial(0, examples=500, changes={"hidden": (4,)})])
    test = one.parts.test
    assert one.test == pytest.approx(np.mean((one.predicted - one.labels)[test] ** 2))
    assert one.test < 0.2 * one.labels.var()
    assert len(other.x) == 500
    assert isinstance(other.model, NetworkRegressor)
    assert other.model.networks_[0].sizes == (sites.mu.shape[1], 4, 1)


def test_one_that_tells_fractions_is_scored_by_the_mean(telling_dataset: SiteSpectra):
    recipe = replace(BEST, mixtures=Examples(400, (5, 20)))
    (one,) = run(recipe, sites_of(telling_dataset), [Trial(1)])
    assert isinstance(one.model, MixtureRegressor)
    assert one.labels.shape == one.predicted.shape == (400,)
    assert one.test < 0.5 * one.labels.var()


def test_the_papers_figures_are_reached_on_the_authors_own_spectra(
    ocean_dataset: SiteSpectra, monkeypatch: pytest.MonkeyPatch
):
    # Of programs that no other test shares one for all trials is the faster.
    monkeypatch.setattr("nearedge.learning.training._schedule.NETWORKS_AT_ONCE", 3)
    trials = [Trial(seed) for seed in range(3)]
    for outcome in run(PAPER, sites_of(ocean_dataset, "environment"), trials):
        assert outcome.test >= 0.98
    for outcome in run(PAPER, sites_of(ocean_dataset), trials):
        assert outcome.test <= 0.0035


def test_a_class_of_one_spectrum_is_named(telling_dataset: SiteSpectra, small: Recipe):
    sites = np.flatnonzero(telling_dataset.environment == "dimer")[1:]
    data = telling_dataset.select(np.setdiff1d(np.arange(len(telling_dataset)), sites))
    with pytest.raises(InputError, match="class 'dimer' has a single spectrum"):
        run(small, sites_of(data, "environment"), [Trial(0)])
