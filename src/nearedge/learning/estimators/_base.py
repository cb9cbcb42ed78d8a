"""What all estimators share: parameters that are kept, scaling, and the likeliest class."""

from abc import abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data as _validate_data

from nearedge.errors import InputError
from nearedge.records import Kept

# Untyped in scikit-learn, where it returns one array or two.
validate_data: Any = _validate_data

Parameters = dict[str, Any]
"""What an estimator was told, ready for JSON."""

RETIRED = {"early_stopping", "energy", "restarts"}
"""Parameters in models of before, of which no prediction depends."""


class SavedEstimator(Kept, BaseEstimator):
    """An estimator that `nearedge.records` keeps."""

    scale_floor: float
    n_features_in_: int

    members = 1
    """How many answers are averaged."""

    def parameters(self) -> Parameters:
        """What it was told, ready for JSON."""
        return {
            name: np.asarray(value).tolist() if isinstance(value, np.ndarray | tuple) else value
            for name, value in self.get_params(deep=False).items()
        }

    @classmethod
    def told(cls, parameters: Parameters) -> Any:
        """Make an unfitted one of what `parameters` gave, also in models of before."""
        return cls(**{name: value for name, value in parameters.items() if name not in RETIRED})

    def _check_parameters(self) -> None:
        if not 0 <= self.scale_floor <= 1:
            raise InputError(f"scale_floor={self.scale_floor} must be from 0 to 1")


class LikeliestClass(ClassifierMixin):
    """What estimators share that tell probabilities of classes."""

    classes_: np.ndarray

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
            raise InputError(f"all spectra are of one class, {y[0]!r}; a classifier needs two")


def floored_spread(
    x: Float[np.ndarray, "example feature"], floor: float
) -> tuple[Float[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    """Give the standard deviations, and what to divide by: no less than a share of the largest.

    What is constant and has no floor is divided by one.

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
