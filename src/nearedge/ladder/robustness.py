"""How predictions suffer when spectra are measured less well than those that were trained on.

One thing at a time is done to raw spectra: their energies are offset, they are broadened, made
noisy or scaled. It is done on all the energies that are stored, and only then the window is cut
out that a network sees, so that what enters the window from outside is the spectrum's own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from sklearn.metrics import accuracy_score, mean_absolute_error

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.examples import mixtures
from nearedge.models import Model
from nearedge.spectra import Window, resample
from nearedge.spectra.alignment import FWHM, Alignment

Quantity = Literal["offset", "broadening", "signal_to_noise", "scale"]
Score = Literal["accuracy", "mean absolute error"]

LEVELS: Mapping[Quantity, tuple[float, ...]] = {
    "offset": (-2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
    "broadening": (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
    "signal_to_noise": (1000.0, 300.0, 100.0, 50.0, 30.0, 20.0, 10.0),
    "scale": (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25),
}
"""What is tried by default, in the unit of `Disturbance`."""

UNTOUCHED: Mapping[Quantity, float] = {
    "offset": 0.0,
    "broadening": 0.0,
    "signal_to_noise": math.inf,
    "scale": 1.0,
}
"""The levels that do nothing."""

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
        is added to each stored energy independently; infinite for none. It is added last, to what
        is already offset, broadened and scaled.
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
        window: Window | None = None,
        *,
        seed: int = 0,
        source: str = "spectra",
    ) -> Float[np.ndarray, "site grid"]:
        """Give the disturbed spectra on the window's grid.

        Where an offset, or the tail of the Gaussian, asks for energies beyond the stored ones, the
        stored end value is held; `held` counts them.

        Parameters
        ----------
        energy : float array, shape (energy,)
            Stored energies in eV, increasing.
        mu : float array, shape (site, energy)
            Stored spectra.
        window : Window, optional
            The energies wanted; the paper's by default.
        seed : int
            Of the noise.
        source : str
            Names the spectra in an error.

        Raises
        ------
        InputError
            If the energies do not cover the window even without an offset.
        """
        grid = (window or Window()).grid
        inputs = resample(energy, mu, grid, source)
        if self.offset or self.broadening:
            # One more energy on either side, so far away that the offset stays between them.
            reach = 1.0 + abs(self.offset)
            longer = np.concatenate([[energy[0] - reach], energy, [energy[-1] + reach]])
            held = np.concatenate([mu[:, :1], mu, mu[:, -1:]], axis=1)
            alignment = Alignment(shift=self.offset, broadening=self.broadening / FWHM)
            inputs = alignment.apply(longer, held, grid, source)
        inputs = self.scale * inputs
        if math.isfinite(self.signal_to_noise):
            noise = np.random.default_rng(seed).normal(size=mu.shape)
            peak = self.scale * np.abs(mu).max(axis=1, keepdims=True)
            sigma = peak / self.signal_to_noise
            inputs = inputs + sigma * resample(energy, noise, grid, source)
        return inputs

    def held(self, energy: Float[np.ndarray, " energy"], window: Window | None = None) -> int:
        """Count the window's energies at which the offset leaves only a held end value."""
        wanted = (window or Window()).grid - self.offset
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
        Class names, or coordination numbers.
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
class Robustness:
    """Scores against each quantity; arrays by the names of what was judged.

    Attributes
    ----------
    score : {"accuracy", "mean absolute error"}
    levels : dict of str to tuple of float
        What was tried of each quantity.
    undisturbed : dict of str to float array, shape (turn,)
        Score on the spectra as they are, of each trial.
    curves : dict of str to dict of str to float array, shape (turn, level)
        Score by quantity and name, of each trial.
    held : dict of str to int
        By quantity: most energies of the window where a held end value stood in.
    n : int
        Examples that were scored at each level, all trials together.
    """

    score: Score
    levels: dict[Quantity, tuple[float, ...]]
    undisturbed: dict[str, Float[np.ndarray, " turn"]]
    curves: dict[Quantity, dict[str, Float[np.ndarray, "turn level"]]]
    held: dict[Quantity, int]
    n: int

    @property
    def names(self) -> list[str]:
        """What was judged."""
        return list(self.undisturbed)

    def at(self, quantity: Quantity, level: float, name: str) -> float:
        """Look up a mean score."""
        return float(self.curves[quantity][name].mean(axis=0)[self.levels[quantity].index(level)])

    def tolerated(self, quantity: Quantity, name: str, loss: float) -> list[float]:
        """List the levels next to the untouched one that cost no more than `loss` of the score.

        Levels are followed from the untouched one to either side until one costs more.
        """
        sign = 1 if self.score == "accuracy" else -1
        means = sign * self.curves[quantity][name].mean(axis=0)
        least = sign * float(self.undisturbed[name].mean()) - loss
        held = dict(zip(self.levels[quantity], (means >= least).tolist(), strict=True))
        start = UNTOUCHED[quantity]
        sides = (
            sorted((level for level in held if level <= start), reverse=True),
            sorted(level for level in held if level > start),
        )
        return sorted(level for side in sides for level in takewhile(held.__getitem__, side))

    def to_dict(self) -> dict[str, Any]:
        """Give means and spreads over the trials, ready for JSON."""
        return {
            "score": self.score,
            "n": self.n,
            "undisturbed": {name: float(one.mean()) for name, one in self.undisturbed.items()},
            "curves": {
                quantity: {
                    "levels": list(self.levels[quantity]),
                    "held_energies": self.held[quantity],
                    **{
                        name: {
                            "mean": scores.mean(axis=0).tolist(),
                            "spread": scores.std(axis=0).tolist(),
                        }
                        for name, scores in named.items()
                    },
                }
                for quantity, named in self.curves.items()
            },
        }


def judge(
    trials: Sequence[Trial],
    score: Score,
    *,
    levels: Mapping[Quantity, Sequence[float]] | None = None,
    seed: int = 0,
) -> Robustness:
    """Score answers on spectra that are disturbed, one quantity at a time.

    Parameters
    ----------
    trials : sequence of Trial
        One for each network of a cross-validation, say; all with the same names to answer.
    score : {"accuracy", "mean absolute error"}
    levels : mapping of str to sequence of float, optional
        What to try of each quantity; `LEVELS` by default.
    seed : int
        Of the noise, which is the same for all that answer.

    Returns
    -------
    Robustness

    Raises
    ------
    InputError
        If the stored energies do not cover a window, or a level makes no sense.
    """
    wanted = LEVELS if levels is None else levels
    tried: dict[Quantity, tuple[float, ...]] = {
        name: tuple(map(float, some)) for name, some in wanted.items()
    }
    rate = accuracy_score if score == "accuracy" else mean_absolute_error

    def scores(turn: int, trial: Trial, disturbance: Disturbance) -> dict[str, float]:
        inputs = {
            window: disturbance.apply(trial.energy, trial.mu, window, seed=seed + turn)
            for window in {trial.window(name) for name in trial.predict}
        }
        return {
            name: float(rate(trial.truth, predict(inputs[trial.window(name)])))
            for name, predict in trial.predict.items()
        }

    names = list(trials[0].predict)
    plain = [scores(turn, trial, Disturbance()) for turn, trial in enumerate(trials)]
    curves: dict[Quantity, dict[str, np.ndarray]] = {}
    held: dict[Quantity, int] = {}
    for quantity, some in tried.items():
        steps = [Disturbance(**{quantity: level}) for level in some]
        table = [[scores(turn, trial, step) for step in steps] for turn, trial in enumerate(trials)]
        curves[quantity] = {
            name: np.array([[one[name] for one in row] for row in table]) for name in names
        }
        held[quantity] = max(
            step.held(trial.energy, trial.window(name))
            for step in steps
            for trial in trials
            for name in names
        )
    return Robustness(
        score,
        tried,
        {name: np.array([one[name] for one in plain]) for name in names},
        curves,
        held,
        sum(len(trial.truth) for trial in trials),
    )


def robustness(
    models: Mapping[str, Model],
    data: SiteSpectra,
    *,
    only: Sequence[str] = (),
    levels: Mapping[Quantity, Sequence[float]] | None = None,
    seed: int = 0,
) -> dict[str, Robustness]:
    """Score trained models, all of one kind, on disturbed spectra of a dataset.

    Parameters
    ----------
    models : mapping of str to Model
        By the names they shall have in the result.
    data : SiteSpectra
        Labelled spectra.
    only : sequence of str
        Snapshots or trajectories to score; all by default.
    levels : mapping of str to sequence of float, optional
        What to try of each quantity; `LEVELS` by default.
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
    kept = data.select(data.names_mask(only)) if only else data
    first = next(iter(models.values()))
    for name, model in models.items():
        if model.kind != first.kind:
            raise InputError(
                f"model '{name}' is a {model.kind}, another a {first.kind}; compare models of one "
                "kind"
            )
        if kept.rule != model.rule:
            raise InputError(
                f"{data.source}: is labelled by {kept.rule}, model '{name}' by {model.rule}; "
                "relabel the dataset or train on it"
            )
    training = first.record["training"]
    if first.kind == "classifier":
        counts = training["classes"]
        constant = max(counts, key=counts.get)
    else:
        constant = training["mean_coordination"]
    predict: dict[str, Predict] = {name: model.estimator.predict for name, model in models.items()}
    predict["constant"] = lambda inputs: np.full(len(inputs), constant)
    common: Any = {"levels": levels, "seed": seed}
    windows = {**{name: model.window for name, model in models.items()}, "constant": first.window}
    if first.kind == "classifier":
        trial = Trial(kept.energy, kept.mu, kept.environment, predict, windows)
        return {"sites": judge([trial], "accuracy", **common)}
    numbers = kept.coordination
    trial = Trial(kept.energy, kept.mu, numbers.astype(float), predict, windows)
    results = {"sites": judge([trial], "mean absolute error", **common)}
    if len(kept) > 1:
        mu, mean = mixtures(kept.mu, numbers, examples=MIXTURES, seed=seed)
        trial = Trial(kept.energy, mu, mean, predict, windows)
        results["mixtures"] = judge([trial], "mean absolute error", **common)
    return results
