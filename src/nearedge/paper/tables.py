"""The tables of the report, made from what the protocol measured."""

import numpy as np

from nearedge.ladder import Contest, Ladder
from nearedge.ladder.robustness import Quantity
from nearedge.paper.findings import percent, several, small
from nearedge.paper.page import table
from nearedge.paper.results import Reproduction
from nearedge.paper.robustness import Disturbed
from nearedge.targets import class_order


def ladder_table(ladder: Ladder, better: Ladder | None) -> str:
    """Accuracy on every rung, of the networks and of the plain methods."""
    methods = {"1-nn": "1-NN", "svm": "SVM", "logistic": "logistic", "random-forest": "forest"}
    head = ["rung", f"recipe {ladder.recipe}", "balanced"]
    head += [f"recipe {better.recipe}"] if better else []
    head += [*methods.values(), "majority", "n"]
    rows = []
    for name, step in ladder.rungs.items():
        row = [name, percent(step.accuracy, several(ladder, step.spread))]
        row.append(percent(step.balanced_accuracy))
        if better:
            other = better.rungs.get(name)
            spread = several(better, other.spread) if other else None
            row.append(percent(other.accuracy, spread) if other else "")
        for one in methods:
            row.append(percent(step.baselines[one], several(ladder, step.baseline_spreads[one])))
        rows.append([*row, percent(step.baselines["majority"]), str(step.n)])
        if step.raw_parents is not None:
            raw = percent(step.raw_parents, several(ladder, step.raw_parents_spread or 0.0))
            rows.append(["its raw parents", raw, *[""] * (len(head) - 2)])
    return table(
        head,
        rows,
        caption=f"Accuracy; {_over(ladder.seeds)}. Balanced: recipe {ladder.recipe}'s mean over "
        "the classes. n: different spectra (on the rung paper: averages) scored. On the rung paper "
        "the plain methods learn from the averages too.",
        numbers=range(1, len(head)),
        bold=[1],
    )


def coverage_table(ladder: Ladder) -> str:
    """How often sets of classes hold the truth on every rung, class by class."""
    judged = {name: step.sets for name, step in ladder.rungs.items() if step.sets}
    if not judged:
        return ""
    classes = class_order({name for one in judged.values() for name in one["per_class"]})
    rows = []
    for name, one in judged.items():
        shares = [
            percent(one["per_class"][c]["coverage"]) if c in one["per_class"] else ""
            for c in classes
        ]
        size = f"{one['mean_set_size']:.2f}"
        rows.append([name, percent(one["coverage"], one["error"]), *shares, size, str(one["n"])])
    level = percent(next(iter(judged.values()))["level"])
    return table(
        ["rung", "all", *classes, "classes in a set", "n"],
        rows,
        caption=f"Prediction sets of recipe “{ladder.recipe}” meant to hold {level} of the true "
        "classes: the share they held of spectra that were used neither in training nor in "
        "calibration (each seed's sets are calibrated on the other seeds' test spectra). The error "
        "is a standard error over trajectories.",
        numbers=range(1, len(classes) + 4),
        bold=[1],
    )


def regression_table(ladder: Ladder, better: Ladder | None = None) -> str:
    """Errors of the mean coordination number on every rung."""
    methods = [f"recipe {ladder.recipe}", "ridge", "constant"]
    head = ["rung", "scored on", *(f"{name}, MSE" for name in methods)]
    methods += [f"recipe {better.recipe}"] if better else []
    head += [*(f"{name}, MAE" for name in methods), "n"]
    rows: list[list[str]] = []

    def row(rung: str, what: str, trial: Contest, other: Contest | None) -> None:
        every = [trial.regressor, trial.baselines["ridge"], trial.baselines["constant"]]
        squared = [small(one.mse, several(ladder, one.mse_spread)) for one in every]
        absolute = [small(one.mae) for one in every]
        if better:
            absolute.append(small(other.regressor.mae) if other else "")
        rows.append([rung, what, *squared, *absolute, str(trial.n)])

    for name, level in ladder.regression.items():
        other = better.regression.get(name) if better else None
        row(name, "mixtures", level.mixtures, other.mixtures if other else None)
        if level.snapshots is not None:
            row("", "whole snapshots", level.snapshots, other.snapshots if other else None)
    return table(
        head,
        rows,
        caption="Errors of the mean coordination number; MSE in neighbours², MAE in neighbours. "
        "Ridge learns from the raw training spectra, its penalty chosen by their leave-one-out "
        "error; the constant is the mean of the training labels. A recipe that tells fractions "
        "learns from unlikely compositions too, so as not to fall back on this mean.",
        numbers=range(2, len(head)),
        bold=[2],
    )


_CONDITIONS: tuple[tuple[str, Quantity, float], ...] = (
    ("offset -0.5 eV", "offset", -0.5),
    ("offset -0.25 eV", "offset", -0.25),
    ("offset +0.25 eV", "offset", 0.25),
    ("offset +0.5 eV", "offset", 0.5),
    ("broadening 0.5 eV FWHM", "broadening", 0.5),
    ("broadening 1 eV FWHM", "broadening", 1.0),
    ("signal to noise 100", "signal_to_noise", 100.0),
    ("signal to noise 30", "signal_to_noise", 30.0),
    ("intensity × 0.9", "scale", 0.9),
    ("intensity × 1.1", "scale", 1.1),
)


def robustness_table(hardship: Disturbed) -> str:
    """Scores of every method under some of the disturbances."""
    accuracy, error = hardship.classifier, hardship.regressor
    short = {"svm": "SVM", "1-nn": "1-NN"}
    names = [short.get(name, name) for name in accuracy.names]
    head = ["disturbance", *names, *(f"MAE, {name}" for name in error.names)]
    rows = [
        [
            "none",
            *(percent(accuracy.undisturbed[name]) for name in accuracy.names),
            *(f"{error.undisturbed[name]:.2f}" for name in error.names),
        ]
    ]
    for words, quantity, level in _CONDITIONS:
        right = [accuracy.at(quantity, level, name) for name in accuracy.names]
        off = [error.at(quantity, level, name) for name in error.names]
        rows.append([words, *map(percent, right), *map("{:.2f}".format, off)])
    return table(
        head,
        rows,
        caption="Accuracy on raw spectra, and mean absolute error in neighbours on mixtures, of "
        f"sites not trained on (rung {hardship.rung}), means over the folds. Signal to noise: peak "
        "intensity over the standard deviation of the noise at each stored energy.",
        numbers=range(1, len(head)),
    )


def comparison(results: Reproduction) -> str:
    """The paper's numbers and ours, line by line, each beside its rung."""
    published, rung = results.published, "paper"
    rows = [
        [
            "spectra, snapshots",
            f"about {published.spectra}, {published.snapshots}",
            f"{results.dataset['sites']}, {results.dataset['snapshots']}",
            "",
        ]
    ]
    for part in ("train", "validation", "test"):
        ours = [getattr(run.accuracy, part) for run in results.classifier]
        rows.append(
            [
                f"classifier accuracy, {part}",
                percent(getattr(published, f"{part}_accuracy")),
                percent(float(np.mean(ours)), _std(ours)),
                f"{rung}: averages of shared parents",
            ]
        )
    raw = [run.raw for run in results.classifier]
    rows.append(
        [
            "the same networks on single raw spectra",
            "not given",
            percent(float(np.mean(raw)), _std(raw)),
            f"{rung}: parents of the training set",
        ]
    )
    for name, step in results.ladder.rungs.items():
        if name != rung:
            accuracy = percent(step.accuracy, several(results.ladder, step.spread))
            what = f"classifier accuracy, recipe {results.ladder.recipe}"
            rows.append([what, "not given", accuracy, f"{name}: {step.meaning}"])
    for rate in sorted({run.rate for run in results.regressor}, reverse=True):
        ours = [run.mse.test for run in results.regressor if run.rate == rate]
        rows.append(
            [
                f"regressor test MSE, learning rate {rate:g}",
                small(published.test_mse),
                small(float(np.mean(ours)), _std(ours)),
                f"{rung}: mixtures of shared parents",
            ]
        )
    for name, level in results.ladder.regression.items():
        if name != rung:
            error = level.mixtures.regressor
            what = "regressor MSE on mixtures"
            value = small(error.mse, several(results.ladder, error.mse_spread))
            rows.append([what, "not given", value, f"{name}: {level.meaning}"])
    return table(
        ["quantity", "paper", "here", "rung"],
        rows,
        caption=f"Here: {_over(len(results.classifier))}. The paper's "
        "numbers are for OCEAN spectra of its own structures.",
        numbers=[1, 2],
        bold=[2],
    )


def readings(results: Reproduction) -> str:
    """What each reading of "L2 0.1" gives."""
    rows = [
        [
            reading.name,
            f"l2={reading.coefficient:g}, {reading.convention}",
            percent(reading.accuracy.train),
            percent(reading.accuracy.test),
            percent(reading.raw),
        ]
        for reading in results.readings
    ]
    return table(
        ["reading", "as given to the trainer", "training", "test", "raw parents"],
        rows,
        caption="Accuracy of the classifier; training and test are synthetic averages.",
        numbers=[2, 3, 4],
    )


def _over(seeds: int) -> str:
    return "one seed" if seeds == 1 else f"mean ± standard deviation over {seeds} seeds"


def _std(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
