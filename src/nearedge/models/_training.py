"""Training a model on a dataset, with an estimate of its error on sites it has not seen."""

from collections.abc import Sequence

import numpy as np

from nearedge.datasets import Group, SiteSpectra
from nearedge.datasets.splits import MEANING, Fold, folds as cut_folds, obstacle
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.recipes import Recipe, Sites, find_recipe, fit_classifiers, fit_regressors
from nearedge.models._crossvalidation import judge_classifiers, judge_regressors
from nearedge.models._model import Kind, Model
from nearedge.models._outputs import fraction_classes
from nearedge.models._source import check_source, check_unseen, describe_source
from nearedge.models.inference import Conditions, Material, fit_inference
from nearedge.records import as_json
from nearedge.spectra import Window
from nearedge.trust import fit_novelty


def train(
    data: SiteSpectra,
    kind: Kind,
    *,
    recipe: str | Recipe | None = None,
    group: Group | None = None,
    hold_out: Sequence[str] = (),
    window: Window | None = None,
    source: Model | None = None,
    seed: int = 0,
) -> Model:
    """Train a model, and estimate its error on groups of sites it has not seen.

    Parameters
    ----------
    data : SiteSpectra
        The spectra and labels.
    kind : {"classifier", "regressor"}
        What to predict: the environment class, or the coordination number.
    recipe : str or Recipe, optional
        How to train: by name, or a recipe of your own. By default the source's, or ``"best"``.
    group : {"snapshot", "atom", "trajectory"}, optional
        What is kept apart when the error is estimated and the calibration made; by default the
        strictest that the dataset can carry.
    hold_out : sequence of str
        Snapshots or trajectories whose sites are not used in any way.
    window : Window, optional
        The energies the model sees; by default those of the source, or the recipe's, or the
        paper's if the spectra do not reach so far.
    source : Model, optional
        A model of another engine or compound to continue from, made by the same recipe.
        Networks start from its weights, with its hidden layers, and outputs of classes it lacks
        start afresh; support vectors are lent as far as they help in cross-validation. Intensities
        are standardised with the new spectra's statistics. ``benchmarks/transfer.py`` measures
        what this is worth.
    seed : int
        Seed of everything random.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If a name is unknown, the dataset does not cover the window, a class is too small for
        the recipe, or the source is of another kind, window or absorber, or has seen sites that
        are held out.
    """
    kept = data.select(~data.names_mask(hold_out)) if hold_out else data
    if source is not None:
        check_source(source, kind, data, window)
        window = source.window
        if hold_out:
            check_unseen(source, data.select(data.names_mask(hold_out)))
    if recipe is None:
        recipe = str(source.record["training"]["recipe"]) if source else "best"
    if not isinstance(recipe, Recipe):
        recipe = find_recipe(recipe)
    window = window or recipe.reach(kept.energy)
    inputs = kept.inputs(window)
    rung, reason = (group, None) if group else _strictest(kept)
    folds = [] if rung is None else _folds(kept, rung, recipe, seed)
    start = None if source is None else source.estimator
    every = np.arange(len(kept))
    parts = [every, *(fold.train for fold in folds)]
    if kind == "classifier":
        # A fold may leave a class too few spectra to learn; all of them must have enough.
        taught = [every, *(p[recipe.teachable(kept.environment[p])] for p in parts[1:])]
        jobs = [(inputs[part], kept.environment[part], seed) for part in taught]
        assert start is None or isinstance(start, Classifier)
        fitted = fit_classifiers(recipe, jobs, source=start)
        classes = [str(name) for name in fitted[0].classes_]
        estimate, calibration = judge_classifiers(
            fitted[1:], folds, inputs, kept, classes, rung, seed
        )
    else:
        jobs = [
            (Sites(inputs[part], kept.coordination[part], kept.environment[part]), seed)
            for part in parts
        ]
        assert start is None or isinstance(start, Regressor)
        fitted = fit_regressors(recipe, jobs, source=start)
        classes = fraction_classes(fitted[0])
        estimate, calibration = judge_regressors(
            fitted[1:], folds, inputs, kept, classes, rung, seed
        )
    known = {"rung": rung, "meaning": rung and MEANING[rung], "reason": reason}
    attributes = kept.attributes
    record = {
        "spectra": {key: attributes[key] for key in ("engine", "energy_zero", "mu_unit")},
        "training": {
            "sites": len(kept),
            "classes": kept.counts(),
            "snapshots": sorted(set(kept.snapshot.tolist())),
            "trajectories": sorted(set(kept.trajectory.tolist())),
            "atoms": sorted(set(kept.groups("atom").tolist())),
            "mean_coordination": float(kept.coordination.mean()),
            "held_out": list(hold_out),
            "recipe": recipe.name,
            "seed": seed,
            "fingerprint": kept.fingerprint(),
        },
        "source": source and describe_source(source, kept),
        "estimate": {**known, **estimate},
        "calibration": {**known, **calibration},
    }
    novelty = fit_novelty(
        inputs,
        window.grid,
        groups=None if rung is None else kept.groups(rung),
        labels=kept.environment,
        seed=seed,
    )
    inference = None
    if kind == "regressor" and recipe.fractions and folds:
        conditions = Conditions()
        material = Material(
            kept.energy, kept.mu, kept.environment, kept.coordination, kept.trajectory
        )
        inference, errors = fit_inference(
            material, folds, window.grid, recipe, conditions=conditions, seed=seed
        )
        record["measured"] = {"rung": rung, **as_json(conditions), **as_json(errors)}
    return Model(fitted[0], window, kept.rule, record, novelty, inference)


def _strictest(data: SiteSpectra) -> tuple[Group | None, str | None]:
    reason = None
    for group in ("trajectory", "atom", "snapshot"):
        reason = obstacle(data, group)
        if reason is None:
            return group, None
    return None, reason


def _folds(data: SiteSpectra, group: Group, recipe: Recipe, seed: int) -> list[Fold]:
    reason = obstacle(data, group)
    if reason:
        raise InputError(
            f"{data.source}: sites cannot be kept apart by {group}, {reason}; choose another group"
        )
    learnable = []
    for fold in cut_folds(data.environment, data.groups(group), seed=seed):
        labels = data.environment[fold.train]
        if len(set(labels[recipe.teachable(labels)].tolist())) > 1:
            learnable.append(fold)
    if not learnable:
        raise InputError(
            f"{data.source}: no fold by {group} leaves two classes to learn; add data or choose "
            "another group"
        )
    return learnable
