"""The compiled program: one network's whole training, vmapped over networks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float, Int

from nearedge.learning.networks import MultilayerPerceptron
from nearedge.learning.training._jobs import Curves, Loss

# Trained are its arrays: JAX takes it for a tree of these.
jax.tree_util.register_dataclass(
    MultilayerPerceptron, data_fields=["weights", "biases", "embeddings"], meta_fields=[]
)

PERMUTATIONS = 32
"""How many random permutations the epochs' orders are composed of."""

ArrayLike = Any  # NumPy outside the compiled program, JAX inside


@dataclass(frozen=True)
class Shape:
    """What the compiled program depends on: jobs of one shape share it."""

    sizes: tuple[int, ...]
    examples: int
    validation: int
    batch: int
    loss: Loss
    records: int
    shared: bool
    embeddings: tuple[tuple[int, int], ...] = ()
    dropout: float = 0.0

    @property
    def inputs(self) -> int:
        """Columns of the examples, embedded features by a column for each value."""
        return self.sizes[0] + sum(values - size for size, values in self.embeddings)


class Data(NamedTuple):
    """Examples as the program needs them: padded, with their true counts."""

    x: ArrayLike
    y: ArrayLike
    count: ArrayLike
    held_x: ArrayLike
    held_y: ArrayLike
    held_count: ArrayLike


class Start(NamedTuple):
    """What differs between networks besides their data."""

    network: MultilayerPerceptron
    permutations: ArrayLike
    seed: ArrayLike
    learning_rate: ArrayLike
    penalty: ArrayLike
    decay: ArrayLike


_programs: dict[tuple[Shape, int], Callable] = {}


def program(shape: Shape, slots: int, arguments: tuple) -> Callable:
    """Compile the training of `slots` networks, once in a process for each shape."""
    if (shape, slots) not in _programs:
        own = None if shape.shared else 0
        axes = (0, Data(own, own, None, own, own, None), None)
        training = jax.jit(jax.vmap(partial(_fit, shape=shape), in_axes=axes))
        _programs[shape, slots] = training.lower(*arguments).compile()
    return _programs[shape, slots]


def _fit(
    start: Start, data: Data, record_epochs: Int[Array, " record"], *, shape: Shape
) -> tuple[MultilayerPerceptron, Curves]:
    """Train one network; this is what is vmapped and compiled."""
    optimiser = optax.chain(
        optax.scale_by_adam(),
        # Weights decay, biases do not.
        optax.add_decayed_weights(start.decay, lambda n: jax.tree.map(lambda v: v.ndim == 2, n)),
        optax.scale_by_learning_rate(start.learning_rate),
    )

    def objective(network: MultilayerPerceptron, x: Array, y: Array) -> Array:
        squares = sum(jnp.sum(jnp.square(w)) for w in network.weights)
        return jnp.mean(_judged(network(x), y, shape.loss)[0]) + start.penalty * squares

    def step(i: Array, state: tuple) -> tuple:
        network, moments, order = state
        chosen = lax.dynamic_slice_in_dim(order, i * shape.batch, shape.batch)
        x = data.x.at[chosen].get(mode="promise_in_bounds")
        if shape.embeddings and shape.dropout:
            x = _some_hidden(x, jax.random.fold_in(key, moments[0].count), shape)
        y = data.y.at[chosen].get(mode="promise_in_bounds")
        gradient = jax.grad(objective)(network, x, y)
        updates, moments = optimiser.update(gradient, moments, network)
        return optax.apply_updates(network, updates), moments, order

    def epoch(i: Array, state: tuple) -> tuple:
        # A full shuffle sorts, which costs as much as a third of the epoch's training. A random
        # one of a few random permutations after the last order is a random order as well.
        network, moments, order = state
        turn = jax.random.randint(jax.random.fold_in(key, i), (), 0, PERMUTATIONS)
        order = order.at[start.permutations[turn]].get(mode="promise_in_bounds")
        return lax.fori_loop(0, data.count // shape.batch, step, (network, moments, order))

    def record(carry: tuple, end: Array) -> tuple[tuple, Curves]:
        state, done = carry
        state = lax.fori_loop(done, end, epoch, state)
        loss, score, spread = _assess(state[0], data.x, data.y, data.count, shape.loss)
        held = (jnp.nan, jnp.nan)
        if shape.validation:
            held = _assess(state[0], data.held_x, data.held_y, data.held_count, shape.loss)[:2]
        return (state, end), Curves(end, loss, score, spread, *held)

    key = jax.random.key(start.seed)
    network = jax.tree.map(jnp.asarray, start.network)
    state = (network, optimiser.init(network), jnp.arange(shape.examples))
    (state, _), records = lax.scan(record, (state, jnp.int32(0)), record_epochs)
    return state[0], records


def _some_hidden(x: Array, key: Array, shape: Shape) -> Array:
    """Hide the values of categorical features of some examples."""
    values = np.array([count for _, count in shape.embeddings])
    told = jax.random.bernoulli(key, 1 - shape.dropout, (len(x), len(values)))
    columns = np.repeat(np.arange(len(values)), values)
    return x.at[:, : len(columns)].multiply(told[:, columns])


def _judged(
    outputs: Float[Array, "example output"], y: Array, loss: Loss
) -> tuple[Float[Array, " example"], Float[Array, " example"]]:
    """Losses, and whether the class is right or the squared error (of fractions their mean)."""
    # Along the first axis: the outputs lie in memory as (output, example).
    if loss == "cross-entropy":
        losses = optax.softmax_cross_entropy_with_integer_labels(outputs.T, y, axis=0)
        return losses, (jnp.argmax(outputs, axis=1) == y) * 1.0
    if loss == "fractions":
        off = jnp.square(jax.nn.softmax(outputs, axis=1) - y)
        return optax.softmax_cross_entropy(outputs.T, y.T, axis=0), jnp.mean(off, axis=1)
    squares = jnp.square(outputs[:, 0] - y)
    return squares, squares


def _assess(
    network: MultilayerPerceptron, x: Array, y: Array, count: Array, loss: Loss
) -> tuple[Array, Array, Array]:
    """Mean loss, score, and how far the outputs spread, over the first `count` examples."""
    outputs = network(x)
    real = jnp.arange(len(x)) < count
    losses, scores = _judged(outputs, y, loss)
    most = jnp.where(real[:, None], outputs, -jnp.inf).max(axis=0)
    least = jnp.where(real[:, None], outputs, jnp.inf).min(axis=0)
    return (
        jnp.sum(jnp.where(real, losses, 0)) / count,
        jnp.sum(jnp.where(real, scores, 0)) / count,
        jnp.max(most - least),
    )
