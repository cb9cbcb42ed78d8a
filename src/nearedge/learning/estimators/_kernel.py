"""The kernel classifier: support vectors on intensities and slopes, in a form that can be saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import minimize_scalar
from sklearn.base import ClassifierMixin
from sklearn.model_selection import KFold
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data as _validate_data

from nearedge.errors import InputError
from nearedge.learning.estimators._folder import Tensors, damage_named, take
from nearedge.learning.estimators._inputs import check_energy, floored_spread
from nearedge.learning.estimators._machines import Machines, combine, train_machines
from nearedge.learning.estimators._saving import SavedEstimator

# Untyped in scikit-learn, where it returns one array or two.
validate_data: Any = _validate_data

FOLDS = 5
"""Parts into which the training spectra are cut where something is chosen by cross-validation."""

TRUST = (0.0, 0.1, 0.3, 1.0)
"""Weights that are tried for the spectra of a source, beside one for each own spectrum."""

CHUNK = 1024
"""Spectra that are compared with the support vectors at once: their kernel fits into the cache."""

KINSHIP = 0.1
"""Factor by which a spectrum of a source is less like an own one than the kernel says."""


class KernelClassifier(ClassifierMixin, SavedEstimator):
    """Support vectors (Cortes and Vapnik, 1995) from spectra to environment classes.

    Two spectra are alike if both their intensities and their slopes are: each is brought to zero
    mean over the training spectra, divided by its spread, and enters a kernel of radial basis
    functions. Each pair of classes has a machine of its own; the probability of a class is
    proportional to the product of its chances against every other one, the logistic function of
    the machines' margins times one steepness that is found by cross-validation.

    Parameters
    ----------
    C : float
        What an error costs beside a wide margin.
    reach : float
        Squared distance at which the likeness of two spectra has fallen to 1/e, in units of the
        mean squared distance of the training spectra from their mean.
    slopes : float
        Weight of the slopes, from 0 (intensities alone) to 1 (slopes alone).
    scale_floor : float
        Least number that an intensity or slope is divided by, as a share of the largest spread:
        at 0 each is divided by its own, at 1 all by the same. Where the training spectra hardly
        vary, below the edge, division by their spread blows up every offset and all noise.
    energy : sequence of float, optional
        The grid of the spectra in eV, kept with the model.
    random_state : int
        Decides how the training spectra are cut for cross-validation, and nothing else.

    Attributes
    ----------
    classes_ : ndarray of str, shape (class,)
        Names in the order of the probabilities.
    mean_, scale_ : ndarray, shape (2 energy,)
        What intensities and slopes are brought to a common scale with.
    machines_ : Machines
        Support vectors and their weights.
    steepness_ : float
        How fast chances go to 0 and 1 with the margins.
    trust_ : float
        Weight that the spectra of a source were given; 0 if there was none or none helped.
    n_features_in_ : int
        Number of energies.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.normal(size=(200, 5)) * 1e-5
    >>> names = np.where(spectra[:, 0] > 0, "dimer", "2")
    >>> model = KernelClassifier().fit(spectra, names)
    >>> model.score(spectra, names) > 0.95
    True
    >>> model.predict_proba(spectra).shape
    (200, 2)
    """

    n_features_in_: int

    def __init__(
        self,
        C: float = 5.0,  # noqa: N803
        *,
        reach: float = 2.0,
        slopes: float = 0.25,
        scale_floor: float = 0.2,
        energy: Sequence[float] | np.ndarray | None = None,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.reach = reach
        self.slopes = slopes
        self.scale_floor = scale_floor
        self.energy = energy
        self.random_state = random_state

    @property
    def members(self) -> int:
        """How many answers are averaged: one."""
        return 1

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        *,
        source: "KernelClassifier | None" = None,
    ) -> "KernelClassifier":
        """Find the support vectors.

        A source lends its support vectors, scaled with the statistics of its own spectra: they
        join the training spectra as relatives (`KINSHIP`; a kernel for two tasks after Evgeniou,
        Micchelli and Pontil, J. Mach. Learn. Res. 6, 615 (2005)). Their weight is the one of
        `TRUST` with which most own spectra are told right in cross-validation; the least of
        several, so that a source that does not help is not used.

        Parameters
        ----------
        X : array, shape (example, energy)
            Intensities, in any unit.
        y : array of str, shape (example,)
            Class names.
        source : KernelClassifier, optional
            A fitted one, of spectra at as many energies.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If shapes differ or numbers are not finite.
        InputError
            If a parameter makes no sense, there is a single class, or the source has other
            energies.
        """
        self._check_parameters()
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        check_energy(self.energy, x.shape[1])
        if len(np.unique(y)) < 2:
            raise InputError(f"all spectra are of one class, {y[0]!r}; a classifier needs two")
        if source is not None and source.n_features_in_ != x.shape[1]:
            raise InputError(
                f"the source has spectra of {source.n_features_in_} energies, these have "
                f"{x.shape[1]}; give both the same window"
            )
        self._take_scale(_with_slopes(x))
        features = self._scaled(x)
        self.trust_ = 0.0 if source is None else self._find_trust(features, y, source)
        self.machines_ = self._train(features, y, source, self.trust_)
        self.classes_ = self.machines_.classes
        self.steepness_ = self._find_steepness(features, y, source)
        return self

    def predict_proba(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Probability of each class, in the order of `classes_`."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        logs = np.empty((len(x), len(self.classes_)))
        for start in range(0, len(x), CHUNK):
            part = slice(start, start + CHUNK)
            margins = self.machines_.margins(self._scaled(x[part]))
            logs[part] = self.machines_.log_chances(margins, self.steepness_)
        return np.exp(logs)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Name of the most probable class of each spectrum."""
        best = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[best]

    def differentiable(
        self, x: Float[Array, "example energy"], member: int
    ) -> Float[Array, "example class"]:
        """Logarithms of the probabilities in JAX, from raw spectra, to be differentiated.

        Parameters
        ----------
        x : array, shape (example, energy)
            Intensities as for `fit`; nothing is checked.
        member : int
            Always 0; others are for the networks of an ensemble.
        """
        machines = self.machines_
        both = jnp.concatenate([x, _slopes(x, jnp.gradient)], axis=1)
        features = (both - self.mean_) / self.scale_
        products = features @ machines.support.T
        squares = jnp.square(features).sum(axis=1)[:, None] + np.square(machines.support).sum(1)
        margins = jnp.exp(2 * products - squares) @ machines.weights + machines.offsets
        logs = combine(
            margins.T,
            len(self.classes_),
            lambda margin: jax.nn.log_sigmoid(self.steepness_ * margin),
        )
        return jax.nn.log_softmax(jnp.stack(logs, axis=1))

    def _check_parameters(self) -> None:
        if not (self.C > 0 and self.reach > 0):
            raise InputError(f"C={self.C} and reach={self.reach} must be positive")
        if not 0 <= self.slopes <= 1:
            raise InputError(f"slopes={self.slopes} must be from 0 to 1")
        if not 0 <= self.scale_floor <= 1:
            raise InputError(f"scale_floor={self.scale_floor} must be from 0 to 1")

    def _take_scale(self, raw: Float[np.ndarray, "example feature"]) -> None:
        """Find mean and scale so that squared distances are the exponents of the kernel."""
        self.mean_ = raw.mean(axis=0)
        shares = (1 - self.slopes, self.slopes)
        scales = []
        for part, share in zip(np.split(raw, 2, axis=1), shares, strict=True):
            spread, floored = floored_spread(part, self.scale_floor)
            total = np.sum((spread / floored) ** 2) or 1.0
            # What has no share is divided by infinity: all spectra are the same there.
            scales.append(
                floored * np.sqrt(self.reach * total / share)
                if share
                else np.full(len(spread), np.inf)
            )
        self.scale_ = np.concatenate(scales)

    def _scaled(
        self, x: Float[np.ndarray, "example energy"]
    ) -> Float[np.ndarray, "example feature"]:
        return ((_with_slopes(x) - self.mean_) / self.scale_).astype(np.float32)

    def _train(
        self,
        features: Float[np.ndarray, "example feature"],
        names: np.ndarray,
        source: "KernelClassifier | None",
        trust: float,
    ) -> Machines:
        """Train the machines, on the support vectors of a source too if it is to be trusted."""
        if source is None or trust == 0:
            return train_machines(features, names, self.C)
        lent = source.machines_
        # One more feature tells own spectra and lent ones apart. Asked are only own ones, so the
        # feature can be left out afterwards: its factor of the kernel goes into the weights.
        apart = np.sqrt(-np.log(KINSHIP))
        mark = np.repeat([0.0, apart], [len(features), len(lent.support)])
        joined = train_machines(
            np.column_stack([np.vstack([features, lent.support]), mark]),
            np.concatenate([names, lent.classes[lent.owners]]),
            self.C,
            np.repeat([1.0, trust], [len(features), len(lent.support)]),
        )
        factor = np.exp(-np.square(joined.support[:, -1:]))
        return Machines(
            joined.classes,
            joined.support[:, :-1].astype(np.float32),
            joined.owners,
            joined.weights * factor,
            joined.offsets,
        )

    def _folds(self, names: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Cut the examples for cross-validation; every training side has two classes."""
        parts = KFold(min(FOLDS, len(names)), shuffle=True, random_state=self.random_state)
        return [
            (train, test) for train, test in parts.split(names) if len(np.unique(names[train])) > 1
        ]

    def _find_trust(
        self,
        features: Float[np.ndarray, "example feature"],
        names: np.ndarray,
        source: "KernelClassifier",
    ) -> float:
        """Choose the weight of a source's spectra; the least of those that do equally well."""
        right = [
            sum(
                int(
                    (
                        self._train(features[train], names[train], source, trust).predict(
                            features[test]
                        )
                        == names[test]
                    ).sum()
                )
                for train, test in self._folds(names)
            )
            for trust in TRUST
        ]
        return TRUST[int(np.argmax(right))]

    def _find_steepness(
        self,
        features: Float[np.ndarray, "example feature"],
        names: np.ndarray,
        source: "KernelClassifier | None",
    ) -> float:
        """Choose the steepness with the least cross-entropy on spectra that were left out."""
        left_out = []
        for train, test in self._folds(names):
            machines = self._train(features[train], names[train], source, self.trust_)
            known = test[np.isin(names[test], machines.classes)]
            if len(known):
                places = np.searchsorted(machines.classes, names[known])
                left_out.append((machines, machines.margins(features[known]), places))
        if not left_out:
            return 1.0

        def loss(logarithm: float) -> float:
            return -sum(
                float(
                    machines.log_chances(margins, np.exp(logarithm))[
                        range(len(margins)), places
                    ].sum()
                )
                for machines, margins, places in left_out
            )

        best: Any = minimize_scalar(loss, bounds=(np.log(0.1), np.log(10)), method="bounded")
        return float(np.exp(best.x))

    def _contents(self) -> tuple[dict[str, Any], Tensors]:
        machines = self.machines_
        contents = {
            "inputs": self.n_features_in_,
            "support": len(machines.support),
            "classes": self.classes_.tolist(),
            "steepness": self.steepness_,
            "trust": self.trust_,
        }
        return contents, {
            "mean": self.mean_,
            # Only finite numbers are kept, and the scale of what has no share is infinite.
            "inverse_scale": 1 / self.scale_,
            "support": machines.support,
            "owners": machines.owners,
            "weights": machines.weights,
            "offsets": machines.offsets,
        }

    @classmethod
    def _restored(
        cls, path: str | Path, description: dict[str, Any], tensors: Tensors
    ) -> "KernelClassifier":
        """Make a classifier of what `save` wrote."""
        with damage_named(path):
            classifier = cls(**description["parameters"])
            inputs, support = int(description["inputs"]), int(description["support"])
            classifier.n_features_in_ = inputs
            classifier.steepness_ = float(description["steepness"])
            classifier.trust_ = float(description["trust"])
            classifier.classes_ = np.array(description["classes"])
            count = len(classifier.classes_)
            if classifier.classes_.ndim != 1 or count < 2:
                raise ValueError(f"classes {description['classes']}")
            classifier.mean_ = take(tensors, "mean", (2 * inputs,))
            with np.errstate(divide="ignore"):
                classifier.scale_ = 1 / take(tensors, "inverse_scale", (2 * inputs,))
            owners = take(tensors, "owners", (support,))
            if not np.isin(owners, np.arange(count)).all():
                raise ValueError("owners that are no class")
            classifier.machines_ = Machines(
                classifier.classes_,
                take(tensors, "support", (support, 2 * inputs)),
                owners,
                take(tensors, "weights", (support, count * (count - 1) // 2)),
                take(tensors, "offsets", (count * (count - 1) // 2,)),
            )
        return classifier


def _slopes(x: Any, gradient: Any) -> Any:
    """Slope of each spectrum per step of the grid; a single energy has none."""
    return gradient(x, axis=1) if x.shape[1] > 1 else 0 * x


def _with_slopes(x: Float[np.ndarray, "example energy"]) -> Float[np.ndarray, "example feature"]:
    """Put the slopes of each spectrum beside its intensities."""
    return np.hstack([x, _slopes(x, np.gradient)])
