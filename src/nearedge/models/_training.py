"""Training a model on a dataset, with an estimate of its error on sites it has not seen."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np

from nearedge import trust
from nearedge.datasets import SiteSpectra, as_names, check_copies, prints
from nearedge.datasets.splits import FOLDS, MEANING, Fold, folds as cut_folds, obstacle, strictest
from nearedge.errors import InputError
from nearedge.learning.baselines import baseline_answers
from nearedge.learning.estimators import (
    Classifier,
    Regressor,
    class_table,
    fraction_classes,
    outputs,
)
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import Recipe, find_recipe, fit_classifiers, fit_regressors
from nearedge.models._model import Kind, Model
from nearedge.models._record import AverageCoverage, Calibration, Estimate, Record, Training
from nearedge.models.inference import fit_inference
from nearedge.spectra import Window
from nearedge.targets import class_order

UNEVEN = 300
"""Averages of uneven composition made of each fold's unseen sites, for each number."""

CALIBRATION_FOLDS = 6
"""Folds for a model's calibration and error estimate, if each can have two groups.

With fewer, the calibrated models learn from so much less than the final one that their intervals
say little about it.
"""

USUAL: dict[Kind, str] = {"classifier": "environment", "regressor": "coordination"}
"""What each kind of model predicts unless another target is named."""


def train(
    data: SiteSpectra,
    kind: Kind,
    *,
    target: str | None = None,
    recipe: str | Recipe = "best",
    group: str | None = None,
    hold_out: str | Sequence[str] = (),
    window: Window | None = None,
    features: str | Sequence[str] = (),
    seed: int = 0,
) -> Model:
    """Train a model, and estimate its error on groups of sites it has not seen.

    Parameters
    ----------
    data : SiteSpectra
        The spectra and labels. Sites without a value of the target are left out.
    kind : {"classifier", "regressor"}
        Whether a class or a number is predicted.
    target : str, optional
        Name of what is predicted, one of ``data.targets``; by default the paper's: the environment,
        or the coordination number.
    recipe : str or Recipe
        How to train: by name, or a recipe of your own.
    group : str, optional
        What is kept apart for the error estimate and the calibration: ``"trajectory"`` or another
        of ``data.group_names``; by default the strictest that the dataset allows.
    hold_out : str or sequence of str
        Snapshots, trajectories or compositions whose sites are not used at all.
    window : Window, optional
        The energies the model uses; by default those of the recipe, or the paper's if the spectra
        do not reach that far; for edges above 2 keV from the rise.
    features : str or sequence of str
        Columns of the dataset used with the spectrum as categorical features, such as
        ``"absorber"``: networks embed them.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If a name is unknown, the target is not of this kind, the dataset does not cover the window,
        a class is too small for the recipe, or a group is a copy of another.
    """
    if kind not in USUAL:
        raise InputError(f"a '{kind}' cannot be trained; choose {' or '.join(USUAL)}")
    hold_out = as_names(hold_out)
    asked = data.target(target or USUAL[kind])
    if asked.of_classes != (kind == "classifier"):
        raise InputError(
            f"the target '{asked.name}' is a {'class' if asked.of_classes else 'number'}; train a "
            f"{'classifier' if asked.of_classes else 'regressor'}"
        )
    recipe = recipe if isinstance(recipe, Recipe) else find_recipe(recipe)
    used = data.select(~data.names_mask(hold_out)) if hold_out else data
    # Several elements have no average that is a spectrum: each site is learnt by itself.
    alone = bool(features) or used.identity.edge is None
    by_class = kind == "regressor" and asked.from_classes and not alone
    # Where the zero is unknown, more than the main peak is needed.
    whole = window or recipe.reach(used.energy, hard=used.hard)
    window = window or recipe.reach(used.energy, hard=used.hard, averages=by_class)
    sites = used.labelled(asked, window)
    if not sites.valued.all():
        used, sites = used.select(sites.valued), sites.part(sites.valued)
    told = used.features(features, window)
    sites = used.labelled(asked, window, told) if told else sites
    rung, reason = (group, None) if group else strictest(used)
    folds: list[Fold] = []
    groups = None
    if rung is not None:
        check_copies(used, rung)
        groups, folds = used.groups(rung), _folds(used, rung, recipe, seed)
    every = np.arange(len(used))
    parts = [every, *(fold.train for fold in folds)]
    judged = None
    if kind == "classifier":
        # A fold may leave a class too few spectra to learn; all of them must have enough.
        taught = [every, *(p[recipe.teachable(sites.environment[p])] for p in parts[1:])]
        fitted = fit_classifiers(recipe, [(sites.part(part), seed) for part in taught])
        names = [str(name) for name in fitted[0].classes_]
        if groups is not None:
            judged = _judge_classifiers(fitted[1:], folds, sites, names, groups, seed)
    else:
        jobs = [(sites.part(part), seed) for part in parts]
        fitted = fit_regressors(recipe, jobs, by_class=by_class)
        if groups is not None:
            judged = _judge_regressors(
                fitted[1:], folds, sites, fraction_classes(fitted[0]), used.snapshot, groups, seed,
                discrete=asked.discrete,
            )  # fmt: skip
    scores, calibration = judged or (Estimate(None, None, None, ""), Calibration())
    training = Training(
        sites=len(used),
        classes=used.counts(),
        snapshots=tuple(sorted(set(used.snapshot.tolist()))),
        trajectories=tuple(sorted(set(used.trajectory.tolist()))),
        atoms=tuple(sorted(set(used.groups("atom").tolist()))),
        mean=None if asked.of_classes else float(sites.value.mean()),
        held_out=tuple(hold_out),
        recipe=recipe.name,
        seed=seed,
        fingerprint=used.fingerprint(),
        compositions=tuple(sorted(set(used.groups("composition").tolist()))),
    )
    estimate = replace(scores, rung=rung, meaning=rung and MEANING.get(rung), reason=reason)
    novelty = trust.fit_novelty(
        sites.spectra, window.grid, groups=groups, labels=sites.environment, seed=seed
    )
    inference = measured = None
    if fraction_classes(fitted[0]) and folds and not window.aligned:
        stored = replace(sites, mu=used.mu)
        inference, measured = fit_inference(used.energy, stored, folds, whole.grid, recipe, seed)
    return Model(
        identity=used.identity,
        target=asked,
        window=window,
        estimator=fitted[0],
        record=Record(training, estimate, calibration, measured),
        novelty=novelty,
        seen=prints(used.mu),
        inference=inference,
        features=told,
    )


def _folds(data: SiteSpectra, group: str, recipe: Recipe, seed: int) -> list[Fold]:
    groups = data.groups(group)
    reason = obstacle(data, group)
    if reason:
        raise InputError(
            f"{data.source}: sites cannot be kept apart by {group}, {reason}; choose another group"
        )
    learnable = []
    count = max(FOLDS, min(CALIBRATION_FOLDS, len(np.unique(groups)) // 2))
    for fold in cut_folds(data.environment, groups, count=count, seed=seed):
        labels = data.environment[fold.train]
        if len(set(labels[recipe.teachable(labels)].tolist())) > 1:
            learnable.append(fold)
    if not learnable:
        raise InputError(
            f"{data.source}: no fold by {group} leaves two classes to learn; add data or choose "
            "another group"
        )
    return learnable


def _judge_classifiers(
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


def _judge_regressors(
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
