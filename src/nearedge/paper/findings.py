"""What the numbers say, in words: every sentence of the report's summary is made here from them."""

from collections.abc import Sequence

import numpy as np

from nearedge.ladder import Contest, Errors, Ladder, SnapshotMeans, Step
from nearedge.paper.protocol import Reproduction

UNSEEN = {
    "spectrum": "spectra drawn at random and kept out of training",
    "snapshot": "snapshots that were kept out of training",
    "atom": "atoms that were kept out of training in all their snapshots",
    "trajectory": "trajectories that were kept out of training",
    "composition": "compositions that were kept out of training",
}
METHODS = {
    "majority": "the most frequent class",
    "1-nn": "the nearest neighbour",
    "svm": "support vectors",
    "logistic": "logistic regression",
    "random-forest": "a random forest",
}


def percent(value: float, spread: float | None = None) -> str:
    """Write a share in percent, with its spread: 98.7 ± 0.2 %."""
    return f"{100 * value:.1f}" + ("" if spread is None else f" ± {100 * spread:.1f}") + " %"


def small(value: float, spread: float | None = None) -> str:
    """Write an error with four decimals, or two digits where it is tiny, with its spread."""
    digits = ".4f" if value >= 0.00095 else ".2g"
    return format(value, digits) + ("" if spread is None else f" ± {format(spread, digits)}")


def variance(value: float, spread: float | None = None) -> str:
    """Write an explained variance, with its spread."""
    # What rounds to zero has no sign.
    return f"{round(value, 3) + 0.0:.3f}" + ("" if spread is None else f" ± {spread:.3f}")


def mean(values: Sequence[float]) -> tuple[float, float | None]:
    """Give mean and standard deviation; None for the spread of a single value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def several(ladder: Ladder, spread: float) -> float | None:
    """Give a spread, or None where a single seed has none."""
    return spread if ladder.seeds > 1 else None


def headline(results: Reproduction) -> list[str]:
    """Say what the paper's own figures are here, and what they mean."""
    published = results.published
    test = [run.test for run in results.classifier]
    mse = [run.test for run in results.regressor if run.rate == results.agreement.rate]
    raw = [run.raw for run in results.classifier]
    trained = f"{results.dataset['sites']} {results.dataset['engine'].upper()} spectra"
    return [
        f"The paper's classifier, trained as the paper says on {trained}, is right for "
        f"{percent(*mean(test))} of its own test set (paper: {percent(published.test_accuracy)}). "
        f"The regressor's mean squared error on its own test set is {small(*mean(mse))} (paper: "
        f"{small(published.test_mse)}).",
        "What these two numbers mean: the test examples are averages of the very spectra that the "
        "network was trained on, since spectra are averaged first and split afterwards. Given one "
        "raw spectrum at a time, all of them parents of the training set, the same networks are "
        f"right for {percent(*mean(raw))}.",
    ]


def summary(ladder: Ladder, better: Ladder | None = None) -> list[str]:
    """Say what the honest rungs show: for the classifier, another recipe, and the regressor."""
    top = hardest(ladder)
    if top is None:
        return ["This dataset does not allow any rung above the paper's own."]
    step = ladder.rungs[top]
    rival = step.best_baseline
    score, spread = step.baselines[rival], several(ladder, step.baseline_spreads[rival])
    texts = [
        f"On raw spectra of {UNSEEN[top]} the recipe “{ladder.recipe}” is right for "
        f"{percent(step.accuracy, several(ladder, step.spread))} of {step.n}; {METHODS[rival]}, "
        f"the best of the plain methods, for {percent(score, spread)}; the most frequent class is "
        f"{percent(step.baselines['majority'])}. The network is {verdict(step)}."
    ]
    if step.unlearnt:
        missing = ", ".join(f"{count} of class {name}" for name, count in step.unlearnt.items())
        texts[0] += f" Errors among these: {missing}, because training had no such spectra."
    if better and top in better.rungs:
        other = better.rungs[top]
        texts.append(
            f"The recipe “{better.recipe}” of this package, on the same folds, is right for "
            f"{percent(other.accuracy, several(better, other.spread))}: {verdict(other)}."
        )
    for name in ("engine", "engine-aligned"):
        if name in ladder.rungs:
            step = ladder.rungs[name]
            texts.append(
                f"Rung {name} ({step.remark}): right for "
                f"{percent(step.accuracy, several(ladder, step.spread))}; the most frequent class "
                f"is {percent(step.baselines['majority'])}."
            )
    return [*texts, _regressor(ladder, top)] if top in ladder.regression else texts


def explained(ladder: Ladder | None) -> list[str]:
    """Say which numbers single spectra tell best."""
    top = ladder and hardest(ladder)
    if ladder is None or top is None:
        return []
    told = [rungs[top] for rungs in ladder.targets.values() if top in rungs]
    if len(told) < 2:
        return []
    shares = [
        f"{number.meaning} {variance(number.r2, several(ladder, number.spread))}"
        for number in sorted(told, key=lambda number: -number.r2)
    ]
    return [
        f"What a spectrum counts: the share of the variance that recipe “{ladder.recipe}” explains "
        f"(R²) of single raw spectra of {UNSEEN[top]} is, best first: {'; '.join(shares)}. A count "
        "within a cutoff is partly error by definition: a neighbour just beyond it is seen too."
    ]


def compositions(means: SnapshotMeans) -> str:
    """Say how well the mean coordination number of snapshots of unseen compositions is told."""
    errors = {name: small(means.mae(name)) for name in ("predicted", "ridge", "constant")}
    return (
        "Snapshots of one composition hardly differ in their mean coordination number, so one "
        f"dataset of one composition cannot show that it is told. Here are {len(means.true)} "
        f"snapshots of {len(set(means.composition))} compositions, each predicted from its "
        "averaged spectrum by a model that was trained on the other compositions. The mean "
        f"absolute error is {errors['predicted']}; of ridge regression {errors['ridge']}, of "
        f"always answering the training mean {errors['constant']}. R² is {variance(means.r2)}, and "
        f"{percent(means.coverage)} of the {means.level:.0%} intervals hold the truth."
    )


def hardest(ladder: Ladder) -> str | None:
    """Name the highest rung that was climbed on the dataset itself; None if there is none."""
    climbed = [name for name in ladder.rungs if name in UNSEEN]
    return climbed[-1] if climbed else None


def verdict(step: Step) -> str:
    """Compare with the best plain method; what is not larger than the spread shows nothing."""
    rival = step.best_baseline
    gain = step.accuracy - step.baselines[rival]
    if len(step.accuracies) == 1:
        return f"{100 * gain:+.1f} points from the best plain method, by a single seed"
    if abs(gain) <= max(step.spread, step.baseline_spreads[rival]):
        return "within the spread of the best plain method"
    return f"{'better' if gain > 0 else 'worse'} than the best plain method"


def _regressor(ladder: Ladder, top: str) -> str:
    level = ladder.regression[top]
    network, ridge, constant = (
        small(error.mse, several(ladder, error.mse_spread)) for error in _errors(level.mixtures)
    )
    text = (
        f"On mixtures of spectra of {UNSEEN[top]} the regressor's mean squared error is {network}, "
        f"that of ridge regression {ridge}, and that of always answering the training mean "
        f"{constant}."
    )
    if level.snapshots:
        its, ridge, constant = (
            small(error.mae, several(ladder, error.mae_spread))
            for error in _errors(level.snapshots)
        )
        text += (
            f" On averages of whole held-out snapshots its mean absolute error is {its} (ridge: "
            f"{ridge}, constant: {constant})."
        )
    if level.mixtures.mse >= level.mixtures.baselines["constant"].mse:
        text += " Answering the mean would be better."
    return text


def _errors(contest: Contest) -> list[Errors]:
    return [contest, contest.baselines["ridge"], contest.baselines["constant"]]
