"""Judging the models of the folds: their error on unseen sites, sets, intervals, coverage."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.metrics import mean_absolute_error

from nearedge.datasets import Group, SiteSpectra
from nearedge.datasets.splits import Fold
from nearedge.learning.baselines import baseline_accuracies, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor, class_table
from nearedge.models._outputs import output_names, outputs, true_outputs
from nearedge.trust import (
    LEVEL,
    Averages,
    average_sizes,
    calibrate_intervals,
    calibrate_sets,
    calibrate_site_intervals,
    coverage,
    crossfit_intervals,
    crossfit_sets,
    crossfit_site_intervals,
    set_coverage,
    snapshot_averages,
    uneven_averages,
)

UNEVEN = 300
"""Averages of uneven composition that each fold's unseen sites are made into, for each number."""


def fold_probabilities(
    fitted: Sequence[Classifier],
    folds: Sequence[Fold],
    inputs: Float[np.ndarray, "site energy"],
    classes: Sequence[str],
) -> Float[np.ndarray, "unseen class"]:
    """Probabilities of the folds' test sites, one fold after the other.

    A class that a fold could not learn has none. One that only a fold has, from a source that it
    trusts more than `classes`' own model does, is left out.
    """
    return np.concatenate(
        [
            class_table(estimator, inputs[fold.test], classes)
            for estimator, fold in zip(fitted, folds, strict=True)
        ]
    )


def judge_classifiers(
    fitted: Sequence[Classifier],
    folds: Sequence[Fold],
    inputs: Float[np.ndarray, "site energy"],
    data: SiteSpectra,
    classes: Sequence[str],
    group: Group | None,
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Estimate the accuracy, and calibrate the sets of classes.

    Parameters
    ----------
    fitted : sequence of Classifier
        One for each fold, fitted on its training side.
    folds : sequence of Fold
    inputs : float array, shape (site, energy)
    data : SiteSpectra
        The same sites.
    classes : sequence of str
        Of the classifier that is fitted on all sites, in the order of its probabilities.
    group : {"snapshot", "atom", "trajectory"} or None
        What the folds keep apart; None if the dataset can carry no folds.
    seed : int
        Of the baselines.

    Returns
    -------
    estimate, calibration : dict
        For the model's record; empty without folds. The coverage in `calibration` is
        cross-fitted: the sets of each fold are calibrated on the others.
    """
    if group is None:
        return {}, {}
    labels = data.environment
    probability = fold_probabilities(fitted, folds, inputs, classes)
    order = np.concatenate([fold.test for fold in folds])
    turn = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    truth = labels[order]
    right = np.array(classes)[probability.argmax(axis=1)] == truth
    accuracy = [float(right[turn == one].mean()) for one in range(len(folds))]
    baselines = [
        baseline_accuracies(
            (inputs[fold.train], labels[fold.train]), (inputs[fold.test], labels[fold.test]), seed
        )
        for fold in folds
    ]
    estimate = {
        "score": "accuracy",
        "value": float(np.mean(accuracy)),
        "spread": float(np.std(accuracy)),
        "baselines": _means(baselines),
        "n": len(order),
    }
    sets = calibrate_sets(probability, truth, classes)
    calibration: dict[str, Any] = {**sets.record(), "n": len(order)}
    if len(folds) > 1:
        members = crossfit_sets(probability, truth, classes, turn)
        groups = data.groups(group)[order]
        calibration["coverage"] = set_coverage(members, truth, classes, groups)
    return estimate, calibration


def judge_regressors(
    fitted: Sequence[Regressor],
    folds: Sequence[Fold],
    inputs: Float[np.ndarray, "site energy"],
    data: SiteSpectra,
    classes: Sequence[str],
    group: Group | None,
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Estimate the error on single sites, and calibrate intervals of sites and averages.

    Intervals of single sites (``sites``) are calibrated class by class, half widths on single
    sites and on averages of unseen sites of one snapshot, up to the whole snapshot; those of
    ``uneven`` on averages whose composition is any.

    Parameters and returns are those of `judge_classifiers`; `classes` are those whose fractions
    the regressor predicts, none if it predicts the mean alone.
    """
    if group is None:
        return {}, {}
    labels = data.coordination.astype(float)
    targets = true_outputs(data, classes)
    errors: list[float] = []
    plain: list[dict[str, float]] = []
    even, uneven = _Collected(len(classes) + 1), _Collected(len(classes) + 1)
    numbers = min((average_sizes(data.snapshot[fold.test]) for fold in folds), key=max)
    for turn, (estimator, fold) in enumerate(zip(fitted, folds, strict=True)):
        test = fold.test
        off = estimator.predict(inputs[test]) - labels[test]
        errors.append(float(np.abs(off).mean()))
        plain.append(
            {
                name: float(
                    mean_absolute_error(
                        labels[test],
                        one.fit(inputs[fold.train], labels[fold.train]).predict(inputs[test]),
                    )
                )
                for name, one in regressor_baselines().items()
            }
        )
        for kept, made in (
            (even, snapshot_averages(data.snapshot[test], numbers, seed=seed)),
            (
                uneven,
                uneven_averages(data.environment[test], numbers, examples=UNEVEN, seed=seed),
            ),
        ):
            if len(made):
                found = outputs(estimator, made.of(inputs[test]), classes)
                kept.add(made, turn, test, found, made.of(targets[test]))
    estimate = {
        "score": "mean absolute error",
        "value": float(np.mean(errors)),
        "spread": float(np.std(errors)),
        "baselines": _means(plain),
        "n": sum(len(fold.test) for fold in folds),
    }
    single = even.atoms == 1
    predicted, truth = (table[single, 0] for table in even.pairs)
    names = data.environment[even.origin[single]]
    calibration: dict[str, Any] = {
        "outputs": output_names(classes),
        "sites": calibrate_site_intervals(predicted, truth, names).record(),
        **calibrate_intervals(*even.pairs, LEVEL, atoms=even.atoms).record(),
        "n": int(single.sum()),
    }
    if len(uneven.atoms):
        made = calibrate_intervals(*uneven.pairs, LEVEL, atoms=uneven.atoms)
        calibration["uneven"] = made.record()
    if len(folds) > 1:
        held = crossfit_intervals(*even.pairs, even.turn, LEVEL, atoms=even.atoms)
        held[single, 0] = crossfit_site_intervals(predicted, truth, names, even.turn[single])
        calibration["coverage"] = _by_atoms(
            held, even.atoms, data.groups(group)[even.origin], output_names(classes)
        )
        calibration["per_class"] = {
            name: {
                "n": int((names == name).sum()),
                "coverage": float(held[single, 0][names == name].mean()),
            }
            for name in data.classes
            if (names == name).any()
        }
    return estimate, calibration


class _Collected:
    """Predictions for averages of all folds, and where they come from."""

    def __init__(self, width: int) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._empty = (np.empty((0, width)), np.empty((0, width)), *(np.empty(0, int),) * 3)

    def add(
        self,
        made: Averages,
        turn: int,
        sites: np.ndarray,
        predicted: np.ndarray,
        truth: np.ndarray,
    ) -> None:
        turns = np.full(len(made), turn)
        self._parts.append((predicted, truth, made.atoms, turns, sites[made.origin]))

    def _column(self, place: int) -> np.ndarray:
        return np.concatenate([self._empty[place], *(part[place] for part in self._parts)])

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Predicted and true outputs, shape (average, output)."""
        return self._column(0), self._column(1)

    @property
    def atoms(self) -> np.ndarray:
        """Averaged sites of each."""
        return self._column(2)

    @property
    def turn(self) -> np.ndarray:
        """Number of the fold."""
        return self._column(3)

    @property
    def origin(self) -> np.ndarray:
        """A site of each, as an index into the dataset."""
        return self._column(4)


def _by_atoms(
    held: np.ndarray, atoms: np.ndarray, groups: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Coverage of the mean for each number of atoms, and of the fractions if there are any."""
    rows = []
    for number in np.unique(atoms).tolist():
        mine = atoms == number
        row: dict[str, Any] = {"atoms": number, **coverage(held[mine, 0], groups[mine])}
        if len(names) > 1:
            row["fractions"] = {
                name: float(held[mine, place].mean()) for place, name in enumerate(names) if place
            }
        rows.append(row)
    return rows


def _means(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}
