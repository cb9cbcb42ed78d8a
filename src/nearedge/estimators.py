"""The scikit-learn-style estimators: spectra in, environments or coordination numbers out."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar
from warnings import warn

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from sklearn.utils.validation import validate_data as _validate_data

from nearedge.errors import InputError
from nearedge.networks import MultilayerPerceptron
from nearedge.training import Curves, Job, L2Convention, Loss, Trained, TrainingSettings, train

# Untyped in scikit-learn, where it returns one array or two.
validate_data: Any = _validate_data

Estimator = TypeVar("Estimator", bound="SpectrumEstimator")
Data = tuple[np.ndarray, np.ndarray]


class SpectrumEstimator(BaseEstimator):
    """What the two estimators share: scaling, networks and their training.

    Parameters
    ----------
    hidden : tuple of int
        Units of each hidden layer.
    learning_rate, batch_size, epochs, l2, l2_convention
        As in `nearedge.training.TrainingSettings`.
    n_networks : int
        Size of the ensemble: networks that differ in their seed only.
    early_stopping : bool
        Whether to keep the weights with the least loss on the validation data given to `fit`.
    records : int
        Number of points on the learning curves.
    restarts : int
        How often a network that died is started again.
    energy : sequence of float, optional
        The grid of the spectra in eV, kept with the model so that spectra on another grid can be
        told apart from those it was trained for.
    random_state : int
        The seed of everything.

    Attributes
    ----------
    input_mean_, input_scale_ : ndarray, shape (energy,)
        What each intensity is standardised with: mean and standard deviation over the training
        spectra (a constant intensity is only shifted).
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

    def __init__(
        self,
        hidden: Sequence[int] = (8, 6),
        *,
        learning_rate: float = 0.01,
        batch_size: int = 32,
        epochs: int = 1500,
        l2: float = 0.0,
        l2_convention: L2Convention = "example",
        n_networks: int = 1,
        early_stopping: bool = False,
        records: int = 50,
        restarts: int = 5,
        energy: Sequence[float] | np.ndarray | None = None,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.l2 = l2
        self.l2_convention: L2Convention = l2_convention
        self.n_networks = n_networks
        self.early_stopping = early_stopping
        self.records = records
        self.restarts = restarts
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

    def _jobs(self, X: Any, y: Any, validation: Data | None) -> list[Job]:  # noqa: N803
        """Check the data, take the scaling from it, and say which networks are to be trained."""
        self._check_parameters()
        numeric = self._loss == "squared-error"
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=numeric)
        if self.energy is not None and len(self.energy) != x.shape[1]:
            raise InputError(
                f"energy has {len(self.energy)} values for spectra of {x.shape[1]}; give the grid "
                "of the spectra"
            )
        if len(x) < 2:
            raise InputError(f"n_samples={len(x)}: at least 2 spectra are needed to train on")
        targets, outputs = self._encode_training(y)
        self.input_mean_ = x.mean(axis=0)
        scale = x.std(axis=0)
        # Rounding leaves a constant intensity with a spread of some 1e-16 of its size.
        constant = scale <= 1e-12 * np.abs(x).max(axis=0)
        self.input_scale_ = np.where(constant, 1.0, scale)
        held = None
        if validation is not None:
            held_x, held_y = validate_data(
                self, *validation, dtype=np.float64, reset=False, y_numeric=numeric
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

    def _standardised(
        self, x: Float[np.ndarray, "example energy"]
    ) -> Float[np.ndarray, "example energy"]:
        return ((x - self.input_mean_) / self.input_scale_).astype(np.float32)

    def _outputs(self, X: Any) -> Float[np.ndarray, "network example output"]:  # noqa: N803
        """Outputs of every network, after the checks."""
        check_is_fitted(self)
        x = self._standardised(validate_data(self, X, dtype=np.float64, reset=False))
        return np.stack([network.evaluate(x) for network in self.networks_]).astype(float)

    @abstractmethod
    def _encode_training(self, y: np.ndarray) -> tuple[np.ndarray, int]:
        """Targets for the trainer and number of outputs; keeps what is needed to decode."""

    @abstractmethod
    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Targets of further data."""

    def _finish_training(self) -> None:
        """Put the curves into the unit of the targets, where they are not."""


class EnvironmentClassifier(ClassifierMixin, SpectrumEstimator):
    """A neural network, or an ensemble, from spectra to environment classes.

    Inputs are standardised per energy with the training spectra. The ensemble's probabilities are
    the mean of its networks'. Parameters and attributes are those of `SpectrumEstimator`, and
    `classes_`, the class names in the order of the probabilities.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(200, 5)) * 1e-5
    >>> names = np.where(spectra[:, 0] > 0, "dimer", "2")
    >>> model = EnvironmentClassifier((4,), epochs=100).fit(spectra, names)
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
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]

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
        l2_convention: L2Convention = "example",
        n_networks: int = 1,
        early_stopping: bool = False,
        records: int = 50,
        restarts: int = 5,
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
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = [CoordinationRegressor((4,), epochs=5, random_state=seed) for seed in (1, 2)]
    >>> [len(model.networks_) for model in fit_many(models, [(X, X[:, 0]), (X, X[:, 1])])]
    [1, 1]
    """
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
