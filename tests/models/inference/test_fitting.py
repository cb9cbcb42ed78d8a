"""Simulated measurements of a trajectory that was held out are read, and intervals keep faith."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import Fold
from nearedge.models import Model
from nearedge.models.inference import Inference, Material
from nearedge.models.inference._calibration import Judged, expect, joined
from nearedge.trust import LEVEL, uneven_averages


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
    material = Material(
        unseen.energy, unseen.mu, unseen.environment, unseen.coordination, unseen.trajectory
    )
    truths = weights @ material.outputs(inference.classes)
    errors, held, zeros, novel = [], [], [], []
    for row, truth in zip(weights, truths, strict=True):
        zero = rng.uniform(525, 535)
        mu = row @ unseen_mu(axis - zero)
        noise = rng.normal(scale=mu.max() / rng.uniform(50, 300), size=len(mu))
        line = rng.uniform(0, 0.5) + rng.uniform(-0.5, 0.5) * (axis - axis[0]) / 40
        posterior, fit = inference.infer(axis, rng.uniform(0.01, 1e5) * (mu + noise + line))
        ends = posterior.interval()
        errors.append(np.abs(posterior.expected() - truth))
        held.append((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
        zeros.append(abs(posterior.zero - zero))
        novel.append(fit.novel)
    constant = np.abs(truths[:, 0] - measured_model.record["training"]["mean_coordination"])
    error = np.array(errors).mean(axis=0)
    assert error[0] < 0.4 * constant.mean()
    assert error[1:].mean() < 0.15
    assert max(zeros) < 0.2
    assert np.mean(np.array(held)[:, 0]) > 0.75
    assert np.mean(held) > 0.7
    assert np.mean(novel) < 0.35


def test_the_estimate_is_on_record(measured_model: Model) -> None:
    record = measured_model.record["measured"]
    assert record["rung"] == "trajectory"
    assert record["conditions"]["broadening"] == [0.0, 1.0]
    for kind in ("alike", "any"):
        one = record[kind]
        assert one["n"] >= 2 * 150
        assert one["zero_error"] < 0.15
        assert one["fraction_mae"] < 0.15
    # Samples of any composition differ, and are told apart much better than by a constant.
    assert record["any"]["mae"] < 0.4 * record["any"]["baseline_mae"]


def test_intervals_are_no_narrower_than_the_level(inference: Inference) -> None:
    assert inference.mass.shape == (3, 7)
    assert ((inference.mass >= LEVEL) & (inference.mass < 1)).all()
    assert (inference.limits > 0).all()
    # By construction few of the simulated measurements exceed each limit.
    above = (inference.measures > inference.limits).mean(axis=0)
    assert (above <= inference.flagged + 1e-9).all()


def judged(kind: list[str], needed: list[float], alike: float) -> Judged:
    table = np.array(needed)[:, None]
    zeros = np.zeros(len(kind))
    return Judged(np.array(kind), np.full(len(kind), alike), table, table, np.abs(table), zeros)


def test_masses_are_the_conformal_quantiles_of_what_is_needed() -> None:
    ranks = np.arange(1, 100) / 100
    samples = judged(["alike"] * 99, ranks.tolist(), 1.0), judged(["any"] * 99, [0.5] * 99, 0.0)
    mass = joined(samples).masses()
    # 90 of 100 would hold: the 90th of 99; and never less than the level.
    assert_allclose(mass[:, 0], [0.9, LEVEL, LEVEL])
    hard = judged(["alike"] * 99, [0.5] * 99, 1.0), judged(["any"] * 99, [0.97] * 99, 0.0)
    assert_allclose(joined(hard).masses()[:, 0], [LEVEL, 0.97, 0.97])


def test_the_summary_is_by_kind() -> None:
    table = np.array([[1.0, 0.1], [3.0, 0.3], [5.0, 0.5]])
    one = Judged(
        np.array(["alike", "alike", "any"]),
        np.ones(3),
        table,
        table,
        table,
        np.array([0.1, 0.3, 1]),
    )
    said = one.summary(np.array([2.0, 4.0, 8.0]))
    expected = {"n": 2, "mae": 2.0, "baseline_mae": 3.0, "fraction_mae": 0.2, "zero_error": 0.2}
    assert said["alike"] == pytest.approx(expected)
    assert said["any"]["n"] == 1


def test_samples_of_a_material_differ_less_than_independent_sites() -> None:
    """The expected spread of the mean falls with the square root of the sites."""
    rng = np.random.default_rng(0)
    names = np.array(["0", "1"])[rng.integers(0, 2, 800)]
    material = Material(
        np.arange(3.0),
        np.zeros((800, 3)),
        names,
        names.astype(int),
        np.repeat(np.array(["a", "b", "c", "d"]), 200),
    )
    folds = [Fold(np.arange(400), np.arange(400, 800)), Fold(np.arange(400, 800), np.arange(400))]
    found = expect(material, ["0", "1"], folds)
    assert found.samples == 4
    assert_allclose(found.spread, 0.5 / np.sqrt(200) / 2, rtol=0.02)
    assert_allclose(material.outputs(["0", "1"])[:, 1:].sum(axis=1), 1)
    assert material.part(np.array([0, 5])).sample.tolist() == ["a", "a"]
