"""Scoring what was trained on a rung, beside plain methods that learnt from the same spectra."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import MEANING
from nearedge.ladder._results import Contest, Errors, Explained, Level, Step
from nearedge.ladder._rungs import Part, RungParts
from nearedge.ladder.trial import Outcome
from nearedge.learning.baselines import baseline_accuracies, baseline_numbers, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor, class_table
from nearedge.learning.examples import Labelled, mixtures
from nearedge.learning.recipes import Recipe, fit_regressors
from nearedge.targets import Target, class_order
from nearedge.trust import SetCoverage, crossfit_sets, set_coverage

HELD_OUT_MIXTURES = 2000
"""Mixtures that every fold's held-out spectra are made into."""

Right = tuple[Bool[np.ndarray, " _"], np.ndarray]
"""Which test spectra were told rightly, and the class of each."""
Value = TypeVar("Value")
Off = dict[str, Float[np.ndarray, " _"]]
"""How far the network and every plain method are off, example by example."""


def paper_step(outcomes: Sequence[Outcome[Classifier]], seed: int) -> Step:
    """Score the classifiers of the rung ``paper`` on their own test averages."""
    rights: list[Right] = []
    plain = []
    for turn, outcome in enumerate(outcomes):
        train, _, test = outcome.parts.split(outcome.x, outcome.labels)
        rights.append((outcome.predicted[outcome.parts.test] == test[1], test[1]))
        plain.append(baseline_accuracies(train, test, seed + turn))
    raw = [outcome.raw for outcome in outcomes]
    n = sum(len(truth) for _, truth in rights)
    step = _step(MEANING["paper"], rights, plain, n, {})
    return replace(step, raw_parents=_mean(raw), raw_parents_spread=_spread(raw))


def rung_step(
    rung: RungParts,
    models: Sequence[Classifier],
    environment: np.ndarray,
    seed: int,
    earlier: Step | None,
) -> Step:
    """Score a rung's classifiers, and the plain methods unless an earlier step has done so."""
    truths = [rung.tested.environment[part.test] for part in rung.parts]

    def told(place: int, part: Part) -> dict[str, np.ndarray]:
        predicted = models[place].predict(part.tested[part.test])
        return {"right": predicted == truths[place], "truth": truths[place]}

    plain = []
    if earlier is None:
        scores = [
            baseline_accuracies(
                (part.taught[part.train], environment[part.train]),
                (part.tested[part.test], truth),
                seed + part.turn,
            )
            for part, truth in zip(rung.parts, truths, strict=True)
        ]
        # Those of a seed's parts together.
        for places in rung.turns:
            shares = [len(truths[place]) for place in places]
            columns = _columns([scores[place] for place in places])
            plain.append({name: _mean(column, shares) for name, column in columns})
    unlearnt = Counter(
        name
        for model, truth in zip(models, truths, strict=True)
        for name in truth[~np.isin(truth, model.classes_)].tolist()
    )
    n = len(np.unique(np.concatenate([part.test for part in rung.parts])))
    rights = [(joined["right"], joined["truth"]) for joined in _by_seed(rung, told)]
    step = _step(MEANING[rung.name], rights, plain, n, dict(unlearnt))
    if earlier is not None:
        step = replace(step, baselines=earlier.baselines, baseline_spreads=earlier.baseline_spreads)
    sets = _sets(rung, models)
    return replace(step, remark=rung.remark, alignment=rung.alignment, sets=sets)


def _step(
    meaning: str,
    rights: Sequence[Right],
    plain: Sequence[Mapping[str, float]],
    n: int,
    unlearnt: dict[str, int],
) -> Step:
    """Sum the seeds up."""
    accuracies = [float(right.mean()) for right, _ in rights]
    balanced = [
        _mean([float(right[truth == name].mean()) for name in np.unique(truth)])
        for right, truth in rights
    ]
    return Step(
        meaning=meaning,
        accuracy=_mean(accuracies),
        spread=_spread(accuracies),
        accuracies=tuple(accuracies),
        balanced_accuracy=_mean(balanced),
        baselines={name: _mean(column) for name, column in _columns(plain)},
        baseline_spreads={name: _spread(column) for name, column in _columns(plain)},
        n=n,
        unlearnt=unlearnt,
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
    order, probability = (np.concatenate(column) for _, column in _columns(seeds))
    turns = np.repeat(np.arange(len(seeds)), [len(joined["sites"]) for joined in seeds])
    truth = rung.tested.environment[order]
    members = crossfit_sets(probability, truth, names, turns)
    return set_coverage(members, truth, names, rung.tested.trajectory[order])


def paper_level(outcomes: Sequence[Outcome[Regressor]], sites: Labelled) -> Level:
    """Score the regressors of the rung ``paper`` on their own test mixtures."""
    # The plain methods learn from the raw spectra on every rung, here from all of them.
    plain = {name: m.fit(sites.mu, sites.value) for name, m in regressor_baselines().items()}
    offs = []
    for outcome in outcomes:
        test = outcome.parts.test
        x, y = outcome.x[test], outcome.labels[test]
        offs.append({"network": outcome.predicted[test] - y, **_off(plain, x, y)})
    return Level(MEANING["paper"], _contest(offs), None)


def rung_level(
    rung: RungParts, models: Sequence[Regressor], coordination: np.ndarray, seed: int
) -> Level:
    """Score a rung's regressors on mixtures, and on whole snapshots, of sites held out."""
    truth, snapshot = rung.tested.coordination, rung.tested.snapshot
    methods = []
    for model, part in zip(models, rung.parts, strict=True):
        train = (part.taught[part.train], coordination[part.train])
        plain = {name: m.fit(*train) for name, m in regressor_baselines().items()}
        methods.append({"network": model, **plain})
    shares = {place: HELD_OUT_MIXTURES // len(places) for places in rung.turns for place in places}

    def on_mixtures(place: int, part: Part) -> Off:
        if len(part.test) < 2:
            return {}
        held_out, turn = (part.tested[part.test], truth[part.test]), seed + part.turn
        return _off(methods[place], *mixtures(*held_out, examples=shares[place], seed=turn))

    def on_snapshots(place: int, part: Part) -> Off:
        sites = [snapshot == name for name in _whole(snapshot, part)]
        if not sites:
            return {}
        x, y = (np.array([v[rows].mean(axis=0) for rows in sites]) for v in (part.tested, truth))
        return _off(methods[place], x, y)

    averages = _by_seed(rung, on_snapshots)
    names = {name for part in rung.parts for name in _whole(snapshot, part)}
    whole = len(averages) == len(rung.turns)
    return Level(
        meaning=MEANING[rung.name],
        mixtures=_contest(_by_seed(rung, on_mixtures)),
        snapshots=replace(_contest(averages), n=len(names)) if whole else None,
        remark=rung.remark,
    )


def _off(methods: Mapping[str, Regressor | Pipeline], x: np.ndarray, y: np.ndarray) -> Off:
    return {name: method.predict(x) - y for name, method in methods.items()}


def _whole(snapshot: np.ndarray, part: Part) -> list[str]:
    """Snapshots of which every site is on the test side."""
    train = np.setdiff1d(np.arange(len(snapshot)), part.test)
    return np.setdiff1d(snapshot[part.test], snapshot[train]).tolist()


def _contest(offs: Sequence[Off]) -> Contest:
    """Sum up how far every method is off, one dict for each seed."""
    errors = {}
    for name, column in _columns(offs):
        mae = [float(np.abs(off).mean()) for off in column]
        mse = [float((off**2).mean()) for off in column]
        errors[name] = Errors(_mean(mae), _mean(mse), _spread(mae), _spread(mse))
    network = errors.pop("network")
    return Contest(**vars(network), baselines=errors, n=sum(len(off["network"]) for off in offs))


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

    def told(_: int, part: Part) -> dict[str, np.ndarray]:
        train = part.train[np.isfinite(taught[part.train])]
        test = part.test[np.isfinite(truth[part.test])]
        sites = Labelled(part.taught[train], taught[train], data.environment[train], categories)
        turn = seed + part.turn
        (machine,) = fit_regressors(recipe, [(sites, turn)])
        others = baseline_numbers((sites.mu, sites.value), part.tested[test], turn)
        return {"truth": truth[test], "": machine.predict(part.tested[test]), **others}

    r2: list[dict[str, float]] = []
    errors: list[dict[str, float]] = []
    for joined in _by_seed(rung, told):
        values = joined.pop("truth")
        if len(values) < 2 or not np.ptp(values):
            return None
        r2.append({name: float(r2_score(values, numbers)) for name, numbers in joined.items()})
        errors.append({name: float(np.abs(of - values).mean()) for name, of in joined.items()})
    tested = np.concatenate([part.test for part in rung.parts])
    columns, off = dict(_columns(r2)), dict(_columns(errors))
    scores, own = columns.pop(""), off.pop("")
    return Explained(
        meaning=target.words(),
        unit=target.unit,
        r2=_mean(scores),
        spread=_spread(scores),
        mae=_mean(own),
        baselines={name: _mean(column) for name, column in columns.items()},
        baseline_mae={name: _mean(column) for name, column in off.items()},
        n=len(np.unique(tested[np.isfinite(truth[tested])])),
    )


def _by_seed(
    rung: RungParts, score: Callable[[int, Part], dict[str, np.ndarray]]
) -> list[dict[str, np.ndarray]]:
    """Score part by part, and join what the parts of each seed have given, if anything."""
    scores = [score(place, part) for place, part in enumerate(rung.parts)]
    seeds = [[scores[place] for place in places if scores[place]] for places in rung.turns]
    return [
        {name: np.concatenate(column) for name, column in _columns(parts)}
        for parts in seeds
        if parts
    ]


def _columns(rows: Sequence[Mapping[str, Value]]) -> list[tuple[str, list[Value]]]:
    """Turn rows of one set of names around: each name, and its values."""
    return [(name, [row[name] for row in rows]) for name in (rows[0] if rows else ())]


def _mean(values: Sequence[float], weights: Sequence[int] | None = None) -> float:
    return float(np.average(values, weights=weights))


def _spread(values: Sequence[float]) -> float:
    """Standard deviation; zero of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
