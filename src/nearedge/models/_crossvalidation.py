"""Judging the models of the folds: their error on unseen sites, sets, intervals, coverage."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np

from nearedge import trust
from nearedge.datasets.splits import Fold
from nearedge.learning.baselines import baseline_answers
from nearedge.learning.estimators import Classifier, Regressor, class_table, outputs
from nearedge.learning.examples import Labelled
from nearedge.models._record import AverageCoverage, Calibration, Estimate
from nearedge.targets import class_order

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
        others = baseline_answers((train.mu, train.value), test.mu, seed)
        plain.append({name: float((told == test.value).mean()) for name, told in others.items()})
    judged = None
    if len(folds) > 1:
        members = trust.crossfit_sets(probability, truth, classes, turn)
        judged = trust.set_coverage(members, truth, classes, groups[order])
    sets = trust.calibrate_sets(probability, truth, classes)
    calibration = Calibration(len(order), sets=sets, set_coverage=judged)
    return _estimate("accuracy", accuracy, plain, len(order)), calibration


class _Predicted(NamedTuple):
    """Outputs of averages of folds' unseen sites; of each its atoms, fold, and one site."""

    predicted: np.ndarray
    true: np.ndarray
    atoms: np.ndarray
    turn: np.ndarray
    site: np.ndarray


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
    numbers = min((trust.average_sizes(snapshot[fold.test]) for fold in folds), key=max)
    for turn, (estimator, fold) in enumerate(zip(fitted, folds, strict=True)):
        train, test = sites.part(fold.train), sites.part(fold.test)
        labels = test.value.astype(float)
        errors.append(float(np.abs(estimator.predict(test.mu) - labels).mean()))
        others = baseline_answers((train.mu, train.value.astype(float)), test.mu, seed)
        plain.append({name: float(np.abs(told - labels).mean()) for name, told in others.items()})
        of_snapshots = trust.snapshot_averages(snapshot[fold.test], numbers, seed=seed)
        of_any = trust.uneven_averages(test.environment, numbers, examples=UNEVEN, seed=seed)
        for parts, made in ((even, of_snapshots), (uneven, of_any)):
            if len(made):
                predicted = outputs(estimator, made.of(test.mu), classes)
                true, first = made.of(test.outputs(classes)), fold.test[made.origin]
                parts.append(
                    _Predicted(predicted, true, made.atoms, np.full(len(made), turn), first)
                )
    count = sum(len(fold.test) for fold in folds)
    of, wide = _joined(even), _joined(uneven) if uneven else None
    single = of.atoms == 1
    names, told, truth = (
        sites.environment[of.site][single],
        of.predicted[single, 0],
        of.true[single, 0],
    )
    calibration = Calibration(
        n=int(single.sum()),
        outputs=("mean", *classes),
        sites=trust.calibrate_site_intervals(told, truth, names) if discrete else None,
        intervals=trust.calibrate_intervals(of.predicted, of.true, atoms=of.atoms),
        uneven=wide and trust.calibrate_intervals(wide.predicted, wide.true, atoms=wide.atoms),
    )
    if len(folds) > 1:
        held = trust.crossfit(
            of.turn,
            lambda others, own: trust.calibrate_intervals(
                of.predicted[others], of.true[others], atoms=of.atoms[others]
            ).hold(of.predicted[own], of.true[own], of.atoms[own]),
        )
        if discrete:
            held[single, 0] = trust.crossfit(
                of.turn[single],
                lambda others, own: trust.calibrate_site_intervals(
                    told[others], truth[others], names[others]
                ).hold(told[own], truth[own]),
            )
        calibration = replace(
            calibration,
            coverage=tuple(
                AverageCoverage(
                    **asdict(trust.coverage(held[own, 0], groups[of.site][own])),
                    atoms=number,
                    fractions=dict(zip(classes, held[own, 1:].mean(axis=0).tolist(), strict=True)),
                )
                for number in np.unique(of.atoms).tolist()
                for own in [of.atoms == number]
            ),
            per_class={
                name: trust.ClassCoverage(int(own.sum()), float(held[single, 0][own].mean()))
                for name in class_order(names.tolist())
                for own in [names == name]
            },
        )
    return _estimate("mean absolute error", errors, plain, count), calibration


def _joined(parts: Sequence[_Predicted]) -> _Predicted:
    return _Predicted(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _estimate(
    score: str, values: Sequence[float], baselines: Sequence[dict[str, float]], n: int
) -> Estimate:
    means = {name: float(np.mean([plain[name] for plain in baselines])) for name in baselines[0]}
    mean, spread = float(np.mean(values)), float(np.std(values))
    return Estimate(None, None, None, score, mean, spread, means, n)
