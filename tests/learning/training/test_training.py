"""The trainer against truths that are known without it."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from nearedge.errors import InputError
from nearedge.learning.networks import MultilayerPerceptron, initialise
from nearedge.learning.training import Job, TrainingSettings, train
from nearedge.learning.training._schedule import _batches, _roomy, _shape, _start

COUNT = 64
SETTINGS = TrainingSettings(epochs=20, batch_size=16, records=5)


def example_job(seed: int = 0, **changes: Any) -> Job:
    """Make three classes that a small network can tell apart, but not at once."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(COUNT, 5))
    y = np.digitize(x[:, 0] * x[:, 1] + x[:, 2], [-0.4, 0.4])
    return Job(x, y, "cross-entropy", (6,), 3, seed, replace(SETTINGS, **changes))


def leaves(network: MultilayerPerceptron) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(network)])


def cross_entropy(network: MultilayerPerceptron, x: np.ndarray, y: np.ndarray) -> float:
    outputs = jnp.asarray(network.evaluate(x))
    return float(optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean())


def test_without_hidden_layer_it_finds_the_optimum_of_logistic_regression() -> None:
    job = example_job()
    penalty = 0.5
    settings = replace(SETTINGS, epochs=1500, batch_size=COUNT, l2=penalty)
    network = train([replace(job, hidden=(), settings=settings)])[0].network
    # Ours: sum of losses + c |w|^2; scikit-learn's: C (sum of losses) + |w|^2 / 2.
    reference = LogisticRegression(C=1 / (2 * penalty), max_iter=2000, tol=1e-8).fit(job.x, job.y)
    expected = reference.predict_proba(job.x)
    got = jax.nn.softmax(jnp.asarray(network.evaluate(job.x)), axis=1)
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_without_hidden_layer_it_finds_the_optimum_of_ridge_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(COUNT, 5))
    y = x @ rng.normal(size=5) + 1 + 0.3 * rng.normal(size=COUNT)
    settings = TrainingSettings(
        epochs=1500, batch_size=COUNT, l2=3.0, learning_rate=0.02, records=5
    )
    network = train([Job(x, y, "squared-error", (), 1, 0, settings)])[0].network
    expected = Ridge(alpha=3.0).fit(x, y).predict(x)
    np.testing.assert_allclose(network.evaluate(x)[:, 0], expected, atol=5e-3)


@pytest.mark.parametrize("convention", ["batch", "decoupled"])
def test_it_agrees_with_a_plain_loop_of_adam_steps(convention: str) -> None:
    changes: dict[str, Any] = {"batch_size": COUNT, "l2": 0.02, "l2_convention": convention}
    job = example_job(seed=4, **changes)
    # Typed loosely: optax does not know that the network is a tree of arrays.
    network: Any = initialise(job.sizes, np.random.default_rng([4, 0]))
    network = jax.tree.map(jnp.asarray, network)
    decay = 0.02 if convention == "decoupled" else 0.0
    penalty = 0.02 if convention == "batch" else 0.0
    optimiser = optax.adamw(
        0.01, weight_decay=decay, mask=lambda n: jax.tree.map(lambda leaf: leaf.ndim == 2, n)
    )
    x, y = jnp.asarray(job.x, jnp.float32), jnp.asarray(job.y)

    def objective(network: Any) -> jax.Array:
        losses = optax.softmax_cross_entropy_with_integer_labels(network(x), y)
        return losses.mean() + penalty * sum((w**2).sum() for w in network.weights)

    state = optimiser.init(network)

    @jax.jit
    def step(network: Any, state: optax.OptState) -> tuple:
        updates, state = optimiser.update(jax.grad(objective)(network), state, network)
        return optax.apply_updates(network, updates), state

    for _ in range(job.settings.epochs):
        network, state = step(network, state)
    np.testing.assert_allclose(leaves(train([job])[0].network), leaves(network), atol=2e-5)


def test_conventions_of_the_penalty_differ_by_known_factors() -> None:
    coefficients = {"batch": 0.01, "example": 0.01 * COUNT, "scikit-learn": 0.01 * 2 * 16}
    trained = train(
        [example_job(l2=value, l2_convention=name) for name, value in coefficients.items()]
    )
    for other in trained[1:]:
        np.testing.assert_allclose(leaves(other.network), leaves(trained[0].network), atol=1e-4)


def test_same_jobs_same_bits_and_another_seed_other_bits() -> None:
    one, two = train([example_job(seed=3)])[0], train([example_job(seed=3)])[0]
    np.testing.assert_array_equal(leaves(one.network), leaves(two.network))
    np.testing.assert_array_equal(one.curves.loss, two.curves.loss)
    assert (leaves(train([example_job(seed=4)])[0].network) != leaves(one.network)).any()


def test_jobs_do_not_see_each_other() -> None:
    job = example_job(seed=3)
    other = replace(job, x=job.x[::-1] * 1.5, y=job.y[::-1], seed=8)
    companions = [
        example_job(seed=5, learning_rate=0.001),
        other,
        job,
        replace(job, hidden=(3,), seed=6),
        replace(job, x=job.x[:50], y=job.y[:50], seed=7),
    ]
    told: list[float] = []
    together = train(companions, progress=told.append)
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] == 1
    for k in (1, 2, 3, 4):
        alone = train([companions[k]])[0].network
        assert together[k].network.sizes == companions[k].sizes
        np.testing.assert_allclose(leaves(together[k].network), leaves(alone), atol=1e-4)
    backwards = train(companions[::-1])[::-1]
    for one, two in zip(together, backwards, strict=True):
        np.testing.assert_allclose(leaves(one.network), leaves(two.network), atol=1e-4)


def test_batches_hold_every_job_once_and_share_examples() -> None:
    jobs = [example_job(seed=seed) for seed in range(11)]
    jobs += [replace(jobs[0], x=jobs[0].x * factor) for factor in (2, 3)]
    batches = _batches(jobs, range(len(jobs)))
    assert sorted(i for batch in batches for i in batch.jobs) == list(range(13))
    shared = [batch for batch in batches if batch.shape.shared]
    assert sorted(i for batch in shared for i in batch.jobs) == list(range(11))
    assert {batch.slots for batch in shared} == {6}


def test_orders_are_permutations_of_the_real_examples() -> None:
    job = replace(example_job(), x=np.zeros((50, 5)), y=np.zeros(50, int))
    start = _start(job, 0, _shape(job, shared=False))
    assert (np.sort(start.permutations[:, :50], axis=1) == np.arange(50)).all()
    assert (start.permutations[:, 50:] == np.arange(50, 256)).all()
    assert len(np.unique(start.permutations, axis=0)) == len(start.permutations)


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 384, 385, 513, 4800, 8000])
def test_padding_holds_all_examples_and_at_most_half_more(count: int) -> None:
    assert count <= _roomy(count) <= max(256, 1.5 * count)


def test_curves_are_those_of_the_returned_network() -> None:
    job = example_job()
    rng = np.random.default_rng(9)
    held = (rng.normal(size=(30, 5)), rng.integers(0, 3, 30))
    result = train([replace(job, validation=held)])[0]
    curves = result.curves
    assert curves.epoch.tolist() == [4, 8, 12, 16, 20]
    assert curves.loss[-1] == pytest.approx(cross_entropy(result.network, job.x, job.y), rel=1e-4)
    right = result.network.evaluate(job.x).argmax(1) == job.y
    assert curves.score[-1] == pytest.approx(right.mean())
    assert curves.validation_loss[-1] == pytest.approx(
        cross_entropy(result.network, *held), rel=1e-4
    )
    assert np.isnan(train([job])[0].curves.validation_loss).all()


def test_dead_networks_are_found_and_started_again() -> None:
    # One unit that sees positive numbers only is dead from the start if its weight is negative.
    x = np.random.default_rng(0).uniform(0.1, 2, size=(COUNT, 1))
    settings = replace(SETTINGS, learning_rate=0.05)
    jobs = [Job(x, x[:, 0] * 2, "squared-error", (1,), 1, seed, settings) for seed in range(4)]
    left = train(jobs, restarts=0)
    assert 0 < sum(result.dead for result in left) < 4
    revived = train(jobs, restarts=10)
    assert not any(result.dead for result in revived)
    for before, after in zip(left, revived, strict=True):
        assert (after.restarts > 0) == before.dead
        assert np.ptp(after.network.evaluate(x)) > 0.1


def test_networks_crushed_by_the_penalty_count_as_dead() -> None:
    result = train([example_job(l2=100.0, l2_convention="batch")], restarts=2)[0]
    assert result.dead
    assert result.restarts == 2


def test_a_constant_target_is_not_death() -> None:
    x = np.random.default_rng(0).normal(size=(COUNT, 1))
    settings = replace(SETTINGS, learning_rate=0.05)
    result = train([Job(x, np.full(COUNT, 2.0), "squared-error", (1,), 1, 0, settings)])[0]
    assert not result.dead


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"l2_convention": "weird"}, "decoupled"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"l2": -1.0}, "l2=-1.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        replace(SETTINGS, **changes).check()
