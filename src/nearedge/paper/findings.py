"""What the numbers say, in words: every sentence of the report's summary is made here from them."""

import numpy as np

from nearedge.ladder import Errors, Ladder, Step
from nearedge.ladder.robustness import Quantity, Robustness
from nearedge.paper.results import Reproduction
from nearedge.paper.robustness import Disturbed

UNSEEN = {
    "spectrum": "spectra drawn at random and kept out of training",
    "snapshot": "snapshots that were kept out of training",
    "atom": "atoms that were kept out of training in all their snapshots",
    "trajectory": "trajectories that were kept out of training",
}
METHODS = {
    "majority": "majority class",
    "1-nn": "nearest neighbour",
    "svm": "support vectors",
    "logistic": "logistic regression",
    "random-forest": "random forest",
}


def percent(value: float, spread: float | None = None) -> str:
    """Write a share in percent, with its spread.

    Examples
    --------
    >>> percent(0.9871, 0.002)
    '98.7 ± 0.2 %'
    """
    return f"{100 * value:.1f}" + ("" if spread is None else f" ± {100 * spread:.1f}") + " %"


def small(value: float, spread: float | None = None) -> str:
    """Write an error with four decimals, or two digits where it is tiny, with its spread.

    Examples
    --------
    >>> small(0.00351, 0.0002), small(0.000012)
    ('0.0035 ± 0.0002', '1.2e-05')
    """
    digits = ".4f" if value >= 0.00095 else ".2g"
    return format(value, digits) + ("" if spread is None else f" ± {format(spread, digits)}")


def hardest(ladder: Ladder) -> str | None:
    """Name the highest rung that was climbed on the dataset itself; None if there is none."""
    climbed = [name for name in ladder.rungs if name in UNSEEN]
    return climbed[-1] if climbed else None


def best_baseline(step: Step) -> str:
    """Name the best of the plain methods."""
    return max(step.baselines, key=lambda name: step.baselines[name])


def several(ladder: Ladder, spread: float) -> float | None:
    """Give a spread, or None where a single seed has none."""
    return spread if ladder.seeds > 1 else None


def verdict(network: float, rival: float, spread: float) -> str:
    """Compare two accuracies; a difference that is not larger than the spread shows nothing.

    Examples
    --------
    >>> verdict(0.9, 0.7, 0.05)
    'better than the best plain method'
    """
    if abs(network - rival) <= spread:
        return "within the spread of the best plain method"
    return f"{'better' if network > rival else 'worse'} than the best plain method"


def headline(results: Reproduction) -> list[str]:
    """Say what the paper's own figures are here, and what they mean."""
    accuracies = [run.accuracy.test for run in results.classifier]
    raw = [run.raw for run in results.classifier]
    published = results.published
    best = [run.mse.test for run in results.regressor if run.rate == results.best_rate]
    trained = f"{results.dataset['sites']} {results.dataset['engine'].upper()} spectra"
    return [
        f"The paper's classifier, trained as the paper says on {trained}, reaches "
        f"{percent(_mean(accuracies), _std(accuracies))} on its own test set (paper: "
        f"{percent(published.test_accuracy)}). The regressor's mean squared error on its own test "
        f"set is {small(_mean(best), _std(best))} (paper: {small(published.test_mse)}).",
        "What these two numbers mean: the examples are averages of raw spectra, made first and "
        "split afterwards, so every test example is a new average of spectra that the network was "
        "trained on. They measure how well the network separates averages of atoms it has seen, "
        "not how well it reads a new atom. The same networks, given one raw spectrum at a time, "
        "all of them parents of the training set, are right for "
        f"{percent(_mean(raw), _std(raw))}.",
    ]


def summary(ladder: Ladder, better: Ladder | None = None) -> list[str]:
    """Say what the honest rungs show: for the classifier, another recipe, and the regressor."""
    return [
        *_classifier_summary(ladder),
        *_better_summary(better),
        *_engine_summary(ladder),
        *_regressor_summary(ladder),
    ]


TOLERATED = 0.05
"""Loss of accuracy, or growth of the mean absolute error in neighbours, that is called small."""


def bearing(hardship: Disturbed | None) -> list[str]:
    """Say how far spectra may be disturbed before the answers suffer."""
    if hardship is None:
        return []
    texts = []
    for result, what, unit in (
        (
            hardship.classifier,
            "accuracy on raw spectra",
            f"{100 * TOLERATED:.0f} percentage points",
        ),
        (
            hardship.regressor,
            "mean absolute error on mixtures of spectra",
            f"{TOLERATED:g} neighbours",
        ),
    ):
        ours = [name for name in result.names if name not in (*METHODS, "ridge", "constant")]
        limits = [f"recipe “{name}” bears {_borne(result, name)}" for name in ours]
        texts.append(
            f"Robustness of the {what} of {UNSEEN[hardship.rung]}, at a loss of at most {unit} "
            f"among the disturbances that were tried one at a time: {'; '.join(limits)}."
        )
    return texts


def _signed(value: float) -> str:
    return f"{value:+g}" if value else "0"


def _borne(result: Robustness, name: str) -> str:
    def levels(quantity: Quantity) -> list[float]:
        return result.tolerated(quantity, name, TOLERATED)

    texts = []
    offsets = [level for level in levels("offset") if level]
    texts.append(
        f"energy offsets from {_signed(min(0.0, *offsets))} to {_signed(max(0.0, *offsets))} eV"
        if offsets
        else "no energy offset"
    )
    widths = [level for level in levels("broadening") if level]
    texts.append(f"{max(widths):g} eV of broadening" if widths else "no broadening")
    noises = levels("signal_to_noise")
    texts.append(f"signal to noise down to {min(noises):g}" if noises else "no noise")
    scales = [level for level in levels("scale") if level != 1]
    texts.append(
        f"intensity factors from {min(1.0, *scales):g} to {max(1.0, *scales):g}"
        if scales
        else "no other intensity"
    )
    return ", ".join(texts)


def _classifier_summary(ladder: Ladder) -> list[str]:
    top = hardest(ladder)
    if top is None:
        return ["This dataset cannot carry any rung above the paper's own."]
    step = ladder.rungs[top]
    rival = best_baseline(step)
    rivals = several(ladder, step.baseline_spreads[rival])
    sentences = [
        f"On raw spectra of {UNSEEN[top]} the recipe “{ladder.recipe}” is right for "
        f"{percent(step.accuracy, several(ladder, step.spread))} of {step.n}; {METHODS[rival]}, "
        f"the best of the plain methods, for {percent(step.baselines[rival], rivals)}; guessing "
        f"the most frequent class, for {percent(step.baselines['majority'])}. The network is "
        f"{_against_best(step)}."
    ]
    if "paper" in ladder.rungs:
        fall = ladder.rungs["paper"].accuracy - step.accuracy
        if fall > 0:
            sentences.append(
                f"Between the paper's rung and this one lie {100 * fall:.1f} percentage points."
            )
    if step.unlearnt:
        missing = ", ".join(f"{count} of class {name}" for name, count in step.unlearnt.items())
        sentences.append(
            f"Test spectra whose class the training side could not teach ({missing}) count as "
            "errors."
        )
    return [" ".join(sentences)]


def _better_summary(better: Ladder | None) -> list[str]:
    top = hardest(better) if better else None
    if better is None or top is None:
        return []
    step = better.rungs[top]
    return [
        f"The recipe “{better.recipe}” of this package, on the same spectra and folds, is right "
        f"for {percent(step.accuracy, several(better, step.spread))}: {_against_best(step)}."
    ]


def _engine_summary(ladder: Ladder) -> list[str]:
    if "engine" not in ladder.rungs:
        return []
    step = ladder.rungs["engine"]
    texts = [
        f"Tested on another engine's spectra ({step.remark}; one factor brings the intensities to "
        "one mean, the energies are left as they are), the network is right for "
        f"{percent(step.accuracy, several(ladder, step.spread))}; guessing the most frequent "
        f"class, for {percent(step.baselines['majority'])}."
    ]
    if "engine-aligned" in ladder.rungs:
        after = ladder.rungs["engine-aligned"]
        rival = best_baseline(after)
        texts.append(
            f"After a learnt alignment ({after.remark}) it is right for "
            f"{percent(after.accuracy, several(ladder, after.spread))}, and the best plain method, "
            f"{METHODS[rival]}, for {percent(after.baselines[rival])}."
        )
    return texts


def _against_best(step: Step) -> str:
    rival = best_baseline(step)
    spread = max(step.spread, step.baseline_spreads[rival])
    return verdict(step.accuracy, step.baselines[rival], spread)


def _regressor_summary(ladder: Ladder) -> list[str]:
    climbed = [name for name in ladder.regression if name in UNSEEN]
    if not climbed:
        return []
    top = climbed[-1]
    level = ladder.regression[top]
    network, mixed = level.mixtures.regressor, level.mixtures.baselines
    mse = {
        name: small(one.mse, several(ladder, one.mse_spread))
        for name, one in {"network": network, **mixed}.items()
    }
    text = (
        f"On mixtures of spectra of {UNSEEN[top]} the regressor's mean squared error is "
        f"{mse['network']}; ridge regression on the same spectra has {mse['ridge']}, and always "
        f"answering the training mean {mse['constant']}. "
        f"{_against_constant(network, mixed['constant'])}"
    )
    if level.snapshots is not None:
        whole = level.snapshots
        mae = {
            name: small(one.mae, several(ladder, one.mae_spread))
            for name, one in {"network": whole.regressor, **whole.baselines}.items()
        }
        text += (
            " On the averages of whole held-out snapshots, what an experiment would see, its mean "
            f"absolute error is {mae['network']} neighbours (ridge: {mae['ridge']}, constant: "
            f"{mae['constant']})."
        )
    return [text]


def _against_constant(network: Errors, constant: Errors) -> str:
    if network.mse >= constant.mse:
        return "It would be better to answer the mean."
    return f"The network does away with {percent(1 - network.mse / constant.mse)} of that error."


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _std(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
