"""The regressor made of networks: from spectra to numbers."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Float
from sklearn.base import RegressorMixin

from nearedge.learning.estimators._base import NetworksRecord, SpectrumEstimator


class NetworkRegressor(RegressorMixin, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to a number of each.

    The networks learn the number with its training mean and spread taken out. Parameters and
    attributes are those of `SpectrumEstimator`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(300, 4))
    >>> model = NetworkRegressor((8,), epochs=100).fit(spectra, spectra[:, 0] + 2)
    >>> model.score(spectra, spectra[:, 0] + 2) > 0.95
    True
    """

    _loss = "squared-error"

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean over the ensemble of the predicted numbers."""
        return self._values(X).mean(axis=0)

    def predict_spread(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Standard deviation over the ensemble; zero for a single network."""
        return self._values(X).std(axis=0)

    def _values(self, X: Any) -> Float[np.ndarray, "network example"]:  # noqa: N803
        return self._outputs(X)[..., 0] * self.target_scale_ + self.target_mean_

    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        y = np.asarray(y, dtype=float)
        self.target_mean_, self.target_scale_ = float(y.mean()), float(y.std()) or 1.0
        return self._encode(y), 1

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return (np.asarray(y, dtype=float) - self.target_mean_) / self.target_scale_

    def _finish_training(self) -> None:
        square = np.float32(self.target_scale_**2)
        self.curves_ = [
            replace(
                curves,
                **{
                    name: getattr(curves, name) * square
                    for name in ("loss", "score", "validation_loss", "validation_score")
                },
            )
            for curves in self.curves_
        ]

    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        return outputs * self.target_scale_ + self.target_mean_

    def to_record(self) -> NetworksRecord:
        """Say what it is made of."""
        mean, scale = self.target_mean_, self.target_scale_
        return replace(super().to_record(), target_mean=mean, target_scale=scale)

    @classmethod
    def from_record(cls, record: NetworksRecord) -> "NetworkRegressor":
        """Make a regressor of what `to_record` gave."""
        regressor = super().from_record(record)
        regressor.target_mean_, regressor.target_scale_ = record.target_mean, record.target_scale
        return regressor
