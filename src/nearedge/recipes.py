"""Recipes: how raw training spectra become examples, and which networks learn from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.estimators import CoordinationRegressor, EnvironmentClassifier, fit_many
from nearedge.examples import (
    AVERAGE_SIZE,
    MIXTURE_SIZE,
    class_averages,
    mixtures,
    partition,
)

# Every job has sites of its own, so their number has no name.
Spectra = Float[np.ndarray, "_ energy"]


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
    """Everything that decides the two networks, but the data and the seed.

    Attributes
    ----------
    name : str
        What it is called on the command line.
    averages : Examples
        Same-class averages for the classifier.
    mixtures : Examples
        Averages over all classes for the regressor.
    classifier, regressor : mapping
        Parameters of `EnvironmentClassifier` and `CoordinationRegressor`.
    averaged : bool
        Whether `fit_classifiers` and `fit_regressors` train on such averages, split 3:1:1 as in
        the paper: one part for the validation curves, one left out. Otherwise they train on the
        raw spectra as they are, and averages are made for the paper's own trial only.
    """

    name: Literal["paper", "best"]
    averages: Examples
    mixtures: Examples
    classifier: Mapping[str, Any] = field(default_factory=dict)
    regressor: Mapping[str, Any] = field(default_factory=dict)
    averaged: bool = True

    @property
    def least(self) -> int:
        """Fewest spectra of a class that it can learn from: a single one has no average."""
        return 2 if self.averaged else 1

    def teachable(self, environment: np.ndarray) -> np.ndarray:
        """Tell which spectra are of a class that has enough of them, bool, shape (site,)."""
        _, place, counts = np.unique(environment, return_inverse=True, return_counts=True)
        return counts[place] >= self.least

    def new_classifier(self, seed: int, **changes: Any) -> EnvironmentClassifier:
        """Make an unfitted classifier of this recipe, with some parameters changed."""
        return EnvironmentClassifier(**{**self.classifier, "random_state": seed, **changes})

    def new_regressor(self, seed: int, **changes: Any) -> CoordinationRegressor:
        """Make an unfitted regressor of this recipe, with some parameters changed."""
        return CoordinationRegressor(**{**self.regressor, "random_state": seed, **changes})


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

BEST = Recipe(
    name="best",
    averages=PAPER.averages,
    mixtures=PAPER.mixtures,
    classifier=MappingProxyType(
        {
            "hidden": (128,),
            "learning_rate": 0.005,
            "batch_size": 32,
            "epochs": 200,
            "l2": 0.03,
            "l2_convention": "decoupled",
            "n_networks": 8,
        }
    ),
    regressor=MappingProxyType(
        {
            "hidden": (16,),
            "learning_rate": 0.003,
            "batch_size": 32,
            "epochs": 400,
            "l2": 0.1,
            "l2_convention": "decoupled",
            "n_networks": 8,
            "standardise_target": True,
        }
    ),
    averaged=False,
)
"""What did best on raw spectra of snapshots and atoms that were held out.

Tried on OCEAN spectra of two snapshots of Li3FeO3.5, one trained on and the other tested on, and
with no atom on both sides. Averaging spectra before training cost 3 to 7 points of accuracy;
balancing the classes, noise, shifts of the energy axis, second layers, whitening, logarithms and
derivatives changed less than the statistical error or made it worse. One wide layer and an
ensemble gained about 2 points over 32-16.
"""

RECIPES: Mapping[str, Recipe] = MappingProxyType({"paper": PAPER, "best": BEST})
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
    source: EnvironmentClassifier | None = None,
    **changes: Any,
) -> list[EnvironmentClassifier]:
    """Train a classifier for each job, side by side.

    Parameters
    ----------
    recipe : Recipe
    jobs : sequence of (mu, environment, seed)
        Raw training spectra, shape (site, energy), the class name of each, and the seed that
        decides the examples made of them and the networks.
    source : EnvironmentClassifier, optional
        What all of them continue from; its hidden layers replace the recipe's.
    **changes
        Parameters of `EnvironmentClassifier` to be changed, such as ``energy``.

    Returns
    -------
    list of EnvironmentClassifier
        Fitted, in the order of the jobs.

    Raises
    ------
    InputError
        If a class has a single spectrum and the recipe wants averages.
    """
    if source is not None:
        changes = {**changes, "hidden": source.hidden}
    options = recipe.averages
    made = [
        _split(
            class_averages(mu, names, examples=options.count, size=options.size, seed=seed), seed
        )
        if recipe.averaged
        else ((mu, names), None)
        for mu, names, seed in jobs
    ]
    return fit_many(
        [recipe.new_classifier(seed, **changes) for *_, seed in jobs],
        [train for train, _ in made],
        validation=[held for _, held in made],
        sources=[source] * len(jobs),
    )


def fit_regressors(
    recipe: Recipe,
    jobs: Sequence[tuple[Spectra, np.ndarray, int]],
    *,
    source: CoordinationRegressor | None = None,
    **changes: Any,
) -> list[CoordinationRegressor]:
    """Train a regressor for each job, side by side.

    Parameters
    ----------
    recipe : Recipe
    jobs : sequence of (mu, coordination, seed)
        Raw training spectra, shape (site, energy), the coordination number of each, and the seed
        that decides the mixtures made of them and the networks.
    source : CoordinationRegressor, optional
        What all of them continue from; its hidden layers replace the recipe's.
    **changes
        Parameters of `CoordinationRegressor` to be changed, such as ``energy``.

    Returns
    -------
    list of CoordinationRegressor
        Fitted, in the order of the jobs.

    Raises
    ------
    InputError
        If there are fewer than two spectra.
    """
    if source is not None:
        changes = {**changes, "hidden": source.hidden}
    options = recipe.mixtures
    made = [
        _split(mixtures(mu, numbers, examples=options.count, size=options.size, seed=seed), seed)
        if recipe.averaged
        else ((mu, numbers), None)
        for mu, numbers, seed in jobs
    ]
    return fit_many(
        [recipe.new_regressor(seed, **changes) for *_, seed in jobs],
        [train for train, _ in made],
        validation=[held for _, held in made],
        sources=[source] * len(jobs),
    )


def _split(
    made: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Divide examples into those to train on and those to validate on."""
    x, y = made
    parts = partition(len(x), seed=seed)
    return (x[parts.train], y[parts.train]), (x[parts.validation], y[parts.validation])
