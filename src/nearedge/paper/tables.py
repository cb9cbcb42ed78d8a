"""The tables of the report and of ``nearedge ladder``, made from what was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nearedge.answers import MeasuredEvaluation
from nearedge.ladder import Errors, Ladder
from nearedge.ladder.robustness import Disturbed, Quantity
from nearedge.paper.findings import mean, percent, several, small, variance
from nearedge.paper.protocol import Reproduction
from nearedge.targets import class_order

_SHORT = {"1-nn": "1-NN", "svm": "SVM", "logistic": "logistic", "random-forest": "forest"}


@dataclass(frozen=True)
class Table:
    """Plain texts in rows: columns of words, then numbers; one column may be stressed."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    words: int = 1
    bold: int | None = None


def over(seeds: int) -> str:
    """Say what a number with a spread is."""
    return "one seed" if seeds == 1 else f"mean ± standard deviation over {seeds} seeds"


def folds(trials: int) -> str:
    """Say what a number is of several folds, or of one."""
    return "one fold" if trials == 1 else f"mean over {trials} folds"


def comparison(results: Reproduction) -> Table:
    """The paper's numbers and ours, line by line, each beside how it was scored."""
    published, info = results.published, results.dataset
    sizes = f"about {published.spectra}, {published.snapshots}"
    rows = [["spectra, snapshots", "", sizes, f"{info['sites']}, {info['snapshots']}"]]
    for part in ("train", "validation", "test"):
        ours = [getattr(run, part) for run in results.classifier]
        paper = percent(getattr(published, f"{part}_accuracy"))
        rows.append([f"classifier, accuracy, {part}", "averages", paper, percent(*mean(ours))])
    for rate in sorted({run.rate for run in results.regressor}, reverse=True):
        ours = [run.test for run in results.regressor if run.rate == rate]
        what = f"regressor, test MSE, learning rate {rate:g}"
        rows.append([what, "mixtures", small(published.test_mse), small(*mean(ours))])
    raw = percent(*mean([run.raw for run in results.classifier]))
    rows.append(["the same classifiers on raw spectra", "raw parents", "not given", raw])
    return Table(
        ["quantity", "scored on", "paper", "here"],
        rows,
        f"Rung paper: the same spectra are parents on both sides of the split. Here: "
        f"{over(len(results.classifier))}; the paper's numbers are for OCEAN spectra of its own "
        "structures.",
        words=2,
        bold=3,
    )


def readings(results: Reproduction) -> Table:
    """What each reading of "L2 0.1" gives."""
    rows = [
        [
            reading.name,
            f"l2={reading.coefficient:g}, {reading.convention}",
            *map(percent, (reading.run.train, reading.run.test, reading.run.raw)),
        ]
        for reading in results.readings
    ]
    return Table(
        ["reading", "as given to the trainer", "training", "test", "raw parents"],
        rows,
        "Accuracy of the classifier on the rung paper; training and test are averages.",
        words=2,
    )


def ladder_tables(ladder: Ladder) -> list[Table]:
    """Tell a ladder in tables: accuracy, sets of classes, errors, numbers of single sites."""
    tables = (
        accuracy_table(ladder, None), coverage_table(ladder), *error_tables(ladder, None),
        explained_table(ladder),
    )  # fmt: skip
    return [table for table in tables if table.rows]


def accuracy_table(ladder: Ladder, better: Ladder | None) -> Table:
    """Accuracy on every rung, of the networks and of the plain methods."""
    heads = ["rung", f"recipe {ladder.recipe}", "balanced"]
    heads += [f"recipe {better.recipe}"] if better else []
    heads += [*_SHORT.values(), "majority", "n"]
    rows = []
    for name, step in ladder.rungs.items():
        row = [name, percent(step.accuracy, several(ladder, step.spread))]
        row.append(percent(step.balanced_accuracy))
        if better:
            other = better.rungs.get(name)
            row.append(percent(other.accuracy, several(better, other.spread)) if other else "")
        for method in _SHORT:
            spread = several(ladder, step.baseline_spreads[method])
            row.append(percent(step.baselines[method], spread))
        rows.append([*row, percent(step.baselines["majority"]), str(step.n)])
        if step.raw_parents is not None:
            raw = percent(step.raw_parents, several(ladder, step.raw_parents_spread or 0.0))
            rows.append(["its raw parents", raw, *[""] * (len(heads) - 2)])
    return Table(
        heads,
        rows,
        f"Accuracy; {over(ladder.seeds)}. Balanced: recipe {ladder.recipe}'s mean over "
        "the classes. n: different spectra (on the rung paper: averages) scored. On the rung paper "
        "the plain methods learn from the averages too.",
        bold=1,
    )


def coverage_table(ladder: Ladder) -> Table:
    """How often sets of classes hold the truth on every rung, class by class."""
    judged = {name: step.sets for name, step in ladder.rungs.items() if step.sets}
    classes = class_order({name for sets in judged.values() for name in sets.per_class})
    rows, level = [], 0.0
    for rung, sets in judged.items():
        held, level = sets.per_class, sets.level
        shares = [percent(held[name].coverage) if name in held else "" for name in classes]
        size = f"{sets.mean_set_size:.2f}"
        rows.append([rung, percent(sets.coverage, sets.error), *shares, size, str(sets.n)])
    return Table(
        ["rung", "all", *classes, "classes in a set", "n"],
        rows,
        f"Prediction sets of recipe “{ladder.recipe}” meant to hold {percent(level)} of the true "
        "classes: the share they held of spectra that were used neither in training nor in "
        "calibration (each seed's sets are calibrated on the other seeds' test spectra), all and "
        "by class. The error is a standard error over trajectories.",
        bold=1,
    )


def error_tables(ladder: Ladder, better: Ladder | None) -> Iterator[Table]:
    """Mean squared and mean absolute errors of the number on every rung, a table each."""

    def cell(errors: Errors | None, kind: str) -> str:
        if errors is None:
            return ""
        spread = several(ladder, getattr(errors, f"{kind}_spread"))
        return small(getattr(errors, kind), spread)

    titles = {"mse": "Mean squared error (neighbours²)", "mae": "Mean absolute error"}
    for kind, title in titles.items():
        rows = []
        for name, level in ladder.regression.items():
            other = better.regression.get(name) if better else None
            for scored, part in (("mixtures", "mixtures"), ("whole snapshots", "snapshots")):
                if contest := getattr(level, part):
                    told = [contest, *([other and getattr(other, part)] if better else [])]
                    told += [contest.baselines[plain] for plain in ("ridge", "constant")]
                    cells = [cell(errors, kind) for errors in told]
                    rows.append([name, scored, *cells, str(contest.n)])
        recipes = [f"recipe {each.recipe}" for each in (ladder, better) if each]
        yield Table(
            ["rung", "scored on", *recipes, "ridge", "constant", "n"],
            rows,
            f"{title} of the mean number of neighbours; {over(ladder.seeds)}. Ridge learns "
            "from the raw training spectra; the constant is the mean of their labels.",
            words=2,
            bold=2,
        )


def explained_table(ladder: Ladder) -> Table:
    """How much of the numbers of single sites their spectra tell, beside plain methods."""
    rows, methods = [], []
    for rungs in ladder.targets.values():
        for rung, number in rungs.items():
            methods = list(number.baselines)
            share = variance(number.r2, several(ladder, number.spread))
            plain = [variance(score) for score in number.baselines.values()]
            least = min(number.baseline_mae.values())
            errors = [f"{off:.3f} {number.unit}".strip() for off in (number.mae, least)]
            rows.append([number.meaning, rung, share, *plain, *errors, str(number.n)])
    return Table(
        ["number", "rung", f"recipe {ladder.recipe}", *methods, "MAE", "least MAE of those", "n"],
        rows,
        "Explained variance (R²) of numbers of single sites, told from raw spectra that "
        f"were not trained on; {over(ladder.seeds)}. MAE: mean absolute error of recipe "
        f"{ladder.recipe}.",
        words=2,
        bold=2,
    )


_CONDITIONS: Sequence[tuple[Quantity, str, tuple[float, ...]]] = (
    ("offset", "offset {:+g} eV", (-0.5, -0.25, 0.25, 0.5)),
    ("broadening", "broadening {:g} eV FWHM", (0.5, 1.0)),
    ("signal_to_noise", "signal to noise {:g}", (100.0, 30.0)),
    ("scale", "intensity × {:g}", (0.9, 1.1)),
)


def robustness_table(robustness: Disturbed) -> Table:
    """Scores of every method under some of the disturbances."""
    accuracy, error = robustness.classifier, robustness.regressor
    names = [_SHORT.get(name, name) for name in accuracy.names]
    scores = [percent(score) for score in accuracy.undisturbed.values()]
    rows = [["none", *scores, *(f"{off:.2f}" for off in error.undisturbed.values())]]
    for quantity, words, levels in _CONDITIONS:
        for level in levels:
            right = [percent(accuracy.at(quantity, level, name)) for name in accuracy.names]
            off = [f"{error.at(quantity, level, name):.2f}" for name in error.names]
            rows.append([words.format(level), *right, *off])
    return Table(
        ["disturbance", *names, *(f"MAE, {name}" for name in error.names)],
        rows,
        "Accuracy on raw spectra, and mean absolute error (MAE) on mixtures, of sites not "
        f"trained on (rung {robustness.rung}), {folds(accuracy.trials)}. Signal to "
        "noise: peak intensity over the standard deviation of the noise at each stored energy.",
    )


def measured_table(result: MeasuredEvaluation) -> Table:
    """Scores on measured spectra of known structure: all, beside the baselines, by element."""
    scores = {
        "this model": result.score,
        "on new compounds": result.without_own,
        "moved by up to 3 eV": result.moved,
        **result.baselines,
        **result.by_element,
    }
    rows = []
    for name, score in scores.items():
        if score is not None:
            shares = (
                score.accuracy, score.balanced_accuracy, score.set_coverage, score.oxidation_state,
                score.oxidation_state_coverage,
            )  # fmt: skip
            cells = ("-" if share is None else f"{100 * share:.1f}" for share in shares)
            rows.append([name, f"{score.answered}/{score.n}", *cells])
    heads = ["in percent", "answered", "right", "balanced", "in set", "state ± 0.5", "in interval"]
    return Table(heads, rows, "rung measured: spectra from beamlines of known structure")
