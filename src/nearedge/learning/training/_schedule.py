"""Which networks train side by side, and which are restarted because they died."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from operator import itemgetter

import jax
import numpy as np
from scipy.special import entr

from nearedge.learning.networks import MultilayerPerceptron, initialise, narrow, widen
from nearedge.learning.training._jobs import RESTARTS, Curves, Job, Trained
from nearedge.learning.training._program import PERMUTATIONS, Data, Shape, Start, program

NETWORKS_AT_ONCE = 8
"""Most networks in one call: more hardly train faster, and need more memory."""

SCREENING_STEPS = 500
"""Steps after which it is first checked whether a network has died."""

DEAD = 0.999
"""A network whose training loss is not below this fraction of a constant's is dead."""


def train(
    jobs: Sequence[Job],
    *,
    restarts: int = RESTARTS,
    progress: Callable[[float], None] | None = None,
) -> list[Trained]:
    """Train many networks of any shapes, side by side where possible.

    A ReLU network can die: no unit of a layer responds to any example, the output is constant and
    no gradient is left. A network whose output is constant over the training examples, or whose
    training loss is not below that of the best constant, is restarted from a new seed derived from
    its own. This is checked after the first steps, when most die, and at the end. The same jobs
    give the same numbers, bit for bit, on one machine. `progress` receives the fraction of the work
    that is done.
    """
    _start_backend()
    results: dict[int, Trained] = {}
    waiting = list(range(len(jobs)))
    work = [len(job.x) * job.settings.epochs for job in jobs]
    while waiting:
        attempts = {i: results[i].restarts + 1 if i in results else 0 for i in waiting}
        for batch in _batches(jobs, waiting):
            results.update(_train_batch(jobs, attempts, restarts, batch))
            if progress:
                progress(sum(work[i] for i in results) / sum(work))
        waiting = [i for i in waiting if results[i].dead and results[i].restarts < restarts]
    return [results[i] for i in range(len(jobs))]


def _start_backend() -> None:
    """Start XLA with one thread of its own, unless something in this process has started it.

    XLA would spread even these tiny steps over a pool of threads, which takes two to three times
    as long; NPROC is how its CPU client is told the size of the pool.
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


def _shape(job: Job, *, shared: bool) -> Shape:
    """Round a job's sizes up, so that jobs of nearly the same size are compiled once."""
    settings = job.settings
    hidden = tuple(8 * ceil(units / 8) for units in job.hidden)
    return Shape(
        sizes=(_roomy_inputs(job.sizes[0]), *hidden, job.outputs),
        examples=_roomy(len(job.x)),
        validation=_roomy(len(job.validation[0])) if job.validation else 0,
        batch=min(settings.batch_size, len(job.x)),
        loss=job.loss,
        records=min(settings.records, settings.epochs),
        shared=shared,
        embeddings=job.embeddings,
        dropout=settings.dropout,
    )


def _roomy(count: int) -> int:
    """Round a number of examples up to a power of two or one and a half times that."""
    power = 1 << max(count - 1, 255).bit_length()
    return power * 3 // 4 if count <= power * 3 // 4 and power > 256 else power


def _roomy_inputs(count: int) -> int:
    """Round a number of inputs up, coarsely where it is small and padding costs nothing."""
    return 8 * ceil(count / 8) if count > 64 else 1 << max(count - 1, 7).bit_length()


@dataclass(frozen=True)
class _Batch:
    """Jobs that train in one call, `slots` networks wide; what is left is filled with copies."""

    jobs: list[int]
    slots: int
    shape: Shape


def _batches(jobs: Sequence[Job], waiting: Sequence[int]) -> list[_Batch]:
    """Split the waiting jobs into batches that train in one call.

    The jobs of a batch have one shape, one number of examples and of epochs. Jobs on the same
    examples keep together: a copy of them for each network would not fit into the cache, and
    picking examples from memory takes as long as the arithmetic.
    """
    prints = {i: _fingerprint(jobs[i]) for i in waiting}
    repeated = Counter(prints.values())
    groups: dict[tuple, list[int]] = {}
    for i in waiting:
        job = jobs[i]
        held = len(job.validation[0]) if job.validation else 0
        shape = _shape(job, shared=repeated[prints[i]] > 1)
        same = prints[i] if shape.shared else None
        groups.setdefault((shape, len(job.x), held, job.settings.epochs, same), []).append(i)
    batches = []
    for (shape, *_), group in groups.items():
        slots = ceil(len(group) / ceil(len(group) / NETWORKS_AT_ONCE))
        batches += [_Batch(group[k : k + slots], slots, shape) for k in range(0, len(group), slots)]
    return batches


def _fingerprint(job: Job) -> bytes:
    """Tell whether two jobs have the same examples."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (job.x, job.y, *(job.validation or ())):
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def _train_batch(
    jobs: Sequence[Job], attempts: Mapping[int, int], restarts: int, batch: _Batch
) -> dict[int, Trained]:
    """Train the jobs of one batch, each from its next seed that does not die in the first steps."""
    chosen = [jobs[i] for i in batch.jobs]
    seeds = [attempts[i] for i in batch.jobs]
    epochs, data = chosen[0].settings.epochs, _data(chosen, batch.shape, batch.slots)
    screening = ceil(SCREENING_STEPS * batch.shape.batch / len(chosen[0].x))
    dying = [True] * len(chosen)
    while screening < epochs and any(dying):
        started = _run(chosen, seeds, batch, data, screening)
        dying = [
            curves.spread[-1] == 0 and attempt < restarts
            for (_, curves), attempt in zip(started, seeds, strict=True)
        ]
        seeds = [attempt + bool(again) for attempt, again in zip(seeds, dying, strict=True)]
    trained = zip(batch.jobs, chosen, seeds, _run(chosen, seeds, batch, data, epochs), strict=True)
    return {
        i: Trained(narrow(network, job.sizes), curves, attempt, _is_dead(job, curves))
        for i, job, attempt, (network, curves) in trained
    }


def _is_dead(job: Job, curves: Curves) -> bool:
    """Whether a network does no better than the best constant (never so if that is perfect)."""
    y, target = job.y, job.loss
    if target == "cross-entropy":
        share = np.unique(y, return_counts=True)[1] / len(y)
        constant = float(-np.sum(share * np.log(share)))
    elif target == "fractions":
        constant = float(np.sum(entr(y.mean(axis=0))))
    else:
        constant = float(np.var(y))
    if constant <= np.finfo(np.float32).eps * max(1.0, float(np.mean(np.square(y)))):
        return False
    return not float(curves.loss[-1]) < DEAD * constant or float(curves.spread[-1]) == 0


def _data(jobs: Sequence[Job], shape: Shape, slots: int) -> Data:
    """Pad the examples of each job, or those of all if they are shared."""
    used = jobs[:1] if shape.shared else [*jobs, *[jobs[-1]] * (slots - len(jobs))]
    held = [job.validation or (job.x[:0], job.y[:0]) for job in used]
    dtype = np.int32 if shape.loss == "cross-entropy" else np.float32
    each = (shape.sizes[-1],) if shape.loss == "fractions" else ()

    def padded(arrays: Sequence[np.ndarray], dtype: type, *sides: int) -> np.ndarray:
        table = np.zeros((len(arrays), *sides), dtype)
        for row, array in zip(table, arrays, strict=True):
            row[tuple(map(slice, array.shape))] = array
        return table[0] if shape.shared else table

    return Data(
        padded([job.x for job in used], np.float32, shape.examples, shape.inputs),
        padded([job.y for job in used], dtype, shape.examples, *each),
        np.int32(len(jobs[0].x)),
        padded([x for x, _ in held], np.float32, shape.validation, shape.inputs),
        padded([y for _, y in held], dtype, shape.validation, *each),
        np.int32(len(held[0][0])),
    )


def _start(job: Job, attempt: int, shape: Shape) -> Start:
    """Draw the weights and the shuffling of one attempt at a job."""
    rng = np.random.default_rng([job.seed, attempt])
    network = widen(initialise(job.sizes, rng, job.embeddings), shape.sizes)
    # Values that do not occur have the vector of the unknown one; no gradient moves them.
    cuts = np.cumsum([0, *(values for _, values in job.embeddings)])
    for table, start in zip(network.embeddings, cuts[:-1], strict=True):
        table *= job.x[:, start : start + table.shape[1]].any(axis=0)
    permutations = np.tile(np.arange(shape.examples, dtype=np.int32), (PERMUTATIONS, 1))
    part = permutations[:, : len(job.x)]
    rng.permuted(part, axis=1, out=part)
    penalty, decay = job.settings.penalty(len(job.x))
    scalars = (job.settings.learning_rate, penalty, decay)
    seed = rng.integers(2**32, dtype=np.uint32)
    return Start(network, permutations, np.asarray(seed), *(np.float32(v) for v in scalars))


def _run(
    jobs: Sequence[Job], attempts: Sequence[int], batch: _Batch, data: Data, epochs: int
) -> list[tuple[MultilayerPerceptron, Curves]]:
    """Train every job of a batch for so many epochs, from its attempt's seed."""
    shape = batch.shape
    starts = [_start(job, attempt, shape) for job, attempt in zip(jobs, attempts, strict=True)]
    starts += [starts[-1]] * (batch.slots - len(starts))
    start = jax.tree.map(lambda *leaves: np.stack(leaves), *starts)
    ends = np.linspace(0, epochs, shape.records + 1).round().astype(np.int32)[1:]
    arguments = (start, data, ends)
    trained = jax.device_get(program(shape, batch.slots, arguments)(*arguments))
    return [jax.tree.map(itemgetter(k), trained) for k in range(len(jobs))]
