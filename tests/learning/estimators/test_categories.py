"""Categorical features beside the spectrum: an embedding in networks, one-hot in kernels."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.learning.estimators import (
    KernelClassifier,
    KernelRegressor,
    NetworkClassifier,
    NetworkRegressor,
)
from nearedge.learning.networks import initialise
from nearedge.records import pack, unpack

RNG = np.random.default_rng(3)
SPECTRA = RNG.normal(size=(240, 6))
ELEMENT = RNG.integers(0, 3, 240)
INPUTS = np.hstack([np.eye(4)[ELEMENT], 1e-3 * SPECTRA])
"""Of the fourth value there is no example."""
# What an intensity means depends on the element: neither tells the number alone.
NUMBERS = SPECTRA[:, 0] + 3.0 * ELEMENT

MAKERS = {
    "network": lambda **more: NetworkRegressor((16,), epochs=150, **more),
    "kernel": lambda **more: KernelRegressor(slopes=0.0, **more),
}


def test_an_embedding_is_a_table_that_is_looked_up() -> None:
    network = initialise((2 + 3 + 6, 5, 2), RNG, [(2, 4), (3, 5)])
    first, second = network.embeddings
    x = RNG.normal(size=(7, 6)).astype(np.float32)
    rows, others = RNG.integers(0, 4, 7), RNG.integers(0, 5, 7)
    given = np.hstack([np.eye(4)[rows], np.eye(5)[others], x])
    plain = initialise((11, 5, 2), RNG)
    plain = type(plain)(network.weights, network.biases)
    expected = plain.evaluate(np.hstack([first[:, rows].T, second[:, others].T, x]))
    assert_allclose(network.evaluate(given), expected, rtol=1e-5)
    assert_allclose(np.asarray(network(jnp.asarray(given, jnp.float32))), expected, rtol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
def test_the_feature_tells_what_the_spectrum_does_not(name: str) -> None:
    model = MAKERS[name](categories=(4,)).fit(INPUTS, NUMBERS)
    blind = MAKERS[name]().fit(1e-3 * SPECTRA, NUMBERS)
    assert model.score(INPUTS, NUMBERS) > 0.95
    assert blind.score(1e-3 * SPECTRA, NUMBERS) < 0.7
    # Where all that differs is the element, the answers differ as the elements do.
    same = np.hstack([np.eye(4)[:3], np.zeros((3, 6))])
    assert_allclose(np.diff(model.predict(same)), 3.0, atol=0.8)


@pytest.mark.parametrize("name", MAKERS)
def test_a_value_without_examples_is_the_unknown_one(name: str) -> None:
    model = MAKERS[name](categories=(4,)).fit(INPUTS, NUMBERS)
    spectra = 1e-3 * SPECTRA[:5]
    fourth, unknown = (np.hstack([np.tile(row, (5, 1)), spectra]) for row in np.eye(5)[3:, :4])
    assert_array_equal(model.predict(fourth), model.predict(unknown))


def test_category_dropout_teaches_what_to_say_of_unknown_values() -> None:
    unknown = np.hstack([np.zeros((240, 4)), 1e-3 * SPECTRA])
    errors = {}
    for dropout in (0.0, 0.3):
        model = NetworkRegressor((16,), epochs=150, categories=(4,), dropout=dropout)
        model.fit(INPUTS, NUMBERS)
        errors[dropout] = float(np.square(model.predict(unknown) - NUMBERS).mean())
    # The mean of the elements is the best answer: what is left is their variance.
    assert errors[0.3] < 1.3 * np.var(3.0 * ELEMENT)
    assert errors[0.3] < errors[0.0]


@pytest.mark.parametrize("made", [NetworkClassifier((4,), epochs=20), KernelClassifier()])
def test_a_model_with_categories_is_read_as_it_was_written(
    made: NetworkClassifier | KernelClassifier,
) -> None:
    model = made.set_params(categories=(4,)).fit(INPUTS, (NUMBERS > 3).astype(str))
    plain, arrays = pack(model.to_record())
    read = type(model).from_record(unpack(type(model).record, plain, arrays, source="test"))
    assert_allclose(read.predict_proba(INPUTS), model.predict_proba(INPUTS), rtol=1e-5)
    assert read.n_features_in_ == INPUTS.shape[1]
    log = np.asarray(model.differentiable(jnp.asarray(INPUTS, jnp.float32), 0))
    assert_allclose(np.exp(log).sum(axis=1), 1, rtol=1e-4)
