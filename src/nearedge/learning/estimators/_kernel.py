"""Kernel machines on intensities and slopes, for classes and for numbers."""

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from itertools import combinations
from typing import Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Array, Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax
from sklearn.base import RegressorMixin
from sklearn.model_selection import KFold
from sklearn.svm import SVC, SVR
from sklearn.utils.validation import check_is_fitted

from nearedge.errors import InputError
from nearedge.learning.estimators._base import (
    LikeliestClass,
    Parameters,
    SavedEstimator,
    floored_spread,
    validate_data,
)


@dataclass(frozen=True)
class Machines:
    """Machines with the kernel ``exp(-|x - y|**2)``, one for each pair of classes.

    `support` are the training examples that decide, `owners` the indices of their classes, weights
    what each adds to the margins. A positive margin favours the first class of a pair.
    """

    classes: np.ndarray
    support: Float[np.ndarray, "vector feature"]
    owners: Int[np.ndarray, " vector"]
    weights: Float[np.ndarray, "vector pair"]
    offsets: Float[np.ndarray, " pair"]

    def log_chances(
        self, margins: Float[np.ndarray, "example pair"], steepness: float, weight: float
    ) -> Float[np.ndarray, "example class"]:
        """Logarithms of the classes' probabilities, from the margins."""
        votes = np.stack(count_votes(expit(steepness * margins.T), len(self.classes)), axis=1)
        return log_softmax(weight * votes, axis=1)

    def margins(
        self, features: Float[np.ndarray, "example feature"]
    ) -> Float[np.ndarray, "example pair"]:
        """Margins of every pair of classes, in single precision except for the last sum."""
        return kernel(features, self.support) @ np.asarray(self.weights, np.float32) + self.offsets


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
    machine = SVC(C=cost, gamma=1.0)  # pyright: ignore[reportArgumentType]
    machine.fit(features, names)
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


def count_votes(chances: Any, classes: int) -> list[Any]:
    """Sum, for each class, its probabilities against all others.

    `chances`, NumPy's or JAX's, are those of each pair's first class, shape (pair, example).
    """
    totals: list[Any] = [0.0] * classes
    for chance, (a, b) in zip(chances, combinations(range(classes), 2), strict=True):
        totals[a] = totals[a] + chance
        totals[b] = totals[b] + 1 - chance
    return totals


Machine = TypeVar("Machine", bound="SupportVectors")

FOLDS = 5
"""Folds of the training spectra for choices by cross-validation."""

STEEPNESSES = (4.0, 6.0, 9.0)
"""Steepnesses tried: below the first, votes between two other classes would count."""

CHUNK = 1024
"""Spectra that are compared with the support vectors at once: their kernel fits into the cache."""


@dataclass(eq=False, repr=False)
class KernelEstimator(SavedEstimator):
    """What kernel machines share: a radial basis function kernel on intensities and slopes.

    Two spectra are similar if both their intensities and their slopes are: each is centred on its
    mean over the training spectra and divided by its spread.

    Parameters
    ----------
    C : float
        Cost of errors, relative to smoothness.
    reach : float
        Squared distance at which the similarity of two spectra has fallen to 1/e, in units of the
        mean squared distance of the training spectra from their mean.
    slopes : float
        Weight of the slopes, from 0 (intensities alone) to 1 (slopes alone).
    scale_floor, categories, random_state
        As in `SavedEstimator`.
    """

    C: float = 5.0
    _: KW_ONLY
    reach: float = 2.0
    slopes: float = 0.25
    scale_floor: float = 0.2

    @abstractmethod
    def _answers(self, features: Float[np.ndarray, "example feature"]) -> np.ndarray:
        """Answer for scaled spectra: probabilities of classes, or numbers."""

    def _in_chunks(self, X: Any) -> np.ndarray:  # noqa: N803
        """Answer for raw spectra, after the checks."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        parts = [x[start : start + CHUNK] for start in range(0, len(x), CHUNK)]
        return np.concatenate([self._answers(self._scaled(part)) for part in parts])

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not (self.C > 0 and self.reach > 0):
            raise InputError(f"C={self.C} and reach={self.reach} must be positive")
        if not 0 <= self.slopes <= 1:
            raise InputError(f"slopes={self.slopes} must be from 0 to 1")

    def _take_scale(self, raw: Float[np.ndarray, "example feature"]) -> None:
        """Find mean and scale so that squared distances are the exponents of the kernel."""
        self.mean_ = raw.mean(axis=0)
        shares = (1 - self.slopes, self.slopes)
        start = sum(self.categories)
        # Two values are as far apart as the reach; one that does not occur is the same as none.
        scales = [np.where(raw[:, :start].any(axis=0), np.sqrt(2 * self.reach), np.inf)]
        for part, share in zip(np.split(raw[:, start:], 2, axis=1), shares, strict=True):
            spread, floored = floored_spread(part, self.scale_floor)
            total = np.sum((spread / floored) ** 2) or 1.0
            # What has no share is divided by infinity: all spectra are the same there.
            scales.append(floored * (np.sqrt(self.reach * total / share) if share else np.inf))
        self.scale_ = np.concatenate(scales)

    def _scaled(
        self, x: Float[np.ndarray, "example energy"]
    ) -> Float[np.ndarray, "example feature"]:
        return ((self._with_slopes(x, np) - self.mean_) / self.scale_).astype(np.float32)

    def _with_slopes(self, x: Any, numpy: Any) -> Any:
        """Put the slopes per step of the grid beside the intensities, in NumPy or JAX."""
        spectra = x[:, sum(self.categories) :]
        # A single energy has no slope.
        slopes = numpy.gradient(spectra, axis=1) if spectra.shape[1] > 1 else 0 * spectra
        return numpy.concatenate([x, slopes], axis=1)

    def _kernel_in_jax(
        self, x: Float[Array, "example energy"], support: Float[np.ndarray, "vector feature"]
    ) -> Float[Array, "example vector"]:
        import jax.numpy as jnp

        features = (self._with_slopes(x, jnp) - self.mean_) / self.scale_
        squares = jnp.square(features).sum(axis=1)[:, None] + np.square(support).sum(1)
        return jnp.exp(2 * features @ support.T - squares)

    def _check_learnt(self) -> None:
        self.n_features_in_ = (len(self.mean_) + sum(self.categories)) // 2

    @property
    def inverse_scale_(self) -> Float[np.ndarray, " feature"]:
        """What is kept of the scale: where that is infinite, its inverse is a number."""
        return 1 / self.scale_

    @inverse_scale_.setter
    def inverse_scale_(self, inverse: Float[np.ndarray, " feature"]) -> None:
        with np.errstate(divide="ignore"):
            self.scale_ = 1 / inverse


class SupportVectors(KernelEstimator):
    """A kernel estimator in which the training spectra near a boundary decide."""

    _numeric: ClassVar[bool]

    def fit(self: Machine, X: Any, y: Any) -> Machine:  # noqa: N803
        """Find the support vectors of intensities in any unit, shape (example, energy)."""
        self._check_parameters()
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=self._numeric)
        self._take_scale(self._with_slopes(x, np))
        self._learn(self._scaled(x), y)
        return self

    @abstractmethod
    def _learn(self, features: Float[np.ndarray, "example feature"], y: np.ndarray) -> None:
        """Find the support vectors of scaled spectra."""


@dataclass(frozen=True)
class MachinesRecord:
    """What a `KernelClassifier` is rebuilt from."""

    parameters: Parameters
    mean: Float[np.ndarray, " feature"]
    inverse_scale: Float[np.ndarray, " feature"]
    machines: Machines
    steepness: float
    weight: float


class KernelClassifier(LikeliestClass, SupportVectors):
    """Support vectors (Cortes and Vapnik, 1995) from spectra to classes.

    Each pair of classes has its own machine, whose vote for a class is the logistic function of its
    margin times a `steepness_`; the logarithm of a class's probability is the sum of its votes
    times a `weight_`. Both are found by cross-validation. So a machine of two other classes has
    little influence, as in counting votes, the limit of a large steepness. Parameters are those of
    `KernelEstimator`; `classes_` are the names in the order of the probabilities.
    """

    record = MachinesRecord
    _numeric = False

    def predict_proba(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Probability of each class, in the order of `classes_`."""
        return self._in_chunks(X)

    def differentiable(
        self, x: Float[Array, "example energy"], member: int
    ) -> Float[Array, "example class"]:
        """Logarithms of the probabilities in JAX, from raw spectra, to be differentiated.

        Nothing is checked; `member` is always 0, others are for the networks of an ensemble.
        """
        import jax
        import jax.numpy as jnp

        machines = self.machines_
        margins = self._kernel_in_jax(x, machines.support) @ machines.weights + machines.offsets
        chances = jax.nn.sigmoid(self.steepness_ * margins.T)
        votes = jnp.stack(count_votes(chances, len(self.classes_)), axis=1)
        return jax.nn.log_softmax(self.weight_ * votes)

    def _answers(self, features: Float[np.ndarray, "example feature"]) -> np.ndarray:
        machines = self.machines_
        margins = machines.margins(features)
        return np.exp(machines.log_chances(margins, self.steepness_, self.weight_))

    def _learn(self, features: Float[np.ndarray, "example feature"], y: np.ndarray) -> None:
        self._take_classes(y)
        self.machines_ = train_machines(features, y, self.C)
        self.steepness_, self.weight_ = self._find_votes(features, y)

    def _find_votes(
        self, features: Float[np.ndarray, "example feature"], names: np.ndarray
    ) -> tuple[float, float]:
        """Choose steepness and weight of least cross-entropy on spectra that were left out."""
        parts = KFold(min(FOLDS, len(names)), shuffle=True, random_state=self.random_state)
        left_out = []
        for train, test in parts.split(names):
            if len(np.unique(names[train])) < 2:
                continue
            machines = train_machines(features[train], names[train], self.C)
            learnt = test[np.isin(names[test], machines.classes)]
            if len(learnt):
                places = np.searchsorted(machines.classes, names[learnt])
                left_out.append((machines, machines.margins(features[learnt]), places))
        if not left_out:
            return STEEPNESSES[0], 1.0

        def loss(logarithm: float, steepness: float) -> float:
            weight = float(np.exp(logarithm))
            return -sum(
                float(one.log_chances(margins, steepness, weight)[range(len(margins)), own].sum())
                for one, margins, own in left_out
            )

        bounds, found = (np.log(0.1), np.log(30)), []
        for steepness in STEEPNESSES:
            best: Any = minimize_scalar(loss, bounds=bounds, args=(steepness,), method="bounded")
            found.append((float(best.fun), steepness, float(np.exp(best.x))))
        return min(found)[1:]

    def _check_learnt(self) -> None:
        super()._check_learnt()
        machines = self.machines_
        classes = np.arange(len(machines.classes))
        pairs = len(classes) * (len(classes) - 1) // 2
        fits = len(machines.offsets) == pairs and np.isin(machines.owners, classes).all()
        if not fits or machines.support.shape[1] != len(self.mean_):
            raise ValueError("the support vectors do not fit energies and classes")
        self.classes_ = machines.classes


@dataclass(frozen=True)
class KernelRecord:
    """What a `KernelRegressor` is rebuilt from."""

    parameters: Parameters
    mean: Float[np.ndarray, " feature"]
    inverse_scale: Float[np.ndarray, " feature"]
    support: Float[np.ndarray, "vector feature"]
    weights: Float[np.ndarray, " vector"]
    offset: float


@dataclass(eq=False, repr=False)
class KernelRegressor(RegressorMixin, SupportVectors):
    """Support vector regression (Smola and Schoelkopf, 2004) from spectra to one number each.

    The number is an offset plus the weighted sum of similarities to the support vectors. Parameters
    are those of `KernelEstimator`, and one more.

    Parameters
    ----------
    epsilon : float
        Errors that cost nothing, in units of the spread of the numbers.
    """

    record = KernelRecord
    _numeric = True

    _: KW_ONLY
    reach: float = 4.0
    slopes: float = 0.1
    scale_floor: float = 1.0
    epsilon: float = 0.1

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Predict the number of each spectrum."""
        return self._in_chunks(X)

    def differentiable(
        self, x: Float[Array, "example energy"], member: int
    ) -> Float[Array, "example 1"]:
        """Predict in JAX, from raw spectra, so that it can be differentiated."""
        return self._kernel_in_jax(x, self.support_) @ self.weights_[:, None] + self.offset_

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not self.epsilon >= 0:
            raise InputError(f"epsilon={self.epsilon} must not be negative")

    def _answers(self, features: Float[np.ndarray, "example feature"]) -> np.ndarray:
        return kernel(features, self.support_) @ self.weights_ + self.offset_

    def _learn(self, features: Float[np.ndarray, "example feature"], y: np.ndarray) -> None:
        mean, spread = float(y.mean()), float(y.std()) or 1.0
        machine = SVR(C=self.C, gamma=1.0, epsilon=self.epsilon)  # pyright: ignore[reportArgumentType]
        machine.fit(features, (y - mean) / spread)
        self.support_ = features[machine.support_]
        self.weights_ = np.asarray(machine.dual_coef_)[0] * spread
        self.offset_ = float(machine.intercept_[0]) * spread + mean
