"""How predictions degrade on spectra measured less well than those of the training."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter
from sklearn.metrics import accuracy_score, mean_absolute_error

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import Rung
from nearedge.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from nearedge.errors import InputError
from nearedge.ladder import RungParts
from nearedge.learning.baselines import classifier_baselines, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.examples import mixtures
from nearedge.models import Model
from nearedge.spectra import FWHM, Window, convolved, covered, recorded, resample

Quantity = Literal["offset", "broadening", "signal_to_noise", "scale"]
Score = Literal["accuracy", "mean absolute error"]

LEVELS: Mapping[Quantity, tuple[float, ...]] = {
    "offset": (-2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
    "broadening": (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
    "signal_to_noise": (1000.0, 300.0, 100.0, 50.0, 30.0, 20.0, 10.0),
    "scale": (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25),
}
"""Levels tried by default, in the units of `Disturbance`."""

MIXTURES = 1000
"""Number of mixtures made of the sites to score a regressor."""

Predict = tuple[Window, Callable[[np.ndarray], np.ndarray]]
"""The energies used, and a function that predicts for each spectrum on their grid."""


@dataclass(frozen=True)
class Disturbance:
    """What is done to all stored energies of spectra before the window is taken."""

    offset: float = 0.0  # in eV, added to the energies: positive moves the features up
    broadening: float = 0.0
    """Full width at half maximum, in eV, of a Gaussian the spectra are convolved with."""
    signal_to_noise: float = math.inf
    """A spectrum's highest stored intensity over the standard deviation of the normal noise."""
    scale: float = 1.0  # factor of the intensities

    def __post_init__(self) -> None:
        finite = np.isfinite([self.offset, self.broadening, self.scale]).all()
        if not finite or self.broadening < 0 or self.scale <= 0 or not self.signal_to_noise > 0:
            raise InputError(
                f"disturbance by {self.offset} eV, broadening {self.broadening} eV, signal to "
                f"noise {self.signal_to_noise}, factor {self.scale}; signal to noise and factor "
                "must be positive, the broadening not negative"
            )

    def apply(
        self,
        energy: Float[np.ndarray, " energy"],
        mu: Float[np.ndarray, "site energy"],
        window: Window,
        *,
        seed: int = 0,
    ) -> Float[np.ndarray, "site grid"]:
        """Return the disturbed spectra on the window's grid.

        If an offset, or the tail of the Gaussian, needs energies beyond the stored ones, the end
        value is repeated; `held` counts them.
        """
        grid = window.grid
        inputs = resample(energy, mu, grid)
        if self.offset or self.broadening:
            inputs = convolved(energy, mu, grid - self.offset, self.broadening / FWHM)
        if math.isfinite(self.signal_to_noise):
            noisy = recorded(mu, np.random.default_rng(seed), signal_to_noise=self.signal_to_noise)
            inputs = inputs + resample(energy, noisy - mu, grid)
        return self.scale * inputs

    def held(self, energy: Float[np.ndarray, " energy"], window: Window) -> int:
        """Count the window's energies at which the offset leaves only a repeated end value."""
        return int((~covered(energy, window.grid - self.offset)).sum())


@dataclass(frozen=True)
class Trial:
    """Spectra to score on, as stored, and the true values."""

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, "example energy"]
    truth: np.ndarray
    predict: Mapping[str, Predict]


@dataclass(frozen=True)
class Mean:
    """Mean and standard deviation of a score over the trials, at each level."""

    mean: Float[np.ndarray, " level"]
    spread: Float[np.ndarray, " level"]


@dataclass(frozen=True)
class Curve:
    """Scores against one quantity, by the names of what was scored."""

    levels: tuple[float, ...]
    held_energies: int  # most energies of a window where a held end value stood in
    scores: dict[str, Mean]


@dataclass(frozen=True)
class Robustness:
    """Scores against each quantity."""

    score: Score
    n: int  # examples that were scored at each level, all trials together
    trials: int
    undisturbed: dict[str, float]
    """Mean score on the undisturbed spectra, by the names of what was scored."""
    curves: dict[Quantity, Curve]

    @property
    def names(self) -> list[str]:
        """Names of what was scored."""
        return list(self.undisturbed)

    def at(self, quantity: Quantity, level: float, name: str) -> float:
        """Look up a mean score."""
        curve = self.curves[quantity]
        return float(curve.scores[name].mean[curve.levels.index(level)])


def judge(
    trials: Sequence[Trial],
    score: Score,
    *,
    levels: Mapping[Quantity, Sequence[float]] = LEVELS,
    seed: int = 0,
) -> Robustness:
    """Score predictions on disturbed spectra, one quantity at a time.

    All trials have the same names, such as the networks of a cross-validation; the noise is the
    same for all of them.
    """
    rate = accuracy_score if score == "accuracy" else mean_absolute_error
    names = list(trials[0].predict)

    def scores(disturbance: Disturbance) -> Float[np.ndarray, "trial name"]:
        rows = []
        for turn, trial in enumerate(trials):
            inputs = {
                window: disturbance.apply(trial.energy, trial.mu, window, seed=seed + turn)
                for window in {window for window, _ in trial.predict.values()}
            }
            answers = [predict(inputs[window]) for window, predict in trial.predict.values()]
            rows.append([float(rate(trial.truth, answer)) for answer in answers])
        return np.array(rows)

    curves: dict[Quantity, Curve] = {}
    seen = [(trial.energy, window) for trial in trials for window, _ in trial.predict.values()]
    for quantity, tried in levels.items():
        steps = [Disturbance(**{quantity: float(level)}) for level in tried]
        table = np.stack([scores(step) for step in steps], axis=-1)
        held = max(step.held(energy, window) for step in steps for energy, window in seen)
        means = dict(zip(names, map(Mean, table.mean(axis=0), table.std(axis=0)), strict=True))
        curves[quantity] = Curve(tuple(map(float, tried)), held, means)
    plain = scores(Disturbance()).mean(axis=0).tolist()
    count = sum(len(trial.truth) for trial in trials)
    return Robustness(score, count, len(trials), dict(zip(names, plain, strict=True)), curves)


def robustness(
    models: Mapping[str, Model],
    data: SiteSpectra,
    *,
    only: Sequence[str] = (),
    levels: Mapping[Quantity, Sequence[float]] = LEVELS,
    seed: int = 0,
) -> dict[str, Robustness]:
    """Score trained models of one target on disturbed spectra of a dataset, or of `only` a part.

    ``"sites"`` of the result are scores on single sites, the accuracy of classifiers and the mean
    absolute error of regressors; regressors also have ``"mixtures"``, averages over the same sites.
    ``"constant"`` is for comparison: the first model's training majority, or mean.
    """
    scored = data.select(data.names_mask(only)) if only else data
    first = next(iter(models.values()))
    for name, model in models.items():
        if (model.kind, model.target) != (first.kind, first.target):
            raise InputError(
                f"model '{name}' is a {model.kind} of the {model.target.words()}, another a "
                f"{first.kind} of the {first.target.words()}; compare models of one kind and target"
            )
        if model.features or model.window.aligned:
            raise InputError(
                f"model '{name}' counts energies from the rise or uses features; robustness "
                "is of models that read the stated energies alone"
            )
    training, truth = first.record.training, scored.labels(first.target)
    classes = first.kind == "classifier"
    most = max(training.classes, key=lambda name: training.classes[name])
    constant = most if classes else training.mean
    predict: dict[str, Predict] = {
        **{name: (model.window, model.estimator.predict) for name, model in models.items()},
        "constant": (first.window, lambda inputs: np.full(len(inputs), constant)),
    }
    examples = {"sites": (scored.mu, truth if classes else truth.astype(float))}
    if not classes and len(scored) > 1:
        examples["mixtures"] = mixtures(*examples["sites"], examples=MIXTURES, seed=seed)
    score = "accuracy" if classes else "mean absolute error"
    return {
        name: judge([Trial(scored.energy, *made, predict)], score, levels=levels, seed=seed)
        for name, made in examples.items()
    }


_RUNGS: tuple[Rung, ...] = ("trajectory", "atom", "snapshot", "spectrum")


@dataclass(frozen=True)
class Disturbed:
    """Scores on disturbed spectra of sites that were not trained on."""

    rung: Rung  # the strictest of one engine that the dataset carries
    classifier: Robustness  # accuracy on raw spectra
    regressor: Robustness  # mean absolute error on mixtures of raw spectra


Networks = dict[str, tuple[RungParts, Sequence[Classifier], Sequence[Regressor]]]
"""The networks that a recipe trained for each rung."""


def judge_disturbed(
    recipes: Mapping[str, Networks], data: SiteSpectra, seed: int
) -> Disturbed | None:
    """Score recipes and baselines, which use the energies of the first recipe.

    None if no rung was climbed by all recipes; `seed` is the ladder's first.
    """
    common: list[Rung] = [name for name in _RUNGS if all(name in each for each in recipes.values())]
    if not common:
        return None
    networks = {name: each[common[0]] for name, each in recipes.items()}
    rung = next(iter(networks.values()))[0]
    classes, numbers = data.environment, data.coordination
    classify, regress = [], []
    for place, part in enumerate(rung.parts):
        turn, spectra, test = seed + part.turn, part.taught[part.train], part.test
        telling: dict[str, Predict] = {}
        counting: dict[str, Predict] = {}
        for name, (own, classifiers, regressors) in networks.items():
            telling[name] = (own.window, classifiers[place].predict)
            counting[name] = (own.window, regressors[place].predict)
        plain = classifier_baselines(turn)
        for name in ("svm", "1-nn", "majority"):
            method = plain[name].fit(spectra, classes[part.train])
            telling[name] = (rung.window, method.predict)
        classify.append(Trial(data.energy, data.mu[test], classes[test], telling))
        if len(test) < 2:
            continue
        # Ridge before the constant.
        for name, method in reversed(regressor_baselines().items()):
            counting[name] = (rung.window, method.fit(spectra, numbers[part.train]).predict)
        averages = mixtures(data.mu[test], numbers[test], examples=MIXTURES, seed=turn)
        regress.append(Trial(data.energy, *averages, counting))
    if not regress:
        return None
    return Disturbed(
        common[0],
        judge(classify, "accuracy", seed=seed),
        judge(regress, "mean absolute error", seed=seed),
    )


_AXES: Mapping[Quantity, str] = {
    "offset": "energy offset (eV)",
    "broadening": "added broadening, FWHM (eV)",
    "signal_to_noise": "signal to noise (peak / s.d.)",
    "scale": "intensity factor",
}

TOP = 8.0
"""Larger errors are cut off."""

# Colour, marker and line; other names take the remaining colours in turn.
_LINES = {
    "best": (VERMILION, "s", "-"),
    "paper": (BLUE, "o", "-"),
    "svm": (GREEN, "D", "--"),
    "1-nn": (SKY, "v", "--"),
    "ridge": (ORANGE, "^", "--"),
    "majority": (GREY, "", ":"),
    "constant": (BLACK, "", ":"),
}
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_OTHERS = [(colour, marker, "-") for colour, marker in zip(_COLOURS, "osDP^v", strict=True)]


def draw_robustness(result: Robustness, *, unit: str = "", title: str | None = None) -> Figure:
    """Draw the score against each quantity, with its spread over the trials."""
    figure = Figure(figsize=(8.6, 5.6), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True).ravel()
    accuracy = result.score == "accuracy"
    spare = cycle(_OTHERS)
    styles = {name: _LINES[name] if name in _LINES else next(spare) for name in result.names}
    for axes, letter, (quantity, curve) in zip(panels, "abcd", result.curves.items(), strict=False):
        for name in reversed(result.names):
            colour, marker, line = styles[name]
            mean, spread = curve.scores[name].mean, curve.scores[name].spread
            axes.plot(
                curve.levels, mean, color=colour, ls=line, marker=marker or None, ms=4.5,
                mec="black", mew=0.4, label=name,
            )  # fmt: skip
            if result.trials > 1 and line == "-":
                low = mean - spread if accuracy else np.maximum(mean - spread, 0.5 * mean)
                axes.fill_between(curve.levels, low, mean + spread, color=colour, alpha=0.15, lw=0)
        axes.set_xlabel(_AXES[quantity])
        axes.set_title(letter, loc="left", fontweight="bold")
        axes.grid(axis="y", color="0.92", lw=0.7)
        axes.set_axisbelow(True)
        if quantity == "signal_to_noise":
            axes.set_xscale("log")
            axes.invert_xaxis()
            axes.xaxis.set_major_locator(FixedLocator([1000, 300, 100, 30, 10]))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter("{x:g}")
    for axes in panels[len(result.curves) :]:
        axes.axis("off")
    for axes in panels[::2]:
        axes.set_ylabel("accuracy" if accuracy else f"{result.score} {unit}".strip())
    if accuracy:
        panels[0].set_ylim(0, 1)
        panels[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    else:
        panels[0].set_yscale("log")
        scores = [score for curve in result.curves.values() for score in curve.scores.values()]
        panels[0].set_ylim(top=min(TOP, 1.5 * max(float(score.mean.max()) for score in scores)))
        panels[0].yaxis.set_major_locator(FixedLocator([0.01, 0.03, 0.1, 0.3, 1, 3]))
        panels[0].yaxis.set_major_formatter("{x:g}")
    if title:
        figure.suptitle(title, fontsize=9.5)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles[::-1], names[::-1], loc="outside lower center", ncols=min(5, len(names)))
    return figure
