"""What the estimators made of networks share: parameters, scaling, training."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from warnings import warn

import numpy as np
from jaxtyping import Array, Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data as _validate_data

from nearedge.errors import InputError
from nearedge.learning.estimators._inputs import check_energy, floored_spread
from nearedge.learning.estimators._saving import SavedEstimator
from nearedge.learning.networks import MultilayerPerceptron
from nearedge.learning.training import (
    Curves,
    Job,
    L2Convention,
    Loss,
    Trained,
    TrainingSettings,
)

# Untyped in scikit-learn, where it returns one array or two.
validate_data: Any = _validate_data

Estimator = TypeVar("Estimator", bound="SpectrumEstimator")
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class NetworksRecord:
    """What an estimator made of networks is made of again; learning curves are not kept."""

    parameters: dict[str, Any]
    networks: tuple[MultilayerPerceptron, ...]
    input_mean: np.ndarray
    input_scale: np.ndarray
    restarts: tuple[int, ...]
    classes: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_scale: float = 1.0


class SpectrumEstimator(SavedEstimator):
    """What the estimators made of networks share: scaling, networks and their training.

    Parameters
    ----------
    hidden : tuple of int
        Units of each hidden layer.
    learning_rate, batch_size, epochs, l2, l2_convention
        As in `nearedge.learning.training.TrainingSettings`.
    n_networks : int
        Size of the ensemble: networks that differ in their seed only.
    early_stopping : bool
        Whether to keep the weights with the least loss on the validation data given to `fit`.
    records : int
        Number of points on the learning curves.
    restarts : int
        How often a network that died is started again.
    scale_floor : float
        Least number that an intensity is divided by, as a share of the largest one: at 0 each is
        divided by its own spread, at 1 all by the same. Where the training spectra hardly vary,
        below the edge, division by their spread blows up every offset and all noise.
    energy : sequence of float, optional
        The grid of the spectra in eV, kept with the model so that spectra on another grid can be
        told apart from those it was trained for.
    random_state : int
        The seed of everything.

    Attributes
    ----------
    input_mean_, input_scale_ : ndarray, shape (energy,)
        What each intensity is standardised with: mean and standard deviation over the training
        spectra, no less than `scale_floor` says (a constant intensity is only shifted).
    networks_ : list of MultilayerPerceptron
        The ensemble.
    curves_ : list of Curves
        Learning curves of each network; none of an estimator that was read from a file.
    restarts_ : list of int
        How often each network died and was started again.
    n_features_in_ : int
        Number of energies.
    """

    record = NetworksRecord

    _loss: ClassVar[Loss]
    n_features_in_: int

    def __init__(
        self,
        hidden: Sequence[int] = (8, 6),
        *,
        learning_rate: float = 0.01,
        batch_size: int = 32,
        epochs: int = 1500,
        l2: float = 0.0,
        l2_convention: L2Convention | str = "example",
        n_networks: int = 1,
        early_stopping: bool = False,
        records: int = 50,
        restarts: int = 5,
        scale_floor: float = 0.0,
        energy: Sequence[float] | np.ndarray | None = None,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.l2 = l2
        self.l2_convention = l2_convention
        self.n_networks = n_networks
        self.early_stopping = early_stopping
        self.records = records
        self.restarts = restarts
        self.scale_floor = scale_floor
        self.energy = energy
        self.random_state = random_state

    def fit(
        self: Estimator,
        X: Any,  # noqa: N803
        y: Any,
        *,
        validation: Data | None = None,
    ) -> Estimator:
        """Train the networks.

        Parameters
        ----------
        X : array, shape (example, energy)
            Intensities, in any unit.
        y : array, shape (example,)
            Class names, or values.
        validation : tuple of array, optional
            Further spectra and targets, for the learning curves and early stopping only.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If shapes differ or numbers are not finite.
        InputError
            If a parameter makes no sense.
        """
        return fit_many([self], [(X, y)], validation=[validation])[0]

    def _jobs(
        self: Estimator,
        X: Any,  # noqa: N803
        y: Any,
        validation: Data | None,
    ) -> list[Job]:
        """Check the data, take the scaling from it, and say which networks are to be trained."""
        self._check_parameters()
        numeric = self._loss == "squared-error"
        several = self._loss == "fractions"
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=numeric, multi_output=several)
        check_energy(self.energy, x.shape[1])
        if len(x) < 2:
            raise InputError(f"n_samples={len(x)}: at least 2 spectra are needed to train on")
        targets, outputs = self._encode_training(y)
        self.input_mean_ = x.mean(axis=0)
        _, self.input_scale_ = floored_spread(x, self.scale_floor)
        held = None
        if validation is not None:
            held_x, held_y = validate_data(
                self,
                *validation,
                dtype=np.float64,
                reset=False,
                y_numeric=numeric,
                multi_output=several,
            )
            held = (self._standardised(held_x), self._encode(held_y))
        elif self.early_stopping:
            raise InputError("early_stopping needs validation data: fit(X, y, validation=(Xv, yv))")
        settings = TrainingSettings(
            loss=self._loss,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            epochs=self.epochs,
            l2=self.l2,
            l2_convention=self.l2_convention,
            records=self.records,
            keep_best=self.early_stopping,
        )
        seeds = np.random.SeedSequence(self.random_state).generate_state(self.n_networks)
        inputs = self._standardised(x)
        hidden = tuple(int(units) for units in self.hidden)
        return [Job(inputs, targets, hidden, outputs, int(seed), settings, held) for seed in seeds]

    def _check_parameters(self) -> None:
        if self.n_networks < 1:
            raise InputError(f"n_networks={self.n_networks} must be at least 1")
        if any(units < 1 for units in self.hidden):
            raise InputError(f"hidden={self.hidden}: every layer needs at least one unit")
        if not 0 <= self.scale_floor <= 1:
            raise InputError(f"scale_floor={self.scale_floor} must be from 0 to 1")
        if self.restarts < 0:
            raise InputError(f"restarts={self.restarts} must not be negative")
        if isinstance(self.random_state, bool) or not isinstance(
            self.random_state, (int, np.integer)
        ):
            raise InputError(f"random_state={self.random_state!r} must be an integer seed")

    def _take(self, trained: Sequence[Trained]) -> None:
        self.networks_: list[MultilayerPerceptron] = [result.network for result in trained]
        self.curves_: list[Curves] = [result.curves for result in trained]
        self.restarts_: list[int] = [result.restarts for result in trained]
        self._finish_training()
        dead = sum(result.dead for result in trained)
        if dead:
            warn(
                f"{dead} of {len(trained)} networks learned no more than a constant, also after "
                f"{self.restarts} restarts; lower l2 or learning_rate, or train for more epochs",
                ConvergenceWarning,
                stacklevel=4,
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
        """Evaluate one network on raw spectra in JAX, so that its answer can be differentiated.

        Parameters
        ----------
        x : array, shape (example, energy)
            Intensities as for `fit`; nothing is checked.
        network : int
            Which of `networks_`.

        Returns
        -------
        array, shape (example, output)
            Of a classifier the logarithm of each class's probability, in the order of `classes_`;
            of a regressor the number, a single output.
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
        )

    @classmethod
    def from_record(cls, record: NetworksRecord) -> Any:
        """Make an estimator of what `to_record` gave.

        Raises
        ------
        ValueError
            If the networks do not fit the energies or each other.
        """
        estimator = cls(**record.parameters)
        estimator.input_mean_, estimator.input_scale_ = record.input_mean, record.input_scale
        estimator.n_features_in_ = len(record.input_mean)
        estimator.networks_ = list(record.networks)
        estimator.curves_, estimator.restarts_ = [], list(record.restarts)
        sizes = {network.sizes for network in record.networks}
        inputs = estimator.n_features_in_
        layers = (inputs, *estimator.hidden)
        if len(sizes) != 1 or next(iter(sizes))[:-1] != layers or len(record.input_scale) != inputs:
            raise ValueError(f"networks of layers {sizes} do not fit {layers}")
        return estimator

    @abstractmethod
    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        """Targets for the trainer and number of outputs; keeps what is needed to decode."""

    @abstractmethod
    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Targets of further data."""

    @abstractmethod
    def _meaning(self, outputs: Float[Array, "example output"]) -> Float[Array, "example meaning"]:
        """What a network's outputs stand for, in JAX; see `differentiable`."""

    def _finish_training(self) -> None:
        """Put the curves into the unit of the targets, where they are not."""


def fit_many(
    estimators: Sequence[Estimator],
    data: Sequence[tuple[Any, Any]],
    *,
    validation: Sequence[Data | None] | None = None,
) -> list[Estimator]:
    """Fit many estimators at once, each on its own data: as one `fit` each, but faster.

    Parameters
    ----------
    estimators : sequence of estimator
        They are fitted in place.
    data : sequence of (X, y)
        For each of them.
    validation : sequence of (X, y) or None, optional
        For each of them.

    Returns
    -------
    list of estimator
        The same, in the same order.

    Examples
    --------
    >>> from nearedge.learning.estimators import NetworkRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = [NetworkRegressor((4,), epochs=5, random_state=seed) for seed in (1, 2)]
    >>> [len(model.networks_) for model in fit_many(models, [(X, X[:, 0]), (X, X[:, 1])])]
    [1, 1]
    """
    from nearedge.learning.training import train

    validation = validation or [None] * len(estimators)
    jobs = [
        estimator._jobs(*examples, held)
        for estimator, examples, held in zip(estimators, data, validation, strict=True)
    ]
    by_restarts: dict[int, list[int]] = {}
    for i, estimator in enumerate(estimators):
        by_restarts.setdefault(estimator.restarts, []).append(i)
    for restarts, members in by_restarts.items():
        trained = iter(train([job for i in members for job in jobs[i]], restarts=restarts))
        for i in members:
            estimators[i]._take([next(trained) for _ in jobs[i]])
    return list(estimators)
