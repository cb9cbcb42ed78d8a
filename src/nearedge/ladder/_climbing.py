"""Climbing the ladder: train a recipe on one side of every fold, score it on the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from nearedge.datasets import SiteSpectra, check_copies
from nearedge.datasets.splits import RUNGS, SPLITS, Rung, across, obstacle, remark, turns
from nearedge.errors import InputError
from nearedge.ladder._results import Explained, Ladder, Level, Step
from nearedge.ladder._rungs import (
    Part,
    RungParts,
    another_engine,
    another_engine_aligned,
    plain_parts,
)
from nearedge.ladder._scores import explain, paper_level, paper_step, rung_level, rung_step
from nearedge.ladder.trial import Outcome, Trial, run
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import Recipe, find_recipe, fit_classifiers, fit_regressors
from nearedge.spectra import Window

Progress = Callable[[str, float], None]
"""Called with what is being done and the fraction of all work that is done."""

Witness = Callable[[RungParts, Sequence[Classifier], Sequence[Regressor]], None]
"""Called with each rung above the paper's and the networks trained on its parts."""

Paper = tuple[Sequence[Outcome], Sequence[Outcome]]


def climb(
    data: SiteSpectra,
    recipe: Recipe | str = "best",
    *,
    seeds: int = 3,
    seed: int = 0,
    only: Sequence[Rung] | None = None,
    features: str | Sequence[str] = (),
    other: SiteSpectra | None = None,
    paper: Paper | None = None,
    beside: Ladder | None = None,
    witness: Witness | None = None,
    progress: Progress | None = None,
) -> Ladder:
    """Climb every rung that a dataset allows.

    Each seed has its own fold, examples and network; three test every site once on each rung. Test
    spectra of classes that the training side cannot teach (if the recipe trains on averages,
    classes of a single spectrum) are errors. Sites without a class are not used. With features or
    several absorbers nothing is averaged: there is no rung ``paper``, and numbers are predicted for
    single sites only.

    Parameters
    ----------
    data : SiteSpectra
    recipe : Recipe or str
        The recipe to train; a name is looked up in `nearedge.learning.recipes.RECIPES`.
    seeds, seed : int
        Their number, and the first.
    only : sequence of str, optional
        The rungs to climb; all by default.
    features : str or sequence of str
        Columns of the dataset used with the spectra as categorical features. On the rung
        ``absorber`` the tested value is unknown.
    other : SiteSpectra, optional
        Spectra of another engine, for the rung ``engine``, where one factor gives them the mean
        intensity of `data`, and ``engine-aligned``, where energy shift, factor and broadening are
        learnt without labels.
    paper : tuple of outcomes, optional
        Classifiers and regressors of the lowest rung, if already trained.
    beside : Ladder, optional
        Another recipe's ladder of the same data and seeds, whose baselines are reused.
    witness : callable, optional
        Receives the networks of every rung above the paper's, which are not kept otherwise.
    progress : callable, optional
        Receives what is being done.

    Returns
    -------
    Ladder

    Raises
    ------
    InputError
        If energies do not cover the window, a trajectory is a copy, or the recipe is unknown.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    tell = progress or (lambda _text, _part: None)
    environment = data.labels(data.target("environment"))
    if (environment == "").any():
        data = data.select(environment != "")
    sides = [side for side in (data, other) if side is not None]
    window = recipe.reach(*(side.energy for side in sides), hard=all(side.hard for side in sides))
    told = data.features(features, window)
    single = not told and data.identity.edge is not None
    for name in ("trajectory", "crystal"):
        if name in data.group_names and len(set(data.groups(name))) > 1:
            check_copies(data, name)
    environment, coordination = (
        data.labelled(data.target(name), window, told) for name in ("environment", "coordination")
    )
    wanted: Sequence[Rung] = RUNGS if only is None else only
    steps: dict[str, Step] = {}
    levels: dict[str, Level] = {}
    numbers: dict[str, dict[str, Explained]] = {}
    rungs, not_climbed = _rungs(
        recipe, data, environment.mu, other if single else None, window, wanted, seeds=seeds,
        seed=seed,
    )  # fmt: skip
    if "paper" in wanted:
        reason = obstacle(data, "paper")
        if reason := reason or ("" if single else "spectra beside features are not averaged"):
            not_climbed = {"paper": reason, **not_climbed}
        else:
            if paper is None:
                tell("training on averages", 0.0)
                trials = [Trial(seed + turn) for turn in range(seeds)]
                names, counts = np.unique(environment.value, return_counts=True)
                several = np.isin(environment.value, names[counts > 1])
                paper = (
                    run(recipe, environment.part(several), trials),
                    run(recipe, coordination, trials),
                )
            tell("scoring the plain methods: paper", 0.2)
            steps["paper"] = paper_step(paper[0], seed)
            levels["paper"] = paper_level(paper[1], coordination)
    parts = [part for rung in rungs for part in rung.parts]

    def job(sites: Labelled, part: Part, rows: np.ndarray) -> tuple[Labelled, int]:
        return replace(sites, mu=part.taught).part(rows), seed + part.turn

    # All rungs at once: side by side they take less time.
    tell("training the classifiers", 0.35)
    teachable = [_teachable(recipe, environment.value, part) for part in parts]
    jobs = [job(environment, part, rows) for part, rows in zip(parts, teachable, strict=True)]
    classifiers = iter(fit_classifiers(recipe, jobs) if jobs else [])
    tell("training the regressors", 0.7)
    jobs = [job(coordination, part, part.train) for part in parts]
    regressors = iter(fit_regressors(recipe, jobs, by_class=True) if jobs and single else [])
    for done, rung in enumerate(rungs):
        tell(f"scoring the plain methods: {rung.name}", 0.75 + 0.25 * done / len(rungs))
        telling = [next(classifiers) for _ in rung.parts]
        counting = [next(regressors) for _ in rung.parts if single]
        earlier = beside.rungs.get(rung.name) if beside else None
        steps[rung.name] = rung_step(rung, telling, environment.value, seed, earlier)
        if single:
            levels[rung.name] = rung_level(rung, counting, coordination.value, seed)
        for name, target in data.targets.items() if recipe.kernel or told else ():
            if not target.of_classes and (
                number := explain(recipe, rung, data, target, environment.categories, seed)
            ):
                numbers.setdefault(name, {})[rung.name] = number
        if witness:
            witness(rung, telling, counting)
    tell("done", 1.0)
    return Ladder(recipe.name, seed, seeds, steps, levels, numbers, not_climbed)


def _rungs(
    recipe: Recipe,
    data: SiteSpectra,
    mu: Float[np.ndarray, "site energy"],
    other: SiteSpectra | None,
    window: Window,
    wanted: Sequence[Rung],
    *,
    seeds: int,
    seed: int,
) -> tuple[list[RungParts], dict[str, str]]:
    """Find the rungs above the paper's, and why some are missing."""
    rungs, left_out = [], {}
    for name in SPLITS:
        if name not in wanted or name not in ("spectrum", *data.group_names):
            continue
        if reason := obstacle(data, name):
            left_out[name] = reason
            continue
        parts = plain_parts(turns(data, name, seeds=seeds, seed=seed), mu, mu)
        taught = [data.environment[_teachable(recipe, data.environment, part)] for part in parts]
        if all(len(set(classes.tolist())) > 1 for classes in taught):
            rungs.append(RungParts(name, parts, data, window, remark(data, name)))
        else:
            left_out[name] = "a training side would have fewer than two classes to learn"
    ways = {"engine": another_engine, "engine-aligned": another_engine_aligned}
    ways = {name: way for name, way in ways.items() if name in wanted}
    if not ways or other is None:
        return rungs, left_out | dict.fromkeys(ways, "no dataset of another engine was given")
    folds = across(data, other, seeds=seeds, seed=seed)
    if not folds:
        return rungs, left_out | dict.fromkeys(ways, "all atoms to train on would be tested too")
    for name, way in ways.items():
        try:
            rungs.append(way(data, other, folds, window))
        except InputError as error:
            # A dataset too narrow to be shifted still carries the other rungs.
            if name == "engine":
                raise
            left_out[name] = str(error)
    return rungs, left_out


def _teachable(recipe: Recipe, environment: np.ndarray, part: Part) -> np.ndarray:
    """Training sites of classes that the recipe can be taught."""
    return part.train[recipe.teachable(environment[part.train])]
