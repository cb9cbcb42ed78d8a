"""Time the training of the paper's classifier here, in Keras, in PyTorch and in scikit-learn.

Every library trains the same network (70-8-6-6, ReLU, Xavier, softmax) on the same examples with
the same batches, learning rate, Adam constants and penalty, and is scored on the same test
examples, in one process, one after another. Run it with::

    pip install 'nearedge[bench]'
    python benchmarks/training.py

TensorFlow's `fit` alone takes a quarter of an hour. ``--epochs 50`` trains all for fewer epochs;
``--extrapolate`` then also prints what 1500 would take, and says so.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from nearedge.datasets import load_dataset, starter_path
from nearedge.errors import MissingExtraError
from nearedge.learning.estimators import NetworkClassifier
from nearedge.learning.examples import class_averages, partition
from nearedge.learning.networks import initialise

HIDDEN = (8, 6)
LEARNING_RATE = 0.01
BATCH = 32
ALPHA = 0.1
"""scikit-learn's penalty, which Keras and PyTorch are given as ``ALPHA / (2 * BATCH) * |w|^2``."""

PAPER_EPOCHS = 1500


@dataclass(frozen=True)
class Task:
    """Standardised examples to train on and to test on."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    epochs: int
    seed: int

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.y.max()) + 1


@dataclass(frozen=True)
class Result:
    """Seconds in all and accuracy on the test examples."""

    seconds: float
    accuracy: float


def with_nearedge(task: Task, networks: int = 1) -> Result:
    """Train here, compilation included; several networks side by side if asked."""
    model = NetworkClassifier(
        HIDDEN,
        learning_rate=LEARNING_RATE,
        batch_size=BATCH,
        epochs=task.epochs,
        l2=ALPHA,
        l2_convention="scikit-learn",
        n_networks=networks,
        random_state=task.seed,
    )
    start = time.perf_counter()
    model.fit(task.x, task.y)
    seconds = time.perf_counter() - start
    # One network's accuracy, also of an ensemble: that is what is compared.
    scaled = (task.test_x - model.input_mean_) / model.input_scale_
    right = [
        (network.evaluate(scaled).argmax(axis=1) == task.test_y).mean()
        for network in model.networks_
    ]
    return Result(seconds / networks, float(np.mean(right)))


def with_scikit_learn(task: Task) -> Result:
    """Train scikit-learn's `MLPClassifier`; no early end."""
    model = MLPClassifier(
        HIDDEN,
        alpha=ALPHA,
        batch_size=BATCH,  # pyright: ignore[reportArgumentType]  (its default is 'auto')
        learning_rate_init=LEARNING_RATE,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs + 1,
        tol=0.0,
        random_state=task.seed,
    )
    start = time.perf_counter()
    # The warning that max_iter was reached is what was asked for.
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model.fit(task.x, task.y)
    return Result(time.perf_counter() - start, float(model.score(task.test_x, task.test_y)))


def with_keras(task: Task) -> Result:
    """Train with the `fit` of Keras on TensorFlow."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError:
        raise MissingExtraError("tensorflow", "bench", "this benchmark") from None
    keras.utils.set_random_seed(task.seed)
    penalty = keras.regularizers.L2(ALPHA / (2 * BATCH))
    layers = [keras.Input((task.x.shape[1],))]
    layers += [
        keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty) for units in HIDDEN
    ]
    layers += [keras.layers.Dense(task.classes, kernel_regularizer=penalty)]
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE, epsilon=1e-8),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x, y = task.x.astype(np.float32), task.y.astype(np.int32)
    start = time.perf_counter()
    model.fit(x, y, batch_size=BATCH, epochs=task.epochs, verbose=0)
    seconds = time.perf_counter() - start
    outputs = model.predict(task.test_x.astype(np.float32), verbose=0)
    return Result(seconds, float((outputs.argmax(axis=1) == task.test_y).mean()))


def with_torch(task: Task) -> Result:
    """Train with a plain loop in PyTorch, on the tensors of the whole epoch."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "bench", "this benchmark") from None
    torch.set_num_threads(1)
    torch.manual_seed(task.seed)
    start_network = initialise(
        (task.x.shape[1], *HIDDEN, task.classes), np.random.default_rng(task.seed)
    )
    modules: list[torch.nn.Module] = []
    for weight in start_network.weights:
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data = torch.tensor(np.asarray(weight))
        layer.bias.data.zero_()
        modules += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    weights = [p for p in model.parameters() if p.ndim == 2]
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    x, y = torch.tensor(task.x, dtype=torch.float32), torch.tensor(task.y)
    cross_entropy = torch.nn.CrossEntropyLoss()
    start = time.perf_counter()
    for _ in range(task.epochs):
        order = torch.randperm(len(x))
        for batch in order.split(BATCH):
            optimiser.zero_grad()
            penalty = sum((w * w).sum() for w in weights) * (ALPHA / (2 * BATCH))
            (cross_entropy(model(x[batch]), y[batch]) + penalty).backward()
            optimiser.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        outputs = model(torch.tensor(task.test_x, dtype=torch.float32)).numpy()
    return Result(seconds, float((outputs.argmax(axis=1) == task.test_y).mean()))


LIBRARIES: dict[str, Callable[[Task], Result]] = {
    "nearedge": with_nearedge,
    "scikit-learn": with_scikit_learn,
    "torch": with_torch,
    "keras": with_keras,
}


def make_task(dataset: str | None, epochs: int, seed: int) -> Task:
    """Average and split as in the paper: 4800 to train on, 1600 to test on."""
    data = load_dataset(dataset or starter_path())
    x, names = class_averages(data.inputs(), data.environment, examples=8000, seed=seed)
    y = np.unique(names, return_inverse=True)[1]
    (x, y), _, (test_x, test_y) = partition(len(x), seed=seed).split(x, y)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    return Task((x - mean) / scale, y, (test_x - mean) / scale, test_y, epochs, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", help="dataset folder; the one that ships by default")
    parser.add_argument("--epochs", type=int, default=PAPER_EPOCHS)
    parser.add_argument("--quick", action="store_true", help="20 epochs")
    parser.add_argument("--extrapolate", action="store_true", help="print 1500 epochs' time too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", nargs="+", choices=LIBRARIES, default=list(LIBRARIES), help="all by default"
    )
    options = parser.parse_args()
    epochs = 20 if options.quick else options.epochs
    task = make_task(options.dataset, epochs, options.seed)
    print(
        f"{task.x.shape[1]}-{HIDDEN[0]}-{HIDDEN[1]}-{task.classes}, {len(task.x)} examples, "
        f"batch {BATCH}, {epochs} epochs, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
        if hasattr(os, "getloadavg")
        else "",
        flush=True,
    )
    with_nearedge(Task(task.x, task.y, task.test_x, task.test_y, 1, 0))  # starts XLA itself
    results: dict[str, Result] = {}
    for name in options.only:
        results[name] = LIBRARIES[name](task)
        title = f"{name} {version(name)}"
        if name == "keras":
            title += f" on tensorflow {version('tensorflow')}"
        show(
            title,
            results[name],
            results.get("nearedge"),
            epochs,
            options.extrapolate,
        )
    if "nearedge" in results:
        ours = results["nearedge"]
        again = with_nearedge(task)
        show("nearedge, compiled before", again, ours, epochs, options.extrapolate)
        side = with_nearedge(task, networks=8)
        show("nearedge, 8 side by side, each", side, ours, epochs, options.extrapolate)


def show(name: str, result: Result, ours: Result | None, epochs: int, extrapolate: bool) -> None:
    """Print one line of the table."""
    line = f"{name:40s} {result.seconds:8.1f} s   test accuracy {result.accuracy:.4f}"
    if ours is not None:
        line += f"   {result.seconds / ours.seconds:7.1f} x"
    if extrapolate and epochs != PAPER_EPOCHS:
        line += f"   extrapolated to {PAPER_EPOCHS} epochs: "
        line += f"{result.seconds * PAPER_EPOCHS / epochs:.0f} s"
    print(line, flush=True)


if __name__ == "__main__":
    main()
