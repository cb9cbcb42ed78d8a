"""The regressor: from spectra to mean coordination numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Array, Float
from sklearn.base import RegressorMixin

from nearedge.learning.estimators._base import SpectrumEstimator
from nearedge.learning.estimators._transfer import rescale_output
from nearedge.learning.networks import MultilayerPerceptron
from nearedge.learning.training import Curves, L2Convention


class CoordinationRegressor(RegressorMixin, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to mean coordination numbers.

    Parameters and attributes are those of `SpectrumEstimator`, with one more parameter.

    Parameters
    ----------
    standardise_target : bool
        Whether the network learns the target with its training mean and spread taken out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(300, 4))
    >>> model = CoordinationRegressor((8,), epochs=100).fit(spectra, spectra[:, 0] + 2)
    >>> model.score(spectra, spectra[:, 0] + 2) > 0.95
    True
    """

    _loss = "squared-error"

    def __init__(
        self,
        hidden: Sequence[int] = (8, 6),
        *,
        learning_rate: float = 0.01,
        batch_size: int = 256,
        epochs: int = 400,
        l2: float = 0.0,
        l2_convention: L2Convention | str = "example",
        n_networks: int = 1,
        early_stopping: bool = False,
        records: int = 50,
        restarts: int = 5,
        scale_floor: float = 0.0,
        energy: Sequence[float] | np.ndarray | None = None,
        random_state: int = 0,
        standardise_target: bool = True,
    ) -> None:
        super().__init__(
            hidden,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            l2=l2,
            l2_convention=l2_convention,
            n_networks=n_networks,
            early_stopping=early_stopping,
            records=records,
            restarts=restarts,
            scale_floor=scale_floor,
            energy=energy,
            random_state=random_state,
        )
        self.standardise_target = standardise_target

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean over the ensemble of the predicted coordination numbers."""
        return self._values(X).mean(axis=0)

    def predict_spread(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Standard deviation over the ensemble; zero for a single network."""
        return self._values(X).std(axis=0)

    def _values(self, X: Any) -> Float[np.ndarray, "network example"]:  # noqa: N803
        return self._outputs(X)[..., 0] * self.target_scale_ + self.target_mean_

    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        y = np.asarray(y, dtype=float)
        self.target_mean_, self.target_scale_ = 0.0, 1.0
        if self.standardise_target:
            self.target_mean_ = float(y.mean())
            self.target_scale_ = float(y.std()) or 1.0
        return self._encode(y), 1

    def _continued(
        self, network: MultilayerPerceptron, source: Any, seed: int
    ) -> MultilayerPerceptron:
        shift = (source.target_mean_ - self.target_mean_) / self.target_scale_
        return rescale_output(network, source.target_scale_ / self.target_scale_, shift)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return (np.asarray(y, dtype=float) - self.target_mean_) / self.target_scale_

    def _finish_training(self) -> None:
        square = np.float32(self.target_scale_**2)
        self.curves_ = [
            Curves(
                epoch=curves.epoch,
                loss=curves.loss * square,
                score=curves.score * square,
                validation_loss=curves.validation_loss * square,
                validation_score=curves.validation_score * square,
            )
            for curves in self.curves_
        ]

    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        return outputs * self.target_scale_ + self.target_mean_

    def _description(self) -> dict[str, Any]:
        return {"target": {"mean": self.target_mean_, "scale": self.target_scale_}}

    def _take_description(self, description: dict[str, Any]) -> int:
        self.target_mean_ = float(description["target"]["mean"])
        self.target_scale_ = float(description["target"]["scale"])
        return 1
