"""Climbing the ladder: train a recipe on one side of every fold, score it on the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from nearedge.datasets import SiteSpectra, check_copies
from nearedge.datasets.splits import MEANING, RUNGS, SPLITS, Rung, across, obstacle, remark, turns
from nearedge.errors import InputError
from nearedge.ladder._numbers import Explained, explain, number_targets
from nearedge.ladder._results import Contest, Errors, Ladder, Level, Step
from nearedge.ladder._rungs import (
    Part,
    RungParts,
    another_engine,
    another_engine_aligned,
    plain_parts,
)
from nearedge.ladder._sets import judge_sets
from nearedge.ladder.trial import Outcome, Trial, run_classifiers, run_regressors
from nearedge.learning.baselines import baseline_accuracies, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.examples import Labelled, mixtures
from nearedge.learning.recipes import Recipe, find_recipe, fit_classifiers, fit_regressors
from nearedge.spectra import Window

Progress = Callable[[str, float], None]
"""Called with what is being done and the fraction of the whole that is done."""

Witness = Callable[[RungParts, Sequence[Classifier], Sequence[Regressor]], None]
"""Called with each rung above the paper's and the networks that were trained on its parts."""

HELD_OUT_MIXTURES = 2000
"""Mixtures that every fold's held-out spectra are made into."""

Paper = tuple[Sequence[Outcome[Classifier]], Sequence[Outcome[Regressor]]]


def climb(
    data: SiteSpectra,
    recipe: Recipe | str = "best",
    *,
    seeds: int = 3,
    seed: int = 0,
    only: Sequence[Rung] | None = None,
    other: SiteSpectra | None = None,
    window: Window | None = None,
    paper: Paper | None = None,
    beside: Ladder | None = None,
    witness: Witness | None = None,
    progress: Progress | None = None,
) -> Ladder:
    """Climb every rung that a dataset can carry.

    Each of the seeds has its own fold, its own examples and its own network; three seeds test
    every site once on each rung. Where the recipe trains on averages, classes of which the training
    side has a single spectrum are not taught to the network, as no average can be made of it; their
    test spectra are errors.

    Parameters
    ----------
    data : SiteSpectra
        The spectra.
    recipe : Recipe or str
        What is trained; a name is looked up in `nearedge.learning.recipes.RECIPES`.
    seeds : int
        How many.
    seed : int
        The first.
    only : sequence of str, optional
        The rungs that are wanted; all by default.
    other : SiteSpectra, optional
        Spectra of another engine. On the rung ``engine`` they are brought to the mean intensity
        of `data` by one factor, as units differ, and nothing else is aligned. On the rung
        ``engine-aligned`` energy shift, factor and broadening are learnt, without labels and, if
        there are several snapshots, on others than those tested; energies at which the training
        spectra hardly vary are left out.
    window : Window, optional
        The energies that are used; the recipe's by default, if both datasets reach so far.
    paper : tuple of outcomes, optional
        Classifiers and regressors of the lowest rung, where they are trained already.
    beside : Ladder, optional
        Another recipe's ladder of the same data, seed and seeds: its scores of the plain methods
        are taken over instead of being made again.
    witness : callable, optional
        Shown the networks of every rung above the paper's, which are not kept otherwise.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    Ladder

    Raises
    ------
    InputError
        If the dataset does not cover the window, a trajectory is another one again, or the recipe
        is unknown.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    tell = progress or (lambda _text, _part: None)
    window = window or recipe.reach(*(one.energy for one in (data, other) if one is not None))
    for name in ("trajectory", "crystal"):
        if name in data.group_names and len(set(data.groups(name))) > 1:
            check_copies(data, name)
    environment, coordination = (
        data.labelled(data.target(name), window) for name in ("environment", "coordination")
    )
    mu = environment.mu
    wanted: Sequence[Rung] = RUNGS if only is None else only
    rungs, left_out = _rungs(recipe, data, mu, other, window, wanted, seeds=seeds, seed=seed)
    steps: dict[str, Step] = {}
    levels: dict[str, Level] = {}
    numbers: dict[str, dict[str, Explained]] = {}
    reason = obstacle(data, "paper")
    if reason is None and "paper" in wanted:
        if paper is None:
            tell("training on averages", 0.0)
            paper = _paper(recipe, environment, coordination, seeds=seeds, seed=seed)
        tell("scoring the plain methods: paper", 0.2)
        steps["paper"] = _paper_step(paper[0], seed)
        levels["paper"] = _paper_level(paper[1], coordination)
    elif reason is not None and "paper" in wanted:
        left_out = {"paper": reason, **left_out}
    tell("training the classifiers", 0.35)
    classifiers = _fit(recipe, rungs, environment, seed)
    tell("training the regressors", 0.7)
    jobs = [
        (replace(coordination, mu=part.taught).part(part.train), seed + part.turn)
        for rung in rungs
        for part in rung.parts
    ]
    regressors = iter(fit_regressors(recipe, jobs, by_class=True) if jobs else [])
    for done, (rung, models) in enumerate(zip(rungs, classifiers, strict=True)):
        tell(f"scoring the plain methods: {rung.name}", 0.75 + 0.25 * done / len(rungs))
        earlier = beside.rungs.get(rung.name) if beside else None
        steps[rung.name] = _step(rung, models, environment.value, seed, earlier)
        trained = [next(regressors) for _ in rung.parts]
        levels[rung.name] = _level(rung, trained, coordination.value, seed)
        for target in number_targets(data) if recipe.kernel else []:
            explained = explain(recipe, rung, data, target, seed)
            if explained:
                numbers.setdefault(target.name, {})[rung.name] = explained
        if witness:
            witness(rung, models, trained)
    tell("done", 1.0)
    return Ladder(recipe.name, seed, seeds, steps, levels, numbers, left_out)


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
        if name not in wanted:
            continue
        if name not in ("spectrum", *data.group_names):
            continue
        reason = obstacle(data, name)
        if reason is None:
            folds = turns(data, name, seeds=seeds, seed=seed)
            parts = plain_parts(folds, mu, mu)
            if all(len(_teachable(recipe, data.environment, part)[1]) > 1 for part in parts):
                rungs.append(RungParts(name, parts, data, window, remark(data, name)))
                continue
            reason = "a training side would have fewer than two classes to learn"
        left_out[name] = reason
    ways = {"engine": another_engine, "engine-aligned": another_engine_aligned}
    ways = {name: way for name, way in ways.items() if name in wanted}
    if not ways or other is None:
        return rungs, {**left_out, **dict.fromkeys(ways, "no dataset of another engine was given")}
    folds = across(data, other, seeds=seeds, seed=seed)
    for name, way in ways.items():
        if not folds:
            left_out[name] = "all atoms to train on would be test atoms too"
            continue
        try:
            rungs.append(way(data, other, folds, window))
        except InputError as error:
            # A dataset too narrow to be shifted still carries the other rungs.
            if name == "engine":
                raise
            left_out[name] = str(error)
    return rungs, left_out


def _teachable(recipe: Recipe, environment: np.ndarray, part: Part) -> tuple[np.ndarray, set[str]]:
    """Training sites of classes that the recipe can be taught, and those classes."""
    sites = part.train[recipe.teachable(environment[part.train])]
    return sites, set(environment[sites].tolist())


def _fit(
    recipe: Recipe, rungs: Sequence[RungParts], environment: Labelled, seed: int
) -> list[list[Classifier]]:
    """Train the classifiers of all rungs at once: side by side they take less time."""
    jobs = []
    for rung in rungs:
        for part in rung.parts:
            sites, _ = _teachable(recipe, environment.value, part)
            jobs.append((replace(environment, mu=part.taught).part(sites), seed + part.turn))
    models = iter(fit_classifiers(recipe, jobs) if jobs else [])
    return [[next(models) for _ in rung.parts] for rung in rungs]


def _step(
    rung: RungParts,
    models: Sequence[Classifier],
    environment: np.ndarray,
    seed: int,
    earlier: Step | None,
) -> Step:
    accuracies, balanced, plain = [], [], []
    unlearnt: dict[str, int] = {}
    for places in rung.turns:
        parts = [rung.parts[place] for place in places]
        truth = rung.tested.environment[np.concatenate([part.test for part in parts])]
        found = [
            models[place].predict(part.tested[part.test])
            for place, part in zip(places, parts, strict=True)
        ]
        right = np.concatenate(found) == truth
        accuracies.append(float(right.mean()))
        balanced.append(_balanced(right, truth))
        for place, part in zip(places, parts, strict=True):
            mine = rung.tested.environment[part.test]
            for name in mine[~np.isin(mine, models[place].classes_)].tolist():
                unlearnt[name] = unlearnt.get(name, 0) + 1
        if earlier is None:
            plain.append(_plain(parts, environment, rung.tested.environment, seed))
    return Step(
        meaning=MEANING[rung.name],
        accuracy=float(np.mean(accuracies)),
        spread=_spread(accuracies),
        accuracies=tuple(accuracies),
        balanced_accuracy=float(np.mean(balanced)),
        baselines=earlier.baselines if earlier else _means(plain),
        baseline_spreads=earlier.baseline_spreads if earlier else _spreads(plain),
        n=len(np.unique(np.concatenate([part.test for part in rung.parts]))),
        unlearnt=unlearnt,
        remark=rung.remark,
        alignment=rung.alignment,
        sets=judge_sets(rung, models),
    )


def _plain(
    parts: Sequence[Part], environment: np.ndarray, truth: np.ndarray, seed: int
) -> dict[str, float]:
    """Accuracies of the plain methods over a seed's parts together."""
    scores = [
        baseline_accuracies(
            (part.taught[part.train], environment[part.train]),
            (part.tested[part.test], truth[part.test]),
            seed + part.turn,
        )
        for part in parts
    ]
    shares = [len(part.test) for part in parts]
    return {
        name: float(np.average([one[name] for one in scores], weights=shares)) for name in scores[0]
    }


def _level(
    rung: RungParts,
    models: Sequence[Regressor],
    coordination: np.ndarray,
    seed: int,
) -> Level:
    mixed, whole = [], []
    names: set[str] = set()
    for places in rung.turns:
        # A seed's errors are those of its parts together.
        blends, averages = [], []
        for place in places:
            part = rung.parts[place]
            train = (part.taught[part.train], coordination[part.train])
            plain = {name: one.fit(*train) for name, one in regressor_baselines().items()}
            known = {"network": models[place], **plain}
            truth = rung.tested.coordination
            if len(part.test) > 1:
                count = HELD_OUT_MIXTURES // len(places)
                x, y = mixtures(
                    part.tested[part.test],
                    truth[part.test],
                    examples=count,
                    seed=seed + part.turn,
                )
                blends.append({name: one.predict(x) - y for name, one in known.items()})
            snapshots = _whole(rung.tested.snapshot, part)
            if snapshots:
                names.update(snapshots)
                sites = [rung.tested.snapshot == name for name in snapshots]
                x = np.array([part.tested[mine].mean(axis=0) for mine in sites])
                y = np.array([truth[mine].mean() for mine in sites])
                averages.append({name: one.predict(x) - y for name, one in known.items()})
        mixed += _joined(blends)
        whole += _joined(averages)
    return Level(
        meaning=MEANING[rung.name],
        mixtures=_contest(mixed, sum(len(one["network"]) for one in mixed)),
        snapshots=_contest(whole, len(names)) if len(whole) == len(rung.turns) else None,
        remark=rung.remark,
    )


def _joined(offs: Sequence[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Put the errors of a seed's parts together; none if there is no part."""
    return [{name: np.concatenate([one[name] for one in offs]) for name in offs[0]}] if offs else []


def _whole(snapshot: np.ndarray, part: Part) -> list[str]:
    """Snapshots of which every site is on the test side."""
    sites = dict(zip(*np.unique(snapshot, return_counts=True), strict=True))
    tested = zip(*np.unique(snapshot[part.test], return_counts=True), strict=True)
    return [str(name) for name, count in tested if count == sites[name]]


def _paper(
    recipe: Recipe, environment: Labelled, coordination: Labelled, *, seeds: int, seed: int
) -> Paper:
    trials = [Trial(seed + turn) for turn in range(seeds)]
    names, counts = np.unique(environment.value, return_counts=True)
    several = np.isin(environment.value, names[counts > 1])
    return (
        run_classifiers(recipe, environment.part(several), trials),
        run_regressors(recipe, coordination, trials),
    )


def _paper_step(outcomes: Sequence[Outcome[Classifier]], seed: int) -> Step:
    accuracies = [outcome.test for outcome in outcomes]
    raw = [outcome.raw for outcome in outcomes]
    balanced, plain = [], []
    for turn, one in enumerate(outcomes):
        test, train = one.parts.test, one.parts.train
        balanced.append(_balanced(one.predicted[test] == one.labels[test], one.labels[test]))
        sides = ((one.x[train], one.labels[train]), (one.x[test], one.labels[test]))
        plain.append(baseline_accuracies(*sides, seed + turn))
    return Step(
        meaning=MEANING["paper"],
        accuracy=float(np.mean(accuracies)),
        spread=_spread(accuracies),
        accuracies=tuple(accuracies),
        balanced_accuracy=float(np.mean(balanced)),
        baselines=_means(plain),
        baseline_spreads=_spreads(plain),
        n=sum(len(outcome.parts.test) for outcome in outcomes),
        unlearnt={},
        raw_parents=float(np.mean(raw)),
        raw_parents_spread=_spread(raw),
    )


def _paper_level(outcomes: Sequence[Outcome[Regressor]], sites: Labelled) -> Level:
    # The plain methods learn from the raw spectra on every rung, here from all of them.
    plain = {name: one.fit(sites.mu, sites.value) for name, one in regressor_baselines().items()}
    offs = []
    for one in outcomes:
        test = one.parts.test
        x, y = one.x[test], one.labels[test]
        known = {name: model.predict(x) - y for name, model in plain.items()}
        offs.append({"network": one.predicted[test] - y, **known})
    count = sum(len(one.parts.test) for one in outcomes)
    return Level(MEANING["paper"], _contest(offs, count), None)


def _contest(offs: Sequence[dict[str, np.ndarray]], count: int) -> Contest:
    """Sum up how far every method is off, one dict for each seed."""
    errors = {}
    for name in offs[0]:
        absolute = [float(np.abs(one[name]).mean()) for one in offs]
        squared = [float((one[name] ** 2).mean()) for one in offs]
        errors[name] = Errors(
            float(np.mean(absolute)), float(np.mean(squared)), _spread(absolute), _spread(squared)
        )
    return Contest(errors.pop("network"), errors, count)


def _means(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}


def _spreads(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: _spread([one[name] for one in scores]) for name in scores[0]}


def _balanced(right: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the classes on the test side of the share that is right."""
    return float(np.mean([right[truth == name].mean() for name in np.unique(truth)]))


def _spread(values: Sequence[float]) -> float:
    """Standard deviation; zero of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
