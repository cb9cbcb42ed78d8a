"""What the estimators made of networks share: parameters, scaling, training."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from warnings import warn

import numpy as np
from jaxtyping import Array, Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data as _validate_data

from nearedge.errors import InputError
from nearedge.learning.estimators._folder import (
    Tensors,
    damage_named,
    network_tensors,
    take,
    take_networks,
)
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
    train,
)

# Untyped in scikit-learn, where it returns one array or two.
validate_data: Any = _validate_data

Estimator = TypeVar("Estimator", bound="SpectrumEstimator")
Data = tuple[np.ndarray, np.ndarray]


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
        Learning curves of each network.
    restarts_ : list of int
        How often each network died and was started again.
    n_features_in_ : int
        Number of energies.
    """

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
        source: Estimator | None = None,
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
        source : estimator, optional
            A fitted one of the same kind, hidden layers and energies, to continue from: each
            network starts from the weights of one of its. Intensities are standardised with the
            statistics of `X`, which brings other units to one scale. Classes that it lacks start
            afresh.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If shapes differ or numbers are not finite.
        InputError
            If a parameter makes no sense, or the source is of another kind or shape.
        """
        return fit_many([self], [(X, y)], validation=[validation], sources=[source])[0]

    def _jobs(
        self: Estimator,
        X: Any,  # noqa: N803
        y: Any,
        validation: Data | None,
        source: Estimator | None,
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
        starts = self._starts(source, [int(seed) for seed in seeds])
        return [
            Job(inputs, targets, hidden, outputs, int(seed), settings, held, start)
            for seed, start in zip(seeds, starts, strict=True)
        ]

    def _starts(
        self: Estimator, source: Estimator | None, seeds: Sequence[int]
    ) -> list[MultilayerPerceptron | None]:
        """Give every network the weights of one of the source's, or none."""
        if source is None:
            return [None] * len(seeds)
        if type(source) is not type(self):
            raise InputError(
                f"a {type(self).__name__} cannot continue from a {type(source).__name__}; give one "
                "of its own kind"
            )
        check_is_fitted(source)
        mine = (self.n_features_in_, *(int(units) for units in self.hidden))
        theirs = (source.n_features_in_, *(int(units) for units in source.hidden))
        if mine != theirs:
            raise InputError(
                f"energies and hidden layers are {mine}, those of the source {theirs}; a network "
                "continues from one of the same layers"
            )
        networks = source.networks_
        return [
            self._continued(networks[i % len(networks)], source, seed)
            for i, seed in enumerate(seeds)
        ]

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
            of a regressor the coordination number, a single output.
        """
        return self._meaning(self.networks_[network]((x - self.input_mean_) / self.input_scale_))

    def _contents(self) -> tuple[dict[str, Any], Tensors]:
        contents = {
            "inputs": self.n_features_in_,
            "networks": len(self.networks_),
            "restarts": self.restarts_,
            "curves": [curves.to_json() for curves in self.curves_],
            **self._description(),
        }
        tensors = network_tensors(self.networks_)
        tensors["input_mean"], tensors["input_scale"] = self.input_mean_, self.input_scale_
        return contents, tensors

    @classmethod
    def _restored(
        cls: type[Estimator], path: str | Path, description: dict[str, Any], tensors: Tensors
    ) -> Estimator:
        """Make an estimator of what `save` wrote."""
        with damage_named(path):
            inputs, networks = int(description["inputs"]), int(description["networks"])
            parameters = description["parameters"]
            estimator = cls(**{**parameters, "hidden": tuple(parameters["hidden"])})
            outputs = estimator._take_description(description)
            estimator.n_features_in_ = inputs
            estimator.restarts_ = [int(count) for count in description["restarts"]]
            estimator.curves_ = [Curves.from_json(curves) for curves in description["curves"]]
            estimator.input_mean_ = take(tensors, "input_mean", (inputs,))
            estimator.input_scale_ = take(tensors, "input_scale", (inputs,))
            sizes = (inputs, *estimator.hidden, outputs)
            estimator.networks_ = take_networks(tensors, networks, sizes)
        return estimator

    @abstractmethod
    def _description(self) -> dict[str, Any]:
        """What else must be kept, JSON-able."""

    @abstractmethod
    def _take_description(self, description: dict[str, Any]) -> int:
        """Undo `_description`; return the number of outputs."""

    @abstractmethod
    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        """Targets for the trainer and number of outputs; keeps what is needed to decode."""

    @abstractmethod
    def _continued(
        self, network: MultilayerPerceptron, source: Any, seed: int
    ) -> MultilayerPerceptron:
        """Fit the outputs of one of the networks of `source`, of this kind, to the new targets."""

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
    sources: Sequence[Estimator | None] | None = None,
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
    sources : sequence of estimator or None, optional
        What each of them continues from, see `SpectrumEstimator.fit`.

    Returns
    -------
    list of estimator
        The same, in the same order.

    Examples
    --------
    >>> from nearedge.learning.estimators import CoordinationRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = [CoordinationRegressor((4,), epochs=5, random_state=seed) for seed in (1, 2)]
    >>> [len(model.networks_) for model in fit_many(models, [(X, X[:, 0]), (X, X[:, 1])])]
    [1, 1]
    """
    validation = validation or [None] * len(estimators)
    sources = sources or [None] * len(estimators)
    jobs = [
        estimator._jobs(*examples, held, source)
        for estimator, examples, held, source in zip(
            estimators, data, validation, sources, strict=True
        )
    ]
    by_restarts: dict[int, list[int]] = {}
    for i, estimator in enumerate(estimators):
        by_restarts.setdefault(estimator.restarts, []).append(i)
    for restarts, members in by_restarts.items():
        trained = iter(train([job for i in members for job in jobs[i]], restarts=restarts))
        for i in members:
            estimators[i]._take([next(trained) for _ in jobs[i]])
    return list(estimators)
