"""Estimators made of neural networks: of classes and of numbers."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, TypeVar
from warnings import warn

import numpy as np
from jaxtyping import Array, Float
from scipy.special import softmax
from sklearn.base import RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from nearedge.errors import InputError
from nearedge.learning.estimators._base import (
    LikeliestClass,
    Parameters,
    SavedEstimator,
    check_class_values,
    check_fractions,
    floored_spread,
    validate_data,
)
from nearedge.learning.networks import MultilayerPerceptron
from nearedge.learning.training import RESTARTS, Curves, Job, Loss, Trained, TrainingSettings

Estimator = TypeVar("Estimator", bound="SpectrumEstimator")
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class NetworksRecord:
    """What an estimator made of networks is rebuilt from; learning curves are not kept."""

    parameters: Parameters
    networks: tuple[MultilayerPerceptron, ...]
    input_mean: Float[np.ndarray, " input"]
    input_scale: Float[np.ndarray, " input"]
    restarts: tuple[int, ...]
    classes: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_scale: float = 1.0


@dataclass(eq=False, repr=False)
class SpectrumEstimator(SavedEstimator, TrainingSettings):
    """What the estimators made of networks share: scaling, networks and their training.

    Parameters
    ----------
    hidden : tuple of int
        Units of each hidden layer.
    n_networks : int
        Size of the ensemble: networks that differ only in their seed.
    embedding : int
        Dimensions of the learned vector of a feature's value.
    scale_floor, categories, random_state
        As in `SavedEstimator`.
    learning_rate, batch_size, epochs, l2, l2_convention, records, dropout
        As in `TrainingSettings`.

    Attributes
    ----------
    input_mean_, input_scale_ : ndarray, shape (energy,)
        Mean and standard deviation of each intensity over the training spectra, by which it is
        standardised; the latter at least as `scale_floor` says (a constant intensity is only
        shifted).
    networks_, curves_, restarts_ : sequence
        The ensemble, the learning curves of each network (none for an estimator read from a file),
        and how often it died and was restarted.
    """

    record = NetworksRecord
    _loss: ClassVar[Loss]
    classes_ = ()
    target_mean_ = 0.0
    target_scale_ = 1.0

    hidden: Sequence[int] = (8, 6)
    _: KW_ONLY
    n_networks: int = 1
    embedding: int = 4

    def fit(
        self: Estimator,
        X: Any,  # noqa: N803
        y: Any,
        *,
        validation: Data | None = None,
    ) -> Estimator:
        """Train the networks on intensities in any unit, shape (example, energy).

        Targets are class names, values, or fractions, shape (example, class). Further spectra and
        targets (`validation`) are for the learning curves only.
        """
        from nearedge.learning.training import train

        self.take(train(self.jobs(X, y, validation)))
        return self

    def jobs(self, X: Any, y: Any, validation: Data | None) -> list[Job]:  # noqa: N803
        """Check the data, take the scaling from it, and return the networks to train."""
        self._check_parameters()
        numeric, several = self._loss == "squared-error", self._loss == "fractions"
        checks = {"dtype": np.float64, "y_numeric": numeric, "multi_output": several}
        x, y = validate_data(self, X, y, **checks)
        if len(x) < 2:
            raise InputError(f"n_samples={len(x)}: at least 2 spectra are needed to train on")
        outputs = self._outputs_for(y)
        self.input_mean_, self.input_scale_ = x.mean(axis=0), np.ones(x.shape[1])
        start = sum(self.categories)
        self.input_mean_[:start] = 0.0
        _, self.input_scale_[start:] = floored_spread(x[:, start:], self.scale_floor)
        held = None
        if validation is not None:
            held_x, held_y = validate_data(self, *validation, reset=False, **checks)
            held = (self._standardised(held_x), self._encode(held_y))
        inputs, targets = self._standardised(x), self._encode(y)
        hidden = tuple(int(units) for units in self.hidden)
        seeds = np.random.SeedSequence(self.random_state).generate_state(self.n_networks)
        return [
            Job(inputs, targets, self._loss, hidden, outputs, seed, self, held, self._tables)
            for seed in seeds.tolist()
        ]

    @property
    def _tables(self) -> tuple[tuple[int, int], ...]:
        """Dimensions and values of each embedding."""
        return tuple((min(self.embedding, int(values)), int(values)) for values in self.categories)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self.check()
        if self.n_networks < 1:
            raise InputError(f"n_networks={self.n_networks} must be at least 1")
        if any(units < 1 for units in self.hidden):
            raise InputError(f"hidden={self.hidden}: every layer needs at least one unit")
        seed = self.random_state
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise InputError(f"random_state={seed!r} must be an integer seed")

    def take(self, trained: Sequence[Trained]) -> None:
        """Take the results of `jobs`; the curves are in the unit of the targets."""
        self.networks_ = tuple(result.network for result in trained)
        self.restarts_ = tuple(result.restarts for result in trained)
        square = np.float32(self.target_scale_**2)
        self.curves_ = [
            Curves(result.curves.epoch, *(values * square for values in result.curves[1:]))
            for result in trained
        ]
        dead = sum(result.dead for result in trained)
        if dead:
            warn(
                f"{dead} of {len(trained)} networks learned no more than a constant, also after "
                f"{RESTARTS} restarts; lower l2 or learning_rate, or train for more epochs",
                ConvergenceWarning,
                stacklevel=3,
            )

    @property
    def members(self) -> int:
        """Number of predictions averaged: the networks of the ensemble."""
        return len(self.networks_)

    def _standardised(
        self, x: Float[np.ndarray, "example energy"]
    ) -> Float[np.ndarray, "example energy"]:
        return ((x - self.input_mean_) / self.input_scale_).astype(np.float32)

    def _outputs(self, X: Any) -> Float[np.ndarray, "network example output"]:  # noqa: N803
        """Outputs of every network, after the checks."""
        check_is_fitted(self)
        x = self._standardised(validate_data(self, X, dtype=np.float64, reset=False))
        return np.stack([network.evaluate(x) for network in self.networks_]).astype(float)

    def differentiable(
        self, x: Float[Array, "example energy"], network: int
    ) -> Float[Array, "example output"]:
        """Evaluate one of `networks_` on raw spectra in JAX, so that it can be differentiated.

        Nothing is checked. A classifier gives the logarithm of each class's probability, in the
        order of `classes_`; a regressor the number, a single output.
        """
        return self._meaning(self.networks_[network]((x - self.input_mean_) / self.input_scale_))

    def _check_learnt(self) -> None:
        self.n_features_in_ = inputs = len(self.input_mean_)
        sizes = {network.sizes for network in self.networks_}
        embedded = sum(size - values for size, values in self._tables)
        layers = (inputs + embedded, *self.hidden)
        if {each[:-1] for each in sizes} != {layers} or len(sizes) > 1:
            raise ValueError(f"networks of layers {sizes} do not fit {layers}")

    @abstractmethod
    def _outputs_for(self, y: np.ndarray) -> int:
        """Take from the training targets what is needed to encode them, and count the outputs."""

    @abstractmethod
    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Targets for the trainer."""

    @abstractmethod
    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        """What a network's outputs stand for, in JAX; see `differentiable`."""


class NetworkClassifier(LikeliestClass, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to environment classes.

    Inputs are standardised per energy with the training spectra. The ensemble's probabilities are
    the mean of its networks'. Parameters and attributes are those of `SpectrumEstimator`, and
    `classes_`, the class names in the order of the probabilities.
    """

    _loss = "cross-entropy"

    def predict_proba(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Probability of each class, in the order of `classes_`."""
        return softmax(self._outputs(X), axis=-1).mean(axis=0)

    def _outputs_for(self, y: np.ndarray) -> int:
        self._take_classes(y)
        return len(self.classes_)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise InputError(
                f"validation data has the class '{unknown[0]}', the training data only "
                f"{', '.join(map(str, self.classes_))}; leave it out"
            )
        return np.searchsorted(self.classes_, y)

    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        import jax

        return jax.nn.log_softmax(outputs)

    def _check_learnt(self) -> None:
        super()._check_learnt()
        self.classes_ = np.array(self.classes_)
        outputs = self.networks_[0].sizes[-1]
        if outputs != len(self.classes_):
            raise ValueError(f"{outputs} outputs for classes {tuple(self.classes_)}")


class NetworkRegressor(RegressorMixin, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to one number each: the ensemble's mean.

    The networks learn the number standardised by its training mean and spread. Parameters and
    attributes are those of `SpectrumEstimator`.
    """

    _loss = "squared-error"

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean over the ensemble of the predicted numbers."""
        return self._meaning(self._outputs(X))[..., 0].mean(axis=0)

    def _outputs_for(self, y: np.ndarray) -> int:
        y = np.asarray(y, dtype=float)
        self.target_mean_, self.target_scale_ = float(y.mean()), float(y.std()) or 1.0
        return 1

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return (np.asarray(y, dtype=float) - self.target_mean_) / self.target_scale_

    def _meaning(self, outputs: Any) -> Any:
        return outputs * self.target_scale_ + self.target_mean_


@dataclass(eq=False, repr=False)
class CompositionRegressor(SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to the fractions of environment classes.

    The fractions of a spectrum are positive and add up to one (softmax); the number predicted is
    the mean of the numbers of the classes. Parameters and attributes are those of
    `SpectrumEstimator`, and the two below.
    """

    _loss = "fractions"

    _: KW_ONLY
    classes: Sequence[str] = ()  # in the order of the fractions given to `fit`
    values: Sequence[float] = ()  # that each class stands for: of many numbers their mean

    def predict_fractions(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Fraction of each of `classes`: the mean over the ensemble."""
        return softmax(self._outputs(X), axis=-1).mean(axis=0)

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean of the numbers of the classes."""
        return self.predict_fractions(X) @ np.asarray(self.values, float)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_class_values(self.classes, self.values)

    def _outputs_for(self, y: np.ndarray) -> int:
        return len(self.classes)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        y = np.asarray(y, dtype=float)
        check_fractions(y, self.classes)
        if (y < 0).any() or not np.allclose(y.sum(axis=1), 1, atol=1e-6):
            raise InputError("fractions must not be negative and must add up to one in each row")
        return y

    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        import jax

        return jax.nn.softmax(outputs) @ np.asarray(self.values, np.float32)[:, None]
