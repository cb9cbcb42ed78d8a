"""The paper's protocol from end to end: networks, sweeps, readings of "L2 0.1", and the ladder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int

from nearedge.datasets import SiteSpectra, summary
from nearedge.datasets.splits import RUNGS, Rung
from nearedge.ladder import Ladder, Progress, Witness, climb
from nearedge.ladder.robustness import Disturbed, Networks, judge_disturbed
from nearedge.ladder.trial import Outcome, Trial, run
from nearedge.learning.estimators import SpectrumEstimator
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import BEST, PAPER, PAPER_WINDOW, Recipe
from nearedge.records import Json, as_json

Key = TypeVar("Key")


@dataclass(frozen=True)
class Published:
    """The numbers of L. Li, M. Lu and M. K. Y. Chan (2019) that ours are set beside."""

    train_accuracy: float = 0.989
    validation_accuracy: float = 0.986
    test_accuracy: float = 0.987
    test_mse: float = 0.0035
    snapshots: int = 21
    spectra: int = 1000


@dataclass(frozen=True)
class Run:
    """One network, trained and scored (accuracy, or mean squared error) as the paper does."""

    seed: int  # of examples, split and network
    train: float
    validation: float
    test: float
    raw: float  # the score on the raw spectra that the examples were made of
    restarts: int  # times the network had died and was started again
    rate: float  # Adam's


@dataclass(frozen=True)
class Curve:
    """Mean squared error of one regressor after every epoch."""

    rate: float
    epoch: Int[np.ndarray, " epoch"]
    train: Float[np.ndarray, " epoch"]
    validation: Float[np.ndarray, " epoch"]


@dataclass(frozen=True)
class Sweep:
    """Accuracy of the classifier against one quantity; arrays by the names of the parts."""

    values: Int[np.ndarray, " value"]
    accuracy: dict[str, Float[np.ndarray, "seed value"]]


@dataclass(frozen=True)
class Agreement:
    """True and predicted numbers of the test mixtures of one regressor."""

    rate: float
    seed: int
    truth: Float[np.ndarray, " example"]
    predicted: Float[np.ndarray, " example"]


@dataclass(frozen=True)
class Reading:
    """One way to read "L2 0.1", as it is given to the trainer, and what it gives."""

    name: str
    convention: str
    coefficient: float
    run: Run


@dataclass(frozen=True)
class Reproduction:
    """All that the protocol measured on one dataset."""

    dataset: Json  # as `SiteSpectra.info` gives it
    settings: dict[str, str]  # every option of the protocol, as text
    seed: int  # the first; every other number follows from it
    quick: bool  # whether fewer epochs and seeds were spent than the paper's
    hidden: tuple[int, ...]  # nodes of the networks' hidden layers
    classifier: tuple[Run, ...]
    regressor: tuple[Run, ...]
    curves: tuple[Curve, ...]
    agreement: Agreement
    widths: Sweep
    sizes: Sweep
    readings: tuple[Reading, ...]
    ladder: Ladder
    better: Ladder | None  # of another recipe, above the paper's own rung
    robustness: Disturbed | None  # of both, where a rung above the paper's was climbed
    published: Published = Published()

    def to_json(self) -> Json:
        """Give every number, ready for JSON."""
        return as_json({**vars(self), "best_rate": self.agreement.rate})


_READINGS: tuple[tuple[str, str, float], ...] = (
    ("no penalty", "example", 0.0),
    ("0.1 Σw² beside the loss summed over all examples", "example", 0.1),
    (
        "alpha = 0.1 of scikit-learn: 0.1/2 Σw² beside the loss summed over a batch",
        "scikit-learn",
        0.1,
    ),
    ("weight decay decoupled from Adam: 0.1 × learning rate per step", "decoupled", 0.1),
    ("0.1 Σw² beside the mean loss of a batch, as regularizers.L2(0.1) of Keras", "batch", 0.1),
)


@dataclass(frozen=True)
class Protocol:
    """How much of the paper's protocol is run."""

    recipe: Recipe = PAPER
    better: Recipe | None = BEST  # climbs the ladder beside it
    seeds: int = 3  # networks for every number with a spread, and every point of figure 3
    rates: tuple[float, ...] = (0.01, 0.001)  # of the regressor, as in figures 4a and 4b
    # Figure 3a: nodes h of the first hidden layer, the second has h - 2; 3b: numbers of examples.
    widths: tuple[int, ...] = (4, 6, 8, 10, 12, 14, 16)
    sizes: tuple[int, ...] = (500, 1000, 2000, 3000, 4000, 6000, 8000)
    sweep_epochs: int = 600  # of figure 3 and the table of penalties
    rungs: tuple[Rung, ...] = RUNGS  # where the dataset carries them
    quick: bool = False  # less than the paper's

    def settings(self) -> dict[str, str]:
        """Every option in words."""
        recipe, better = self.recipe, self.better
        lists = {
            "recipes": [recipe.name, *([better.name] if better else [])],
            "seeds": [self.seeds],
            "learning rates": self.rates,
            "nodes of figure 3a": self.widths,
            "examples of figure 3b": self.sizes,
            "epochs of figure 3": [self.sweep_epochs],
            "averages": [recipe.averages.count],
            "parents of an average": recipe.averages.size,
            "mixtures": [recipe.mixtures.count],
            "parents of a mixture": recipe.mixtures.size,
            "classifier": [f"{name}={value}" for name, value in recipe.classifier.items()],
            "regressor": [f"{name}={value}" for name, value in recipe.regressor.items()],
        }
        return {name: ", ".join(map(str, values)) for name, values in lists.items()}


def quick_protocol() -> Protocol:
    """Give a protocol of a tenth of the epochs, a quarter of the examples and one seed."""
    recipe = replace(
        PAPER,
        averages=replace(PAPER.averages, count=2400),
        mixtures=replace(PAPER.mixtures, count=3000),
        classifier={**PAPER.classifier, "epochs": 150},
        regressor={**PAPER.regressor, "epochs": 150},
    )
    better = replace(
        BEST,
        averages=replace(BEST.averages, count=1500),
        mixtures=replace(BEST.mixtures, count=3000),
        regressor={**BEST.regressor, "n_networks": 2},
    )
    return Protocol(
        recipe=recipe,
        better=better,
        seeds=1,
        # Every further shape of network or number of examples is compiled, which takes seconds.
        widths=(4, 6, 8),
        sizes=(1800, 2400),
        sweep_epochs=100,
        rungs=("paper", "trajectory", "engine", "engine-aligned"),
        quick=True,
    )


def reproduce(
    data: SiteSpectra,
    protocol: Protocol,
    *,
    seed: int = 0,
    other: SiteSpectra | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Run the paper's protocol on a dataset, and climb the ladder above it.

    `other` holds spectra of another engine, for the rung ``engine``.
    """
    tell = progress or (lambda _text, _part: None)
    recipe = protocol.recipe
    classes, numbers = (
        data.labelled(data.target(name), PAPER_WINDOW) for name in ("environment", "coordination")
    )
    seeds = [seed + turn for turn in range(protocol.seeds)]

    def stage(text: str, start: float, end: float) -> Callable[[float], None]:
        tell(text, start)
        return lambda part: tell(text, start + (end - start) * part)

    classifiers = _run_groups(
        recipe,
        classes,
        _classifier_trials(protocol, seeds),
        stage("the classifier, figure 3 and the readings of L2", 0.0, 0.45),
    )
    # The error after every epoch is drawn.
    drawn = {"records": int(recipe.regressor["epochs"])}
    rates = {
        rate: [Trial(start, changes={"learning_rate": rate, **drawn}) for start in seeds]
        for rate in protocol.rates
    }
    regressors = _run_groups(recipe, numbers, rates, stage("the regressor", 0.45, 0.55))
    # The test examples have no say.
    best = min(
        rates, key=lambda rate: np.mean([outcome.validation for outcome in regressors[rate]])
    )
    networks: dict[str, Networks] = {}

    def gather(name: str) -> Witness:
        trained = networks.setdefault(name, {})
        return lambda rung, *pair: trained.update({rung.name: (rung, *pair)})

    climb_both = partial(climb, data, seeds=protocol.seeds, seed=seed, other=other)
    ladder = climb_both(
        recipe,
        only=protocol.rungs,
        paper=(classifiers["paper"], regressors[best]),
        witness=gather(recipe.name),
        progress=lambda text, part: tell(f"the ladder: {text}", 0.55 + 0.35 * part),
    )
    better = protocol.better and climb_both(
        protocol.better,
        only=[name for name in protocol.rungs if name != "paper"],
        beside=ladder,
        witness=gather(protocol.better.name),
        progress=lambda text, part: tell(f"recipe best: {text}", 0.9 + 0.06 * part),
    )
    tell("robustness", 0.96)
    robustness = judge_disturbed(networks, data, seed)
    return Reproduction(
        dataset=summary(data),
        settings=protocol.settings(),
        seed=seed,
        quick=protocol.quick,
        hidden=tuple(recipe.classifier["hidden"]),
        classifier=tuple(map(_run, seeds, classifiers["paper"])),
        regressor=tuple(
            run for outcomes in regressors.values() for run in map(_run, seeds, outcomes)
        ),
        curves=tuple(_curve(rate, outcomes[0]) for rate, outcomes in regressors.items()),
        agreement=_agreement(best, seed, regressors[best][0]),
        widths=_sweep(protocol.widths, protocol.seeds, classifiers["widths"]),
        sizes=_sweep(protocol.sizes, protocol.seeds, classifiers["sizes"]),
        readings=tuple(
            Reading(name, convention, coefficient, _run(seed, outcome))
            for (name, convention, coefficient), outcome in zip(
                _READINGS, classifiers["readings"], strict=True
            )
        ),
        ladder=ladder,
        better=better,
        robustness=robustness,
    )


def _classifier_trials(protocol: Protocol, seeds: list[int]) -> dict[str, list[Trial]]:
    """List every classifier of the report, so that all are trained side by side."""
    epochs = {"epochs": protocol.sweep_epochs}
    return {
        "paper": [Trial(seed) for seed in seeds],
        "widths": [
            Trial(seed, changes={"hidden": (width, width - 2), **epochs})
            for seed in seeds
            for width in protocol.widths
        ],
        "sizes": [
            Trial(seed, examples=size, changes=epochs) for seed in seeds for size in protocol.sizes
        ],
        "readings": [
            Trial(seeds[0], changes={"l2": coefficient, "l2_convention": convention, **epochs})
            for _, convention, coefficient in _READINGS
        ],
    }


def _run_groups(
    recipe: Recipe,
    sites: Labelled,
    groups: Mapping[Key, Sequence[Trial]],
    progress: Callable[[float], None],
) -> dict[Key, list[Outcome]]:
    """Run all trials side by side."""
    outcomes = iter(run(recipe, sites, [*chain(*groups.values())], progress))
    return {name: [next(outcomes) for _ in trials] for name, trials in groups.items()}


def _run(seed: int, outcome: Outcome) -> Run:
    scores = outcome.train, outcome.validation, outcome.test, outcome.raw
    return Run(seed, *scores, outcome.restarts, float(outcome.model.learning_rate))


def _curve(rate: float, outcome: Outcome) -> Curve:
    assert isinstance(outcome.model, SpectrumEstimator)
    curves = outcome.model.curves_[0]
    scores = (np.asarray(score, float) for score in (curves.score, curves.validation_score))
    return Curve(rate, curves.epoch, *scores)


def _agreement(rate: float, seed: int, outcome: Outcome) -> Agreement:
    test = outcome.parts.test
    return Agreement(rate, seed, outcome.labels[test], np.asarray(outcome.predicted[test], float))


def _sweep(values: tuple[int, ...], seeds: int, outcomes: list[Outcome]) -> Sweep:
    accuracy = {
        part: np.reshape([getattr(outcome, part) for outcome in outcomes], (seeds, len(values)))
        for part in ("train", "validation", "test")
    }
    return Sweep(np.array(values), accuracy)
