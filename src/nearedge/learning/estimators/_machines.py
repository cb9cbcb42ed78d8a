"""Support vector machines, one for each pair of classes, as plain arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.special import log_expit, logsumexp
from sklearn.svm import SVC as _SVC

from nearedge.learning.estimators._base import Parameters

# Its gamma may be a number, but is inferred to be a string.
SVC: Any = _SVC


@dataclass(frozen=True)
class Machines:
    """Machines with the kernel ``exp(-|x - y|**2)``, one for each pair of classes.

    The training examples in `support` decide; `owners` are the places of their classes, weights
    what each adds to the margins. A positive margin speaks for the first class of a pair.
    """

    classes: np.ndarray
    support: Float[np.ndarray, "vector feature"]
    owners: Int[np.ndarray, " vector"]
    weights: Float[np.ndarray, "vector pair"]
    offsets: Float[np.ndarray, " pair"]

    def log_chances(
        self, margins: Float[np.ndarray, "example pair"], steepness: float
    ) -> Float[np.ndarray, "example class"]:
        """Logarithms of the classes' probabilities, from the margins."""
        logs = combine(margins.T, len(self.classes), lambda margin: log_expit(steepness * margin))
        logs = np.stack(logs, axis=1)
        return logs - logsumexp(logs, axis=1, keepdims=True)

    def margins(
        self, features: Float[np.ndarray, "example feature"]
    ) -> Float[np.ndarray, "example pair"]:
        """Margins of every pair of classes, in single precision but for the last sum."""
        return kernel(features, self.support) @ np.asarray(self.weights, np.float32) + self.offsets


@dataclass(frozen=True)
class MachinesRecord:
    """What a `KernelClassifier` is made of again; the inverse of an infinite scale is finite."""

    parameters: Parameters
    mean: np.ndarray
    inverse_scale: np.ndarray
    machines: Machines
    steepness: float


def kernel(
    features: Float[np.ndarray, "example feature"], support: Float[np.ndarray, "vector feature"]
) -> Float[np.ndarray, "example vector"]:
    """Compute ``exp(-|x - y|**2)`` of all pairs, in single precision."""
    features, support = (np.asarray(rows, np.float32) for rows in (features, support))
    exponent = features @ (2 * support.T)
    exponent -= np.square(support).sum(axis=1)
    exponent -= np.square(features).sum(axis=1)[:, None]
    # Rounding can leave the distance of a spectrum from itself a little below zero.
    return np.exp(np.minimum(exponent, 0, out=exponent), out=exponent)


def train_machines(
    features: Float[np.ndarray, "example feature"], names: np.ndarray, cost: float
) -> Machines:
    """Train the machines with scikit-learn (libsvm), on features scaled for the kernel."""
    machine = SVC(C=cost, gamma=1.0).fit(features, names)
    count = len(machine.classes_)
    owners = np.repeat(np.arange(count), machine.n_support_)
    weights = np.zeros((len(owners), count * (count - 1) // 2))
    for pair, (a, b) in enumerate(combinations(range(count), 2)):
        weights[owners == a, pair] = machine.dual_coef_[b - 1, owners == a]
        weights[owners == b, pair] = machine.dual_coef_[a, owners == b]
    # scikit-learn counts positive margins for the second class where there are only two.
    sign = -1.0 if count == 2 else 1.0
    support = features[machine.support_]
    return Machines(machine.classes_, support, owners, sign * weights, sign * machine.intercept_)


def combine(margins: Any, classes: int, logarithm: Callable[[Any], Any]) -> list[Any]:
    """Add up, for each class, the logarithm of its chance against every other one.

    `margins` are NumPy's or JAX's, shape (pair, example); `logarithm` is that of the chance of a
    margin's first class.
    """
    totals: list[Any] = [0.0] * classes
    for margin, (a, b) in zip(margins, combinations(range(classes), 2), strict=True):
        totals[a] = totals[a] + logarithm(margin)
        totals[b] = totals[b] + logarithm(-margin)
    return totals
