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
    crossfit_sets,
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
    """Estimate the accuracy of the folds' classifiers, and calibrate the sets of `classes`.

    A class that a fold could not learn has no probability. The coverage is cross-fitted: the sets
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
        members = crossfit_sets(probability, truth, classes, turn)
        judged = set_coverage(members, truth, classes, groups[order])
    sets = calibrate_sets(probability, truth, classes)
    calibration = Calibration(len(order), sets=sets, set_coverage=judged)
    return _estimate("accuracy", accuracy, plain, len(order)), calibration


class _Predicted(NamedTuple):
    """Outputs of averages of folds' unseen sites; of each atoms, fold, and one site's names."""

    predicted: np.ndarray
    true: np.ndarray
    atoms: np.ndarray
    turn: np.ndarray
    environment: np.ndarray
    group: np.ndarray


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

    Averages are of unseen sites of one snapshot, up to the whole; those of ``uneven`` of any
    composition. Single sites of whole numbers (`discrete`) are calibrated class by class. `classes`
    are those whose fractions are predicted, none if it is the mean alone.
    """
    errors: list[float] = []
    plain: list[dict[str, float]] = []
    even: list[_Predicted] = []
    uneven: list[_Predicted] = []
    numbers = min((average_sizes(snapshot[fold.test]) for fold in folds), key=max)
    for turn, (estimator, fold) in enumerate(zip(fitted, folds, strict=True)):
        train, test = sites.part(fold.train), sites.part(fold.test)
        labels = test.value.astype(float)
        errors.append(float(np.abs(estimator.predict(test.mu) - labels).mean()))
        predicted = baseline_numbers((train.mu, train.value.astype(float)), test.mu, seed)
        plain.append(
            {name: float(np.abs(told - labels).mean()) for name, told in predicted.items()}
        )
        of_snapshots = snapshot_averages(snapshot[fold.test], numbers, seed=seed)
        of_any = uneven_averages(test.environment, numbers, examples=UNEVEN, seed=seed)
        for parts, made in ((even, of_snapshots), (uneven, of_any)):
            if len(made):
                part = _Predicted(
                    outputs(estimator, made.of(test.mu), classes),
                    made.of(test.outputs(classes)),
                    made.atoms,
                    np.full(len(made), turn),
                    test.environment[made.origin],
                    groups[fold.test][made.origin],
                )
                parts.append(part)
    count = sum(len(fold.test) for fold in folds)
    estimate = _estimate("mean absolute error", errors, plain, count)
    return estimate, _calibrated(even, uneven, classes, discrete)


def _calibrated(
    even: Sequence[_Predicted],
    uneven: Sequence[_Predicted],
    classes: Sequence[str],
    discrete: bool,
) -> Calibration:
    made, true, atoms, turn, environment, group = _joined(even)
    single = atoms == 1
    names, predicted, truth = environment[single], made[single, 0], true[single, 0]
    other = _joined(uneven) if uneven else None
    calibration = Calibration(
        n=int(single.sum()),
        outputs=("mean", *classes),
        sites=calibrate_site_intervals(predicted, truth, names) if discrete else None,
        intervals=calibrate_intervals(made, true, atoms=atoms),
        uneven=other and calibrate_intervals(other.predicted, other.true, atoms=other.atoms),
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
        coverage=tuple(
            AverageCoverage(
                **asdict(coverage(held[own, 0], group[own])),
                atoms=number,
                fractions=dict(zip(classes, held[own, 1:].mean(axis=0).tolist(), strict=True)),
            )
            for number in np.unique(atoms).tolist()
            for own in [atoms == number]
        ),
        per_class={
            name: ClassCoverage(int(own.sum()), float(held[single, 0][own].mean()))
            for name in class_order(names.tolist())
            for own in [names == name]
        },
    )


def _joined(parts: Sequence[_Predicted]) -> _Predicted:
    return _Predicted(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _estimate(
    score: str, values: Sequence[float], baselines: Sequence[dict[str, float]], n: int
) -> Estimate:
    means = {name: float(np.mean([plain[name] for plain in baselines])) for name in baselines[0]}
    mean, spread = float(np.mean(values)), float(np.std(values))
    return Estimate(None, None, None, score, mean, spread, means, n)
