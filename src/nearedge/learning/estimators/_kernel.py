"""Kernel machines on intensities and slopes, for classes and for numbers."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import minimize_scalar
from sklearn.base import RegressorMixin
from sklearn.model_selection import KFold
from sklearn.svm import SVR
from sklearn.utils.validation import check_is_fitted

from nearedge.errors import InputError
from nearedge.learning.estimators._base import (
    LikeliestClass,
    Parameters,
    SavedEstimator,
    floored_spread,
    validate_data,
)
from nearedge.learning.estimators._machines import MachinesRecord, combine, kernel, train_machines

Machine = TypeVar("Machine", bound="KernelEstimator")

FOLDS = 5
"""Parts into which the training spectra are cut where something is chosen by cross-validation."""

CHUNK = 1024
"""Spectra that are compared with the support vectors at once: their kernel fits into the cache."""


@dataclass(eq=False, repr=False)
class KernelEstimator(SavedEstimator):
    """What kernel machines share: a kernel of radial basis functions on intensities and slopes.

    Two spectra are alike if both their intensities and their slopes are: each is brought to zero
    mean over the training spectra and divided by its spread.

    Parameters
    ----------
    C : float
        What an error costs beside a smooth answer.
    reach : float
        Squared distance at which the likeness of two spectra has fallen to 1/e, in units of the
        mean squared distance of the training spectra from their mean.
    slopes : float
        Weight of the slopes, from 0 (intensities alone) to 1 (slopes alone).
    scale_floor : float
        Least number that an intensity or slope is divided by, as a share of the largest spread:
        at 0 each is divided by its own, at 1 all by the same. Where the training spectra hardly
        vary, below the edge, division by their spread blows up every offset and all noise.
    categories : sequence of int
        How many columns of the input, before the intensities, are the values of each categorical
        feature: one at the value of an example, zero elsewhere, all zero where it is unknown.
    apart : float
        Squared distance of two values of a feature, in the unit of `reach`.
    random_state : int
        Decides how the training spectra are cut for cross-validation, and nothing else.
    """

    _numeric: ClassVar[bool]

    C: float = 5.0
    _: KW_ONLY
    reach: float = 2.0
    slopes: float = 0.25
    scale_floor: float = 0.2
    categories: Sequence[int] = ()
    apart: float = 1.0
    random_state: int = 0

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

    @abstractmethod
    def _answers(self, features: Float[np.ndarray, "example feature"]) -> np.ndarray:
        """Answer for scaled spectra."""

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
        if not self.apart > 0:
            raise InputError(f"apart={self.apart} must be positive")

    def _take_scale(self, raw: Float[np.ndarray, "example feature"]) -> None:
        """Find mean and scale so that squared distances are the exponents of the kernel."""
        self.mean_ = raw.mean(axis=0)
        shares = (1 - self.slopes, self.slopes)
        start = sum(self.categories)
        # A value that does not occur is the same as none.
        apart = np.sqrt(2 * self.reach / self.apart)
        scales = [np.where(raw[:, :start].any(axis=0), apart, np.inf)]
        for part, share in zip(np.split(raw[:, start:], 2, axis=1), shares, strict=True):
            spread, floored = floored_spread(part, self.scale_floor)
            total = np.sum((spread / floored) ** 2) or 1.0
            # What has no share is divided by infinity: all spectra are the same there.
            scales.append(
                floored * np.sqrt(self.reach * total / share)
                if share
                else np.full(len(spread), np.inf)
            )
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

    @classmethod
    def _scaling_as(cls, record: "MachinesRecord | KernelRecord") -> Any:
        """Make one that scales spectra as a record says."""
        estimator = cls.told(record.parameters)
        estimator.mean_ = record.mean
        with np.errstate(divide="ignore"):
            estimator.scale_ = 1 / record.inverse_scale
        estimator.n_features_in_ = (len(record.mean) + sum(estimator.categories)) // 2
        return estimator


class KernelClassifier(LikeliestClass, KernelEstimator):
    """Support vectors (Cortes and Vapnik, 1995) from spectra to classes.

    Each pair of classes has a machine of its own; the probability of a class is proportional to the
    product of its chances against every other one, the logistic function of the machines' margins
    times one `steepness_` that is found by cross-validation. Parameters are those of
    `KernelEstimator`; `classes_` are the names in the order of the probabilities.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(200, 5)) * 1e-5
    >>> names = np.where(spectra[:, 0] > 0, "dimer", "2")
    >>> model = KernelClassifier().fit(spectra, names)
    >>> model.score(spectra, names) > 0.95
    True
    >>> model.predict_proba(spectra).shape
    (200, 2)
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
        logs = combine(
            margins.T,
            len(self.classes_),
            lambda margin: jax.nn.log_sigmoid(self.steepness_ * margin),
        )
        return jax.nn.log_softmax(jnp.stack(logs, axis=1))

    def _answers(self, features: Float[np.ndarray, "example feature"]) -> np.ndarray:
        machines = self.machines_
        return np.exp(machines.log_chances(machines.margins(features), self.steepness_))

    def _learn(self, features: Float[np.ndarray, "example feature"], y: np.ndarray) -> None:
        self._take_classes(y)
        self.machines_ = train_machines(features, y, self.C)
        self.steepness_ = self._find_steepness(features, y)

    def _find_steepness(
        self, features: Float[np.ndarray, "example feature"], names: np.ndarray
    ) -> float:
        """Choose the steepness with the least cross-entropy on spectra that were left out."""
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
            return 1.0

        def loss(logarithm: float) -> float:
            total = 0.0
            for machines, margins, places in left_out:
                logs = machines.log_chances(margins, np.exp(logarithm))
                total -= float(logs[range(len(margins)), places].sum())
            return total

        best: Any = minimize_scalar(loss, bounds=(np.log(0.1), np.log(10)), method="bounded")
        return float(np.exp(best.x))

    def to_record(self) -> MachinesRecord:
        """Say what it is made of."""
        check_is_fitted(self)
        return MachinesRecord(
            self.parameters(), self.mean_, 1 / self.scale_, self.machines_, self.steepness_
        )

    @classmethod
    def from_record(cls, record: MachinesRecord) -> Any:
        """Undo `to_record`; a ValueError if its arrays do not fit each other."""
        machines = record.machines
        count, vectors = len(machines.classes), len(machines.support)
        pairs = count * (count - 1) // 2
        if (
            machines.support.shape != (vectors, len(record.mean))
            or machines.weights.shape != (vectors, pairs)
            or machines.offsets.shape != (pairs,)
            or not np.isin(machines.owners, np.arange(count)).all()
        ):
            raise ValueError("the support vectors do not fit energies and classes")
        classifier = cls._scaling_as(record)
        classifier.machines_, classifier.steepness_ = machines, record.steepness
        classifier.classes_ = machines.classes
        return classifier


@dataclass(frozen=True)
class KernelRecord:
    """What a `KernelRegressor` is made of again."""

    parameters: Parameters
    mean: np.ndarray
    inverse_scale: np.ndarray
    support: np.ndarray
    weights: np.ndarray
    offset: float


@dataclass(eq=False, repr=False)
class KernelRegressor(RegressorMixin, KernelEstimator):
    """Support vector regression (Smola and Schoelkopf, 2004) from spectra to a number of each.

    The number is the sum of weights times the likeness to each support vector, and an offset.
    Parameters are those of `KernelEstimator`, with one more.

    Parameters
    ----------
    epsilon : float
        Errors that cost nothing, in units of the spread of the numbers.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(200, 5))
    >>> model = KernelRegressor().fit(spectra, spectra[:, 0] + 2)
    >>> model.score(spectra, spectra[:, 0] + 2) > 0.95
    True
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

    def to_record(self) -> KernelRecord:
        """Say what it is made of."""
        check_is_fitted(self)
        arrays = self.mean_, 1 / self.scale_, self.support_, self.weights_
        return KernelRecord(self.parameters(), *arrays, self.offset_)

    @classmethod
    def from_record(cls, record: KernelRecord) -> Any:
        """Undo `to_record`; a ValueError if its arrays do not fit each other."""
        if record.support.shape != (len(record.weights), len(record.mean)):
            raise ValueError("the support vectors do not fit energies and weights")
        regressor = cls._scaling_as(record)
        regressor.support_, regressor.weights_ = record.support, record.weights
        regressor.offset_ = record.offset
        return regressor
