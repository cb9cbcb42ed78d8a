"""Simulated measurements of a trajectory that was held out are read, and intervals keep faith."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.datasets import SiteSpectra
from nearedge.learning.examples import Labelled
from nearedge.models import Model
from nearedge.models.inference import Inference
from nearedge.models.inference._fitting import SAMPLE_SIZES, any_composition
from nearedge.trust import uneven_averages


@pytest.fixture(scope="module")
def unseen(telling_dataset: SiteSpectra) -> SiteSpectra:
    return telling_dataset.select(telling_dataset.trajectory == "run2")


def test_measurements_of_an_unseen_trajectory_are_read(
    measured_model: Model,
    inference: Inference,
    unseen: SiteSpectra,
    unseen_mu: Callable[[np.ndarray], np.ndarray],
    axis: np.ndarray,
) -> None:
    """Of any composition, at any place of the zero, in any unit, noisy and on a background."""
    rng = np.random.default_rng(5)
    weights = uneven_averages(unseen.environment, (30,), examples=60, seed=3).weights.toarray()
    sites = Labelled(unseen.mu, unseen.coordination, unseen.environment)
    truths = weights @ sites.outputs(inference.classes)
    errors, held, zeros, novel = [], [], [], []
    for row, truth in zip(weights, truths, strict=True):
        zero = rng.uniform(525, 535)
        mu = row @ unseen_mu(axis - zero)
        noise = rng.normal(scale=mu.max() / rng.uniform(50, 300), size=len(mu))
        line = rng.uniform(0, 0.5) + rng.uniform(-0.5, 0.5) * (axis - axis[0]) / 40
        posterior, fit = inference.infer(axis, rng.uniform(0.01, 1e5) * (mu + noise + line))
        ends = posterior.interval()
        errors.append(np.abs(posterior.expected - truth))
        held.append((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
        zeros.append(abs(posterior.zero - zero))
        novel.append(fit.score > 1)
    constant = np.abs(truths[:, 0] - (measured_model.record.training.mean or 0.0))
    error = np.array(errors).mean(axis=0)
    assert error[0] < 0.4 * constant.mean()
    assert error[1:].mean() < 0.15
    assert max(zeros) < 0.2
    assert np.mean(np.array(held)[:, 0]) > 0.75
    assert np.mean(held) > 0.7
    assert np.mean(novel) < 0.35


def test_the_estimate_is_on_record(measured_model: Model) -> None:
    record = measured_model.record.measured
    assert record is not None
    assert measured_model.record.estimate.rung == "trajectory"
    assert record.conditions.broadening == (0.0, 1.0)
    errors = record.errors
    assert errors.n == 2 * 300
    assert errors.zero_error < 0.15
    assert errors.fraction_mae < 0.15
    # Samples of any composition differ, and are told apart much better than by a constant.
    assert errors.mae < 0.4 * errors.baseline_mae


def test_few_of_the_simulated_measurements_exceed_each_limit(inference: Inference) -> None:
    assert (inference.limits > 0).all()
    above = (inference.measures > inference.limits).mean(axis=0)
    assert (above <= inference.flagged + 1e-9).all()


def test_samples_of_any_composition_have_spread_out_means(unseen: SiteSpectra) -> None:
    sites = Labelled(unseen.mu, unseen.coordination, unseen.environment)
    classes = tuple(unseen.classes)
    weights = any_composition(sites, classes, 300, np.random.default_rng(0)).toarray()
    assert_allclose(weights.sum(axis=1), 1)
    least, most = SAMPLE_SIZES
    smallest = np.where(weights > 0, weights, 1).min(axis=1)
    assert ((1 / most - 1e-9 <= smallest) & (smallest <= 1 / least + 1e-9)).all()
    means = (weights @ sites.outputs(classes))[:, 0]
    usual = unseen.coordination.mean()
    assert means.min() < usual - 0.5
    assert means.max() > usual + 0.5
    # Of independent sites of the material's own composition they would hardly differ.
    assert means.std() > 2 * unseen.coordination.std() / np.sqrt(least)


def test_samples_are_of_one_material(unseen: SiteSpectra) -> None:
    material = np.array(["a", "b"])[np.arange(len(unseen)) % 2]
    labels = unseen.coordination, unseen.environment
    sites = Labelled(unseen.mu, *labels, material=material)
    weights = any_composition(sites, tuple(unseen.classes), 50, np.random.default_rng(0))
    shares = weights @ (material[:, None] == ["a", "b"]).astype(float)
    assert_allclose(np.sort(shares, axis=1), np.tile([0.0, 1.0], (50, 1)), atol=1e-12)
    assert np.array_equal(np.asarray(sites.part(np.arange(3)).material), ["a", "b", "a"])


def test_a_part_keeps_its_sites(unseen: SiteSpectra) -> None:
    sites = Labelled(unseen.mu, unseen.coordination, unseen.environment)
    part = sites.part(np.array([0, 5]))
    assert part.value.tolist() == unseen.coordination[[0, 5]].tolist()
    assert_allclose(part.outputs(unseen.classes)[:, 1:].sum(axis=1), 1)
