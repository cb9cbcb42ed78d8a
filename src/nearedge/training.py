"""One compiled trainer for any number of networks: epochs and batches run inside one XLA loop.

Networks of one shape train side by side along a vmapped axis, whatever their seed, width, learning
rate, penalty or data; `train` groups the jobs it is given and spreads the groups over the cores.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float, Int

from nearedge.errors import InputError
from nearedge.networks import MultilayerPerceptron, initialise, narrow, unstack, widen

ArrayLike = Any  # NumPy outside the compiled program, JAX inside
Loss = Literal["cross-entropy", "squared-error"]
L2Convention = Literal["batch", "example", "scikit-learn", "decoupled"]

PERMUTATIONS = 32
"""How many random permutations the epochs' orders are composed of."""

NETWORKS_AT_ONCE = 16
"""Most networks in one call: more do not train faster, and need more memory."""

SCREENING_STEPS = 500
"""Steps after which a network is first looked at for whether it has died."""

DEAD = 0.999
"""A network whose training loss is not below this part of a constant's counts as dead."""


@dataclass(frozen=True)
class TrainingSettings:
    """How one network is trained.

    Attributes
    ----------
    loss : {"cross-entropy", "squared-error"}
        What is minimised; its mean over the examples is the loss.
    learning_rate : float
        Step size of Adam (Kingma and Ba, 2015), whose other constants are the usual 0.9, 0.999
        and 1e-8.
    batch_size : int
        Examples in a step. An epoch takes as many whole batches as the examples fill; the few
        left over differ from epoch to epoch.
    epochs : int
        How often the examples are gone through.
    l2 : float
        Coefficient `c` of the penalty on the squared weights (not the biases), read as the
        convention says.
    l2_convention : {"batch", "example", "scikit-learn", "decoupled"}
        ``"batch"``: ``c * sum(w**2)`` is added to the mean loss of each batch (``regularizers.L2``
        of Keras). ``"example"``: ``c / n * sum(w**2)`` for `n` training examples, that is the
        penalty stands once beside the loss summed over all examples. ``"scikit-learn"``:
        ``c / (2 * batch) * sum(w**2)`` (`alpha` of `MLPClassifier`). ``"decoupled"``: each step
        shrinks the weights by ``learning_rate * c`` beside Adam's step (AdamW).
    records : int
        Number of points on the learning curves.
    keep_best : bool
        Whether to return the weights of the record with the least validation loss instead of the
        last ones (early stopping).
    """

    loss: Loss = "cross-entropy"
    learning_rate: float = 0.01
    batch_size: int = 32
    epochs: int = 1500
    l2: float = 0.0
    l2_convention: L2Convention = "example"
    records: int = 50
    keep_best: bool = False

    def __post_init__(self) -> None:
        for name, choices in (("loss", Loss), ("l2_convention", L2Convention)):
            if getattr(self, name) not in get_args(choices):
                raise InputError(
                    f"{name}={getattr(self, name)!r} is not known; choose one of "
                    f"{', '.join(get_args(choices))}"
                )
        for name in ("batch_size", "epochs", "records"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} must be at least 1")
        if not self.learning_rate > 0 or not self.l2 >= 0:
            raise InputError(
                f"learning_rate={self.learning_rate} must be positive and l2={self.l2} not negative"
            )

    def penalty(self, examples: int) -> tuple[float, float]:
        """Coefficient of ``sum(w**2)`` in the loss, and of the decoupled decay."""
        batch = min(self.batch_size, examples)
        scale = {"batch": 1.0, "example": 1 / examples, "scikit-learn": 0.5 / batch}
        if self.l2_convention == "decoupled":
            return 0.0, self.l2
        return self.l2 * scale[self.l2_convention], 0.0


@dataclass(frozen=True)
class Job:
    """One network to train.

    Attributes
    ----------
    x : ndarray, shape (example, input)
        Inputs, standardised.
    y : ndarray, shape (example,)
        Class numbers for the cross-entropy, else values.
    hidden : tuple of int
        Units of each hidden layer.
    outputs : int
        Number of outputs: the classes, or 1.
    seed : int
        Decides weights and order of examples, and nothing else does.
    settings : TrainingSettings
    validation : tuple of ndarray, optional
        Inputs and targets for the validation curves.
    """

    x: Float[np.ndarray, "example input"]
    y: np.ndarray
    hidden: tuple[int, ...]
    outputs: int
    seed: int
    settings: TrainingSettings
    validation: tuple[Float[np.ndarray, "held input"], np.ndarray] | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes of the network."""
        return (self.x.shape[1], *self.hidden, self.outputs)


@dataclass(frozen=True)
class Curves:
    """Learning curves; the scores are the accuracy, or the mean squared error.

    Attributes
    ----------
    epoch : ndarray of int, shape (record,)
        Epochs done at each record.
    loss, score : ndarray, shape (record,)
        On the training examples, without the penalty.
    validation_loss, validation_score : ndarray, shape (record,)
        On the validation examples; NaN where none were given.
    """

    epoch: Int[np.ndarray, " record"]
    loss: Float[np.ndarray, " record"]
    score: Float[np.ndarray, " record"]
    validation_loss: Float[np.ndarray, " record"]
    validation_score: Float[np.ndarray, " record"]


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about.

    Attributes
    ----------
    network : MultilayerPerceptron
        NumPy arrays, of the sizes asked for.
    curves : Curves
        Its learning curves.
    restarts : int
        How often it died and was started again from a fresh seed.
    dead : bool
        Whether the last attempt was dead too.
    """

    network: MultilayerPerceptron
    curves: Curves
    restarts: int
    dead: bool


def train(jobs: Sequence[Job], *, restarts: int = 5, workers: int | None = None) -> list[Trained]:
    """Train many networks, side by side where their shapes allow.

    A ReLU network can die: no unit of a layer answers to any example, the output is constant and
    no gradient is left. A network whose output is constant over the training examples, or whose
    training loss is not below that of the best constant, is started again from a fresh seed
    derived from its own. This is looked for after the first steps, where most die, and at the end.

    Parameters
    ----------
    jobs : sequence of Job
        In any order and of any shapes.
    restarts : int
        How often a dead network may be started again.
    workers : int, optional
        Threads; by default the cores this process may use.

    Returns
    -------
    list of Trained
        In the order of the jobs. The numbers depend on the jobs only, not on `workers`.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(64, 2))
    >>> settings = TrainingSettings(epochs=100, batch_size=16)
    >>> job = Job(x, (x[:, 0] > 0).astype(int), (4,), 2, seed=1, settings=settings)
    >>> bool(train([job])[0].curves.score[-1] > 0.9)
    True
    """
    _start_backend()
    workers = workers or _cores()
    results: dict[int, Trained] = {}
    waiting = list(range(len(jobs)))
    with ThreadPoolExecutor(workers) as pool:
        while waiting:
            batches = _batches(jobs, waiting, workers)
            attempts = {i: results[i].restarts + 1 if i in results else 0 for i in waiting}
            for trained in pool.map(partial(_train_batch, jobs, attempts, restarts), batches):
                results.update(trained)
            waiting = [i for i in waiting if results[i].dead and results[i].restarts < restarts]
    return [results[i] for i in range(len(jobs))]


def _cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_backend() -> None:
    """Start XLA with one thread of its own, unless something in this process has started it.

    XLA would split even these tiny steps over a pool of threads, which makes them two to three
    times slower; NPROC is how its CPU client is told the size of the pool. Whole batches of
    networks run in parallel instead.
    """
    before = os.environ.get("NPROC")
    os.environ["NPROC"] = "1"
    try:
        jax.devices("cpu")
    finally:
        if before is None:
            del os.environ["NPROC"]
        else:
            os.environ["NPROC"] = before


@dataclass(frozen=True)
class _Shape:
    """What the compiled program depends on: jobs of one shape share it."""

    sizes: tuple[int, ...]
    examples: int
    validation: int
    batch: int
    loss: Loss
    records: int
    keep_best: bool


def _shape(job: Job) -> _Shape:
    """Round a job's sizes up, so that jobs of nearly the same size are compiled once."""
    settings = job.settings
    hidden = tuple(_round_up(units, 8) for units in job.hidden)
    return _Shape(
        sizes=(_round_up(job.x.shape[1], 8), *hidden, job.outputs),
        examples=_roomy(len(job.x)),
        validation=_roomy(len(job.validation[0])) if job.validation else 0,
        batch=min(settings.batch_size, len(job.x)),
        loss=settings.loss,
        records=min(settings.records, settings.epochs),
        keep_best=settings.keep_best and job.validation is not None,
    )


def _round_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _roomy(count: int) -> int:
    """Round up to a power of two or one and a half times that."""
    power = 1 << max(count - 1, 1).bit_length()
    return power * 3 // 4 if count <= power * 3 // 4 else power


@dataclass(frozen=True)
class _Batch:
    """Jobs that train in one call; `slots` networks wide, the rest filled with copies."""

    jobs: list[int]
    slots: int


def _batches(jobs: Sequence[Job], waiting: Sequence[int], workers: int) -> list[_Batch]:
    """Split the waiting jobs into batches that train in one call, one for each core if possible.

    The jobs of a batch have one shape, one number of examples and of epochs. Groups take turns, so
    that the workers compile different programs at first.
    """
    groups: dict[tuple, list[int]] = {}
    for i in waiting:
        job = jobs[i]
        held = len(job.validation[0]) if job.validation else 0
        groups.setdefault((_shape(job), len(job.x), held, job.settings.epochs), []).append(i)
    turns: list[list[_Batch]] = []
    for group in groups.values():
        share = workers if len(groups) < workers else 1
        count = min(_round_up(-(-len(group) // NETWORKS_AT_ONCE), share), len(group))
        slots = -(-len(group) // count)
        turns.append(
            [_Batch(group[k : k + slots], slots) for k in range(0, len(group), slots)],
        )
    longest = max(map(len, turns))
    return [batches[k] for k in range(longest) for batches in turns if k < len(batches)]


def _train_batch(
    jobs: Sequence[Job], attempts: Mapping[int, int], restarts: int, batch: _Batch
) -> dict[int, Trained]:
    """Train the jobs of one batch, each from its next seed that does not die in the first steps."""
    chosen = [jobs[i] for i in batch.jobs]
    seeds = [attempts[i] for i in batch.jobs]
    shape, epochs = _shape(chosen[0]), chosen[0].settings.epochs
    data = _data(chosen, shape, batch.slots)
    screening = -(-SCREENING_STEPS * shape.batch // len(chosen[0].x))
    while screening < epochs:
        records = _run(chosen, seeds, shape, data, screening)[1]
        dying = [k for k in range(len(chosen)) if records.spread[k, -1] == 0]
        dying = [k for k in dying if seeds[k] < restarts]
        if not dying:
            break
        for k in dying:
            seeds[k] += 1
    networks, records = _run(chosen, seeds, shape, data, epochs)
    return {
        i: Trained(
            network=narrow(networks[k], chosen[k].sizes),
            curves=Curves(
                epoch=_record_epochs(epochs, shape.records),
                loss=records.loss[k],
                score=records.score[k],
                validation_loss=records.validation_loss[k],
                validation_score=records.validation_score[k],
            ),
            restarts=seeds[k],
            dead=_is_dead(
                chosen[k].y, shape.loss, float(records.loss[k, -1]), float(records.spread[k, -1])
            ),
        )
        for k, i in enumerate(batch.jobs)
    }


def _is_dead(y: np.ndarray, kind: Loss, loss: float, spread: float) -> bool:
    """Whether a network does no better than the best constant (never so if that is perfect)."""
    if kind == "cross-entropy":
        share = np.unique(y, return_counts=True)[1] / len(y)
        constant = float(-np.sum(share * np.log(share)))
    else:
        constant = float(np.var(y))
    if constant <= np.finfo(np.float32).eps * max(1.0, float(np.mean(np.square(y)))):
        return False
    return not loss < DEAD * constant or spread == 0


def _record_epochs(epochs: int, records: int) -> Int[np.ndarray, " record"]:
    return np.linspace(0, epochs, records + 1).round().astype(np.int32)[1:]


class _Data(NamedTuple):
    """Examples as the program wants them: padded, the true numbers beside them."""

    x: ArrayLike
    y: ArrayLike
    count: ArrayLike
    held_x: ArrayLike
    held_y: ArrayLike
    held_count: ArrayLike


def _data(jobs: Sequence[Job], shape: _Shape, slots: int) -> _Data:
    inputs = shape.sizes[0]
    dtype = np.int32 if shape.loss == "cross-entropy" else np.float32
    x = np.zeros((slots, shape.examples, inputs), np.float32)
    y = np.zeros((slots, shape.examples), dtype)
    held_x = np.zeros((slots, shape.validation, inputs), np.float32)
    held_y = np.zeros((slots, shape.validation), dtype)
    for k in range(slots):
        job = jobs[min(k, len(jobs) - 1)]
        x[k, : len(job.x), : job.x.shape[1]] = job.x
        y[k, : len(job.x)] = job.y
        if job.validation is not None:
            xv, yv = job.validation
            held_x[k, : len(xv), : xv.shape[1]] = xv
            held_y[k, : len(xv)] = yv
    held = len(jobs[0].validation[0]) if jobs[0].validation is not None else 0
    return _Data(x, y, np.int32(len(jobs[0].x)), held_x, held_y, np.int32(held))


class _Start(NamedTuple):
    """What differs between networks beside their data."""

    network: MultilayerPerceptron
    permutations: ArrayLike
    seed: ArrayLike
    learning_rate: ArrayLike
    penalty: ArrayLike
    decay: ArrayLike


def _start(job: Job, attempt: int, shape: _Shape) -> _Start:
    """Draw the weights and the shuffling of one attempt at a job."""
    rng = np.random.default_rng([job.seed, attempt])
    network = widen(initialise(job.sizes, rng), shape.sizes)
    permutations = np.tile(np.arange(shape.examples, dtype=np.int32), (PERMUTATIONS, 1))
    part = permutations[:, : len(job.x)]
    rng.permuted(part, axis=1, out=part)
    penalty, decay = job.settings.penalty(len(job.x))
    scalars = (job.settings.learning_rate, penalty, decay)
    seed = rng.integers(2**32, dtype=np.uint32)
    return _Start(network, permutations, np.asarray(seed), *(np.float32(v) for v in scalars))


class _Records(NamedTuple):
    """What the learning curves are made of, one entry for each record."""

    loss: ArrayLike
    score: ArrayLike
    spread: ArrayLike
    validation_loss: ArrayLike
    validation_score: ArrayLike


def _run(
    jobs: Sequence[Job], attempts: Sequence[int], shape: _Shape, data: _Data, epochs: int
) -> tuple[list[MultilayerPerceptron], _Records]:
    starts = [_start(job, attempt, shape) for job, attempt in zip(jobs, attempts, strict=True)]
    starts += [starts[-1]] * (len(data.x) - len(starts))
    start = jax.tree.map(lambda *leaves: np.stack(leaves), *starts)
    arguments = (start, data, _record_epochs(epochs, shape.records))
    networks, records = jax.device_get(_program(shape, len(starts), arguments)(*arguments))
    return unstack(networks), records


_programs: dict[tuple[_Shape, int], Future] = {}
_programs_lock = Lock()


def _program(shape: _Shape, slots: int, arguments: tuple) -> Callable:
    """Compile once for each shape; a thread that wants what another compiles waits for it."""
    with _programs_lock:
        future = _programs.get((shape, slots))
        mine = future is None
        if future is None:
            future = _programs[shape, slots] = Future()
    if mine:
        try:
            axes = (0, _Data(0, 0, None, 0, 0, None), None)
            program = jax.jit(jax.vmap(partial(_fit, shape=shape), in_axes=axes))
            future.set_result(program.lower(*arguments).compile())
        except BaseException as error:
            _programs.pop((shape, slots))
            future.set_exception(error)
    return future.result()


def _fit(
    start: _Start, data: _Data, record_epochs: Int[Array, " record"], *, shape: _Shape
) -> tuple[MultilayerPerceptron, _Records]:
    """Train one network; this is what is vmapped and compiled."""
    optimiser = optax.chain(
        optax.scale_by_adam(),
        optax.add_decayed_weights(start.decay, mask=_is_matrix),
        optax.scale_by_learning_rate(start.learning_rate),
    )

    def objective(network: MultilayerPerceptron, x: Array, y: Array) -> Array:
        squares = sum(jnp.sum(jnp.square(w)) for w in network.weights)
        return jnp.mean(_losses(network(x), y, shape.loss)) + start.penalty * squares

    def step(i: Array, state: tuple) -> tuple:
        network, moments, order = state
        chosen = lax.dynamic_slice_in_dim(order, i * shape.batch, shape.batch)
        x = data.x.at[chosen].get(mode="promise_in_bounds")
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

    def record(carry: tuple, end: Array) -> tuple[tuple, _Records]:
        state, done, best, best_loss = carry
        state = lax.fori_loop(done, end, epoch, state)
        loss, score, spread = _assess(state[0], data.x, data.y, data.count, shape.loss)
        if shape.validation:
            held = _assess(state[0], data.held_x, data.held_y, data.held_count, shape.loss)[:2]
        else:
            held = (jnp.nan, jnp.nan)
        if shape.keep_best:
            better = held[0] < best_loss
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), state[0], best)
            best_loss = jnp.where(better, held[0], best_loss)
        return (state, end, best, best_loss), _Records(loss, score, spread, *held)

    key = jax.random.key(start.seed)
    network = jax.tree.map(jnp.asarray, start.network)
    state = (network, optimiser.init(network), jnp.arange(shape.examples))
    carry = (state, jnp.int32(0), network if shape.keep_best else None, jnp.inf)
    (state, _, best, _), records = lax.scan(record, carry, record_epochs)
    return state[0] if best is None else best, records


def _is_matrix(network: MultilayerPerceptron) -> MultilayerPerceptron:
    """Mark the weights as what decays, and the biases as what does not."""
    return jax.tree.map(lambda leaf: leaf.ndim == 2, network)


def _losses(
    outputs: Float[Array, "example output"], y: Array, kind: Loss
) -> Float[Array, " example"]:
    if kind == "cross-entropy":
        return optax.softmax_cross_entropy_with_integer_labels(outputs, y)
    return jnp.square(outputs[:, 0] - y)


def _assess(
    network: MultilayerPerceptron, x: Array, y: Array, count: Array, kind: Loss
) -> tuple[Array, Array, Array]:
    """Mean loss, score, and how far the outputs spread, over the first `count` examples."""
    outputs = network(x)
    real = jnp.arange(len(x)) < count
    losses = _losses(outputs, y, kind)
    scores = (jnp.argmax(outputs, axis=1) == y) * 1.0 if kind == "cross-entropy" else losses
    most = jnp.where(real[:, None], outputs, -jnp.inf).max(axis=0)
    least = jnp.where(real[:, None], outputs, jnp.inf).min(axis=0)
    return (
        jnp.sum(jnp.where(real, losses, 0)) / count,
        jnp.sum(jnp.where(real, scores, 0)) / count,
        jnp.max(most - least),
    )
