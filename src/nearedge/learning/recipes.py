"""Recipes: how raw training spectra become examples, and what learns from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.learning.estimators import (
    Classifier,
    CommitteeRegressor,
    CompositionRegressor,
    FractionRegressor,
    KernelClassifier,
    KernelRegressor,
    MixtureRegressor,
    NetworkClassifier,
    NetworkRegressor,
    Regressor,
    Split,
    Unfitted,
    UnfittedRegressor,
    fit_many,
)
from nearedge.learning.examples import (
    AVERAGE_SIZE,
    MIXTURE_SIZE,
    Labelled,
    Partition,
    class_averages,
    composition_weights,
    membership,
    mixture_weights,
    partition,
)
from nearedge.spectra import Window, covered
from nearedge.targets import class_order

PAPER_WINDOW = Window()
"""The input of the paper's networks."""

HARD = Window(-12.0, 35.0, 95, aligned=True)
"""Energies used of edges above 2 keV, from the rise: a Fermi level lies anywhere in a gap."""

BESIDE: Mapping[str, float] = {"C": 10.0, "reach": 1.0, "slopes": 0.1, "scale_floor": 0.05}
BESIDE_NUMBERS: Mapping[str, float] = {"epsilon": 0.02, "scale_floor": 0.2}
"""Parameters of kernel machines with features, chosen on K-edges of crystals, by composition
(``benchmarks/crystals.py``)."""

KERNEL_AVERAGES, KERNEL_SITES = 2500, 3000
"""Number of averages, and most single sites, from which kernel machines learn numbers."""

COMMITTEE = 2
"""Number of networks beside a kernel machine that learns fractions; more are no better."""

Job = tuple[Labelled, int]
"""Raw training spectra, and the seed of the examples made of them and of the networks."""


@dataclass(frozen=True)
class Examples:
    """Number of averages to train on, and of raw spectra in each (least, most)."""

    count: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Recipe:
    """Everything that defines how a target is learnt, except the data and the seed.

    An `averaged` recipe learns classes and numbers from averages only, split 3:1:1 as in the paper:
    one part for the validation curves, one left out. Others learn classes from the raw spectra, and
    numbers from averages of one spectrum to many (`composition_weights`).
    """

    name: Literal["paper", "network", "best"]  # on the command line
    averages: Examples = Examples(8000, AVERAGE_SIZE)  # of one class, of which classes are learnt
    mixtures: Examples = Examples(10000, MIXTURE_SIZE)  # of any class, of which numbers are learnt
    classifier: Mapping[str, Any] = field(default_factory=dict)  # parameters of what learns classes
    regressor: Mapping[str, Any] = field(default_factory=dict)  # of networks that learn numbers
    averaged: bool = True
    kernel: bool = False  # whether kernel machines learn, not networks
    fractions: bool = False  # whether numbers that follow from the classes are learnt as fractions
    window: Window = PAPER_WINDOW  # the energies that are used where the spectra reach so far
    narrow: Window | None = None  # those of which the numbers of averages are learnt, if others
    # Spread of the logarithms of the factors that averages of any composition are multiplied by:
    # how well intensities can be normalised.
    jitter: float = 0.0

    def teachable(self, environment: np.ndarray) -> np.ndarray:
        """Mask of the spectra whose class has enough of them, bool, shape (site,).

        A single spectrum has no average.
        """
        _, place, counts = np.unique(environment, return_inverse=True, return_counts=True)
        return counts[place] >= (2 if self.averaged else 1)

    def reach(
        self, *stored: Float[np.ndarray, " _"], hard: bool = False, averages: bool = False
    ) -> Window:
        """Choose the window for spectra stored at these energies (eV): the paper's if they are few.

        For hard edges stored far enough to show the step it is `HARD`; else for the numbers of
        averages it is `narrow`.
        """
        if hard and all(energy[0] <= -10 and energy[-1] >= 55 for energy in stored):
            return HARD
        window = self.narrow if averages and self.narrow else self.window
        enough = all(covered(energy, window.grid).all() for energy in stored)
        return window if enough else PAPER_WINDOW

    def new_classifier(self, seed: int, **changes: Any) -> Classifier:
        """Make an unfitted classifier of this recipe, with some parameters changed."""
        beside = BESIDE if self.kernel and changes.get("categories") else {}
        parameters = {**self.classifier, **beside, "random_state": seed, **changes}
        return (KernelClassifier if self.kernel else NetworkClassifier)(**parameters)

    def new_regressor(
        self, seed: int, class_values: Mapping[str, float] | None, **changes: Any
    ) -> UnfittedRegressor:
        """Make an unfitted regressor of this recipe, with some parameters changed.

        `class_values` are the numbers of the classes, see `Labelled.class_values`; None if the
        number does not follow from the class.
        """
        if self.kernel and class_values is None:
            beside = BESIDE_NUMBERS if changes.get("categories") else {}
            return KernelRegressor(random_state=seed, **beside, **changes)
        raw = changes.get("categories") and not self.averaged
        parameters = {**(self.classifier if raw else self.regressor), "random_state": seed}
        parameters |= changes
        if not self.fractions or class_values is None:
            return NetworkRegressor(**parameters)
        if self.kernel:
            classes, values = _in_order(class_values)
            return MixtureRegressor(classes=classes, values=values, random_state=seed, **changes)
        return self.new_networks(seed, class_values, **changes)

    def new_networks(
        self, seed: int, class_values: Mapping[str, float], **changes: Any
    ) -> CompositionRegressor:
        """Make unfitted networks that predict fractions of classes."""
        classes, values = _in_order(class_values)
        parameters = {**self.regressor, "random_state": seed, **changes}
        return CompositionRegressor(classes=classes, values=values, **parameters)


def _in_order(class_values: Mapping[str, float]) -> tuple[list[str], list[float]]:
    names = class_order(class_values)
    return names, [float(class_values[name]) for name in names]


_PAPER_NETWORK = {"hidden": (8, 6), "learning_rate": 0.01}

PAPER = Recipe(
    name="paper",
    classifier={
        **_PAPER_NETWORK,
        "batch_size": 32,
        "epochs": 1500,
        "l2": 0.1,
        "l2_convention": "example",
    },
    regressor={**_PAPER_NETWORK, "batch_size": 256, "epochs": 400, "l2": 0.0},
)
"""The paper's two networks, trained as described there.

The paper does not say how the regressor's target is scaled. Unscaled, one seed in four stays above
the paper's mean squared error at the learning rate 0.01; standardised like the inputs, as here,
none does.
"""

WIDER = Window(-1.2, 13.0, 72)
"""As the paper's window, but to 13 eV, in steps of 0.2 eV."""

MAIN_PEAK = Window(-1.2, 10.0, 57)
"""To the main peak: beyond it the lattice counts, which changes with the composition."""

_DECAY = {"l2": 1.0, "l2_convention": "decoupled"}

NETWORK = Recipe(
    name="network",
    classifier={
        **_DECAY,
        "hidden": (128,),
        "learning_rate": 0.005,
        "batch_size": 32,
        "epochs": 200,
        "n_networks": 8,
        "scale_floor": 0.5,
    },
    regressor={
        **_DECAY,
        "hidden": (64,),
        "learning_rate": 0.003,
        "batch_size": 256,
        "epochs": 60,
        "n_networks": 4,
        "scale_floor": 1.0,
    },
    averaged=False,
    fractions=True,
    window=WIDER,
    narrow=MAIN_PEAK,
    jitter=0.05,
)
"""The best networks: raw spectra, one wide layer, strong decay, an ensemble."""

BEST = replace(
    NETWORK,
    name="best",
    classifier={"C": 5.0, "reach": 2.0, "slopes": 0.25, "scale_floor": 0.5},
    kernel=True,
)
"""What did best on raw spectra of held-out trajectories and atoms.

Support vectors on intensities and slopes predict the class, chosen by nested cross-validation
(``benchmarks/recipes.py``); kernel ridge regression and networks, trained on averages of likely and
unlikely compositions, predict the fractions together, and networks those of measured spectra.
"""

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (PAPER, NETWORK, BEST)}
"""The recipes by name."""


def find_recipe(name: str) -> Recipe:
    """Look up a recipe by its name."""
    if name not in RECIPES:
        raise InputError(f"recipe '{name}' is not known; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def fit_classifiers(recipe: Recipe, jobs: Sequence[Job]) -> list[Classifier]:
    """Train a classifier for each job, side by side.

    An InputError is raised if a class has a single spectrum and the recipe needs averages.
    """
    models = [recipe.new_classifier(seed, categories=sites.categories) for sites, seed in jobs]
    return fit_many(models, _splits(recipe, models, jobs))


def fit_regressors(
    recipe: Recipe, jobs: Sequence[Job], *, by_class: bool = False
) -> list[Regressor]:
    """Train a regressor for each job, side by side.

    With `by_class` the number follows from the class, so that fractions of classes give its mean;
    networks then have a say beside kernel machines (`COMMITTEE`). With categorical features it is
    learnt from the raw spectra or, if the recipe needs averages, from averages with the mean of
    their features.
    """
    models = []
    for sites, seed in jobs:
        class_values = sites.class_values() if by_class and not sites.categories else None
        models.append(recipe.new_regressor(seed, class_values, categories=sites.categories))
    fitted = fit_many(models, _splits(recipe, models, jobs))
    kernels = [model for model in fitted if isinstance(model, MixtureRegressor)]
    if not kernels:
        return fitted
    networks = [
        recipe.new_networks(seed, sites.class_values(), n_networks=COMMITTEE)
        for sites, seed in jobs
    ]
    fit_many(networks, _splits(recipe, networks, jobs))
    return [CommitteeRegressor(*both) for both in zip(kernels, networks, strict=True)]


def _splits(recipe: Recipe, models: Sequence[Unfitted], jobs: Sequence[Job]) -> list[Split]:
    """Make what each model learns from."""
    splits: list[Split] = []
    for model, (sites, seed) in zip(models, jobs, strict=True):
        if recipe.averaged and not isinstance(model, KernelRegressor):
            x, y, _, parts = averages(recipe, model, sites, seed)
            train, validation, _ = parts.split(x, y)
            splits.append((train, validation))
        elif isinstance(model, MixtureRegressor):
            splits.append((averages_and_sites(sites, recipe.jitter, seed), None))
        elif isinstance(model, CompositionRegressor | NetworkRegressor) and not sites.categories:
            count = recipe.mixtures.count
            weights = composition_weights(
                sites.environment, material=sites.material, examples=count, seed=seed
            )
            # Of another stream than the compositions'.
            factor = np.random.default_rng([seed, 1]).normal(scale=recipe.jitter, size=(count, 1))
            y = weights @ _asked(model, sites)
            splits.append((((weights @ sites.mu) * np.exp(factor), y), None))
        else:
            splits.append(((sites.mu, sites.value), None))
    return splits


def averages_and_sites(
    sites: Labelled, jitter: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give averages and single sites, their fractions, and how many sites each is of."""
    weights = composition_weights(
        sites.environment, material=sites.material, examples=KERNEL_AVERAGES, seed=seed
    )
    rng = np.random.default_rng([seed, 1])
    single = rng.permutation(len(sites))[:KERNEL_SITES]
    own = membership(sites.environment)
    x = np.vstack([weights @ sites.mu, sites.mu[single]])
    counts = 1 / np.asarray(weights.multiply(weights).sum(axis=1)).ravel()
    factor = np.exp(rng.normal(scale=jitter, size=(len(x), 1)))
    number = np.concatenate([counts, np.ones(len(single))])
    return x * factor, np.vstack([weights @ own, own[single]]), number


def averages(
    recipe: Recipe, model: Unfitted, sites: Labelled, seed: int, count: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Partition]:
    """Make the paper's examples, `count` or as many as the recipe says: spectra and their parts.

    In between are what the model learns for each and what it should predict: they differ if it
    learns fractions and predicts their mean.
    """
    wanted = recipe.averages if sites.of_classes else recipe.mixtures
    count = count or wanted.count
    parts = partition(count, seed=seed)
    if sites.of_classes:
        x, y = class_averages(sites.mu, sites.value, examples=count, size=wanted.size, seed=seed)
        return x, y, y, parts
    weights = mixture_weights(len(sites), examples=count, size=wanted.size, seed=seed)
    labels = weights @ sites.value.astype(float)
    return weights @ sites.mu, weights @ _asked(model, sites), labels, parts


def _asked(model: Unfitted, sites: Labelled) -> np.ndarray:
    """What a regressor learns of single sites: their classes' fractions, or a number."""
    if isinstance(model, FractionRegressor):
        return membership(sites.environment)
    return sites.value.astype(float)
