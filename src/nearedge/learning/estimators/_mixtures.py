"""Regression of the composition of averages over many sites."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float
from scipy.linalg import solve
from sklearn.base import RegressorMixin
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel

from nearedge.errors import InputError
from nearedge.learning.estimators._base import (
    Parameters,
    check_class_values,
    check_fractions,
    validate_data,
)
from nearedge.learning.estimators._kernel import KernelEstimator

TRUSTED = 200
"""Noise that no averaging removes: that of an average of this many sites."""


@dataclass(frozen=True)
class MixtureRecord:
    """What a `MixtureRegressor` is rebuilt from."""

    parameters: Parameters
    mean: Float[np.ndarray, " feature"]
    inverse_scale: Float[np.ndarray, " feature"]
    support: Float[np.ndarray, "vector feature"]
    weights: Float[np.ndarray, "vector class"]
    offset: Float[np.ndarray, " class"]


@dataclass(eq=False, repr=False)
class MixtureRegressor(RegressorMixin, KernelEstimator):
    """Kernel ridge regression from spectra of one site or of many to fractions of classes.

    It is the mean of a Gaussian process (Rasmussen and Williams, 2006, chapter 2) with the kernel
    ``exp(-|x - y|**2) + linear * x.y``, in which an average of n spectra has an n-th of the noise
    of a single one: averages of many give well what single spectra give poorly. Parameters are
    those of `KernelEstimator`, of which `C` is one over the noise of a single spectrum, and those
    below.

    Parameters
    ----------
    classes : sequence of str
        In the order of the fractions given to `fit`.
    values : sequence of float
        The number of each class: their mean is predicted.
    linear : float
        Weight of the linear part of the kernel, for compositions beyond those of the training.
    """

    record = MixtureRecord

    _: KW_ONLY
    classes: Sequence[str] = ()
    values: Sequence[float] = ()
    C: float = 3.0
    slopes: float = 0.1
    scale_floor: float = 1.0
    linear: float = 30.0

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MixtureRegressor":  # noqa: N803
        """Learn fractions, shape (example, class); weights say how many sites were averaged."""
        self._check_parameters()
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, multi_output=True)
        check_fractions(y, self.classes)
        sites = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, float)
        raw = self._with_slopes(x, np)
        # Averages differ less than the sites that they are made of.
        single = sites < 1.5
        self._take_scale(raw[single] if single.sum() > 1 else raw)
        self.support_ = self._scaled(x)
        self.offset_ = y.mean(axis=0)
        likeness = self._likeness(self.support_)
        likeness[np.diag_indices_from(likeness)] += (1 / sites + 1 / TRUSTED) / self.C
        self.weights_ = solve(likeness, y - self.offset_, assume_a="pos")
        return self

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean of the numbers of the classes."""
        return self._in_chunks(X) @ np.asarray(self.values, float)

    def predict_fractions(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Fraction of each of `classes`: none is negative, and they add up to one."""
        fractions = np.clip(self._in_chunks(X), 0, None)
        return fractions / np.maximum(fractions.sum(axis=1, keepdims=True), 1e-9)

    def differentiable(
        self, x: Float[Array, "example energy"], member: int
    ) -> Float[Array, "example 1"]:
        """Predict in JAX, from raw spectra, so that it can be differentiated."""
        import jax.numpy as jnp

        values = np.asarray(self.values, float)
        likeness = self._kernel_in_jax(x, self.support_)
        features = (self._with_slopes(x, jnp) - self.mean_) / self.scale_
        likeness += self.linear * self.reach * features @ self.support_.T
        return (likeness @ (self.weights_ @ values) + self.offset_ @ values)[:, None]

    def _likeness(
        self, features: Float[np.ndarray, "example feature"]
    ) -> Float[np.ndarray, "example vector"]:
        # In double precision: large weights of either sign nearly cancel.
        pair = np.asarray(features, float), np.asarray(self.support_, float)
        return rbf_kernel(*pair, gamma=1.0) + self.linear * self.reach * linear_kernel(*pair)

    def _answers(self, features: Float[np.ndarray, "example feature"]) -> np.ndarray:
        return self._likeness(features) @ self.weights_ + self.offset_

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_class_values(self.classes, self.values)
        if not self.linear >= 0:
            raise InputError(f"linear={self.linear} must not be negative")

    def _check_learnt(self) -> None:
        super()._check_learnt()
        shape = len(self.support_), len(self.classes)
        if self.weights_.shape != shape or self.support_.shape[1] != len(self.mean_):
            raise ValueError("the support vectors do not fit energies and classes")
