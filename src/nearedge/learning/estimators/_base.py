"""What all estimators share: parameters that are kept, scaling, and the likeliest class."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data as _validate_data

from nearedge.errors import InputError
from nearedge.records import Kept

# Untyped in scikit-learn, where it returns one array or two.
validate_data: Any = _validate_data

Parameters = dict[str, Any]
"""Parameters of an estimator, ready for JSON."""

RETIRED = {"apart", "early_stopping", "energy", "restarts"}
"""Parameters in older models on which no prediction depends."""


@dataclass(kw_only=True, eq=False, repr=False)
class SavedEstimator(Kept, BaseEstimator):
    """An estimator that `nearedge.records` can store: its parameters, and what it has learnt.

    Each field of its `record` is an attribute of that name with a trailing underscore.

    Parameters
    ----------
    scale_floor : float
        Least divisor of an intensity (or slope), as a fraction of the largest spread: at 0 each is
        divided by its own spread, at 1 all by the same. Below the edge, where training spectra
        hardly vary, division by their spread would amplify offsets and noise.
    categories : sequence of int
        Number of input columns, before the intensities, for the values of each categorical feature:
        one for the value of an example, zero for the others, all zero if it is unknown.
    random_state : int
        Seed of all random numbers.
    """

    scale_floor: float = 0.0
    categories: Sequence[int] = ()
    random_state: int = 0

    members = 1
    """Number of predictions averaged."""

    def parameters(self) -> Parameters:
        """Its parameters, ready for JSON."""
        return {
            name: np.asarray(value).tolist() if isinstance(value, np.ndarray | tuple) else value
            for name, value in self.get_params(deep=False).items()
        }

    def to_record(self) -> Any:
        """Return what it consists of."""
        check_is_fitted(self)
        learnt = (getattr(self, f"{field.name}_") for field in fields(self.record)[1:])
        return self.record(self.parameters(), *map(_without_names, learnt))

    @classmethod
    def from_record(cls, record: Any) -> Any:
        """Undo `to_record`; a ValueError if the arrays do not fit each other."""
        told = {name: v for name, v in record.parameters.items() if name not in RETIRED}
        estimator = cls(**told)
        for field in fields(record)[1:]:
            setattr(estimator, f"{field.name}_", getattr(record, field.name))
        estimator._check_learnt()
        return estimator

    @abstractmethod
    def _check_learnt(self) -> None:
        """Take what follows from what was read, a ValueError if that does not hang together."""

    def _check_parameters(self) -> None:
        if not 0 <= self.scale_floor <= 1:
            raise InputError(f"scale_floor={self.scale_floor} must be from 0 to 1")


class LikeliestClass(ClassifierMixin):
    """What estimators of class probabilities share."""

    classes_: Any

    @abstractmethod
    def predict_proba(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Probability of each class, in the order of `classes_`."""

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Name of the most probable class of each spectrum."""
        best = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[best]

    def _take_classes(self, y: np.ndarray) -> None:
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise InputError(f"all spectra are of one class, '{y[0]}'; a classifier needs two")


def check_class_values(classes: Sequence[str], values: Sequence[float]) -> None:
    """Refuse fewer than two classes, or not exactly one value for each."""
    if len(classes) < 2 or len(classes) != len(values):
        raise InputError(
            f"classes={list(classes)} and values={list(values)}: give at least two classes, and a "
            "number for each"
        )


def check_fractions(y: np.ndarray, classes: Sequence[str]) -> None:
    """Refuse fractions without one column for each class."""
    if y.ndim != 2 or y.shape[1] != len(classes):
        raise InputError(
            f"fractions of shape {y.shape} do not fit {len(classes)} classes; give a column for "
            "each"
        )


def _without_names(value: Any) -> Any:
    """Give arrays of texts as tuples: arrays are numbers in a model's file."""
    of_texts = isinstance(value, np.ndarray) and value.dtype.kind == "U"
    return tuple(value.tolist()) if of_texts else value


def floored_spread(
    x: Float[np.ndarray, "example feature"], floor: float
) -> tuple[Float[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    """Return the standard deviations, and the divisors: at least a fraction of the largest.

    Constant columns without a floor are divided by one.

    Examples
    --------
    >>> spread, scale = floored_spread(np.array([[0.0, 0.0, 5.0], [4.0, 1.0, 5.0]]), 0.5)
    >>> spread.tolist(), scale.tolist()
    ([2.0, 0.5, 0.0], [2.0, 1.0, 1.0])
    """
    spread = x.std(axis=0)
    # Rounding leaves a constant intensity with a spread of some 1e-16 of its size.
    spread = np.where(spread <= 1e-12 * np.abs(x).max(axis=0), 0.0, spread)
    scale = np.maximum(spread, floor * spread.max())
    return spread, np.where(scale > 0, scale, 1.0)
