"""Estimators made of neural networks: of classes and of numbers."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
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
    floored_spread,
    validate_data,
)
from nearedge.learning.networks import MultilayerPerceptron
from nearedge.learning.training import (
    RESTARTS,
    Curves,
    Job,
    L2Convention,
    Loss,
    Trained,
    TrainingSettings,
)

Estimator = TypeVar("Estimator", bound="SpectrumEstimator")
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class NetworksRecord:
    """What an estimator made of networks is made of again; learning curves are not kept."""

    parameters: Parameters
    networks: tuple[MultilayerPerceptron, ...]
    input_mean: np.ndarray
    input_scale: np.ndarray
    restarts: tuple[int, ...]
    classes: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_scale: float = 1.0


@dataclass(eq=False, repr=False)
class SpectrumEstimator(SavedEstimator):
    """What the estimators made of networks share: scaling, networks and their training.

    Parameters
    ----------
    hidden : tuple of int
        Units of each hidden layer.
    learning_rate, batch_size, epochs, l2, l2_convention, records
        As in `nearedge.learning.training.TrainingSettings`.
    n_networks : int
        Size of the ensemble: networks that differ in their seed only.
    scale_floor : float
        Least number that an intensity is divided by, as a share of the largest one: at 0 each is
        divided by its own spread, at 1 all by the same. Where the training spectra hardly vary,
        below the edge, division by their spread blows up every offset and all noise.
    categories : sequence of int
        How many columns of the input, before the intensities, are the values of each categorical
        feature: one at the value of an example, zero elsewhere, all zero where it is unknown.
    embedding, dropout
        Dimensions of the learned vector of a value; how often it is hidden in training.
    random_state : int
        The seed of everything.

    Attributes
    ----------
    input_mean_, input_scale_ : ndarray, shape (energy,)
        What each intensity is standardised with: mean and standard deviation over the training
        spectra, no less than `scale_floor` says (a constant intensity is only shifted).
    networks_, curves_, restarts_ : list
        The ensemble, the learning curves of each network (none of an estimator that was read from
        a file), and how often it died and was started again.
    """

    record = NetworksRecord
    _loss: ClassVar[Loss]
    target_mean_ = 0.0
    target_scale_ = 1.0

    hidden: Sequence[int] = (8, 6)
    _: KW_ONLY
    learning_rate: float = 0.01
    batch_size: int = 32
    epochs: int = 1500
    l2: float = 0.0
    l2_convention: L2Convention | str = "example"
    n_networks: int = 1
    records: int = 50
    scale_floor: float = 0.0
    categories: Sequence[int] = ()
    embedding: int = 4
    dropout: float = 0.1
    random_state: int = 0

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
        """Check the data, take the scaling from it, and say which networks are to be trained."""
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
        settings = TrainingSettings(
            loss=self._loss,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            epochs=self.epochs,
            l2=self.l2,
            l2_convention=self.l2_convention,
            records=self.records,
            dropout=self.dropout if self.categories else 0.0,
        )
        seeds = np.random.SeedSequence(self.random_state).generate_state(self.n_networks)
        inputs, targets = self._standardised(x), self._encode(y)
        hidden = tuple(int(units) for units in self.hidden)
        tables = self._tables
        return [
            Job(inputs, targets, hidden, outputs, int(seed), settings, held, tables)
            for seed in seeds
        ]

    @property
    def _tables(self) -> tuple[tuple[int, int], ...]:
        """Dimensions and values of each embedding."""
        return tuple((min(self.embedding, int(values)), int(values)) for values in self.categories)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.n_networks < 1:
            raise InputError(f"n_networks={self.n_networks} must be at least 1")
        if any(units < 1 for units in self.hidden):
            raise InputError(f"hidden={self.hidden}: every layer needs at least one unit")
        seed = self.random_state
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise InputError(f"random_state={seed!r} must be an integer seed")

    def take(self, trained: Sequence[Trained]) -> None:
        """Take what became of `jobs`; the curves in the unit of the targets."""
        square = np.float32(self.target_scale_**2)
        self.networks_: list[MultilayerPerceptron] = [result.network for result in trained]
        self.curves_: list[Curves] = [result.curves.scaled(square) for result in trained]
        self.restarts_: list[int] = [result.restarts for result in trained]
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
        """How many answers are averaged: the networks of the ensemble."""
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

    def to_record(self) -> NetworksRecord:
        """Say what it is made of."""
        check_is_fitted(self)
        return NetworksRecord(
            self.parameters(),
            tuple(self.networks_),
            self.input_mean_,
            self.input_scale_,
            tuple(self.restarts_),
            target_mean=self.target_mean_,
            target_scale=self.target_scale_,
        )

    @classmethod
    def from_record(cls, record: NetworksRecord) -> Any:
        """Undo `to_record`; a ValueError if the networks fit neither energies nor each other."""
        estimator = cls.told(record.parameters)
        estimator.input_mean_, estimator.input_scale_ = record.input_mean, record.input_scale
        estimator.target_mean_, estimator.target_scale_ = record.target_mean, record.target_scale
        estimator.networks_, estimator.curves_ = list(record.networks), []
        estimator.restarts_ = list(record.restarts)
        estimator.n_features_in_ = inputs = len(record.input_mean)
        sizes = {network.sizes for network in record.networks}
        embedded = sum(size - values for size, values in estimator._tables)
        layers = (inputs + embedded, *estimator.hidden)
        if len(sizes) != 1 or next(iter(sizes))[:-1] != layers or len(record.input_scale) != inputs:
            raise ValueError(f"networks of layers {sizes} do not fit {layers}")
        return estimator

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
        return softmax(self._outputs(X), axis=-1).mean(axis=0)

    def _outputs_for(self, y: np.ndarray) -> int:
        self._take_classes(y)
        return len(self.classes_)

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
    def from_record(cls, record: NetworksRecord) -> Any:
        """Undo `to_record`."""
        classifier = super().from_record(record)
        classifier.classes_ = np.array(record.classes)
        if record.networks[0].sizes[-1] != len(record.classes):
            raise ValueError(f"{record.networks[0].sizes[-1]} outputs for classes {record.classes}")
        return classifier


class NetworkRegressor(RegressorMixin, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to a number of each: the ensemble's mean.

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
        return self._meaning(self._outputs(X))[..., 0].mean(axis=0)

    def _outputs_for(self, y: np.ndarray) -> int:
        y = np.asarray(y, dtype=float)
        self.target_mean_, self.target_scale_ = float(y.mean()), float(y.std()) or 1.0
        return 1

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return (np.asarray(y, dtype=float) - self.target_mean_) / self.target_scale_

    def _meaning(self, outputs: Any) -> Any:
        return outputs * self.target_scale_ + self.target_mean_
