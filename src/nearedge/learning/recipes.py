"""Recipes: how raw training spectra become examples, and what learns from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.learning.estimators import (
    Classifier,
    CompositionRegressor,
    CoordinationRegressor,
    EnvironmentClassifier,
    KernelClassifier,
    Regressor,
    SpectrumEstimator,
    fit_many,
)
from nearedge.learning.examples import (
    AVERAGE_SIZE,
    MIXTURE_SIZE,
    class_averages,
    compositions,
    mixtures,
    partition,
)
from nearedge.spectra import Window
from nearedge.targets import class_order

# Every job has sites of its own, so their number has no name.
Spectra = Float[np.ndarray, "_ energy"]

PAPER_WINDOW = Window()
"""The input of the paper's networks."""


class Sites(NamedTuple):
    """What a regressor learns from.

    Attributes
    ----------
    mu : float array, shape (site, energy)
        Raw spectra.
    coordination : int array, shape (site,)
        Coordination number of each.
    environment : str array, shape (site,)
        Class of each.
    """

    mu: Spectra
    coordination: np.ndarray
    environment: np.ndarray


@dataclass(frozen=True)
class Examples:
    """How many training examples are averaged of raw spectra, and of how many each.

    Attributes
    ----------
    count : int
        Number of examples made.
    size : tuple of int
        Least and most raw spectra in an average.
    """

    count: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the classifier and the regressor, but the data and the seed.

    Attributes
    ----------
    name : str
        What it is called on the command line.
    averages : Examples
        Same-class averages for the classifier.
    mixtures : Examples
        Averages over all classes for the regressor.
    classifier, regressor : mapping
        Parameters of the classifier and of the regressor.
    averaged : bool
        Whether `fit_classifiers` trains on such averages, split 3:1:1 as in the paper: one part
        for the validation curves, one left out. Otherwise it trains on the raw spectra as they
        are, and averages are made for the paper's own trial only.
    kernel : bool
        Whether the classifier is a `KernelClassifier` instead of a network.
    fractions : bool
        Whether the regressor is a `CompositionRegressor`, which learns the fractions of the
        classes from `compositions`, instead of one that learns the mean from `mixtures`.
    window : Window
        The energies that are used where the spectra reach so far.
    jitter : float
        Spread of the factors (of their logarithm) that `fit_regressors` multiplies averages by:
        how well intensities can be normalised.
    """

    name: Literal["paper", "network", "best"]
    averages: Examples
    mixtures: Examples
    classifier: Mapping[str, Any] = field(default_factory=dict)
    regressor: Mapping[str, Any] = field(default_factory=dict)
    averaged: bool = True
    kernel: bool = False
    fractions: bool = False
    window: Window = PAPER_WINDOW
    jitter: float = 0.0

    @property
    def least(self) -> int:
        """Fewest spectra of a class that it can learn from: a single one has no average."""
        return 2 if self.averaged else 1

    def teachable(self, environment: np.ndarray) -> np.ndarray:
        """Tell which spectra are of a class that has enough of them, bool, shape (site,)."""
        _, place, counts = np.unique(environment, return_inverse=True, return_counts=True)
        return counts[place] >= self.least

    def reach(self, *stored: Float[np.ndarray, " _"]) -> Window:
        """Choose the energies for spectra stored on these (eV): the paper's if they are few."""
        covered = all(
            energy[0] <= self.window.minimum and energy[-1] >= self.window.maximum
            for energy in stored
        )
        return self.window if covered else PAPER_WINDOW

    def new_classifier(self, seed: int, **changes: Any) -> Classifier:
        """Make an unfitted classifier of this recipe, with some parameters changed."""
        kind = KernelClassifier if self.kernel else EnvironmentClassifier
        return kind(**{**self.classifier, "random_state": seed, **changes})

    def new_regressor(
        self, seed: int, coordination: Mapping[str, float], **changes: Any
    ) -> Regressor:
        """Make an unfitted regressor of this recipe, with some parameters changed.

        Parameters
        ----------
        seed : int
        coordination : mapping
            Classes and the coordination number that each stands for, see `class_coordination`.
        **changes
            Parameters to be changed.
        """
        parameters = {**self.regressor, "random_state": seed, **changes}
        if not self.fractions:
            return CoordinationRegressor(**parameters)
        names = class_order(coordination)
        return CompositionRegressor(
            classes=names, coordination=[float(coordination[name]) for name in names], **parameters
        )


def class_coordination(sites: Sites) -> dict[str, float]:
    """Give the mean coordination number of each class: of "3" it is 3, of dimers it may vary."""
    return {
        str(name): float(sites.coordination[sites.environment == name].mean())
        for name in np.unique(sites.environment)
    }


PAPER = Recipe(
    name="paper",
    averages=Examples(8000, AVERAGE_SIZE),
    mixtures=Examples(10000, MIXTURE_SIZE),
    classifier=MappingProxyType(
        {
            "hidden": (8, 6),
            "learning_rate": 0.01,
            "batch_size": 32,
            "epochs": 1500,
            "l2": 0.1,
            "l2_convention": "example",
        }
    ),
    regressor=MappingProxyType(
        {
            "hidden": (8, 6),
            "learning_rate": 0.01,
            "batch_size": 256,
            "epochs": 400,
            "l2": 0.0,
            "standardise_target": True,
        }
    ),
)
"""The paper's two networks, trained as it says.

Of the regressor's target it says nothing. Left as it is, one seed in four stays above the paper's
mean squared error at the learning rate 0.01; standardised, as the inputs are, none of them does.
"""

WIDER = Window(-1.2, 13.0, 72)
"""As the paper's window, but to the end of the main peak, in steps of 0.2 eV."""

_COMPOSITION = MappingProxyType(
    {
        "hidden": (64,),
        "learning_rate": 0.003,
        "batch_size": 256,
        "epochs": 60,
        "l2": 1.0,
        "l2_convention": "decoupled",
        "n_networks": 4,
        "scale_floor": 1.0,
    }
)

NETWORK = Recipe(
    name="network",
    averages=PAPER.averages,
    mixtures=PAPER.mixtures,
    classifier=MappingProxyType(
        {
            "hidden": (128,),
            "learning_rate": 0.005,
            "batch_size": 32,
            "epochs": 200,
            "l2": 1.0,
            "l2_convention": "decoupled",
            "n_networks": 8,
            "scale_floor": 0.5,
        }
    ),
    regressor=_COMPOSITION,
    averaged=False,
    fractions=True,
    window=WIDER,
    jitter=0.05,
)
"""The best networks: raw spectra, one wide layer, strong decay, an ensemble."""

BEST = Recipe(
    name="best",
    averages=PAPER.averages,
    mixtures=PAPER.mixtures,
    classifier=MappingProxyType({"C": 5.0, "reach": 2.0, "slopes": 0.25, "scale_floor": 0.2}),
    regressor=_COMPOSITION,
    averaged=False,
    kernel=True,
    fractions=True,
    window=WIDER,
    jitter=0.05,
)
"""What did best on raw spectra of trajectories and atoms that were held out.

Support vectors on intensities and slopes tell the class, chosen by nested cross-validation
(``benchmarks/recipes.py``); networks that learnt from averages of likely and unlikely compositions
tell the fractions.
"""

RECIPES: Mapping[str, Recipe] = MappingProxyType({"paper": PAPER, "network": NETWORK, "best": BEST})
"""The recipes by name."""


def find_recipe(name: str) -> Recipe:
    """Look up a recipe by its name.

    Raises
    ------
    InputError
        If there is none of this name.

    Examples
    --------
    >>> find_recipe("paper").classifier["hidden"]
    (8, 6)
    """
    if name not in RECIPES:
        raise InputError(f"recipe '{name}' is not known; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def fit_classifiers(
    recipe: Recipe,
    jobs: Sequence[tuple[Spectra, np.ndarray, int]],
    *,
    source: Classifier | None = None,
    **changes: Any,
) -> list[Classifier]:
    """Train a classifier for each job, side by side.

    Parameters
    ----------
    recipe : Recipe
    jobs : sequence of (mu, environment, seed)
        Raw training spectra, shape (site, energy), the class name of each, and the seed that
        decides the examples made of them and the networks.
    source : Classifier, optional
        What all of them continue from; the hidden layers of networks replace the recipe's.
    **changes
        Parameters of the classifier to be changed, such as ``energy``.

    Returns
    -------
    list of Classifier
        Fitted, in the order of the jobs.

    Raises
    ------
    InputError
        If a class has a single spectrum and the recipe wants averages, or the source was made
        with a recipe for another kind of classifier.
    """
    changes = {**changes, **({} if recipe.kernel else _continued(source))}
    options = recipe.averages
    made = [
        _split(
            class_averages(mu, names, examples=options.count, size=options.size, seed=seed), seed
        )
        if recipe.averaged
        else ((mu, names), None)
        for mu, names, seed in jobs
    ]
    return fit_each(
        recipe,
        [recipe.new_classifier(seed, **changes) for *_, seed in jobs],
        [train for train, _ in made],
        validation=[held for _, held in made],
        source=source,
    )


def fit_regressors(
    recipe: Recipe,
    jobs: Sequence[tuple[Sites, int]],
    *,
    source: Regressor | None = None,
    **changes: Any,
) -> list[Regressor]:
    """Train a regressor for each job, side by side.

    Parameters
    ----------
    recipe : Recipe
    jobs : sequence of (Sites, seed)
        Raw training spectra and their labels, and the seed that decides the averages made of them
        and the networks.
    source : Regressor, optional
        What all of them continue from; its hidden layers replace the recipe's.
    **changes
        Parameters of the regressor to be changed, such as ``energy``.

    Returns
    -------
    list of Regressor
        Fitted, in the order of the jobs.

    Raises
    ------
    InputError
        If there are fewer than two spectra, or the source predicts something else.
    """
    changes = {**changes, **_continued(source)}
    regressors = [
        recipe.new_regressor(seed, class_coordination(sites), **changes) for sites, seed in jobs
    ]
    options = recipe.mixtures
    made = []
    for sites, seed in jobs:
        if recipe.fractions:
            x, y = compositions(sites.mu, sites.environment, examples=options.count, seed=seed)
            # Of another stream than the compositions'.
            factor = np.random.default_rng([seed, 1]).normal(scale=recipe.jitter, size=(len(x), 1))
            made.append(((x * np.exp(factor), y), None))
        else:
            x, y = mixtures(
                sites.mu,
                sites.coordination,
                examples=options.count,
                size=options.size,
                seed=seed,
            )
            made.append(_split((x, y), seed))
    return fit_each(
        recipe,
        regressors,
        [train for train, _ in made],
        validation=[held for _, held in made],
        source=source,
    )


Estimator = TypeVar("Estimator", bound=Classifier | Regressor)


def fit_each(
    recipe: Recipe,
    estimators: Sequence[Estimator],
    data: Sequence[tuple[Any, Any]],
    *,
    validation: Sequence[tuple[Any, Any] | None],
    source: Classifier | Regressor | None = None,
) -> list[Estimator]:
    """Fit estimators on their data: networks side by side, support vectors one after the other.

    Parameters
    ----------
    recipe : Recipe
        Whose they are, for the error.
    estimators : sequence of estimator
        All of one kind; they are fitted in place.
    data, validation : sequence of (X, y)
        For each of them; support vectors have no use for validation data.
    source : estimator, optional
        What all of them continue from.

    Returns
    -------
    list of estimator
        The same, in the same order.

    Raises
    ------
    InputError
        If the source is of another kind.
    """
    wrong = [one for one in estimators if source and type(one) is not type(source)]
    if wrong:
        raise InputError(
            f"the source model holds a {type(source).__name__}, recipe '{recipe.name}' makes "
            f"{type(wrong[0]).__name__}s; choose the recipe that the source was made with"
        )
    networks = [one for one in estimators if isinstance(one, SpectrumEstimator)]
    if networks:
        start = source if isinstance(source, SpectrumEstimator) else None
        fit_many(networks, data, validation=validation, sources=[start] * len(networks))
        return list(estimators)
    lender = source if isinstance(source, KernelClassifier) else None
    for one, (x, y) in zip(estimators, data, strict=True):
        if isinstance(one, KernelClassifier):
            one.fit(x, y, source=lender)
    return list(estimators)


def _continued(source: Classifier | Regressor | None) -> dict[str, Any]:
    """Take over the hidden layers of networks that are to be continued from."""
    return {"hidden": source.hidden} if isinstance(source, SpectrumEstimator) else {}


def _split(
    made: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Divide examples into those to train on and those to validate on."""
    x, y = made
    parts = partition(len(x), seed=seed)
    return (x[parts.train], y[parts.train]), (x[parts.validation], y[parts.validation])
