"""How answers suffer when spectra are measured less well than those that were trained on.

One thing at a time is done to raw spectra: their energies are offset, they are broadened, made
noisy or scaled. It is done on all the energies that are stored, and only then the window is cut
out that a network sees, so that what enters the window from outside is the spectrum's own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float
from sklearn.metrics import accuracy_score, mean_absolute_error

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.examples import mixtures
from nearedge.models import Model
from nearedge.spectra import FWHM, Window, convolved, recorded, resample

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
    """What is done to spectra before they are looked at.

    Parameters
    ----------
    offset : float
        In eV, added to the energies: positive moves the features up.
    broadening : float
        Full width at half maximum, in eV, of a Gaussian the spectra are convolved with.
    signal_to_noise : float
        A spectrum's highest stored intensity over the standard deviation of the normal noise that
        is added to each stored energy; infinite for none.
    scale : float
        Factor of the intensities.

    Raises
    ------
    InputError
        If a number makes no sense.

    Examples
    --------
    >>> energy = np.linspace(-5, 20, 251)
    >>> peak = np.exp(-((energy - 4.0) ** 2))[None]
    >>> seen = Disturbance(offset=1.0, scale=2.0).apply(energy, peak, Window(0.0, 10.0, 101))
    >>> int(seen[0].argmax()), round(float(seen.max()), 6)
    (50, 2.0)
    """

    offset: float = 0.0
    broadening: float = 0.0
    signal_to_noise: float = math.inf
    scale: float = 1.0

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
        source: str = "spectra",
    ) -> Float[np.ndarray, "site grid"]:
        """Give the disturbed spectra on the window's grid.

        Where an offset, or the tail of the Gaussian, asks for energies beyond the stored ones, the
        stored end value is held; `held` counts them.

        Raises
        ------
        InputError
            If the energies do not cover the window even without an offset.
        """
        grid = window.grid
        inputs = resample(energy, mu, grid, source)
        if self.offset or self.broadening:
            inputs = convolved(energy, mu, grid - self.offset, self.broadening / FWHM)
        if math.isfinite(self.signal_to_noise):
            noisy = recorded(mu, np.random.default_rng(seed), signal_to_noise=self.signal_to_noise)
            inputs = inputs + resample(energy, noisy - mu, grid, source)
        return self.scale * inputs

    def held(self, energy: Float[np.ndarray, " energy"], window: Window) -> int:
        """Count the window's energies at which the offset leaves only a held end value."""
        wanted = window.grid - self.offset
        slack = 1e-6
        return int(((wanted < energy[0] - slack) | (wanted > energy[-1] + slack)).sum())


@dataclass(frozen=True)
class Trial:
    """Spectra to be judged with, as they are stored, and the right answers.

    Attributes
    ----------
    energy : float array, shape (energy,)
        In eV.
    mu : float array, shape (example, energy)
        Single sites, or averages.
    truth : ndarray, shape (example,)
        Class names, or numbers.
    predict : mapping of str to callable
        What answers, by name.
    windows : mapping of str to Window, optional
        The energies that each of them sees, where they are not the paper's.
    """

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, "example energy"]
    truth: np.ndarray
    predict: Mapping[str, Predict]
    windows: Mapping[str, Window] = field(default_factory=dict)

    def window(self, name: str) -> Window:
        """Look up the energies that one of the answers is made from."""
        return self.windows.get(name, Window())


@dataclass(frozen=True)
class Mean:
    """Mean and standard deviation of a score over the trials, at each level."""

    mean: Float[np.ndarray, " level"]
    spread: Float[np.ndarray, " level"]


@dataclass(frozen=True)
class Curve:
    """Scores against one quantity.

    Attributes
    ----------
    levels : tuple of float
        What was tried.
    held_energies : int
        Most energies of a window where a held end value stood in.
    scores : dict of str to Mean
        By the names of what was judged.
    """

    levels: tuple[float, ...]
    held_energies: int
    scores: dict[str, Mean]


@dataclass(frozen=True)
class Robustness:
    """Scores against each quantity.

    Attributes
    ----------
    score : {"accuracy", "mean absolute error"}
    n : int
        Examples that were scored at each level, all trials together.
    trials : int
        Number of trials.
    undisturbed : dict of str to float
        Mean score on the spectra as they are, by the names of what was judged.
    curves : dict of str to Curve
        By quantity.
    """

    score: Score
    n: int
    trials: int
    undisturbed: dict[str, float]
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

    Parameters
    ----------
    trials : sequence of Trial
        One for each network of a cross-validation, say; all with the same names to answer.
    score : {"accuracy", "mean absolute error"}
    levels : mapping of str to sequence of float
        What to try of each quantity.
    seed : int
        Of the noise, which is the same for all that answer.

    Raises
    ------
    InputError
        If the stored energies do not cover a window, or a level makes no sense.
    """
    rate = accuracy_score if score == "accuracy" else mean_absolute_error
    names = list(trials[0].predict)

    def scores(disturbance: Disturbance) -> Float[np.ndarray, "trial name"]:
        rows = []
        for turn, trial in enumerate(trials):
            inputs = {
                window: disturbance.apply(trial.energy, trial.mu, window, seed=seed + turn)
                for window in map(trial.window, names)
            }
            rows.append(
                [
                    float(rate(trial.truth, trial.predict[name](inputs[trial.window(name)])))
                    for name in names
                ]
            )
        return np.array(rows)

    curves: dict[Quantity, Curve] = {}
    for quantity, tried in levels.items():
        steps = [Disturbance(**{quantity: float(level)}) for level in tried]
        table = np.stack([scores(step) for step in steps], axis=-1)
        held = [
            step.held(trial.energy, trial.window(name))
            for step in steps
            for trial in trials
            for name in names
        ]
        means = zip(names, table.mean(axis=0), table.std(axis=0), strict=True)
        curves[quantity] = Curve(
            tuple(map(float, tried)),
            max(held),
            {name: Mean(mean, spread) for name, mean, spread in means},
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
    """Score trained models of one target on disturbed spectra of a dataset.

    Parameters
    ----------
    models : mapping of str to Model
        By the names they shall have in the result.
    data : SiteSpectra
        Labelled spectra.
    only : sequence of str
        Snapshots or trajectories to score; all by default.
    levels : mapping of str to sequence of float
        What to try of each quantity.
    seed : int
        Of noise and mixtures.

    Returns
    -------
    dict of str to Robustness
        ``"sites"``: on single sites, the accuracy of classifiers and the mean absolute error of
        regressors; of regressors ``"mixtures"`` too, averages over the same sites. A model called
        ``"constant"`` stands beside the others: the first one's training majority, or mean.

    Raises
    ------
    InputError
        If models differ in kind, the dataset's labels or energies are not theirs, or a name is
        unknown.
    """
    scored = data.select(data.names_mask(only)) if only else data
    first = next(iter(models.values()))
    for name, model in models.items():
        if model.kind != first.kind:
            raise InputError(
                f"model '{name}' is a {model.kind}, another a {first.kind}; compare models of one "
                "kind"
            )
        if model.target != first.target:
            raise InputError(
                f"model '{name}' tells the {model.target.words()}, another the "
                f"{first.target.words()}; compare models of one target"
            )
    training, labels = first.record.training, scored.labels(first.target)
    if first.kind == "classifier":
        constant = max(training.classes, key=lambda name: training.classes[name])
    else:
        constant = training.mean
    predict: dict[str, Predict] = {name: model.estimator.predict for name, model in models.items()}
    predict["constant"] = lambda inputs: np.full(len(inputs), constant)
    windows = {**{name: model.window for name, model in models.items()}, "constant": first.window}
    if first.kind == "classifier":
        trial = Trial(scored.energy, scored.mu, labels, predict, windows)
        return {"sites": judge([trial], "accuracy", levels=levels, seed=seed)}
    numbers = labels.astype(float)
    trial = Trial(scored.energy, scored.mu, numbers, predict, windows)
    results = {"sites": judge([trial], "mean absolute error", levels=levels, seed=seed)}
    if len(scored) > 1:
        mu, mean = mixtures(scored.mu, numbers, examples=MIXTURES, seed=seed)
        trial = Trial(scored.energy, mu, mean, predict, windows)
        results["mixtures"] = judge([trial], "mean absolute error", levels=levels, seed=seed)
    return results
