"""The multilayer perceptron."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nearedge.learning.networks import (
    MultilayerPerceptron,
    initialise,
    narrow,
    widen,
)

SIZES = st.lists(st.integers(1, 6), min_size=2, max_size=4)
SEEDS = st.integers(0, 2**32 - 1)


def with_biases(sizes: list[int], rng: np.random.Generator) -> MultilayerPerceptron:
    network = initialise(sizes, rng)
    return MultilayerPerceptron(
        network.weights, tuple(rng.normal(size=b.shape).astype(np.float32) for b in network.biases)
    )


def test_xavier_weights_have_their_variance_and_bound() -> None:
    network = initialise((300, 200), np.random.default_rng(0))
    weights = np.asarray(network.weights[0])
    assert weights.shape == (200, 300)
    assert abs(weights).max() <= np.sqrt(6 / 500)
    assert weights.var() == pytest.approx(2 / 500, rel=0.02)
    assert not np.asarray(network.biases[0]).any()


@settings(deadline=None, max_examples=25)
@given(SIZES, SEEDS)
def test_widening_changes_nothing_and_can_be_undone(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = with_biases(sizes, rng)
    wide = widen(network, (sizes[0] + 3, *(n + 2 for n in sizes[1:-1]), sizes[-1]))
    x = rng.normal(size=(5, sizes[0]))
    padded = np.pad(x, np.array([[0, 0], [0, 3]]))
    np.testing.assert_allclose(wide.evaluate(padded), network.evaluate(x), rtol=1e-5, atol=1e-6)
    back = narrow(wide, sizes)
    for one, two in zip(jax.tree.leaves(back), jax.tree.leaves(network), strict=True):
        np.testing.assert_array_equal(one, two)


@settings(deadline=None, max_examples=25)
@given(SEEDS)
def test_the_order_of_hidden_units_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = with_biases([4, 6, 3], rng)
    order = rng.permutation(6)
    (w1, w2), (b1, b2) = network.weights, network.biases
    shuffled = MultilayerPerceptron((w1[order], w2[:, order]), (b1[order], b2))
    x = rng.normal(size=(5, 4))
    np.testing.assert_allclose(shuffled.evaluate(x), network.evaluate(x), rtol=1e-4, atol=1e-5)


def test_jax_and_numpy_agree_and_examples_do_not_mix() -> None:
    rng = np.random.default_rng(3)
    network = with_biases([5, 4, 3, 2], rng)
    x = rng.normal(size=(7, 5)).astype(np.float32)
    outputs = network.evaluate(x)
    np.testing.assert_allclose(network(jnp.asarray(x)), outputs, rtol=1e-5, atol=1e-6)
    order = rng.permutation(7)
    np.testing.assert_allclose(network.evaluate(x[order]), outputs[order], rtol=1e-5, atol=1e-6)


def test_gradient_agrees_with_finite_differences() -> None:
    rng = np.random.default_rng(5)
    network = with_biases([4, 6, 5, 3], rng)
    x = rng.normal(size=(8, 4)).astype(np.float32)
    gradient = jax.jit(jax.grad(lambda n: jnp.sum(n(jnp.asarray(x)) ** 2)))(network)
    exact = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), network)
    for leaf, slope in zip(jax.tree.leaves(exact), jax.tree.leaves(gradient), strict=True):
        for place in np.ndindex(leaf.shape):
            sums = []
            for step in (1e-5, -1e-5):
                leaf[place] += step
                sums.append(np.sum(exact.evaluate(x) ** 2))
                leaf[place] -= step
            assert slope[place] == pytest.approx((sums[0] - sums[1]) / 2e-5, rel=1e-3, abs=1e-3)
