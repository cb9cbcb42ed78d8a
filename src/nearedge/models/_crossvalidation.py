"""Judging the models of the folds: their error on unseen sites, sets, intervals, coverage."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np

from nearedge.datasets.splits import Fold
from nearedge.learning.baselines import baseline_accuracies, baseline_numbers
from nearedge.learning.estimators import Classifier, Regressor, class_table, outputs
from nearedge.learning.examples import Labelled
from nearedge.models._record import AverageCoverage, Calibration, Estimate
from nearedge.targets import class_order
from nearedge.trust import (
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


def judge_classifiers(
    fitted: Sequence[Classifier],
    folds: Sequence[Fold],
    sites: Labelled,
    classes: Sequence[str],
    groups: np.ndarray,
    seed: int,
) -> tuple[Estimate, Calibration]:
    """Estimate the accuracy of the folds' classifiers, and calibrate the sets of classes.

    The classes are those of the classifier that is fitted on all sites, in the order of its
    probabilities; one that a fold could not learn has none. The coverage is cross-fitted: the sets
    of each fold are calibrated on the others.
    """
    probability = np.concatenate(
        [
            class_table(estimator, sites.mu[fold.test], classes)
            for estimator, fold in zip(fitted, folds, strict=True)
        ]
    )
    order = np.concatenate([fold.test for fold in folds])
    turn = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    truth = sites.value[order]
    right = np.array(classes)[probability.argmax(axis=1)] == truth
    accuracy = [float(right[turn == fold].mean()) for fold in range(len(folds))]
    plain = []
    for fold in folds:
        train, test = sites.part(fold.train), sites.part(fold.test)
        plain.append(baseline_accuracies((train.mu, train.value), (test.mu, test.value), seed))
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
    calibration = Calibration(len(order), sets=sets, set_coverage=judged)
    return _estimate("accuracy", accuracy, plain, len(order)), calibration


class _Predicted(NamedTuple):
    """Predicted and true outputs of averages of folds' unseen sites.

    Of each also the averaged atoms, the fold and one of its sites.
    """

    predicted: np.ndarray
    true: np.ndarray
    atoms: np.ndarray
    turn: np.ndarray
    origin: np.ndarray


def judge_regressors(
    fitted: Sequence[Regressor],
    folds: Sequence[Fold],
    sites: Labelled,
    classes: Sequence[str],
    snapshot: np.ndarray,
    groups: np.ndarray,
    seed: int,
    *,
    discrete: bool,
) -> tuple[Estimate, Calibration]:
    """Estimate the error on single sites, and calibrate intervals of sites and averages.

    Half widths are calibrated on single sites and on averages of unseen sites of one snapshot, up
    to the whole snapshot; those of ``uneven`` on averages whose composition is any. Where single
    sites have whole numbers (`discrete`), their intervals are calibrated class by class. `classes`
    are those whose fractions are predicted, none if it is the mean alone.
    """
    errors: list[float] = []
    plain: list[dict[str, float]] = []
    even_parts, uneven_parts = [], []
    numbers = min((average_sizes(snapshot[fold.test]) for fold in folds), key=max)
    for turn, (estimator, fold) in enumerate(zip(fitted, folds, strict=True)):
        train, test = sites.part(fold.train), sites.part(fold.test)
        labels = test.value.astype(float)
        errors.append(float(np.abs(estimator.predict(test.mu) - labels).mean()))
        predicted = baseline_numbers((train.mu, train.value.astype(float)), test.mu, seed)
        plain.append(
            {name: float(np.abs(told - labels).mean()) for name, told in predicted.items()}
        )
        targets = test.outputs(classes)
        for parts, averages in (
            (even_parts, snapshot_averages(snapshot[fold.test], numbers, seed=seed)),
            (
                uneven_parts,
                uneven_averages(test.environment, numbers, examples=UNEVEN, seed=seed),
            ),
        ):
            if len(averages):
                values = outputs(estimator, averages.of(test.mu), classes)
                turns, origin = np.full(len(averages), turn), fold.test[averages.origin]
                true = averages.of(targets)
                parts.append(_Predicted(values, true, averages.atoms, turns, origin))
    estimate = _estimate(
        "mean absolute error", errors, plain, sum(len(fold.test) for fold in folds)
    )
    even, uneven = _joined(even_parts), _joined(uneven_parts) if uneven_parts else None
    return estimate, _calibrated(even, uneven, classes, sites.environment, groups, discrete)


def _calibrated(
    even: _Predicted,
    uneven: _Predicted | None,
    classes: Sequence[str],
    environment: np.ndarray,
    groups: np.ndarray,
    discrete: bool,
) -> Calibration:
    made, true, atoms, turn, origin = even
    single = atoms == 1
    names, predicted, truth = environment[origin[single]], made[single, 0], true[single, 0]
    calibration = Calibration(
        n=int(single.sum()),
        outputs=("mean", *classes),
        sites=calibrate_site_intervals(predicted, truth, names) if discrete else None,
        intervals=calibrate_intervals(made, true, atoms=atoms),
        uneven=uneven and calibrate_intervals(uneven.predicted, uneven.true, atoms=uneven.atoms),
    )
    if len(np.unique(turn)) < 2:
        return calibration
    held = crossfit(
        turn,
        lambda others, own: calibrate_intervals(
            made[others], true[others], atoms=atoms[others]
        ).hold(made[own], true[own], atoms[own]),
    )
    if discrete:
        held[single, 0] = crossfit(
            turn[single],
            lambda others, own: calibrate_site_intervals(
                predicted[others], truth[others], names[others]
            ).hold(predicted[own], truth[own]),
        )
    return replace(
        calibration,
        coverage=_by_atoms(held, atoms, groups[origin], classes),
        per_class={
            name: ClassCoverage(int(own.sum()), float(held[single, 0][own].mean()))
            for name in class_order(names.tolist())
            for own in [names == name]
        },
    )


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


def _joined(parts: Sequence[_Predicted]) -> _Predicted:
    return _Predicted(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _estimate(
    score: str, values: Sequence[float], baselines: Sequence[dict[str, float]], n: int
) -> Estimate:
    means = {name: float(np.mean([plain[name] for plain in baselines])) for name in baselines[0]}
    mean, spread = float(np.mean(values)), float(np.std(values))
    return Estimate(None, None, None, score, mean, spread, means, n)
