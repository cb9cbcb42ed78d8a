"""The composition regressor: from an average over many sites to the fractions of environments."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Array, Float
from scipy.special import softmax
from sklearn.metrics import r2_score

from nearedge.errors import InputError
from nearedge.learning.estimators._base import SpectrumEstimator
from nearedge.learning.training import L2Convention


class CompositionRegressor(SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to the fractions of environment classes.

    The fractions of a spectrum are positive and add up to one (softmax); the number predicted is
    the mean of what each class stands for. Parameters and attributes are those of
    `SpectrumEstimator`, with two more parameters.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes, in the order of the fractions given to `fit`.
    values : sequence of float
        The number that each class stands for: that of a class of many numbers is their mean.

    Attributes
    ----------
    classes_ : ndarray of str, shape (class,)
        Names in the order of the fractions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pure = rng.normal(size=(3, 5))
    >>> fractions = rng.dirichlet(np.ones(3), 400)
    >>> model = CompositionRegressor((16,), classes=["0", "1", "2"], values=[0.0, 1.0, 2.0])
    >>> model = model.set_params(epochs=100, batch_size=32).fit(fractions @ pure, fractions)
    >>> model.score(fractions @ pure, fractions) > 0.95
    True
    >>> bool(abs(model.predict(pure) - [0, 1, 2]).max() < 0.2)
    True
    """

    _loss = "fractions"

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        *,
        classes: Sequence[str] = (),
        values: Sequence[float] = (),
        learning_rate: float = 0.003,
        batch_size: int = 256,
        epochs: int = 60,
        l2: float = 0.1,
        l2_convention: L2Convention | str = "decoupled",
        n_networks: int = 1,
        early_stopping: bool = False,
        records: int = 50,
        restarts: int = 5,
        scale_floor: float = 0.0,
        energy: Sequence[float] | np.ndarray | None = None,
        random_state: int = 0,
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
        self.classes = classes
        self.values = values

    @property
    def classes_(self) -> np.ndarray:
        """Names in the order of the fractions."""
        return np.array(self.classes)

    def predict_fractions(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Fraction of each class, in the order of `classes_`: the mean over the ensemble."""
        return softmax(self._outputs(X), axis=-1).mean(axis=0)

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean of what the classes stand for."""
        return self.predict_fractions(X) @ np.asarray(self.values, float)

    def predict_spread(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Standard deviation of the mean over the ensemble; zero for one network."""
        each = softmax(self._outputs(X), axis=-1) @ np.asarray(self.values, float)
        return each.std(axis=0)

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """Coefficient of determination of the fractions, mean over the classes."""
        return float(r2_score(y, self.predict_fractions(X)))

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if len(self.classes) < 2 or len(self.classes) != len(self.values):
            raise InputError(
                f"classes={list(self.classes)} and values={list(self.values)}: give at least two "
                "classes, and a number for each"
            )

    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        return self._encode(y), len(self.classes)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        y = np.asarray(y, dtype=float)
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise InputError(
                f"fractions of shape {y.shape} do not fit {len(self.classes)} classes; give a "
                "column for each"
            )
        if (y < 0).any() or not np.allclose(y.sum(axis=1), 1, atol=1e-6):
            raise InputError("fractions must not be negative and must add up to one in each row")
        return y

    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        import jax

        return jax.nn.softmax(outputs) @ np.asarray(self.values, np.float32)[:, None]
