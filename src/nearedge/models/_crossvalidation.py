"""Judging the models of the folds: their error on unseen sites, sets, intervals, coverage."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
from jaxtyping import Float

from nearedge.datasets.splits import Fold
from nearedge.learning.baselines import baseline_accuracies, baseline_numbers
from nearedge.learning.estimators import Classifier, Regressor, class_table
from nearedge.learning.examples import Labelled
from nearedge.models._outputs import output_names, outputs, true_outputs
from nearedge.models._record import AverageCoverage, Calibration, Estimate
from nearedge.targets import class_order
from nearedge.trust import (
    Averages,
    ClassCoverage,
    average_sizes,
    calibrate_intervals,
    calibrate_sets,
    calibrate_site_intervals,
    coverage,
    crossfit,
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

    A class that a fold could not learn has none.
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
    sites: Labelled,
    classes: Sequence[str],
    groups: np.ndarray | None,
    seed: int,
) -> tuple[Estimate, Calibration] | None:
    """Estimate the accuracy, and calibrate the sets of classes.

    Parameters
    ----------
    fitted : sequence of Classifier
        One for each fold, fitted on its training side.
    folds : sequence of Fold
    sites : Labelled
        All sites.
    classes : sequence of str
        Of the classifier that is fitted on all sites, in the order of its probabilities.
    groups : array of str, shape (site,), or None
        What the folds keep apart; None if the dataset can carry no folds.
    seed : int
        Of the baselines.

    Returns
    -------
    tuple of Estimate and Calibration, or None
        None without folds. The coverage is cross-fitted: the sets of each fold are calibrated on
        the others.
    """
    if groups is None:
        return None
    probability = fold_probabilities(fitted, folds, sites.mu, classes)
    order = np.concatenate([fold.test for fold in folds])
    turn = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    truth = sites.value[order]
    right = np.array(classes)[probability.argmax(axis=1)] == truth
    accuracy = [float(right[turn == fold].mean()) for fold in range(len(folds))]
    baselines = [
        baseline_accuracies(
            (sites.mu[fold.train], sites.value[fold.train]),
            (sites.mu[fold.test], sites.value[fold.test]),
            seed,
        )
        for fold in folds
    ]
    estimate = _estimate("accuracy", accuracy, baselines, len(order))
    judged = None
    if len(folds) > 1:
        members = crossfit(
            turn,
            lambda others, own: calibrate_sets(probability[others], truth[others], classes).members(
                probability[own]
            ),
        )
        judged = set_coverage(members, truth, classes, groups[order])
    sets = calibrate_sets(probability, truth, classes)
    return estimate, Calibration(len(order), sets=sets, set_coverage=judged)


def judge_regressors(
    fitted: Sequence[Regressor],
    folds: Sequence[Fold],
    sites: Labelled,
    classes: Sequence[str],
    snapshot: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
    *,
    discrete: bool,
) -> tuple[Estimate, Calibration] | None:
    """Estimate the error on single sites, and calibrate intervals of sites and averages.

    Half widths are calibrated on single sites and on averages of unseen sites of one snapshot, up
    to the whole snapshot; those of ``uneven`` on averages whose composition is any. Where single
    sites have whole numbers, their intervals (``sites``) are calibrated class by class.

    Parameters and returns are those of `judge_classifiers`, but for:

    classes : sequence of str
        Classes whose fractions the regressor predicts, none if it predicts the mean alone.
    snapshot : array of str, shape (site,)
        Where each site is from.
    discrete : bool
        Whether single sites have whole numbers.
    """
    if groups is None:
        return None
    labels = sites.value.astype(float)
    targets = true_outputs(sites, classes)
    errors: list[float] = []
    plain: list[dict[str, float]] = []
    even, uneven = _Collected(len(classes) + 1), _Collected(len(classes) + 1)
    numbers = min((average_sizes(snapshot[fold.test]) for fold in folds), key=max)
    for turn, (estimator, fold) in enumerate(zip(fitted, folds, strict=True)):
        train, test = fold.train, fold.test
        off = estimator.predict(sites.mu[test]) - labels[test]
        errors.append(float(np.abs(off).mean()))
        predicted = baseline_numbers((sites.mu[train], labels[train]), sites.mu[test], seed)
        plain.append(
            {name: float(np.abs(one - labels[test]).mean()) for name, one in predicted.items()}
        )
        for collected, averages in (
            (even, snapshot_averages(snapshot[test], numbers, seed=seed)),
            (
                uneven,
                uneven_averages(sites.environment[test], numbers, examples=UNEVEN, seed=seed),
            ),
        ):
            if len(averages):
                values = outputs(estimator, averages.of(sites.mu[test]), classes)
                collected.add(averages, turn, test, values, averages.of(targets[test]))
    estimate = _estimate(
        "mean absolute error", errors, plain, sum(len(fold.test) for fold in folds)
    )
    single = even.atoms == 1
    predicted, truth = (table[single, 0] for table in even.pairs)
    names = sites.environment[even.origin[single]]
    calibration = Calibration(
        n=int(single.sum()),
        outputs=tuple(output_names(classes)),
        sites=calibrate_site_intervals(predicted, truth, names) if discrete else None,
        intervals=calibrate_intervals(*even.pairs, atoms=even.atoms),
        uneven=calibrate_intervals(*uneven.pairs, atoms=uneven.atoms)
        if len(uneven.atoms)
        else None,
    )
    if len(folds) > 1:
        made, true, atoms = *even.pairs, even.atoms
        held = crossfit(
            even.turn,
            lambda others, own: calibrate_intervals(
                made[others], true[others], atoms=atoms[others]
            ).hold(made[own], true[own], atoms[own]),
        )
        if discrete:
            held[single, 0] = crossfit(
                even.turn[single],
                lambda others, own: calibrate_site_intervals(
                    predicted[others], truth[others], names[others]
                ).hold(predicted[own], truth[own]),
            )
        calibration = replace(
            calibration,
            coverage=_by_atoms(held, even.atoms, groups[even.origin], classes),
            per_class={
                name: ClassCoverage(int(own.sum()), float(held[single, 0][own].mean()))
                for name in class_order(names.tolist())
                for own in [names == name]
            },
        )
    return estimate, calibration


def _estimate(
    score: str, values: Sequence[float], baselines: Sequence[dict[str, float]], n: int
) -> Estimate:
    means = {name: float(np.mean([one[name] for one in baselines])) for name in baselines[0]}
    return Estimate(
        None, None, None, score, float(np.mean(values)), float(np.std(values)), means, n
    )


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
    held: np.ndarray, atoms: np.ndarray, groups: np.ndarray, classes: Sequence[str]
) -> tuple[AverageCoverage, ...]:
    """Coverage of the mean for each number of atoms, and of the fractions if there are any."""
    return tuple(
        AverageCoverage(
            **asdict(coverage(held[own, 0], groups[own])),
            atoms=number,
            fractions={
                name: float(held[own, place].mean()) for place, name in enumerate(classes, 1)
            },
        )
        for number in np.unique(atoms).tolist()
        for own in [atoms == number]
    )
