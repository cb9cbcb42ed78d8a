"""The classifier: from spectra to environment classes."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Float
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from nearedge.errors import InputError
from nearedge.learning.estimators._base import NetworksRecord, SpectrumEstimator


class NetworkClassifier(ClassifierMixin, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to environment classes.

    Inputs are standardised per energy with the training spectra. The ensemble's probabilities are
    the mean of its networks'. Parameters and attributes are those of `SpectrumEstimator`, and
    `classes_`, the class names in the order of the probabilities.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(200, 5)) * 1e-5
    >>> names = np.where(spectra[:, 0] > 0, "dimer", "2")
    >>> model = NetworkClassifier((4,), epochs=100).fit(spectra, names)
    >>> model.score(spectra, names) > 0.95
    True
    >>> model.predict_proba(spectra).shape
    (200, 2)
    """

    _loss = "cross-entropy"

    def predict_proba(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Probability of each class, in the order of `classes_`."""
        outputs = self._outputs(X)
        outputs -= outputs.max(axis=-1, keepdims=True)
        probabilities = np.exp(outputs)
        probabilities /= probabilities.sum(axis=-1, keepdims=True)
        return probabilities.mean(axis=0)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Name of the most probable class of each spectrum."""
        best = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[best]

    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        check_classification_targets(y)
        self.classes_, targets = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                f"all spectra are of one class, {self.classes_[0]!r}; a classifier needs two"
            )
        return targets, len(self.classes_)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise InputError(
                f"validation data has the class {unknown[0]!r}, the training data only "
                f"{', '.join(map(str, self.classes_))}; leave it out"
            )
        return np.searchsorted(self.classes_, y)

    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        import jax

        return jax.nn.log_softmax(outputs)

    def to_record(self) -> NetworksRecord:
        """Say what it is made of."""
        return replace(super().to_record(), classes=tuple(map(str, self.classes_)))

    @classmethod
    def from_record(cls, record: NetworksRecord) -> "NetworkClassifier":
        """Make a classifier of what `to_record` gave."""
        classifier = super().from_record(record)
        classifier.classes_ = np.array(record.classes)
        if record.networks[0].sizes[-1] != len(record.classes):
            raise ValueError(f"{record.networks[0].sizes[-1]} outputs for classes {record.classes}")
        return classifier
