"""Choose recipe ``best`` by nested, grouped cross-validation on the O K-edge datasets that ship.

Three questions: the class of a raw spectrum, its bond valence, and the mean coordination number of
a whole snapshot from its averaged spectrum. For each of three outer folds every candidate is scored
in three inner folds of the training side, cut by the same groups; what has the best inner score is
scored on the test side. The single outer scores are for orientation; nothing is chosen by them.
Studies::

    composition   li3feo35 and li-fe-o: no composition on both sides, all of one weight
    trajectory    the same, no trajectory on both sides; only sites of li3feo35 are scored
    few           84 spectra, a trajectory of li3feo35 each: no atom on both sides
    ocean         with --ocean FOLDER, a dataset of OCEAN spectra: no atom on both sides

Run it with ``python benchmarks/recipes.py OUTPUT``. What is measured stays in the folder OUTPUT, so
that it can be interrupted. Outer scores; classes: percent right; bond valence: R2; means: error in
neighbours. ``noisy`` is the outer score at a signal to noise of 30::

    class                            composition  trajectory    few   ocean
    nested choice                           75.1        79.3   69.1    84.7
    floor 0.5 (ships)                       74.9        79.0   68.9    85.7
    floor 0.2                               74.3        77.8   65.6    86.8
    floor 1                                 75.1        79.4   69.3    82.7
    networks                                75.7        77.8   63.0    81.7
    support vectors, plain                  73.0        76.9   63.4    88.8
    random forest                           72.8        77.3   67.2    75.7

    bond valence                     composition  trajectory    few   ocean
    nested choice                          0.919       0.911  0.835   0.919
    reach 4, floor 1 (ships)               0.918       0.913  0.839   0.910
    ridge                                  0.803       0.795  0.768   0.504

    mean, composition                      inner       outer  noisy
    kernel, floor 0.5                      0.127       0.124  0.169
    kernel and networks (ships)            0.135       0.126  0.136
    kernel, floor 1                        0.134       0.128  0.155
    networks                               0.140       0.131  0.128
    ridge                                  0.165       0.156  42

(3,566 spectra of 27 compositions.) The floor of the scale decides: 0.5 has the best mean of the
inner scores over the four studies (75.0; 0.2: 74.5; 1: 74.6). OCEAN's spectra ask for a smaller.
Soft counts about the cutoff (0.1 to 0.3 A wide) as what is learnt make means worse (0.121 to 0.167,
0.122 with the hard count), more averages do not help; draws of averages differ by 0.005.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast, get_args

# Many small matrices: more threads only get into each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.metrics import r2_score

from nearedge.datasets import SiteSpectra, load_dataset, merge
from nearedge.datasets.splits import Fold, folds
from nearedge.drawing.progress import counting_bar
from nearedge.ladder._snapshots import shares
from nearedge.ladder.robustness import Disturbance
from nearedge.learning.baselines import classifier_baselines, regressor_baselines
from nearedge.learning.estimators import MixtureRegressor
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import (
    BEST,
    MAIN_PEAK,
    NETWORK,
    WIDER,
    averages_and_sites,
    fit_classifiers,
    fit_regressors,
)
from nearedge.records import replacing

NOISE = Disturbance(signal_to_noise=30.0)

Question = Literal["class", "bond valence", "mean"]
QUESTIONS: tuple[Question, ...] = get_args(Question)

Learn = Callable[[Labelled, Mapping[str, Any], int], Any]
"""What learns raw spectra with these parameters and a seed."""


def support_vectors(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn classes with kernel machines."""
    return fit_classifiers(replace(BEST, classifier=parameters), [(sites, seed)])[0]


def class_networks(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn classes with networks."""
    own = {**NETWORK.classifier, **parameters}
    return fit_classifiers(replace(NETWORK, classifier=own), [(sites, seed)])[0]


def kernel_number(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn a number of single sites with kernel machines."""
    model = BEST.new_regressor(seed, None, **parameters)
    return model.fit(sites.mu, sites.value.astype(float))


def kernel_mixtures(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn the composition of averages by kernel ridge regression."""
    model = cast(MixtureRegressor, BEST.new_regressor(seed, sites.class_values(), **parameters))
    return model.fit(*averages_and_sites(sites, BEST.jitter, seed))


def committees(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn the composition of averages as the recipe does."""
    return fit_regressors(replace(BEST, **parameters), [(sites, seed)], by_class=True)[0]


def mixture_networks(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn the composition of averages with networks."""
    own = replace(NETWORK, regressor={**NETWORK.regressor, **parameters})
    return fit_regressors(own, [(sites, seed)], by_class=True)[0]


def plain(sites: Labelled, parameters: Mapping[str, Any], seed: int) -> Any:
    """Learn with a plain method, from raw spectra."""
    of_classes = sites.value.dtype.kind == "U"
    models = classifier_baselines(seed) if of_classes else regressor_baselines()
    value = sites.value if of_classes else sites.value.astype(float)
    return models[parameters["method"]].fit(sites.mu, value)


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be chosen or, if it is `plain`, stands beside it."""

    name: str
    learn: Learn
    parameters: Mapping[str, Any]

    @property
    def plain(self) -> bool:
        """Whether it is a method that stands beside the others."""
        return self.learn is plain


def candidates(question: Question) -> list[Candidate]:
    """Vary one or two parameters at a time around those of today."""

    def several(learn: Learn, grid: Sequence[Mapping[str, float]]) -> list[Candidate]:
        return [
            Candidate(" ".join(f"{key}={one[key]:g}" for key in one) or "as it is", learn, one)
            for one in grid
        ]

    def named(learn: Learn, name: str, **parameters: Any) -> Candidate:
        return Candidate(name, learn, parameters)

    if question == "class":
        grid = [(5, reach, 0.25, floor) for reach in (1, 2, 4) for floor in (0.2, 0.5, 1)]
        grid += [(cost, 2, 0.25, 0.5) for cost in (2, 20)] + [(5, 2, 0, 0.5), (5, 2, 0.5, 0.5)]
        names = ("C", "reach", "slopes", "scale_floor")
        found = several(
            support_vectors, [dict(zip(names, map(float, one), strict=True)) for one in grid]
        )
        found.append(named(class_networks, "networks"))
        methods = ("svm", "logistic", "random-forest", "1-nn")
    elif question == "bond valence":
        grid = [
            {"reach": reach, "scale_floor": floor} for reach in (2.0, 4.0) for floor in (0.5, 1.0)
        ]
        grid += [{"reach": 8.0, "scale_floor": 1.0}, {"C": 20.0}, {"slopes": 0.25}]
        found, methods = several(kernel_number, grid), ("ridge", "constant")
    else:
        grid = [{"scale_floor": 0.5}, {"scale_floor": 1.0}, {"reach": 4.0}, {"C": 1.0}]
        found = [*several(kernel_mixtures, grid), named(mixture_networks, "networks")]
        found.append(named(committees, "kernel and networks"))
        methods = ("ridge", "constant")
    return [*found, *(named(plain, method, method=method) for method in methods)]


@dataclass(frozen=True)
class Part:
    """Spectra that are learnt from together, cut into outer folds by groups."""

    data: SiteSpectra
    groups: np.ndarray
    scored: np.ndarray
    seed: int

    @property
    def outer(self) -> list[Fold]:
        """The outer folds."""
        return folds(self.data.environment, self.groups, seed=self.seed)

    def inner(self, turn: int) -> list[Fold]:
        """Cut the training side of an outer fold by groups of the same kind."""
        mine = self.outer[turn].train
        cut = folds(self.data.environment[mine], self.groups[mine], seed=self.seed + turn)
        return [Fold(mine[one.train], mine[one.test]) for one in cut]


def make_studies(ocean: Path | None, seed: int) -> dict[str, list[Part]]:
    """Give the studies by name."""
    old = load_dataset("li3feo35")
    both = merge([old, load_dataset("li-fe-o")])
    runs = [old.select(old.trajectory == run) for run in np.unique(old.trajectory)]
    ones = np.ones(len(both), bool)
    mine = np.isin(both.trajectory, old.trajectory)
    found = {
        "composition": [Part(both, both.groups("composition"), ones, seed)],
        "trajectory": [Part(both, both.groups("trajectory"), mine, seed)],
        "few": [Part(run, run.groups("atom"), np.ones(len(run), bool), seed) for run in runs],
    }
    if ocean:
        data = load_dataset(ocean)
        found["ocean"] = [Part(data, data.groups("atom"), np.ones(len(data), bool), seed)]
    return found


@dataclass(frozen=True)
class Told:
    """What is asked of some sites, or of their snapshots: truths, predictions, and weights."""

    true: np.ndarray
    told: np.ndarray
    weight: np.ndarray

    def score(self, question: Question) -> float:
        """Percent right, R2, or mean absolute error."""
        if question == "class":
            return float(100 * np.average(self.true == self.told, weights=self.weight))
        true, told = self.true.astype(float), self.told.astype(float)
        if question == "bond valence":
            return float(r2_score(true, told, sample_weight=self.weight))
        return float(np.average(np.abs(told - true), weights=self.weight))


def ask(part: Part, question: Question, model: Any, test: np.ndarray, inputs: np.ndarray) -> Told:
    """Ask a model for the scored sites of a test side, or for its snapshots."""
    data, rows = part.data, test[part.scored[test]]
    composition = data.groups("composition")
    if question == "mean":
        names, first = np.unique(data.snapshot[rows], return_index=True)
        own = [data.snapshot == name for name in names]
        true = np.array([data.coordination[one].mean() for one in own])
        told = model.predict(np.array([inputs[one].mean(axis=0) for one in own]))
        return Told(true, told, shares(composition[rows[first]]))
    true = truths(data, question)[rows]
    return Told(true, np.asarray(model.predict(inputs[rows])), shares(composition[rows]))


def truths(data: SiteSpectra, question: Question) -> np.ndarray:
    """What is learnt of each site."""
    if question == "class":
        return data.environment
    target = "bond_valence" if question == "bond valence" else "coordination"
    return data.labels(data.target(target))


def measure(
    parts: Sequence[Part], question: Question, candidate: Candidate, seed: int
) -> list[dict[str, float]]:
    """Give the inner, outer and noisy score of each outer fold."""
    scores = []
    for turn in range(3):
        told: dict[str, list[Told]] = {"inner": [], "outer": [], "noisy": []}
        for part in parts:
            if turn >= len(part.outer):
                continue
            data = part.data
            window = MAIN_PEAK if question == "mean" else WIDER
            sites = replace(
                data.labelled(data.target("coordination"), window), value=truths(data, question)
            )
            noisy = NOISE.apply(data.energy, data.mu, window, seed=seed)
            for fold in part.inner(turn):
                model = candidate.learn(sites.part(fold.train), candidate.parameters, seed)
                told["inner"].append(ask(part, question, model, fold.test, sites.mu))
            fold = part.outer[turn]
            model = candidate.learn(sites.part(fold.train), candidate.parameters, seed)
            told["outer"].append(ask(part, question, model, fold.test, sites.mu))
            told["noisy"].append(ask(part, question, model, fold.test, noisy))
        together = {
            side: Told(
                *(
                    np.concatenate([getattr(one, name) for one in several])
                    for name in ("true", "told", "weight")
                )
            )
            for side, several in told.items()
        }
        scores.append({side: one.score(question) for side, one in together.items()})
    return scores


def kept(folder: Path, name: str, make: Callable[[], Any]) -> Any:
    """Read a result from the folder, or make it and write it there."""
    path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
    if not path.exists():
        made = make()
        with replacing(path) as temporary:
            temporary.write_text(json.dumps({"of": name, "scores": made}))
    return json.loads(path.read_text())["scores"]


def main() -> None:
    """Measure what is missing, choose, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--ocean", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    studies = make_studies(asked.ocean, asked.seed)
    plan: list[tuple[Question, str]] = [
        (question, study)
        for question in QUESTIONS
        for study in studies
        if question != "mean" or study == "composition"
    ]
    with counting_bar() as bar:
        task = bar.add_task("candidates", total=sum(len(candidates(one)) for one, _ in plan))
        for question, study in plan:
            found = {}
            for candidate in candidates(question):
                parts = studies[study]
                name = f"{question} {study} {candidate.name} {len(parts[0].data)} {asked.seed}"
                make = partial(measure, parts, question, candidate, asked.seed)
                found[candidate] = kept(asked.output, name, make)
                bar.advance(task)
            report(question, study, found)


def report(
    question: Question, study: str, found: Mapping[Candidate, list[dict[str, float]]]
) -> None:
    """Print all scores, the best inner one first, and the nested score of the choice."""
    sign = 1 if question == "mean" else -1
    digits = 1 if question == "class" else 3
    print(f"\n{question}, {study:34}{'inner':>9}{'outer':>9}{'noisy':>9}")
    ranked = sorted(found, key=lambda one: sign * np.mean([turn["inner"] for turn in found[one]]))
    for one in ranked:
        means = (
            np.mean([turn[side] for turn in found[one]]) for side in ("inner", "outer", "noisy")
        )
        print(f"{one.name:43}" + "".join(f"{mean:9.{digits}f}" for mean in means))
    nested, picks = [], []
    for turn in range(3):
        free = [one for one in found if not one.plain]
        best = min(free, key=lambda one: sign * found[one][turn]["inner"])
        picks.append(best.name)
        nested.append(found[best][turn]["outer"])
    print(f"nested {np.mean(nested):.{digits}f}: {'; '.join(picks)}")


if __name__ == "__main__":
    main()
