"""Scoring what was trained on a rung, and baselines trained on the same spectra."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import MEANING, Rung
from nearedge.ladder._results import Contest, Errors, Explained, Level, Step
from nearedge.ladder._rungs import Part, RungParts
from nearedge.ladder.trial import Outcome
from nearedge.learning.baselines import baseline_answers, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor, class_table
from nearedge.learning.examples import Labelled, mixtures
from nearedge.learning.recipes import Recipe, fit_regressors
from nearedge.targets import Target, class_order
from nearedge.trust import SetCoverage, crossfit_sets, set_coverage

HELD_OUT_MIXTURES = 2000
"""Number of mixtures made of every fold's held-out spectra."""

Told = dict[str, np.ndarray]
"""Predictions for the test spectra by method, and the ``truth``; the recipe's has no name."""


def paper_step(outcomes: Sequence[Outcome], seed: int) -> Step:
    """Score the classifiers of the rung ``paper`` on their own test averages."""
    seeds: list[Told] = []
    for turn, outcome in enumerate(outcomes):
        train, _, (x, truth) = outcome.parts.split(outcome.x, outcome.labels)
        own = outcome.predicted[outcome.parts.test]
        seeds.append({"truth": truth, "": own, **baseline_answers(train, x, seed + turn)})
    raw = [outcome.raw for outcome in outcomes]
    n = sum(len(told["truth"]) for told in seeds)
    step = _step("paper", seeds, n, None)
    return replace(step, raw_parents=_mean(raw), raw_parents_spread=_spread(raw))


def rung_step(
    rung: RungParts,
    models: Sequence[Classifier],
    environment: np.ndarray,
    seed: int,
    earlier: Step | None,
) -> Step:
    """Score a rung's classifiers, and the baselines unless an earlier step has done so."""
    truths = [rung.tested.environment[part.test] for part in rung.parts]

    def told(place: int, part: Part) -> Told:
        train, test = (part.taught[part.train], environment[part.train]), part.tested[part.test]
        plain = {} if earlier else baseline_answers(train, test, seed + part.turn)
        return {"truth": truths[place], "": models[place].predict(test), **plain}

    unlearnt = Counter(
        name
        for model, truth in zip(models, truths, strict=True)
        for name in truth[~np.isin(truth, model.classes_)].tolist()
    )
    step = _step(rung.name, _by_seed(rung, told), _sites(rung), earlier)
    return replace(
        step,
        unlearnt=dict(unlearnt),
        remark=rung.remark,
        alignment=rung.alignment,
        sets=_sets(rung, models),
    )


def _step(name: Rung, seeds: Sequence[Told], n: int, earlier: Step | None) -> Step:
    """Sum the seeds up."""
    right = _tally(seeds, lambda told, truth: (told == truth).mean())
    balanced = _tally(
        [{"truth": told["truth"], "": told[""]} for told in seeds],
        lambda told, truth: np.mean([(told == truth)[truth == c].mean() for c in np.unique(truth)]),
    )
    accuracies = right.pop("")
    return Step(
        meaning=MEANING[name],
        accuracy=_mean(accuracies),
        spread=_spread(accuracies),
        accuracies=tuple(accuracies),
        balanced_accuracy=_mean(balanced[""]),
        baselines=earlier.baselines if earlier else _each(_mean, right),
        baseline_spreads=earlier.baseline_spreads if earlier else _each(_spread, right),
        n=n,
        unlearnt={},
    )


def _sets(rung: RungParts, models: Sequence[Classifier]) -> SetCoverage | None:
    """Score class sets of the seeds that test different sites, each calibrated on the others."""
    names = class_order({str(name) for model in models for name in model.classes_})

    def told(place: int, part: Part) -> dict[str, np.ndarray]:
        table = class_table(models[place], part.tested[part.test], names)
        return {"sites": part.test, "table": table}

    seeds: list[dict[str, np.ndarray]] = []
    for joined in _by_seed(rung, told):
        if any(np.isin(joined["sites"], earlier["sites"]).any() for earlier in seeds):
            break
        seeds.append(joined)
    if len(seeds) < 2:
        return None
    order, probability = (np.concatenate([one[of] for one in seeds]) for of in ("sites", "table"))
    turns = np.repeat(np.arange(len(seeds)), [len(joined["sites"]) for joined in seeds])
    truth = rung.tested.environment[order]
    members = crossfit_sets(probability, truth, names, turns)
    return set_coverage(members, truth, names, rung.tested.trajectory[order])


def paper_level(outcomes: Sequence[Outcome], sites: Labelled) -> Level:
    """Score the regressors of the rung ``paper`` on their own test mixtures."""
    # The plain methods learn from the raw spectra on every rung, here from all of them.
    plain = _plain(sites.mu, sites.value)
    seeds: list[Told] = []
    for outcome in outcomes:
        test = outcome.parts.test
        others = {name: method.predict(outcome.x[test]) for name, method in plain.items()}
        seeds.append({"truth": outcome.labels[test], "": outcome.predicted[test], **others})
    return Level(MEANING["paper"], _contest(seeds), None)


def rung_level(
    rung: RungParts, models: Sequence[Regressor], coordination: np.ndarray, seed: int
) -> Level:
    """Score a rung's regressors on mixtures, and on whole snapshots, of sites held out."""
    truth, snapshot = rung.tested.coordination, rung.tested.snapshot
    methods = [
        {"": model, **_plain(part.taught[part.train], coordination[part.train])}
        for model, part in zip(models, rung.parts, strict=True)
    ]
    shares = {place: HELD_OUT_MIXTURES // len(places) for places in rung.turns for place in places}

    def told(place: int, x: np.ndarray, y: np.ndarray) -> Told:
        return {"truth": y, **{name: one.predict(x) for name, one in methods[place].items()}}

    def on_mixtures(place: int, part: Part) -> Told:
        if len(part.test) < 2:
            return {}
        held_out, turn = (part.tested[part.test], truth[part.test]), seed + part.turn
        return told(place, *mixtures(*held_out, examples=shares[place], seed=turn))

    def on_snapshots(place: int, part: Part) -> Told:
        sites = [snapshot == name for name in _whole(snapshot, part)]
        if not sites:
            return {}
        x, y = (np.array([v[rows].mean(axis=0) for rows in sites]) for v in (part.tested, truth))
        return told(place, x, y)

    averages = _by_seed(rung, on_snapshots)
    names = {name for part in rung.parts for name in _whole(snapshot, part)}
    whole = len(averages) == len(rung.turns)
    return Level(
        meaning=MEANING[rung.name],
        mixtures=_contest(_by_seed(rung, on_mixtures)),
        snapshots=replace(_contest(averages), n=len(names)) if whole else None,
        remark=rung.remark,
    )


def _plain(mu: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    return {name: method.fit(mu, values) for name, method in regressor_baselines().items()}


def _whole(snapshot: np.ndarray, part: Part) -> list[str]:
    """Snapshots of which every site is on the test side."""
    train = np.setdiff1d(np.arange(len(snapshot)), part.test)
    return np.setdiff1d(snapshot[part.test], snapshot[train]).tolist()


def _contest(seeds: Sequence[Told]) -> Contest:
    """Sum up how far every method is off."""
    mae, mse = _tally(seeds, mean_absolute_error), _tally(seeds, mean_squared_error)
    errors = {
        name: Errors(_mean(mae[name]), _mean(mse[name]), _spread(mae[name]), _spread(mse[name]))
        for name in mae
    }
    own = errors.pop("")
    return Contest(**vars(own), baselines=errors, n=sum(len(told["truth"]) for told in seeds))


def explain(
    recipe: Recipe,
    rung: RungParts,
    data: SiteSpectra,
    target: Target,
    categories: tuple[int, ...],
    seed: int,
) -> Explained | None:
    """Score the recipe's kernel machines for a number; None if it does not vary where tested."""
    taught, truth = (side.labels(target).astype(float) for side in (data, rung.tested))

    def told(_: int, part: Part) -> Told:
        train = part.train[np.isfinite(taught[part.train])]
        test = part.test[np.isfinite(truth[part.test])]
        sites = Labelled(part.taught[train], taught[train], data.environment[train], categories)
        x, turn = part.tested[test], seed + part.turn
        (machine,) = fit_regressors(recipe, [(sites, turn)])
        others = baseline_answers((sites.mu, sites.value), x, turn)
        return {"truth": truth[test], "": machine.predict(x), **others}

    seeds = _by_seed(rung, told)
    if not all(len(told["truth"]) > 1 and np.ptp(told["truth"]) for told in seeds):
        return None
    r2 = _tally(seeds, lambda told, truth: r2_score(truth, told))
    off = _tally(seeds, mean_absolute_error)
    scores, own = r2.pop(""), off.pop("")
    return Explained(
        meaning=target.words(),
        unit=target.unit,
        r2=_mean(scores),
        spread=_spread(scores),
        mae=_mean(own),
        baselines=_each(_mean, r2),
        baseline_mae=_each(_mean, off),
        n=_sites(rung, np.isfinite(truth)),
    )


def _sites(rung: RungParts, wanted: Any = True) -> int:
    """Count the different sites that are tested, of those that are wanted."""
    tested = np.zeros(len(rung.tested), bool)
    tested[np.concatenate([part.test for part in rung.parts])] = True
    return int((tested & wanted).sum())


def _by_seed(rung: RungParts, score: Callable[[int, Part], Told]) -> list[Told]:
    """Score part by part, and join what the parts of each seed have given, if anything."""
    scores = [score(place, part) for place, part in enumerate(rung.parts)]
    seeds = [[scores[place] for place in places if scores[place]] for places in rung.turns]
    return [
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in seeds
        if parts
    ]


def _tally(
    seeds: Sequence[Told], score: Callable[[np.ndarray, np.ndarray], Any]
) -> dict[str, list[float]]:
    """Score each method seed by seed, its answers against the truth."""
    names = [name for name in (seeds[0] if seeds else ()) if name != "truth"]
    return {name: [float(score(told[name], told["truth"])) for told in seeds] for name in names}


def _each(sum_up: Callable[[list[float]], float], scores: dict[str, list[float]]) -> dict:
    return {name: sum_up(values) for name, values in scores.items()}


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _spread(values: Sequence[float]) -> float:
    """Standard deviation; zero of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
