"""Scores of predictions for measured spectra."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nearedge.answers._answer import Value
from nearedge.records import Json
from nearedge.targets import class_order

WITHIN = 0.5
"""How far an oxidation state may be from the truth to be right."""

NO_ANSWER = "no answer"

_STEPS = (0.6, 0.8, 0.95)
"""Probabilities at which the steps of the reliability part."""


@dataclass(frozen=True)
class MeasuredScore:
    """Scores on measured spectra of one certain coordination number.

    Attributes
    ----------
    n, answered : int
        Number of spectra, and of those that the model answers, which are scored.
    accuracy, balanced_accuracy : float or None
        Fraction of correct coordination numbers, and its mean over the true numbers.
    per_class : dict of str to str
        Correct of answered, by true coordination number.
    set_coverage, mean_set_size : float or None
        How often sets contain the truth, and how large they are.
    oxidation_state : float or None
        Fraction of known oxidation states that are right within 0.5.
    oxidation_state_coverage : float or None
        Fraction of intervals that contain it.
    """

    n: int
    answered: int
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    per_class: dict[str, str] | None = None
    set_coverage: float | None = None
    mean_set_size: float | None = None
    oxidation_state: float | None = None
    oxidation_state_coverage: float | None = None


@dataclass(frozen=True)
class Told:
    """The prediction for a spectrum, and the truth."""

    truth: int
    told: int | None = None
    members: tuple[int, ...] = ()
    state: float | None = None  # oxidation state, and its interval
    interval: tuple[float, float] | None = None
    true_state: float = np.nan
    reason: str = ""
    probability: float | None = None  # of the number that was told


@dataclass(frozen=True)
class Reliability:
    """Answers of similar probability: how many, its mean, and the fraction that is right."""

    n: int
    probability: float
    right: float


@dataclass(frozen=True)
class MixtureScore:
    """Mean absolute error of the mean number of neighbours, and that of always their mean."""

    n: int
    answered: int
    mae: float | None = None
    constant_mae: float | None = None


def score(several: Sequence[Told]) -> MeasuredScore:
    """Score the predictions."""
    answered = [told for told in several if told.told is not None]
    if not answered:
        return MeasuredScore(len(several), 0)
    truth = np.array([told.truth for told in answered])
    right = np.array([told.told == told.truth for told in answered])
    classes = {int(n): right[truth == n] for n in np.unique(truth)}
    sets = [told for told in answered if told.members]
    held = [told.truth in told.members for told in sets]
    states = [t for t in answered if t.state is not None and np.isfinite(t.true_state)]
    near = [abs(t.state - t.true_state) <= WITHIN for t in states if t.state is not None]
    inside = [
        t.interval[0] <= t.true_state <= t.interval[1] for t in states if t.interval is not None
    ]
    return MeasuredScore(
        len(several),
        len(answered),
        float(right.mean()),
        float(np.mean([each.mean() for each in classes.values()])),
        {str(n): f"{each.sum()} of {each.size}" for n, each in classes.items()},
        _mean(held),
        _mean([len(told.members) for told in sets]),
        _mean(near),
        _mean(inside),
    )


def _mean(values: Iterable[float | int | bool]) -> float | None:
    several = list(values)
    return float(np.mean(several)) if several else None


def confusion(several: Sequence[Told]) -> Json:
    """Count predicted (columns) for true numbers (rows)."""
    from sklearn.metrics import confusion_matrix

    truth = [str(told.truth) for told in several]
    said = [NO_ANSWER if told.told is None else str(told.told) for told in several]
    names = class_order({*truth, *said})
    matrix = confusion_matrix(truth, said, labels=names)
    return {"classes": names, "matrix": matrix.tolist()}


def reliability(several: Sequence[Told]) -> list[Reliability]:
    """Compare the probability of predictions with the fraction that is right, in steps of it."""
    rows = [(t.probability, t.told == t.truth) for t in several if t.probability is not None]
    if not rows:
        return []
    probability, right = np.array(rows, float).T
    steps = np.digitize(probability, _STEPS)
    return [
        Reliability(int(here.sum()), float(probability[here].mean()), float(right[here].mean()))
        for here in (steps == step for step in np.unique(steps))
    ]


def mixtures(several: Sequence[tuple[float, Value | None]]) -> MixtureScore | None:
    """Compare mean numbers of neighbours with what is expected from the probabilities."""
    if not several:
        return None
    told = [
        (truth, sum(float(n) * p for n, p in value.probabilities.items()))
        for truth, value in several
        if value is not None and value.probabilities
    ]
    if not told:
        return MixtureScore(len(several), 0)
    truth, mean = np.array(told, float).T
    return MixtureScore(
        len(several),
        len(told),
        float(np.abs(mean - truth).mean()),
        float(np.abs(truth - truth.mean()).mean()),
    )
