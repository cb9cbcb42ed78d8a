"""The composition regressor: from an average over many sites to the fractions of environments."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float
from scipy.special import softmax

from nearedge.errors import InputError
from nearedge.learning.estimators._networks import SpectrumEstimator


@dataclass(eq=False, repr=False)
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

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pure = rng.normal(size=(3, 5))
    >>> fractions = rng.dirichlet(np.ones(3), 400)
    >>> model = CompositionRegressor((16,), classes=["0", "1", "2"], values=[0.0, 1.0, 2.0])
    >>> model = model.set_params(epochs=100).fit(fractions @ pure, fractions)
    >>> bool(abs(model.predict_fractions(pure) - np.eye(3)).max() < 0.1)
    True
    >>> bool(abs(model.predict(pure) - [0, 1, 2]).max() < 0.2)
    True
    """

    _loss = "fractions"

    _: KW_ONLY
    classes: Sequence[str] = ()
    values: Sequence[float] = ()

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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if len(self.classes) < 2 or len(self.classes) != len(self.values):
            raise InputError(
                f"classes={list(self.classes)} and values={list(self.values)}: give at least two "
                "classes, and a number for each"
            )

    def _outputs_for(self, y: np.ndarray) -> int:
        return len(self.classes)

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
