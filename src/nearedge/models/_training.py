"""Training a model on a dataset, with an estimate of its error on sites it has not seen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nearedge.datasets import SiteSpectra, check_copies, prints
from nearedge.datasets.splits import MEANING, Fold, folds as cut_folds, obstacle, strictest
from nearedge.errors import InputError
from nearedge.learning.estimators import fraction_classes
from nearedge.learning.recipes import Recipe, find_recipe, fit_classifiers, fit_regressors
from nearedge.models._crossvalidation import judge_classifiers, judge_regressors
from nearedge.models._model import Kind, Model
from nearedge.models._record import Calibration, Estimate, Record, Training
from nearedge.models.inference import fit_inference
from nearedge.spectra import Window
from nearedge.trust import fit_novelty

USUAL: dict[Kind, str] = {"classifier": "environment", "regressor": "coordination"}
"""What each kind of model tells unless another target is named."""


def train(
    data: SiteSpectra,
    kind: Kind,
    *,
    target: str | None = None,
    recipe: str | Recipe = "best",
    group: str | None = None,
    hold_out: Sequence[str] = (),
    window: Window | None = None,
    features: Sequence[str] = (),
    seed: int = 0,
) -> Model:
    """Train a model, and estimate its error on groups of sites it has not seen.

    Parameters
    ----------
    data : SiteSpectra
        The spectra and labels. Sites without a value of the target are left out.
    kind : {"classifier", "regressor"}
        Whether a class or a number is told.
    target : str, optional
        Name of what is told, one of ``data.targets``; by default the paper's: the environment, or
        the coordination number.
    recipe : str or Recipe
        How to train: by name, or a recipe of your own.
    group : str, optional
        What is kept apart when the error is estimated and the calibration made: ``"trajectory"``
        or another of ``data.group_names``; by default the strictest that the dataset can carry.
    hold_out : sequence of str
        Snapshots or trajectories whose sites are not used in any way.
    window : Window, optional
        The energies the model sees; by default those of the recipe, or the paper's if the spectra
        do not reach so far; of edges above 2 keV from the rise.
    features : sequence of str
        Columns of the dataset that stand beside the spectrum as categorical features, such as
        ``"absorber"``: networks embed them.
    seed : int
        Seed of everything random.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If a name is unknown, the target is not of this kind, the dataset does not cover the
        window, a class is too small for the recipe, or a group is another one again.
    """
    asked = data.target(target or USUAL[kind])
    if asked.of_classes != (kind == "classifier"):
        raise InputError(
            f"the target '{asked.name}' is a {'class' if asked.of_classes else 'number'}; train a "
            f"{'classifier' if asked.of_classes else 'regressor'}"
        )
    recipe = recipe if isinstance(recipe, Recipe) else find_recipe(recipe)
    used = data.select(~data.names_mask(hold_out)) if hold_out else data
    window = window or recipe.reach(used.energy, hard=used.hard)
    sites = used.labelled(asked, window)
    if not sites.valued.all():
        used, sites = used.select(sites.valued), sites.part(sites.valued)
    told = used.features(features, window)
    sites = used.labelled(asked, window, told) if told else sites
    # Several elements have no average that is a spectrum: each site is learnt by itself.
    by_class = asked.from_classes and not told and used.identity.edge is not None
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
            judged = judge_classifiers(fitted[1:], folds, sites, names, groups, seed)
    else:
        jobs = [(sites.part(part), seed) for part in parts]
        fitted = fit_regressors(recipe, jobs, by_class=by_class)
        if groups is not None:
            judged = judge_regressors(
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
    )
    estimate = replace(scores, rung=rung, meaning=rung and MEANING.get(rung), reason=reason)
    novelty = fit_novelty(
        sites.spectra, window.grid, groups=groups, labels=sites.environment, seed=seed
    )
    inference = measured = None
    if fraction_classes(fitted[0]) and folds and not window.aligned:
        stored = replace(sites, mu=used.mu)
        inference, measured = fit_inference(used.energy, stored, folds, window.grid, recipe, seed)
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
    for fold in cut_folds(data.environment, groups, seed=seed):
        labels = data.environment[fold.train]
        if len(set(labels[recipe.teachable(labels)].tolist())) > 1:
            learnable.append(fold)
    if not learnable:
        raise InputError(
            f"{data.source}: no fold by {group} leaves two classes to learn; add data or choose "
            "another group"
        )
    return learnable
