"""How answers suffer when spectra are measured less well than those that were trained on."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from sklearn.metrics import accuracy_score, mean_absolute_error

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
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
"""What is tried by default, in the unit of `Disturbance`."""

MIXTURES = 1000
"""Mixtures that the sites are made into to judge a regressor."""

Predict = Callable[[np.ndarray], np.ndarray]
"""Gives an answer for each spectrum on the window's grid."""


@dataclass(frozen=True)
class Disturbance:
    """What is done to all stored energies of spectra before a window is looked at.

    Examples
    --------
    >>> energy = np.linspace(-5, 20, 251)
    >>> peak = np.exp(-((energy - 4.0) ** 2))[None]
    >>> seen = Disturbance(offset=1.0, scale=2.0).apply(energy, peak, Window(0.0, 10.0, 101))
    >>> int(seen[0].argmax()), round(float(seen.max()), 6)
    (50, 2.0)
    """

    offset: float = 0.0
    """In eV, added to the energies: positive moves the features up."""
    broadening: float = 0.0
    """Full width at half maximum, in eV, of a Gaussian the spectra are convolved with."""
    signal_to_noise: float = math.inf
    """A spectrum's highest stored intensity over the standard deviation of the normal noise."""
    scale: float = 1.0
    """Factor of the intensities."""

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
        """Give the disturbed spectra on the window's grid.

        Where an offset, or the tail of the Gaussian, asks for energies beyond the stored ones, the
        stored end value is held; `held` counts them.
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
        """Count the window's energies at which the offset leaves only a held end value."""
        return int((~covered(energy, window.grid - self.offset)).sum())


@dataclass(frozen=True)
class Trial:
    """Spectra to be judged with, as they are stored, and the right answers."""

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, "example energy"]
    truth: np.ndarray
    predict: Mapping[str, Predict]
    windows: Mapping[str, Window]
    """The energies that each of those sees that predict."""


@dataclass(frozen=True)
class Mean:
    """Mean and standard deviation of a score over the trials, at each level."""

    mean: Float[np.ndarray, " level"]
    spread: Float[np.ndarray, " level"]


@dataclass(frozen=True)
class Curve:
    """Scores against one quantity, by the names of what was judged."""

    levels: tuple[float, ...]
    held_energies: int
    """Most energies of a window where a held end value stood in."""
    scores: dict[str, Mean]


@dataclass(frozen=True)
class Robustness:
    """Scores against each quantity."""

    score: Score
    n: int
    """Examples that were scored at each level, all trials together."""
    trials: int
    undisturbed: dict[str, float]
    """Mean score on the spectra as they are, by the names of what was judged."""
    curves: dict[Quantity, Curve]

    @property
    def names(self) -> list[str]:
        """What was judged."""
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
    """Score answers on spectra that are disturbed, one quantity at a time.

    All trials have the same names to answer, as the networks of a cross-validation have; the noise
    is the same for all that answer.
    """
    rate = accuracy_score if score == "accuracy" else mean_absolute_error
    names = list(trials[0].predict)

    def scores(disturbance: Disturbance) -> Float[np.ndarray, "trial name"]:
        rows = []
        for turn, trial in enumerate(trials):
            inputs = {
                window: disturbance.apply(trial.energy, trial.mu, window, seed=seed + turn)
                for window in {trial.windows[name] for name in names}
            }
            answers = [trial.predict[name](inputs[trial.windows[name]]) for name in names]
            rows.append([float(rate(trial.truth, answer)) for answer in answers])
        return np.array(rows)

    curves: dict[Quantity, Curve] = {}
    for quantity, tried in levels.items():
        steps = [Disturbance(**{quantity: float(level)}) for level in tried]
        table = np.stack([scores(step) for step in steps], axis=-1)
        seen = [(trial.energy, window) for trial in trials for window in trial.windows.values()]
        held = max(step.held(energy, window) for step in steps for energy, window in seen)
        means = map(Mean, table.mean(axis=0), table.std(axis=0))
        curves[quantity] = Curve(
            tuple(map(float, tried)), held, dict(zip(names, means, strict=True))
        )
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
    absolute error of regressors; of regressors there are ``"mixtures"`` too, averages over the same
    sites. ``"constant"`` stands beside the models: the first one's training majority, or mean.
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
                f"model '{name}' looks at spectra from their rise or beside features; robustness "
                "is of models that read the stated energies alone"
            )
    training, labels = first.record.training, scored.labels(first.target)
    if first.kind == "classifier":
        constant = max(training.classes, key=lambda name: training.classes[name])
    else:
        constant = training.mean
    predict: dict[str, Predict] = {name: model.estimator.predict for name, model in models.items()}
    predict["constant"] = lambda inputs: np.full(len(inputs), constant)
    windows = {**{name: model.window for name, model in models.items()}, "constant": first.window}

    def judged(mu: np.ndarray, truth: np.ndarray) -> Robustness:
        score = "accuracy" if first.kind == "classifier" else "mean absolute error"
        trial = Trial(scored.energy, mu, truth, predict, windows)
        return judge([trial], score, levels=levels, seed=seed)

    if first.kind == "classifier":
        return {"sites": judged(scored.mu, labels)}
    numbers = labels.astype(float)
    results = {"sites": judged(scored.mu, numbers)}
    if len(scored) > 1:
        averages = mixtures(scored.mu, numbers, examples=MIXTURES, seed=seed)
        results["mixtures"] = judged(*averages)
    return results
