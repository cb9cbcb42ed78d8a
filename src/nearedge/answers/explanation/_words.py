"""What an explanation says, in plain words: every sentence is made from the measured numbers."""

from collections import Counter

import numpy as np

from nearedge.answers.explanation._attribution import Attribution
from nearedge.answers.explanation._classes import ClassExplanation
from nearedge.answers.explanation._spectrum import SpectrumExplanation
from nearedge.answers.explanation._stretches import Stretch, stretches
from nearedge.models import Kind

AGREE, MAINLY = 0.8, 0.5
"""Rank correlations from which both methods are said to agree, or to agree in the main."""

_SHOWN, _LEAST = 3, 0.02
"""Stretches that are told, and the least of them as a share of the weightiest."""


def plain_words(result: SpectrumExplanation | ClassExplanation) -> list[str]:
    """Say what was found.

    Returns
    -------
    list of str
        One finding each.
    """
    if isinstance(result, SpectrumExplanation):
        return _of_spectrum(result)
    return _of_classes(result)


def score_name(kind: Kind, target: str | None, against: str | None, neighbour: str) -> str:
    """Name what is explained.

    Examples
    --------
    >>> score_name("classifier", "3", "1", "Fe")
    'log-odds of 3 Fe against 1 Fe'
    """
    if kind == "regressor":
        return f"number of {neighbour}"
    name = f"log-odds of {_class(target, neighbour)}"
    return name if against is None else f"{name} against {_class(against, neighbour)}"


def baseline_name(against: str | None, neighbour: str) -> str:
    """Name the baseline."""
    if against is None:
        return "mean training spectrum"
    return f"mean training spectrum of {_class(against, neighbour)}"


def agreement_words(value: float) -> str:
    """Say how far two methods that rank energies alike can be believed.

    Examples
    --------
    >>> agreement_words(0.93)
    'integrated gradients and occlusion agree (rank correlation 0.93)'
    """
    if value >= AGREE:
        verdict = "agree"
    elif value >= MAINLY:
        verdict = "agree in the main"
    else:
        verdict = "do not agree, so neither is to be believed by itself"
    return f"integrated gradients and occlusion {verdict} (rank correlation {value:.2f})"


def _class(name: str | None, neighbour: str) -> str:
    return f"{name} {neighbour}" if name is not None and name.isdigit() else str(name)


def _of_spectrum(result: SpectrumExplanation) -> list[str]:
    prediction, near = result.prediction, result.neighbour
    if result.kind == "classifier":
        chance = prediction["probabilities"][prediction["environment"]]
        said = f"predicted: {_class(prediction['environment'], near)}, probability {chance:.2f}"
        if result.site is not None:
            said += f"; its label is {_class(result.site.environment, near)}"
    else:
        said = f"predicted: {prediction['coordination']:.2f} {near}"
        if result.site is not None:
            said += f"; it has {result.site.coordination}"
    found = [f"{said}."]
    if not prediction["applies"]:
        found.append(
            f"The model does not apply to this spectrum ({prediction['novelty']['reason']}): what "
            "it says of it, and why, means nothing."
        )
    found.append(_rise(result))
    attribution = result.attribution
    pieces = _weighty(attribution)
    for piece in pieces:
        found.append(f"{_stretch(piece)}.")
    found.append(f"Over the energies {agreement_words(attribution.agreement)}.")
    found.append(_noise(attribution))
    if result.nearest:
        found.append(_neighbours(result))
    return found


def _rise(result: SpectrumExplanation) -> str:
    name = score_name(result.kind, result.target, result.against, result.neighbour)
    one = result.attribution
    return (
        f"From the {baseline_name(result.against, result.neighbour)} to this one the {name} "
        f"{'rises' if one.score > one.baseline_score else 'falls'} from {one.baseline_score:.1f} "
        f"to {one.score:.1f}; of that:"
    )


def _weighty(attribution: Attribution) -> list[Stretch]:
    """Choose the stretches that are worth a word."""
    pieces = stretches(attribution)
    least = _LEAST * abs(pieces[0].amount)
    return [piece for piece in pieces[:_SHOWN] if abs(piece.amount) >= least]


def _stretch(piece: Stretch) -> str:
    spread = f" ± {piece.spread:.1f}" if piece.spread else ""
    doubt = "" if abs(piece.amount) > 2 * piece.spread else ", which may be noise"
    seconded = "" if piece.confirmed else ", not confirmed by occlusion"
    return f"{piece.low:.1f} to {piece.high:.1f} eV: {piece.amount:+.1f}{spread}{doubt}{seconded}"


def _noise(attribution: Attribution) -> str:
    summed = attribution.summed
    if len(summed) == 1:
        return "No ensemble: how much of this is chance cannot be told."
    clear = np.abs(summed.mean(axis=0)) > 2 * summed.std(axis=0)
    return (
        f"At {clear.sum()} of {len(clear)} energies it is more than twice the standard deviation "
        "between the networks."
    )


def _neighbours(result: SpectrumExplanation) -> str:
    counted = Counter(site.environment for site in result.nearest).most_common()
    named = ", ".join(f"{count} of {_class(name, result.neighbour)}" for name, count in counted)
    nearest = result.nearest[0]
    return (
        f"The nearest training spectra: {named}. The nearest, {nearest.name}, is "
        f"{nearest.distance:.2f} training standard deviations away (root mean square over the "
        f"energies); usual among training spectra is {result.usual:.2f}."
    )


def _of_classes(result: ClassExplanation) -> list[str]:
    near = result.neighbour
    found = []
    if not result.unseen:
        found.append(
            "The model was trained on all of these sites: this shows what it has learnt by heart, "
            "too. Train with --hold-out and explain the sites that were held out."
        )
    found.append(
        f"Baseline: the {baseline_name(result.against, near)}. Only right predictions are counted."
    )
    for name, one in result.classes.items():
        pieces = "; ".join(_stretch(piece) for piece in _weighty(one.attribution))
        score = one.attribution
        found.append(
            f"{_class(name, near)} ({one.right} right of {one.sites}): the "
            f"{score_name(result.kind, name, result.against, near)} goes from "
            f"{score.baseline_score:.1f} to {score.score:.1f}, of that {pieces}; "
            f"{agreement_words(score.agreement)}."
        )
    for name, count in result.never_right.items():
        found.append(
            f"{_class(name, near)}: none of {count} is predicted right, so it is not explained."
        )
    return found
