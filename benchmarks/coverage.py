"""How often sets and intervals hold the truth on trajectories never seen, and how large they are.

Nested: every outer fold holds whole trajectories of the shipped dataset out, the calibration sees
cross-validated predictions of the other trajectories only, and the sets and intervals it gives are
scored on the ones held out. Every site is scored once for each seed. Run it with::

    python benchmarks/coverage.py --learners best svm random-forest ridge

It takes some minutes. ``held`` is the share of truths held, mean over three seeds, ``error`` its
standard error, from the scatter over trajectories; ``spread`` is that
scatter itself, which is what one new trajectory is in for; ``size`` is the mean number of classes
in a set; class columns are the shares of single classes. 24 trajectories, 2016 sites, aim 0.900::

    best: class sets, accuracy 0.771
                                 held error spread  size     0     1     2     3     4 dimer
    LAC, marginal               0.904 0.006  0.028 1.464 0.992 0.958 0.932 0.720 0.350 0.990
    LAC, by class               0.917 0.006  0.029 1.596 0.966 0.902 0.903 0.916 0.944 0.971
    APS, marginal               0.906 0.008  0.036 1.722 0.977 0.959 0.868 0.868 0.432 1.000
    APS, by class               0.919 0.007  0.032 1.879 0.966 0.913 0.894 0.924 0.923 0.971
    RAPS, marginal              0.906 0.008  0.037 1.605 0.971 0.961 0.877 0.860 0.406 1.000
    RAPS, by class              0.919 0.007  0.033 1.725 0.966 0.913 0.893 0.928 0.927 0.971
    LAC, hierarchical           0.954 0.005  0.022 1.872 0.992 0.982 0.973 0.866 0.611 1.000
    LAC, common rank (shipped)  0.903 0.007  0.033 1.506 0.966 0.885 0.886 0.901 0.910 0.971

    svm: class sets, accuracy 0.755
    LAC, marginal               0.909 0.007  0.031 1.722 0.978 0.965 0.957 0.674 0.393 0.990
    LAC, by class               0.923 0.007  0.036 1.800 0.978 0.906 0.906 0.924 0.936 0.990
    APS, marginal               0.906 0.007  0.032 1.656 0.992 0.960 0.884 0.800 0.487 0.990
    LAC, hierarchical           0.953 0.004  0.019 2.053 0.992 0.982 0.985 0.866 0.530 0.990
    LAC, common rank (shipped)  0.904 0.008  0.038 1.645 0.978 0.883 0.891 0.890 0.897 0.990

    random-forest: class sets, accuracy 0.754
    LAC, marginal               0.906 0.009  0.041 1.484 0.992 0.951 0.940 0.738 0.423 0.926
    LAC, by class               0.921 0.007  0.036 1.662 0.982 0.906 0.912 0.921 0.949 0.910
    LAC, common rank (shipped)  0.912 0.008  0.039 1.593 0.982 0.897 0.904 0.902 0.923 0.910

    best: intervals of single sites; size is the mean width
    one width                   0.907 0.008  0.038 1.648 1.000 0.945 0.931 0.798 0.436 0.885
    by class (shipped)          0.903 0.008  0.040 0.841 1.000 0.889 0.895 0.897 0.889 0.833
    ridge
    one width                   0.908 0.007  0.034 1.747 1.000 0.947 0.976 0.796 0.380 0.673
    by class (shipped)          0.926 0.007  0.033 1.641 1.000 0.981 0.872 0.854 0.868 0.853

    best: share held by the intervals of averages, mean and fractions; half width of the mean
    composition of atoms  mean     0     1     2     3     4 dimer  half width
    any                2 0.903 0.902 0.898 0.905 0.914 0.914 0.911        0.91
    any                4 0.907 0.904 0.900 0.908 0.912 0.909 0.908        0.73
    any                8 0.894 0.904 0.899 0.907 0.911 0.903 0.900        0.59
    any               16 0.899 0.898 0.903 0.908 0.906 0.908 0.904        0.49
    any               28 0.901 0.904 0.897 0.908 0.903 0.908 0.895        0.44
    the snapshot       2 0.901 0.904 0.900 0.908 0.914 0.909 0.901        0.70
    the snapshot       4 0.909 0.906 0.901 0.904 0.902 0.916 0.904        0.57
    the snapshot       8 0.905 0.906 0.906 0.901 0.917 0.924 0.904        0.44
    the snapshot      16 0.912 0.902 0.910 0.907 0.916 0.915 0.893        0.37
    the snapshot      28 0.915 0.923 0.935 0.896 0.902 0.902 0.907        0.34

What it says: marginal sets leave out most of class 4. Sets by class hold every class but, as the
easy classes cannot be held less often than the classifier is right, 2 % too much in all. One common
rank for all classes holds every class and nearly the level, and its sets are the smallest that do.
What is still too much comes from the inner folds, which learn from a third fewer trajectories than
the classifier that is scored (with INNER = 10 instead of 3 support vectors go from 0.909 to 0.896
by LAC, marginal). The weights that make the promise exact for 18 trajectories (hierarchical) hold
5 % too much: sites of one trajectory are less alike than they fear. One width for all sites leaves
out most of class 4 too, and is wider. The scatter of 0.03 over trajectories means that six new ones
are held to about 0.014 and one to about 0.035: a single one below 0.87 is no surprise.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

# Many small matrices: more threads only get into each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.special import softmax

from nearedge.datasets import SiteSpectra, load_dataset, starter_path
from nearedge.datasets.splits import folds
from nearedge.learning.baselines import classifier_baselines, regressor_baselines
from nearedge.learning.estimators import outputs
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import BEST, fit_classifiers, fit_regressors
from nearedge.trust import (
    LEVEL,
    calibrate_intervals,
    calibrate_sets,
    calibrate_site_intervals,
    conformal_quantile,
    coverage,
    snapshot_averages,
    uneven_averages,
)

OUTER, INNER = 4, 3
SIZES = (2, 4, 8, 16, 28)

Fit = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]


@dataclass(frozen=True)
class Side:
    """Unseen sites and what was predicted of them."""

    sites: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class Nested:
    """One outer fold: what the calibration sees, what it is scored on, and their predictors."""

    calibration: Side
    test: Side
    # For averages: the sites and the predictor of every inner fold, and of the outer one.
    parts: tuple[tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]], ...]


def nested(
    data: SiteSpectra, fit_all: Callable[..., list], mu: np.ndarray, seed: int
) -> Iterator[Nested]:
    """Cut, fit and predict every outer fold."""
    for outer in folds(data.environment, data.trajectory, count=OUTER, seed=seed):
        mine = outer.train
        inner = folds(data.environment[mine], data.trajectory[mine], count=INNER, seed=seed)
        cuts = [(mine, outer.test), *((mine[one.train], mine[one.test]) for one in inner)]
        jobs = [
            Labelled(mu[train], data.coordination[train], data.environment[train])
            for train, _ in cuts
        ]
        models = fit_all(jobs, seed)
        sides = [Side(test, model(mu[test])) for model, (_, test) in zip(models, cuts, strict=True)]
        yield Nested(
            Side(
                np.concatenate([side.sites for side in sides[1:]]),
                np.concatenate([side.predicted for side in sides[1:]]),
            ),
            sides[0],
            tuple((test, model) for model, (_, test) in zip(models, cuts, strict=True)),
        )


def spectra(data: SiteSpectra, learner: str) -> np.ndarray:
    """Give the spectra on the energies that the learner sees."""
    return data.inputs(BEST.reach(data.energy) if learner == "best" else None)


def classifiers(learner: str, classes: list[str]) -> Callable[..., list]:
    """Make the function that fits a learner on several training sets and gives probabilities."""

    def fit_all(jobs: list[Labelled], seed: int) -> list:
        if learner == "best":
            fitted = fit_classifiers(
                BEST, [(replace(job, value=job.environment), seed) for job in jobs]
            )
        else:
            make = classifier_baselines
            fitted = [make(seed)[learner].fit(job.mu, job.environment) for job in jobs]

        def probabilities(model):
            def predict(x: np.ndarray) -> np.ndarray:
                table = np.zeros((len(x), len(classes)))
                # Support vectors give distances; any rising function of them serves.
                found = (
                    softmax(2 * model.decision_function(x), axis=1)
                    if learner == "svm"
                    else model.predict_proba(x)
                )
                table[:, [classes.index(str(name)) for name in model.classes_]] = found
                return table

            return predict

        return [probabilities(model) for model in fitted]

    return fit_all


def regressors(learner: str, classes: list[str]) -> Callable[..., list]:
    """Make the function that fits a learner on several training sets and gives its outputs."""

    def fit_all(jobs: list[Labelled], seed: int) -> list:
        fitted: Sequence[Any]
        if learner == "best":
            fitted = fit_regressors(BEST, [(job, seed) for job in jobs], by_class=True)
        else:
            make = regressor_baselines
            fitted = [make()[learner].fit(job.mu, job.value) for job in jobs]
        return [lambda x, model=model: outputs(model, x, classes) for model in fitted]

    return fit_all


def _least_ambiguous(probability: np.ndarray) -> np.ndarray:
    score = 1 - probability
    score[np.arange(len(score)), probability.argmax(axis=1)] = 0
    return score


def _adaptive(probability: np.ndarray, penalty: float = 0.0) -> np.ndarray:
    """APS of Romano, Sesia and Candes (2020), not randomised; with a penalty on rank 3, RAPS."""
    order = np.argsort(-probability, axis=1)
    rank = np.argsort(order, axis=1)
    total = np.take_along_axis(probability, order, axis=1).cumsum(axis=1)
    score = np.take_along_axis(total, rank, axis=1) + penalty * np.maximum(0, rank - 1)
    score[rank == 0] = 0
    return score


def _raps(probability: np.ndarray) -> np.ndarray:
    return _adaptive(probability, 0.05)


def set_methods(one: Nested, truth: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """Members of the sets of the outer test sites, by method; `truth` are class numbers."""
    cal, test = one.calibration, one.test
    mine = truth[cal.sites]
    result = {}
    for name, score in (
        ("LAC", _least_ambiguous),
        ("APS", _adaptive),
        ("RAPS", _raps),
    ):
        own, new = score(cal.predicted)[np.arange(len(mine)), mine], score(test.predicted)
        result[f"{name}, marginal"] = new <= conformal_quantile(own, LEVEL)
        by_class = [conformal_quantile(own[mine == c], LEVEL) for c in range(new.shape[1])]
        result[f"{name}, by class"] = new <= np.array(by_class)
    own, new = (_least_ambiguous(side.predicted) for side in (cal, test))
    own = own[np.arange(len(mine)), mine]
    # Lee, Barber and Willett (2023): every trajectory one vote, and one vote for the new one.
    votes = len(np.unique(groups[cal.sites])) + 1
    weight = 1 / (votes * np.bincount(groups[cal.sites])[groups[cal.sites]])
    order = np.argsort(own)
    place = np.searchsorted(weight[order].cumsum(), LEVEL - 1e-9)
    result["LAC, hierarchical"] = new <= (own[order][place] if place < len(own) else np.inf)
    names = [str(c) for c in range(new.shape[1])]
    shipped = calibrate_sets(cal.predicted, mine.astype(str), names)
    result["LAC, common rank (shipped)"] = shipped.members(test.predicted)
    return result


def study_sets(data: SiteSpectra, learner: str, seeds: int) -> None:
    """Print the table of class sets."""
    classes = data.classes
    truth = np.array([classes.index(name) for name in data.environment])
    groups = np.unique(data.trajectory, return_inverse=True)[1]
    mu = spectra(data, learner)
    rows: dict[str, list[np.ndarray]] = {}
    accuracy = []
    for seed in range(seeds):
        members: dict[str, np.ndarray] = {}
        for one in nested(data, classifiers(learner, classes), mu, seed):
            sites = one.test.sites
            accuracy.append((one.test.predicted.argmax(axis=1) == truth[sites]).mean())
            for name, chosen in set_methods(one, truth, groups).items():
                table = members.setdefault(name, np.zeros((len(data), len(classes)), bool))
                table[sites] = chosen
        for name, table in members.items():
            held = table[np.arange(len(data)), truth]
            rows.setdefault(name, []).append(_row(data, held, table.sum(axis=1)))
    print(f"\n{learner}: class sets, accuracy {np.mean(accuracy):.3f}, {seeds} seeds")
    _print(data, rows)


def study_intervals(data: SiteSpectra, learner: str, seeds: int) -> None:
    """Print the tables of intervals of single sites and of averages."""
    number, mu = data.coordination.astype(float), spectra(data, learner)
    classes = data.classes if learner == "best" and BEST.fractions else []
    rows: dict[str, list[np.ndarray]] = {}
    averages: dict[tuple[str, int], list[np.ndarray]] = {}
    for seed in range(seeds):
        ends: dict[str, np.ndarray] = {}
        for one in nested(data, regressors(learner, classes), mu, seed):
            cal, sites = one.calibration, one.test.sites
            found, new = cal.predicted[:, 0], one.test.predicted[:, 0]
            plain = calibrate_intervals(found[:, None], number[cal.sites][:, None])
            by_class = calibrate_site_intervals(
                found, number[cal.sites], data.environment[cal.sites]
            )
            for name, made in (
                ("one width", np.clip(plain.bounds(new[:, None], 1)[:, 0], 0, None)),
                ("by class (shipped)", by_class.bounds(new)),
            ):
                ends.setdefault(name, np.empty((len(data), 2)))[sites] = made
            for kind, size, *judged in _averages(data, mu, classes, one, seed):
                averages.setdefault((kind, size), []).append(np.array(judged))
        for name, made in ends.items():
            held = (made[:, 0] <= number) & (number <= made[:, 1])
            rows.setdefault(name, []).append(_row(data, held, np.ptp(made, axis=1)))
    print(f"\n{learner}: intervals of single sites, {seeds} seeds; size is the mean width")
    _print(data, rows)
    print(f"\n{learner}: intervals of averages over unseen sites: share held, half width and error")
    names = ["mean", *classes]
    print(f"{'composition of':14}{'atoms':>6}" + "".join(f"{name:>16}" for name in names))
    for (kind, size), values in sorted(averages.items()):
        cells = [f"{h:6.3f}{w:5.2f}{e:5.2f}" for h, w, e in np.mean(values, axis=0).T]
        print(f"{kind:14}{size:6}" + "".join(cells))


def _averages(
    data: SiteSpectra, mu: np.ndarray, classes: list[str], one: Nested, seed: int
) -> Iterator[tuple[str, int, np.ndarray, np.ndarray, np.ndarray]]:
    """Calibrate averages on the inner folds and score them on the outer test sites."""
    target = Labelled(mu, data.coordination, data.environment).outputs(classes)
    for kind in ("the snapshot", "any"):
        found = []
        for sites, model in one.parts:
            made = (
                snapshot_averages(data.snapshot[sites], SIZES, seed=seed)
                if kind == "the snapshot"
                else uneven_averages(data.environment[sites], SIZES, examples=200, seed=seed)
            )
            found.append((model(made.of(mu[sites])), made.of(target[sites]), made.atoms))
        predicted, truth, atoms = (np.concatenate(each) for each in zip(*found[1:], strict=True))
        intervals = calibrate_intervals(predicted, truth, atoms=atoms)
        new, true, size = found[0]
        off = np.abs(new - true)
        for count in SIZES:
            half = intervals.half_width(count)
            mine = off[size == count]
            yield kind, count, (mine <= half).mean(axis=0), half, mine.mean(axis=0)


def _row(data: SiteSpectra, held: np.ndarray, size: np.ndarray) -> np.ndarray:
    runs = [held[data.trajectory == name].mean() for name in np.unique(data.trajectory)]
    judged = coverage(held, data.trajectory)
    classes = [held[data.environment == name].mean() for name in data.classes]
    return np.array([held.mean(), judged.error, np.std(runs), size.mean(), *classes], float)


def _print(data: SiteSpectra, rows: dict[str, list[np.ndarray]]) -> None:
    columns = "".join(f"{name:>6}" for name in data.classes)
    print(f"{'':26}{'held':>7}{'error':>6}{'spread':>7}{'size':>6}{columns}")
    for name, values in rows.items():
        held, error, spread, *others = np.mean(values, axis=0)
        cells = "".join(f"{value:6.3f}" for value in others)
        print(f"{name:26}{held:7.3f}{error:6.3f}{spread:7.3f}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--learners",
        nargs="+",
        default=["svm", "ridge"],
        choices=["svm", "random-forest", "logistic", "ridge", "best"],
    )
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    data = load_dataset(starter_path())
    for learner in options.learners:
        if learner != "ridge":
            study_sets(data, learner, options.seeds)
        if learner in ("ridge", "best"):
            study_intervals(data, learner, options.seeds)


if __name__ == "__main__":
    main()
